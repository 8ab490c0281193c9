/* SPDX-License-Identifier: MIT
 *
 * stronger.c - the weakest mode that is as strong as two, against its definition tried out in all
 * states that a lock can be in.
 */
#include "keys.h"
#include "presets.h"

/* All states with up to most holds of each mode. */
struct states {
	const struct rules *rules;
	uint32_t most;
	bool stronger[FIFOLOCK_MAX_MODES][FIFOLOCK_MAX_MODES];
};

/* In this state: one is granted only where the other would be, and nothing is granted beside it
 * that would not be beside the other. */
static bool stands(const struct rules *rules, const uint32_t holds[], unsigned one,
		   unsigned other)
{
	uint32_t with_one[FIFOLOCK_MAX_MODES], with_other[FIFOLOCK_MAX_MODES];
	bool stands =
		plain_allows(rules, holds, other) || !plain_allows(rules, holds, one);

	memcpy(with_one, holds, sizeof(with_one));
	memcpy(with_other, holds, sizeof(with_other));
	if (++with_one[one] > rules->capacity[one] ||
	    ++with_other[other] > rules->capacity[other])
		return stands; /* there is no such hold */
	for (unsigned m = 0; m < rules->count; m++)
		stands = stands && (plain_allows(rules, with_other, m) ||
				    !plain_allows(rules, with_one, m));
	return stands;
}

static void each_state(struct states *states, uint32_t holds[], unsigned mode)
{
	const struct rules *rules = states->rules;

	if (mode < rules->count) {
		for (uint32_t n = 0; n <= states->most && n <= rules->capacity[mode];
		     n++) {
			holds[mode] = n;
			each_state(states, holds, mode + 1);
		}
		holds[mode] = 0;
		return;
	}
	for (unsigned one = 0; one < rules->count; one++)
		for (unsigned other = 0; other < rules->count; other++)
			if (!stands(rules, holds, one, other))
				states->stronger[one][other] = false;
}

static void tries_states(struct states *states, const struct rules *rules, uint32_t most)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	*states = (struct states){.rules = rules, .most = most};
	for (unsigned one = 0; one < rules->count; one++)
		for (unsigned other = 0; other < rules->count; other++)
			states->stronger[one][other] = true;
	each_state(states, holds, 0);
}

static bool is_both(const struct states *states, unsigned mode, unsigned one,
		    unsigned other)
{
	return states->stronger[mode][one] && states->stronger[mode][other];
}

/* Of those as strong as both, the first than which none is weaker; count: there is none. */
static unsigned weakest(const struct states *states, unsigned one, unsigned other)
{
	unsigned count = states->rules->count;

	for (unsigned mode = 0; mode < count; mode++) {
		bool least = is_both(states, mode, one, other);

		for (unsigned m = 0; m < count; m++)
			if (is_both(states, m, one, other) && states->stronger[mode][m])
				least = least && states->stronger[m][mode];
		if (least)
			return mode;
	}
	return count;
}

static void pair_agrees(const struct states *states, const fifolock_modes_t *modes,
			unsigned one, unsigned other)
{
	unsigned expected = weakest(states, one, other), both = 99;
	int rc = fifolock_modes_stronger(modes, one, other, &both);

	if (expected == states->rules->count) {
		quick_check(rc == EINVAL, "%u, %u: %d, mode %u", one, other, rc, both);
		quick_check(both == 99, "written to");
		return;
	}
	quick_check(rc == 0 && both == expected, "%u, %u: %d, mode %u, not %u", one,
		    other, rc, both, expected);
}

static void all_agree(const struct rules *rules, const fifolock_modes_t *modes,
		      uint32_t most)
{
	static struct states states;

	tries_states(&states, rules, most);
	for (unsigned one = 0; one < rules->count; one++)
		for (unsigned other = 0; other < rules->count; other++)
			pair_agrees(&states, modes, one, other);
}

static void preset_agrees(const fifolock_modes_t *modes, unsigned count)
{
	struct rules rules;

	rules_preset(&rules, modes, count);
	all_agree(&rules, modes, 2);
}

