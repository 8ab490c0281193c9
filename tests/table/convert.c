/* SPDX-License-Identifier: MIT
 *
 * convert.c - the hold of a key gets another mode: at once, by waiting, or if it must.
 */
#include "keys.h"
#include "intent_modes.h"

#define KEY	fifolock_key(5)
#define NO_MODE 17u

static const struct timespec past = {0, 1}, no_time = {0, 1000000000};

static int converts(unsigned way, fifolock_hold_t *hold, unsigned to)
{
	return way == 0	  ? fifolock_table_convert(hold, to)
	       : way == 1 ? fifolock_table_tryconvert(hold, to)
			  : fifolock_table_timedconvert(hold, to, &past);
}

Script(convert, a_conversion_gives_the_hold_another_mode, "G2")
{
	fifolock_table_t *table = table_of(&fifolock_update_modes);

	for (unsigned way = 0; way < 3; way++) {
		fifolock_hold_t hold = takes(table, KEY, U);

		cr_assert(fits(table, KEY, S));
		cr_assert_not(fits(table, KEY, U));
		cr_assert_eq(converts(way, &hold, X), 0);
		cr_assert_not(fits(table, KEY, S));
		cr_assert_eq(converts(way, &hold, S), 0);
		cr_assert(fits(table, KEY, U));
		cr_assert_not(fits(table, KEY, X));
		cr_assert_eq(fifolock_table_keys(table), 1);
		gives(&hold);
		cr_assert(fits(table, KEY, X));
	}
	table_ends(table);
}

Script(convert, a_conversion_that_fails_leaves_the_hold_as_it_was, "G7")
{
	fifolock_table_t *table = table_of(&fifolock_update_modes);
	fifolock_hold_t keeper = takes(table, KEY, S), hold = takes(table, KEY, U);
	fifolock_hold_t before = hold;

	cr_assert_eq(fifolock_table_tryconvert(&hold, X), EBUSY);
	cr_assert_eq(fifolock_table_timedconvert(&hold, X, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_table_timedconvert(&hold, X, &no_time), EINVAL);
	for (unsigned way = 0; way < 3; way++) {
		cr_assert_eq(converts(way, &hold, 3), EINVAL);
		cr_assert_eq(converts(way, &hold, NO_MODE), EINVAL);
	}
	cr_assert_eq(memcmp(&hold, &before, sizeof(hold)), 0);
	cr_assert(fits(table, KEY, S));
	cr_assert_not(fits(table, KEY, U));
	gives(&keeper);
	cr_assert_eq(fifolock_table_tryconvert(&hold, X), 0);
	gives(&hold);
	table_ends(table);
}

Script(convert, a_heavy_hold_is_not_converted, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold;

	cr_assert_eq(fifolock_table_lock_n(table, KEY, S, 2, &hold), 0);
	for (unsigned way = 0; way < 3; way++) {
		cr_assert_eq(converts(way, &hold, X), ERANGE);
		cr_assert_eq(converts(way, &hold, S), ERANGE);
	}
	cr_assert(fits(table, KEY, S));
	gives(&hold);
	table_ends(table);
}

Script(convert, a_conversion_to_a_weaker_mode_lets_the_line_in, "G3")
{
	fifolock_table_t *table = table_of(&fifolock_update_modes);
	fifolock_hold_t hold = takes(table, KEY, X);
	struct asked first, second, third;

	queues(&first, table, KEY, S);
	queues(&second, table, KEY, U);
	queues(&third, table, KEY, U);
	cr_assert_eq(fifolock_table_convert(&hold, S), 0);
	cr_assert(granted(&first) && granted(&second));
	cr_assert_eq(calls(&third), 0);
	cr_assert_eq(fifolock_table_tryconvert(&hold, U), EBUSY);
	gives_asked(&second);
	gives_asked(&third);
	gives_asked(&first);
	gives(&hold);
	table_ends(table);
}

/* ---- by waiting ---- */

struct converter {
	pthread_t thread;
	fifolock_hold_t *hold;
	unsigned to;
	int rc;
};

static void *converts_at_last(void *arg)
{
	struct converter *converter = arg;

	converter->rc = fifolock_table_convert(converter->hold, converter->to);
	return NULL;
}

static bool counts(const struct fifolock_key_state *state, void *ctx)
{
	*(uint32_t *)ctx += state->lock.waiting;
	return true;
}

static void until_waiting(fifolock_table_t *table, uint32_t count)
{
	uint32_t waiting;

	do {
		waiting = 0;
		sched_yield();
		quick_check(fifolock_table_each(table, counts, &waiting) == 0, "each");
	} while (waiting != count);
}

static void starts(struct converter *converter, fifolock_hold_t *hold, unsigned to)
{
	*converter = (struct converter){.hold = hold, .to = to};
	pthread_create(&converter->thread, NULL, converts_at_last, converter);
}

static int answer(struct converter *converter)
{
	pthread_join(converter->thread, NULL);
	return converter->rc;
}

Script(convert, one_that_waits_goes_before_the_line, "G1 G3")
{
	fifolock_table_t *table = table_of(&fifolock_update_modes);
	fifolock_hold_t reader = takes(table, KEY, S), hold = takes(table, KEY, U);
	struct converter converter;
	struct asked asked;

	queues(&asked, table, KEY, X);
	starts(&converter, &hold, X);
	until_waiting(table, 2);
	gives(&reader);
	cr_assert_eq(answer(&converter), 0);
	cr_assert_eq(calls(&asked), 0);
	cr_assert_not(fits(table, KEY, S));
	gives(&hold);
	gives_asked(&asked);
	table_ends(table);
}

Script(convert, two_that_wait_for_each_other_are_one_too_many, "G3")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t one = takes(table, KEY, S), other = takes(table, KEY, S);
	struct converter converter;

	starts(&converter, &one, X);
	until_waiting(table, 1);
	cr_assert_eq(fifolock_table_convert(&other, X), EDEADLK);
	cr_assert_eq(fifolock_table_timedconvert(&other, X, NULL), EDEADLK);
	gives(&other);
	cr_assert_eq(answer(&converter), 0);
	cr_assert_not(fits(table, KEY, S));
	gives(&one);
	table_ends(table);
}

