/* SPDX-License-Identifier: MIT
 *
 * calls.c - each call on a key, by one thread: its results and its errors.  What fails changes
 * nothing and writes nothing.
 */
#include "keys.h"

#define KEY	fifolock_key(5)
#define NO_MODE 17u

static const struct timespec past = {0, 1}, no_time = {0, 1000000000}, none = {1, -1};

/* A hold that no call has written to. */
static fifolock_hold_t blank(void)
{
	fifolock_hold_t hold;

	memset(&hold, 0x5a, sizeof(hold));
	return hold;
}

static void fails(int rc, int expected, const fifolock_hold_t *hold)
{
	fifolock_hold_t untouched = blank();

	quick_check(rc == expected, "%s: %d, not %d", keys_kind.name, rc, expected);
	quick_check(memcmp(hold, &untouched, sizeof(*hold)) == 0, "written to");
}

/* Each of the six, with a mode and a weight. */
static int locks(unsigned way, fifolock_table_t *table, unsigned mode, uint32_t n,
		 fifolock_hold_t *hold)
{
	switch (way) {
	case 0:
		return fifolock_table_lock_n(table, KEY, mode, n, hold);
	case 1:
		return fifolock_table_trylock_n(table, KEY, mode, n, hold);
	case 2:
		return fifolock_table_timedlock_n(table, KEY, mode, n, &past, hold);
	case 3:
		return fifolock_table_lock(table, KEY, mode, hold);
	case 4:
		return fifolock_table_trylock(table, KEY, mode, hold);
	default:
		return fifolock_table_timedlock(table, KEY, mode, &past, hold);
	}
}

Script(calls, each_takes_what_it_says_and_gives_it_back, "table")
{
	fifolock_table_t *table = table_of(NULL);

	for (unsigned way = 0; way < 6; way++)
		for (unsigned mode = X; mode <= S; mode++) {
			fifolock_hold_t hold;

			cr_assert_eq(locks(way, table, mode, 1, &hold), 0);
			cr_assert_eq(fits(table, KEY, S), mode == S);
			cr_assert_not(fits(table, KEY, X));
			cr_assert_eq(fifolock_table_unlock(&hold), 0);
			cr_assert(fits(table, KEY, X));
		}
	table_ends(table);
}

Script(calls, arguments_are_looked_at, "G7")
{
	fifolock_table_t *table = table_of(NULL);

	for (unsigned way = 0; way < 6; way++) {
		fifolock_hold_t hold = blank();

		fails(locks(way, NULL, X, 1, &hold), EINVAL, &hold);
		fails(locks(way, table, X, 1, NULL), EINVAL, &hold);
		fails(locks(way, table, 2, 1, &hold), EINVAL, &hold);
		fails(locks(way, table, NO_MODE, 1, &hold), EINVAL, &hold);
		fails(locks(way, table, UINT32_MAX, 1, &hold), EINVAL, &hold);
		if (way < 3) {
			fails(locks(way, table, X, 0, &hold), ERANGE, &hold);
			fails(locks(way, table, X, 2, &hold), ERANGE, &hold);
			fails(locks(way, table, X, UINT32_MAX, &hold), ERANGE, &hold);
		}
		cr_assert_eq(fifolock_table_keys(table), 0);
	}
	table_ends(table);
}

Script(calls, a_deadline_that_is_no_time_is_refused, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	struct timespec other_clock = test_in_ns(CLOCK_REALTIME, HOUR);
	fifolock_hold_t holder = takes(table, KEY, X), hold = blank();

	fails(fifolock_table_timedlock(table, KEY, S, &no_time, &hold), EINVAL, &hold);
	fails(fifolock_table_timedlock(table, KEY, S, &none, &hold), EINVAL, &hold);
	fails(fifolock_table_timedlock(table, KEY, S, &other_clock, &hold), EINVAL,
	      &hold);
	fails(fifolock_table_timedlock_n(table, KEY, S, 2, &no_time, &hold), EINVAL,
	      &hold);
	cr_assert_eq(fifolock_table_timedconvert(&holder, S, &no_time), EINVAL);
	cr_assert_not(fits(table, KEY, S));
	gives(&holder);
	table_ends(table);
}

Script(calls, no_deadline_is_to_wait_as_long_as_it_takes, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold;

	cr_assert_eq(fifolock_table_timedlock(table, KEY, X, NULL, &hold), 0);
	gives(&hold);
	cr_assert_eq(fifolock_table_timedlock_n(table, KEY, S, 3, NULL, &hold), 0);
	gives(&hold);
	table_ends(table);
}

