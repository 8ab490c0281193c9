/* SPDX-License-Identifier: MIT
 *
 * deadlocks_exact.c - a deadlock is found exactly where there is one.  Owners hold and ask for
 * keys at random, in tables of all kinds; then all owners that wait for nothing give back what they
 * hold, again and again: what waits still waits for ever, and a search before must have said so.
 */
#include "keys.h"
#include "oracle.h"

#define OWNERS	 6
#define KEYS	 4
#define REQUESTS 24

struct one {
	fifolock_key_request_t request;
	uint64_t owner;
	bool waits, holds;
};

static struct one all[REQUESTS];
static unsigned count;
static int refused, reports;
static unsigned with, without; /* a deadlock */

static void told(void *ctx, int status)
{
	struct one *one = ctx;

	one->waits = false;
	one->holds = status == 0;
	refused += status == EDEADLK;
}

static void reported(const struct fifolock_deadlock *deadlock, void *ctx)
{
	(void)ctx;
	reports += deadlock->count > 0 && deadlock->youngest < deadlock->count;
}

static unsigned waiting(uint64_t owner)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += all[i].waits && (!owner || all[i].owner == owner);
	return found;
}

static bool one_gives_back(struct one *one)
{
	if (!one->holds || waiting(one->owner))
		return false;
	one->holds = false;
	cr_assert_eq(fifolock_table_unlock(&one->request.hold), 0);
	return true;
}

/* How many wait for ever. */
static unsigned all_go_on(void)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned i = 0; i < count; i++)
			again |= one_gives_back(&all[i]);
	}
	return waiting(0);
}

/* Is it ever to be granted? */
static bool fits_alone(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	fifolock_t lock;

	return fifolock_init(&lock, modes) == 0 &&
	       fifolock_trylock_n(&lock, mode, n) == 0;
}

static void asks_for_one(fifolock_table_t *table, const fifolock_modes_t *modes,
			 unsigned most, uint64_t *seed)
{
	struct one *one = &all[count];
	uint64_t owner = 1 + oracle_below(seed, OWNERS);
	unsigned mode = (unsigned)oracle_below(seed, 3);
	uint32_t n = oracle_below(seed, 3) ? 1 : 2;
	int result;

	if (waiting(owner) >= most || !fifolock_modes_capacity(modes, mode) ||
	    !fits_alone(modes, mode, n))
		return;
	*one = (struct one){.owner = owner, .waits = true};
	count++;
	fifolock_table_owner(owner);
	result = fifolock_table_request(table, fifolock_key(oracle_below(seed, KEYS)),
					mode, n, &one->request, told, one);
	cr_assert_eq(fifolock_table_owner(0), owner);
	one->holds = result == 0;
	one->waits = result == EINPROGRESS;
	cr_assert(one->holds || one->waits);
}

static void play(fifolock_table_t *table, const fifolock_modes_t *modes, uint64_t seed)
{
	unsigned most = 1 + (unsigned)oracle_below(&seed, 2);
	int found;

	count = 0;
	reports = refused = 0;
	while (count < REQUESTS && oracle_below(&seed, REQUESTS))
		asks_for_one(table, modes, most, &seed);
	found = fifolock_table_deadlocks(table, reported, NULL, false);
	cr_assert(found == 0 || found == EDEADLK);
	cr_assert_eq(reports > 0, found == EDEADLK);
	cr_assert_eq(refused, 0);
	*(found ? &with : &without) += 1;
	if (oracle_below(&seed, 2))
		cr_assert_eq(all_go_on() > 0, found == EDEADLK);
	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, true), found);
	cr_assert_eq(refused > 0, found == EDEADLK);
	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, true), 0);
	cr_assert_eq(all_go_on(), 0);
}

static bool rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return mode == 0   ? holds[1] + holds[2] < 2
	       : mode == 1 ? holds[0] == 0
			   : holds[2] < 2 && holds[0] < 2;
}

/* A conflict in one direction, limits, capacities. */
static void make_modes(fifolock_modes_t tables[3])
{
	static const uint32_t limits[] = {0, 2, 3};
	const struct fifolock_mode modes[] = {
		{"a", 2, 1u << 1, NULL}, {"b", 3, 0, NULL}, {"c", 4, 1u << 0, limits}};

	cr_assert_eq(fifolock_modes_semaphore(&tables[0], 3), 0);
	cr_assert_eq(fifolock_modes_compile(&tables[1], modes, 3, NULL, 0), 0);
	cr_assert_eq(fifolock_modes_predicate(&tables[2], 3, 4, rule, NULL), 0);
}

Test(deadlocks_exact, are_found_where_something_waits_for_ever_and_nowhere_else,
     .description = "table")
{
	const struct fifolock_table_options options = {.keys = 2, .records = true};
	static fifolock_modes_t made[3];
	const fifolock_modes_t *modes[] = {&fifolock_shared_exclusive_modes,
					   &fifolock_update_modes, &made[0], &made[1],
					   &made[2]};

	make_modes(made);
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fifolock_modes_t shared = unowned(modes[i]);
		fifolock_table_t *table = NULL;

		cr_assert_eq(fifolock_table_create(&table, &shared, &options), 0);
		for (uint64_t seed = 1; seed <= test_scaled(1000); seed++)
			play(table, &shared, seed * 5 + i);
		cr_assert_eq(fifolock_table_destroy(table), 0);
	}
	cr_assert(with > test_scaled(100) && without > test_scaled(100), "%u, %u", with,
		  without);
}
