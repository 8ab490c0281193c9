/* SPDX-License-Identifier: MIT
 *
 * word.c - the state word says what the tables say: every word there is of
 * many small tables, the edges of the large ones.
 */
#include "test.h"
#include "oracle.h"
#include "core/word.h"

#define FLAG_SETS 8u /* of QUEUED, SCANNING, RESCAN */

static uint64_t word_flags(unsigned set)
{
	return (uint64_t)set * FL_RESCAN;
}

static uint64_t word_of(const fifolock_modes_t *modes, const uint32_t holds[])
{
	uint64_t word = 0;

	for (unsigned m = 0; m < modes->count; m++)
		word += modes->rows[m].unit * holds[m];
	return word;
}

static bool word_says(const fifolock_modes_t *modes, const uint32_t holds[],
		      uint64_t word)
{
	for (unsigned m = 0; m < modes->count; m++) {
		const struct fifolock_row *row = &modes->rows[m];

		if (fl_word_holds(modes, m, word) != holds[m])
			return false;
		if (!fl_word_has(word, row->field, row->unit * holds[m]) ||
		    fl_word_has(word, row->field, row->unit * (holds[m] + UINT64_C(1))))
			return false;
	}
	return true;
}

/* With n more of mode m: only its own field has changed, and no flag. */
static bool word_adds(const fifolock_modes_t *modes, const uint32_t holds[],
		      const struct fl_want *want, uint64_t word)
{
	uint32_t then[FIFOLOCK_MAX_MODES];
	uint64_t sum = word + want->unit;

	memcpy(then, holds, sizeof(then));
	then[want->mode] += want->weight;
	return (sum & ~FL_HOLDS) == (word & ~FL_HOLDS) && word_says(modes, then, sum) &&
	       ((sum ^ word) & ~modes->rows[want->mode].field) == 0;
}

static void check_want(const fifolock_modes_t *modes, const uint32_t holds[], unsigned m,
		       uint32_t n, bool fits)
{
	struct fl_want want = fl_want(&modes->rows[m], m, n);
	uint64_t word = word_of(modes, holds);

	for (unsigned set = 0; set < FLAG_SETS; set++) {
		uint64_t flagged = word | word_flags(set);

		oracle_check(fl_want_fits(modes, &want, flagged) == fits,
			     "mode %u, %u more: not %d in word %#llx", m, n, fits,
			     (unsigned long long)flagged);
		if (fits)
			oracle_check(word_adds(modes, holds, &want, flagged),
				     "mode %u, %u more: wrong sum in word %#llx", m, n,
				     (unsigned long long)flagged);
	}
}

/* The next combination of hold counts, 0 to capacity each; false after the last. */
static bool next_holds(const struct rules *rules, uint32_t holds[])
{
	for (unsigned m = 0; m < rules->count; m++) {
		if (holds[m]++ < rules->capacity[m])
			return true;
		holds[m] = 0;
	}
	return false;
}

static void check_fields(const fifolock_modes_t *modes)
{
	uint64_t seen = 0;

	for (unsigned m = 0; m < modes->count; m++) {
		const struct fifolock_row *row = &modes->rows[m];

		oracle_check((row->field & ~FL_HOLDS) == 0, "field of %u in the flags",
			     m);
		oracle_check((row->field & seen) == 0, "field of %u is not its own", m);
		oracle_check(row->unit == (row->field & -row->field), "unit of %u", m);
		seen |= row->field;
	}
	for (unsigned m = 0; m < modes->count; m++)
		oracle_check((modes->rows[m].guard & ~seen) == 0, "guard of %u", m);
}

static uint64_t check_every_word(struct rules *rules)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};
	fifolock_modes_t modes;
	uint64_t checked = 0;

	rules_compile(rules, &modes);
	check_fields(&modes);
	do {
		oracle_check(word_says(&modes, holds, word_of(&modes, holds)), "decoded");
		for (unsigned m = 0; m < rules->count; m++)
			for (uint32_t n = 1; n <= rules->capacity[m]; n++, checked++)
				check_want(&modes, holds, m, n,
					   plain_fits(rules, holds, m, n));
	} while (next_holds(rules, holds));
	return checked;
}

Test(word, every_word_of_random_tables_fits_where_the_plain_definition_does,
     .description = "G2")
{
	uint64_t checked = 0;
	struct rules rules;

	for (uint64_t seed = 1; checked < test_scaled(20000000); seed++) {
		uint64_t state = seed;

		rules_random(&rules, 1 + oracle_below(&state, 5), 11, &state);
		checked += check_every_word(&rules);
	}
	cr_assert_geq(checked, test_scaled(20000000));
}

Test(word, every_capacity_around_the_powers_of_two_is_exact, .description = "G2")
{
	struct rules rules;

	for (uint32_t max = 1; max <= 130; max++) {
		memset(&rules, 0, sizeof(rules));
		rules.count = 2;
		rules.modes[0].max = max;
		rules.modes[1].max = 2;
		check_every_word(&rules);
	}
	cr_assert_eq(rules.capacity[0], 130);
}

Test(word, every_limit_on_another_mode_is_exact, .description = "G2")
{
	struct rules rules;

	for (uint32_t max = 1; max <= 17; max++)
		for (uint32_t limit = 1; limit <= max + 2; limit++) {
			memset(&rules, 0, sizeof(rules));
			rules.count = 2;
			rules.modes[0].max = 3;
			rules.modes[0].limits = rules.limits[0];
			rules.limits[0][1] = limit;
			rules.modes[1].max = max;
			check_every_word(&rules);
		}
	cr_assert_eq(rules.capacity[1], 17);
}