Test(stronger, of_the_ready_made_tables_is_as_its_definition_says, .description = "G2")
{
	preset_agrees(&fifolock_mutex_modes, 1);
	preset_agrees(&fifolock_shared_exclusive_modes, 2);
	preset_agrees(&fifolock_update_modes, 3);
	preset_agrees(&fifolock_intent_modes, 6);
}

Test(stronger, of_the_intent_modes_is_what_databases_have, .description = "G2")
{
	static const unsigned char table[6][6] = {
		[X] = {X, X, X, X, X, X},	   [S] = {X, S, U, S, SIX, SIX},
		[U] = {X, U, U, U, SIX, SIX},	   [IS] = {X, S, U, IS, IX, SIX},
		[IX] = {X, SIX, SIX, IX, IX, SIX}, [SIX] = {X, SIX, SIX, SIX, SIX, SIX},
	};

	for (unsigned one = 0; one < 6; one++)
		for (unsigned other = 0; other < 6; other++) {
			unsigned both;

			cr_assert_eq(fifolock_modes_stronger(&fifolock_intent_modes, one,
							     other, &both),
				     0);
			cr_assert_eq(both, table[one][other], "%u, %u: %u", one, other,
				     both);
		}
}

Test(stronger, of_no_table_is_that_of_shared_and_exclusive, .description = "table")
{
	unsigned both = 99;

	cr_assert_eq(fifolock_modes_stronger(NULL, S, X, &both), 0);
	cr_assert_eq(both, X);
	cr_assert_eq(fifolock_modes_stronger(NULL, S, S, &both), 0);
	cr_assert_eq(both, S);
}

Test(stronger, than_a_mode_that_is_not_there_is_none, .description = "G7")
{
	unsigned both = 99;

	cr_assert_eq(fifolock_modes_stronger(NULL, U, X, &both), EINVAL);
	cr_assert_eq(fifolock_modes_stronger(NULL, X, U, &both), EINVAL);
	cr_assert_eq(fifolock_modes_stronger(&fifolock_mutex_modes, X, UINT32_MAX, &both),
		     EINVAL);
	cr_assert_eq(fifolock_modes_stronger(&fifolock_intent_modes, 6, 6, &both),
		     EINVAL);
	cr_assert_eq(both, 99);
}

Test(stronger, of_a_mode_and_itself_is_that_mode, .description = "G2")
{
	fifolock_modes_t modes;
	unsigned both;

	cr_assert_eq(fifolock_modes_semaphore(&modes, 4), 0);
	cr_assert_eq(fifolock_modes_stronger(&modes, 0, 0, &both), 0);
	cr_assert_eq(both, 0);
}

/* Conflicts at random, one-sided ones, too. */
Test(stronger, of_any_conflicts_is_as_its_definition_says, .description = "G2")
{
	for (uint64_t seed = 1; seed <= test_scaled(2000); seed++) {
		uint64_t random = seed;
		struct rules rules = {.count = 1 + oracle_below(&random, 5)};
		uint32_t sparse = 1 + oracle_below(&random, 4);
		fifolock_modes_t modes;

		for (unsigned m = 0; m < rules.count; m++) {
			rules.modes[m].max = 2; /* as many of each */
			for (unsigned x = 0; x < rules.count; x++)
				if (oracle_below(&random, 4) >= sparse)
					rules.modes[m].conflicts |= 1u << x;
		}
		rules_compile(&rules, &modes);
		all_agree(&rules, &modes, 2);
	}
}

/* With limits no higher than the numbers that are tried out. */
Test(stronger, of_any_limits_is_as_its_definition_says, .description = "G2")
{
	for (uint64_t seed = 1; seed <= test_scaled(1000); seed++) {
		struct rules rules = {.count = 3};
		fifolock_modes_t modes;
		uint64_t random = seed;

		for (unsigned m = 0; m < 3; m++) {
			rules.modes[m].max = 1 + oracle_below(&random, 3);
			rules.modes[m].limits = rules.limits[m];
			for (unsigned x = 0; x < 3; x++)
				rules.limits[m][x] = oracle_below(&random, 4);
		}
		rules_compile(&rules, &modes);
		all_agree(&rules, &modes, 3);
	}
}