Script(calls, what_is_not_to_be_had_now_is_refused, "G1 G2")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t holder = takes(table, KEY, S), hold = blank();
	struct asked waits;

	fails(fifolock_table_trylock(table, KEY, X, &hold), EBUSY, &hold);
	fails(fifolock_table_timedlock(table, KEY, X, &past, &hold), ETIMEDOUT, &hold);
	queues(&waits, table, KEY, X);
	fails(fifolock_table_trylock(table, KEY, S, &hold), EBUSY, &hold);
	fails(fifolock_table_trylock_n(table, KEY, S, 2, &hold), EBUSY, &hold);
	fails(fifolock_table_timedlock(table, KEY, S, &past, &hold), ETIMEDOUT, &hold);
	fails(fifolock_table_timedlock_n(table, KEY, S, 2, &past, &hold), ETIMEDOUT,
	      &hold);
	gives(&holder);
	gives_asked(&waits);
	table_ends(table);
}

Script(calls, a_weight_is_taken_and_given_back_as_a_whole, "G2")
{
	fifolock_modes_t three;
	fifolock_hold_t two, one, hold = blank();
	fifolock_table_t *table;

	cr_assert_eq(fifolock_modes_semaphore(&three, 3), 0);
	table = table_of(&three);
	for (unsigned way = 0; way < 3; way++) {
		cr_assert_eq(locks(way, table, 0, 2, &two), 0);
		fails(fifolock_table_trylock_n(table, KEY, 0, 2, &hold), EBUSY, &hold);
		cr_assert_eq(locks(way, table, 0, 1, &one), 0);
		fails(fifolock_table_trylock_n(table, KEY, 0, 1, &hold), EBUSY, &hold);
		gives(&two);
		cr_assert_eq(fifolock_table_trylock_n(table, KEY, 0, 2, &two), 0);
		gives(&one);
		gives(&two);
		fails(locks(way, table, 0, 4, &hold), ERANGE, &hold);
		cr_assert_eq(locks(way, table, 0, 3, &two), 0);
		cr_assert_not(fits(table, KEY, 0));
		gives(&two);
	}
	table_ends(table);
}

/* ---- giving back ---- */

/* A slot remembers how its last key was held. */
Script(calls, a_key_is_held_as_asked_whatever_the_last_one_was, "G2 G3")
{
	static const struct {
		unsigned mode;
		uint32_t n;
	} asked[] = {{X, 1}, {S, 1}, {S, 2}, {S, 5}};
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold;

	for (unsigned i = 0; i < 4 * 4 * 2; i++) {
		unsigned last = i / 8, next = i / 2 % 4;
		unsigned other = asked[next].mode == X ? S : X;
		fifolock_key_t key = fifolock_key(5 + i % 2);

		cr_assert_eq(fifolock_table_lock_n(table, KEY, asked[last].mode,
						   asked[last].n, &hold),
			     0);
		gives(&hold);
		cr_assert_eq(fifolock_table_lock_n(table, key, asked[next].mode,
						   asked[next].n, &hold),
			     0);
		cr_assert_eq(fifolock_holds(fifolock_hold_lock(&hold), asked[next].mode),
			     asked[next].n);
		cr_assert_eq(fifolock_holds(fifolock_hold_lock(&hold), other), 0);
		gives(&hold);
		cr_assert_eq(fifolock_table_keys(table), 0);
	}
	table_ends(table);
}

Script(calls, a_hold_that_is_gone_names_nothing, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t keeper = takes(table, KEY, S), hold = takes(table, KEY, S);

	gives(&hold);
	cr_assert_eq(fifolock_table_unlock(&hold), EINVAL);
	cr_assert_eq(fifolock_table_convert(&hold, S), EINVAL);
	cr_assert_eq(fifolock_table_tryconvert(&hold, S), EINVAL);
	cr_assert_eq(fifolock_table_timedconvert(&hold, S, &past), EINVAL);
	memset(&hold, 0, sizeof(hold));
	cr_assert_eq(fifolock_table_unlock(&hold), EINVAL);
	cr_assert_eq(fifolock_table_unlock(NULL), EINVAL);
	cr_assert_eq(fifolock_table_convert(NULL, S), EINVAL);
	cr_assert_eq(fifolock_table_tryconvert(NULL, S), EINVAL);
	cr_assert_eq(fifolock_table_timedconvert(NULL, S, &past), EINVAL);
	cr_assert_not(fits(table, KEY, X));
	gives(&keeper);
	table_ends(table);
}

