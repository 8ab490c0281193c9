/* SPDX-License-Identifier: MIT
 *
 * table.c - random mode tables, and what they promise.
 */
#include "torture.h"

/* A shadow counts no more than this of a mode: threads times the heaviest weight. */
#define SHADOW_MOST 511u
#define WEIGHT_MOST 12u

/* ---- which tables there are ---- */

static void from_matrix(struct rules *rules, unsigned count, const uint32_t conflicts[])
{
	memset(rules, 0, sizeof(*rules));
	rules->count = count;
	for (unsigned m = 0; m < count; m++)
		rules->modes[m] = (struct fifolock_mode){.conflicts = conflicts[m]};
}

/* The presets: the matrices of fifolock/modes.h beside the ready-made rows. */
static void preset(struct table *table, uint64_t *random)
{
	static const uint32_t mutex[] = {1}, shared[] = {3, 1}, update[] = {7, 1, 5};
	static const uint32_t two[] = {3, 3}; /* each alone */
	static const uint32_t intent[] = {0x3f, 0x31, 0x35, 0x01, 0x27, 0x37};
	static const struct {
		const fifolock_modes_t *modes;
		unsigned count;
		const uint32_t *conflicts;
	} presets[] = {{&fifolock_mutex_modes, 1, mutex},
		       {&fifolock_shared_exclusive_modes, 2, shared},
		       {&fifolock_update_modes, 3, update},
		       {&fifolock_intent_modes, 6, intent},
		       {NULL, 2, two}};
	unsigned which = oracle_below(random, 5);

	from_matrix(&table->rules, presets[which].count, presets[which].conflicts);
	if (presets[which].modes)
		table->modes = *presets[which].modes;
	else
		rules_compile(&table->rules, &table->modes);
	table->zero_will_do = which == 1;
	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES && m < table->rules.count; m++)
		rules_capacity(&table->rules, &table->modes, m);
	tally_add(&tally->tables_presets, 1);
}

static bool rooms_left(const uint32_t holds[], unsigned mode, void *ctx)
{
	const struct rooms *rooms = ctx;
	uint32_t taken = rooms->need[mode];
	bool all = true;

	for (unsigned m = 0; m < rooms->count; m++)
		taken += holds[m] * rooms->need[m];
	for (unsigned i = 0; i < 3; i++)
		all = all && (holds[rooms->trio[i]] || rooms->trio[i] == mode);
	return taken <= rooms->rooms && !all;
}

static void random_rooms(struct table *table, uint64_t *random)
{
	struct rooms *rooms = &table->rooms;
	struct rules *rules = &table->rules;

	memset(rules, 0, sizeof(*rules));
	rooms->count = rules->count = 3 + oracle_below(random, 3);
	rooms->rooms = 2 + oracle_below(random, 9);
	for (unsigned m = 0; m < rules->count; m++)
		rooms->need[m] = 1 + oracle_below(random, 1 + rooms->rooms / 2);
	rooms->need[0] = rooms->rooms;
	for (unsigned i = 0; i < 3; i++)
		rooms->trio[i] = i;
	rules->max_each = rooms->rooms;
	rules->compatible = rooms_left;
	rules->ctx = rooms;
	rules_compile(rules, &table->modes);
	tally_add(&tally->tables_rooms, 1);
}

static void random_dice(struct table *table, uint64_t *random)
{
	rules_random_predicate(&table->rules, &table->dice, random);
	/* One that is never allowed waits for ever, and all behind it. */
	table->dice.yes_if_free = true;
	table->monotone = false;
	rules_compile(&table->rules, &table->modes);
	tally_add(&tally->tables_dice, 1);
}

/* 48 bits of fields, so that shadows, one bit wider for each mode, fit 64. */
static void random_limits(struct table *table, uint64_t *random)
{
	unsigned count = oracle_below(random, 4) ? 1 + oracle_below(random, 6) : 16;

	rules_random(&table->rules, count, 48, random);
	rules_compile(&table->rules, &table->modes);
	tally_add(&tally->tables_limits, 1);
}

/* ---- what they promise ---- */

static bool excluded_by(const struct table *table, unsigned mode, unsigned held)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	holds[held] = 1;
	return !plain_allows(&table->rules, holds, mode);
}

/* Which modes are never held beside which: each keeps the other out.  Only a rule that
 * never allows more when more is held says so. */