Test(word, sixteen_modes_of_one_bit_each, .description = "G2")
{
	struct rules rules;

	for (uint64_t seed = 1; seed <= 2; seed++) {
		uint64_t state = seed;

		memset(&rules, 0, sizeof(rules));
		rules.count = FIFOLOCK_MAX_MODES;
		for (unsigned m = 0; m < rules.count; m++) {
			rules.modes[m].max = 1;
			rules.modes[m].conflicts = oracle_below(&state, 1u << 16) &
						   oracle_below(&state, 1u << 16);
		}
		cr_assert_eq(check_every_word(&rules), 16u << 16);
	}
}

Test(word, every_word_of_random_predicates, .description = "G2")
{
	uint64_t checked = 0;
	struct rules_dice dice;
	struct rules rules;

	for (uint64_t seed = 1; checked < test_scaled(1000000); seed++) {
		uint64_t state = seed;

		rules_random_predicate(&rules, &dice, &state);
		if (rules.count == 4 && rules.max_each > 5)
			continue;
		checked += check_every_word(&rules);
	}
	cr_assert_geq(checked, test_scaled(1000000));
}

/* n single holds where n is too large to try one by one: the last one decides. */
static bool last_fits(const struct rules *rules, const uint32_t holds[], unsigned m,
		      uint32_t n)
{
	uint64_t last = (uint64_t)holds[m] + n - 1;

	if (last >= rules->capacity[m] || last >= rules->limit[m][m])
		return false;
	for (unsigned x = 0; x < rules->count; x++)
		if (x != m && holds[x] >= rules->limit[m][x])
			return false;
	return true;
}

/* Counts worth a look: both ends, the middle, and the edge of a rule. */
#define EDGES 11

static uint32_t edge(const struct rules *rules, unsigned m, unsigned i)
{
	uint32_t capacity = rules->capacity[m];
	uint64_t rule = rules->limit[(m + 1) % rules->count][m];
	uint32_t limit = rule > capacity ? capacity : (uint32_t)rule;
	uint32_t at[EDGES] = {0,
			      1,
			      2,
			      capacity / 2,
			      capacity / 2 + 1,
			      capacity - 2,
			      capacity - 1,
			      capacity,
			      limit - 1,
			      limit,
			      limit + 1};

	return at[i] > capacity ? capacity : at[i];
}

/* holds by the digits of i in base EDGES; false after the last. */
static bool edge_holds(const struct rules *rules, uint32_t holds[], uint32_t i)
{
	for (unsigned m = 0; m < rules->count; m++, i /= EDGES)
		holds[m] = edge(rules, m, i % EDGES);
	return i == 0;
}

static void check_edges(struct rules *rules)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};
	fifolock_modes_t modes;

	rules_compile(rules, &modes);
	check_fields(&modes);
	for (uint32_t i = 0; edge_holds(rules, holds, i); i++)
		for (unsigned m = 0; m < rules->count; m++)
			for (unsigned e = 1; e < EDGES; e++) {
				uint32_t n = edge(rules, m, e);

				if (n)
					check_want(&modes, holds, m, n,
						   last_fits(rules, holds, m, n));
			}
}

Test(word, wide_fields_are_exact_at_their_edges, .description = "G2")
{
	static const uint32_t wide[][3] = {
		{UINT32_MAX, 1u << 27, 0},     {UINT32_MAX, (1u << 26) + 1, 0},
		{1u << 31, 1u << 26, 1},       {(1u << 31) + 1, (1u << 26) - 1, 1},
		{(1u << 31) - 1, 1u << 26, 2}, {1u << 20, 1u << 18, (1u << 19) - 1},
	};
	struct rules rules;

	for (unsigned i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		for (uint32_t limit = 0; limit < 5; limit++) {
			memset(&rules, 0, sizeof(rules));
			rules.count = wide[i][2] ? 3 : 2;
			for (unsigned m = 0; m < rules.count; m++) {
				rules.modes[m].max = wide[i][m];
				rules.modes[m].limits = rules.limits[m];
			}
			rules.limits[0][1] = (wide[i][1] / 4) * limit + 1;
			rules.limits[1][0] = (wide[i][0] / 4) * limit + (limit > 1);
			check_edges(&rules);
		}
	cr_assert_eq(rules.count, 3);
}

Test(word, modes_without_max_are_exact_at_their_edges, .description = "G2")
{
	struct rules rules;

	for (unsigned count = 1; count <= 4; count++) {
		memset(&rules, 0, sizeof(rules));
		rules.count = count;
		if (count > 1)
			rules.modes[0].conflicts = (1u << count) - 1;
		for (unsigned m = 1; m < count; m++)
			rules.modes[m].conflicts = 1;
		check_edges(&rules);
	}
	cr_assert_gt(rules.capacity[3], 1u << 16);
}

Test(word, the_last_of_n_single_holds_decides, .description = "G2")
{
	uint64_t wrong = 0;
	struct rules rules;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		uint32_t holds[FIFOLOCK_MAX_MODES] = {0};
		uint64_t state = seed;
		fifolock_modes_t modes;

		rules_random(&rules, 3, 9, &state);
		rules_compile(&rules, &modes);
		do {
			for (unsigned m = 0; m < rules.count; m++)
				for (uint32_t n = 1; n <= rules.capacity[m]; n++)
					wrong += last_fits(&rules, holds, m, n) !=
						 plain_fits(&rules, holds, m, n);
		} while (next_holds(&rules, holds));
	}
	cr_assert_eq(wrong, 0);
}