Script(calls, one_of_the_copies_of_a_hold_is_given_back, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, X), copies[2];

	copies[0] = copies[1] = hold;
	memset(&hold, 0, sizeof(hold));
	memset(&copies[0], 0xff, sizeof(hold));
	cr_assert_not(fits(table, KEY, S));
	cr_assert_eq(fifolock_table_tryconvert(&copies[1], S), 0);
	cr_assert(fits(table, KEY, S));
	gives(&copies[1]);
	table_ends(table);
}

Test(calls, a_hold_that_does_not_exist_cannot_be_given_back, .description = "G7")
{
	for (size_t keys = 0; keys < 2; keys++) {
		fifolock_table_t *table;
		fifolock_hold_t keeper, hold, copy;

		keys_kind = (struct fifolock_table_options){.keys = keys};
		table = table_of(&fifolock_intent_modes);
		keeper = takes(table, KEY, IS);
		hold = takes(table, KEY, IX);
		copy = hold;
		gives(&hold);
		cr_assert_eq(fifolock_table_unlock(&copy), EPERM);
		cr_assert(fits(table, KEY, IX));
		cr_assert_not(fits(table, KEY, X));
		gives(&keeper);
		table_ends(table);
	}
}

static void *unlocks(void *hold)
{
	return fifolock_table_unlock(hold) ? hold : NULL;
}

Script(calls, any_thread_may_give_a_hold_back, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, X);
	pthread_t thread;
	void *failed;

	cr_assert_eq(pthread_create(&thread, NULL, unlocks, &hold), 0);
	pthread_join(thread, &failed);
	cr_assert_null(failed);
	cr_assert_eq(fifolock_table_unlock(&hold), EINVAL);
	table_ends(table);
}

/* ---- sections ---- */

struct section {
	fifolock_table_t *table;
	unsigned ran;
	bool shared_fits;
};

static void section(void *arg)
{
	struct section *section = arg;

	section->ran++;
	section->shared_fits = fits(section->table, fifolock_key(5), S);
}

static void other_keys(void *arg)
{
	struct section *section = arg;
	fifolock_hold_t hold = takes(section->table, fifolock_key(6), X);

	section->ran++;
	gives(&hold);
}

Script(calls, a_section_runs_while_its_key_is_held, "G2")
{
	fifolock_table_t *table = table_of(NULL);
	struct section here = {.table = table};

	cr_assert_eq(fifolock_table_run(table, KEY, S, section, &here), 0);
	cr_assert_eq(here.ran, 1);
	cr_assert(here.shared_fits);
	cr_assert_eq(fifolock_table_run(table, KEY, X, section, &here), 0);
	cr_assert_eq(here.ran, 2);
	cr_assert_not(here.shared_fits);
	cr_assert_eq(fifolock_table_run(table, KEY, X, other_keys, &here), 0);
	cr_assert_eq(here.ran, 3);
	table_ends(table);
}

Script(calls, a_section_that_is_refused_does_not_run, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	struct section here = {.table = table};

	cr_assert_eq(fifolock_table_run(NULL, KEY, X, section, &here), EINVAL);
	cr_assert_eq(fifolock_table_run(table, KEY, 2, section, &here), EINVAL);
	cr_assert_eq(fifolock_table_run(table, KEY, NO_MODE, section, &here), EINVAL);
	cr_assert_eq(fifolock_table_run(table, KEY, X, NULL, &here), EINVAL);
	cr_assert_eq(here.ran, 0);
	table_ends(table);
}

/* ---- errno ---- */

Script(calls, errno_is_left_alone, "table")
{
	fifolock_table_t *table = table_of(&fifolock_update_modes);
	fifolock_hold_t hold, other;
	struct asked waits;

	errno = 12345;
	for (unsigned k = 0; k < 1000; k++) {
		hold = takes(table, fifolock_key(k), U);
		quick_check(fifolock_table_tryconvert(&hold, X) == 0, "convert");
		quick_check(fifolock_table_timedlock(table, fifolock_key(k), S, &past,
						     &other) == ETIMEDOUT,
			    "timedlock");
		queues(&waits, table, fifolock_key(k), S);
		gives(&hold);
		gives_asked(&waits);
	}
	cr_assert_eq(fifolock_table_trylock(table, KEY, 9, &hold), EINVAL);
	cr_assert_eq(fifolock_table_unlock(NULL), EINVAL);
	cr_assert_eq(errno, 12345);
	table_ends(table);
}