static void find_apart(struct table *table)
{
	for (unsigned m = 0; m < table->rules.count; m++) {
		table->apart[m] = 0;
		for (unsigned x = 0; table->monotone && x < table->rules.count; x++)
			if (excluded_by(table, m, x) && excluded_by(table, x, m))
				table->apart[m] |= 1u << x;
	}
}

static void find_clique(struct table *table)
{
	table->clique = 0;
	table->reads = 0;
	for (unsigned m = 0; m < table->rules.count; m++)
		if (in_set(table->apart[m], m) &&
		    (table->apart[m] & table->clique) == table->clique)
			table->clique |= 1u << m;
	for (unsigned m = 0; table->clique && m < table->rules.count; m++)
		if (!in_set(table->clique, m) &&
		    (table->apart[m] & table->clique) == table->clique)
			table->reads |= 1u << m;
}

/* How many at once a free lock grants. */
static void find_weights(struct table *table)
{
	const uint32_t none[FIFOLOCK_MAX_MODES] = {0};

	table->usable = 0;
	for (unsigned m = 0; m < table->rules.count; m++) {
		uint32_t n = 0;

		while (n < WEIGHT_MOST && plain_fits(&table->rules, none, m, n + 1))
			n++;
		table->weight_max[m] = n;
		if (n)
			table->usable |= 1u << m;
	}
}

static void place_shadow(struct table *table)
{
	unsigned shift = 0;

	for (unsigned m = 0; m < table->rules.count; m++) {
		uint32_t capacity = table->rules.capacity[m];

		table->shift[m] = (uint8_t)shift;
		shift += 1 + rules_bits(capacity < SHADOW_MOST ? capacity : SHADOW_MOST);
	}
	if (shift > 64)
		violation("a shadow of %u bits", shift);
}

/* Granted at once to each thread of the round, while all the others hold it. */
static void find_share(struct table *table, const struct plan *plan)
{
	table->share = -1;
	for (unsigned m = 0; table->monotone && m < table->rules.count; m++) {
		uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

		holds[m] = plan->seats;
		if (plain_allows(&table->rules, holds, m))
			table->share = (int)m;
	}
}

static void learn(struct table *table, const struct plan *plan)
{
	find_share(table, plan);
	find_apart(table);
	find_clique(table);
	find_weights(table);
	place_shadow(table);
}

void table_semaphore(struct table *table, const struct plan *plan, uint32_t size)
{
	memset(table, 0, sizeof(*table));
	table->monotone = true;
	table->rules.count = 1;
	table->rules.modes[0].max = size;
	rules_compile(&table->rules, &table->modes);
	learn(table, plan);
}

void table_random(struct table *table, const struct plan *plan, uint64_t *random)
{
	bool function = has(plan, F_predicates) && oracle_below(random, 3);

	memset(table, 0, sizeof(*table));
	table->monotone = true;
	if (function && oracle_below(random, 2))
		random_dice(table, random);
	else if (function)
		random_rooms(table, random);
	else if (oracle_below(random, 5) < 2)
		preset(table, random);
	else
		random_limits(table, random);
	learn(table, plan);
}

unsigned table_random_mode(const struct table *table, uint64_t *random)
{
	unsigned mode;

	do
		mode = oracle_below(random, table->rules.count);
	while (!in_set(table->usable, mode));
	return mode;
}

uint64_t table_unit(const struct table *table, unsigned mode)
{
	return UINT64_C(1) << table->shift[mode];
}

static uint32_t shadow_count(const struct table *table, uint64_t shadow, unsigned m)
{
	unsigned end = m + 1 < table->rules.count ? table->shift[m + 1] : 64;
	unsigned width = end - table->shift[m];
	uint64_t mask = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;

	return (uint32_t)(shadow >> table->shift[m] & mask);
}

/* Whichever of the holds is the latest was granted beside all the others.  In a table that
 * is monotone any hold that could be the latest may be taken for it: what could come
 * about with it could come about without it. */
bool table_allows_all(const struct table *table, const uint32_t all_holds[])
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0}, all = 0, before;

	for (unsigned m = 0; m < table->rules.count; m++)
		all += holds[m] = all_holds[m];
	do {
		before = all;
		for (unsigned m = 0; m < table->rules.count; m++) {
			if (!holds[m])
				continue;
			holds[m]--;
			if (plain_allows(&table->rules, holds, m))
				all--;
			else
				holds[m]++;
		}
	} while (all && all != before);
	return all == 0;
}

bool table_reachable(const struct table *table, uint64_t shadow)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	for (unsigned m = 0; m < table->rules.count; m++)
		holds[m] = shadow_count(table, shadow, m);
	return table_allows_all(table, holds);
}