/* ---- what it is, and what it must be ---- */

static unsigned mode_of(const fifolock_hold_t *hold)
{
	unsigned mode = 99;

	cr_assert_eq(fifolock_hold_mode(hold, &mode), 0);
	return mode;
}

Script(convert, a_hold_says_which_mode_it_is_of, "table")
{
	fifolock_table_t *table = table_of(&fifolock_intent_modes);
	unsigned mode = 99;

	for (unsigned m = 0; m < 6; m++) {
		fifolock_hold_t hold = takes(table, KEY, m);

		cr_assert_eq(mode_of(&hold), m);
		cr_assert_eq(fifolock_table_tryconvert(&hold, 5 - m), 0);
		cr_assert_eq(mode_of(&hold), 5 - m);
		cr_assert_eq(fifolock_hold_mode(&hold, NULL), EINVAL);
		gives(&hold);
		cr_assert_eq(fifolock_hold_mode(&hold, &mode), EINVAL);
	}
	cr_assert_eq(fifolock_hold_mode(NULL, &mode), EINVAL);
	cr_assert_eq(mode, 99);
	table_ends(table);
}

Script(convert, a_hold_shows_the_lock_of_its_key, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, S);
	fifolock_hold_t beside = takes(table, KEY, S);
	fifolock_t *lock = fifolock_hold_lock(&hold);

	cr_assert_not_null(lock);
	cr_assert_eq(fifolock_hold_lock(&beside), lock);
	cr_assert_eq(fifolock_holds(lock, S), 2);
	cr_assert_not(fifolock_contended(lock, S));
	gives(&beside);
	cr_assert_eq(fifolock_holds(lock, S), 1);
	gives(&hold);
	cr_assert_null(fifolock_hold_lock(&hold));
	cr_assert_null(fifolock_hold_lock(NULL));
	table_ends(table);
}

Script(convert, a_hold_can_be_made_strong_enough, "G2")
{
	fifolock_table_t *table = table_of(&fifolock_intent_modes);

	for (unsigned from = 0; from < 6; from++)
		for (unsigned with = 0; with < 6; with++) {
			fifolock_hold_t hold = takes(table, KEY, from);
			unsigned both;

			cr_assert_eq(
				fifolock_modes_stronger(&keys_modes, from, with, &both),
				0);
			cr_assert_eq(fifolock_table_strengthen(&hold, with), 0);
			cr_assert_eq(mode_of(&hold), both);
			for (unsigned m = 0; m < 6; m++)
				cr_assert_eq(fits(table, KEY, m),
					     !(against[both] >> m & 1));
			gives(&hold);
		}
	table_ends(table);
}

Script(convert, what_cannot_be_strengthened_stays, "G7")
{
	static const struct fifolock_mode apart[] = {{.conflicts = 1}, {.conflicts = 2}};
	fifolock_modes_t modes;
	fifolock_table_t *table;
	fifolock_hold_t hold;

	cr_assert_eq(fifolock_modes_compile(&modes, apart, 2, NULL, 0), 0);
	table = table_of(&modes);
	hold = takes(table, KEY, 0);
	cr_assert_eq(fifolock_table_strengthen(&hold, 1), EINVAL);
	cr_assert_eq(fifolock_table_strengthen(&hold, 2), EINVAL);
	cr_assert_eq(fifolock_table_strengthen(&hold, NO_MODE), EINVAL);
	cr_assert_eq(fifolock_table_strengthen(&hold, 0), 0);
	cr_assert_eq(mode_of(&hold), 0);
	gives(&hold);
	cr_assert_eq(fifolock_table_strengthen(&hold, 0), EINVAL);
	cr_assert_eq(fifolock_table_strengthen(NULL, 0), EINVAL);
	table_ends(table);
}
