/* SPDX-License-Identifier: MIT
 *
 * batch_put_back.c - a batch that a scan had in hand when the word changed goes back: behind
 * conversions that have come meanwhile, in its own order, with all in line.
 */
#include "hooks.h"
#include "test.h"
#include "core/lock.h"
#include "core/queue.h"
#include "core/walk.h"

enum {
	S = FIFOLOCK_SHARED,
	X = FIFOLOCK_EXCLUSIVE,
	IS = FIFOLOCK_INTENT_SHARED,
	IX = FIFOLOCK_INTENT_EXCLUSIVE
};

_Thread_local struct hooks hooks;

static fifolock_t lock = FIFOLOCK_INIT(&fifolock_intent_modes);
static struct fl_slot *slots[9];

static struct fl_want want(unsigned mode)
{
	return fl_want(&fifolock_intent_modes.rows[mode], mode, 1);
}

static void joins(unsigned who, unsigned from, unsigned mode, unsigned how)
{
	const struct fl_want wanted = want(mode);

	slots[who] = fl_slot_new();
	slots[who]->from = (uint8_t)from;
	fl_join(&lock, slots[who], &wanted, how | FL_LEAVES | FL_NO_LIMIT);
}

static void converts(unsigned who)
{
	joins(who, IS, IX, FL_CONVERTS);
}

static void exchanges(unsigned from, unsigned to)
{
	const struct fl_want wanted = want(to);

	if (fl_exchange(&lock, &fifolock_intent_modes.rows[from], &wanted) != 0)
		abort();
}

static void gives(unsigned mode)
{
	const struct fifolock_row *row = &fifolock_intent_modes.rows[mode];

	cr_assert_eq(fl_release(&lock, row->field, row->unit), 0);
}

/* Its slot is another's, as soon as it is free. */
static void leaves(unsigned who)
{
	struct fl_slot *slot = slots[who];

	slots[who] = NULL;
	cr_assert(fl_leave(&lock, slot));
}

struct seen {
	char who[10];
	unsigned count;
};

static bool see(const struct fl_slot *slot, void *ctx)
{
	struct seen *seen = ctx;

	for (unsigned i = 0; i < 9; i++)
		if (slot == slots[i] && seen->count < 9)
			seen->who[seen->count++] = (char)('0' + i);
	return seen->count < 9;
}

static void line_is(const char *expected)
{
	struct seen seen = {0};
	struct fl_walk look = {.visit = see, .ctx = &seen};

	fl_walk(&lock, &look);
	cr_assert_str_eq(seen.who, expected);
	cr_assert_eq(fifolock_waiting(&lock), strlen(expected));
}

static void two_convert_and_one_keeps_all_out(void)
{
	converts(4);
	converts(5);
	exchanges(IX, S);
}

static void one_more_and_one_keeps_all_out(void)
{
	converts(6);
	exchanges(IS, S);
}

Test(put_back, a_batch_stands_behind_conversions_that_have_come_in_its_order,
     .description = "G1 G3")
{
	cr_assert_eq(fifolock_trylock(&lock, IX), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, IS, 4), 0);
	joins(0, 0, S, 0);
	for (unsigned who = 1; who < 4; who++)
		joins(who, 0, IX, 0);
	hooks.commit = two_convert_and_one_keeps_all_out;
	leaves(0);
	line_is("45123");
	joins(7, 0, S, 0);
	line_is("451237");
	hooks.commit = one_more_and_one_keeps_all_out;
	gives(S);
	line_is("4561237");
	leaves(6);
	leaves(2);
	leaves(7);
	line_is("4513");
	joins(8, 0, IX, 0);
	line_is("45138");
	gives(S);
	for (unsigned who = 1; who < 9; who++)
		cr_assert(who == 2 || who == 6 || who == 7 || fl_granted(slots[who]));
	for (unsigned i = 0; i < 5; i++)
		gives(IX);
	gives(IS);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(put_back, who_was_the_head_before_a_conversion_came_may_leave,
     .description = "G1 G4")
{
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, IS, 1), 0);
	joins(1, 0, IX, 0);
	joins(2, 0, S, 0);
	converts(4);
	line_is("412");
	leaves(1);
	line_is("42");
	joins(3, 0, S, 0);
	line_is("423");
	leaves(4);
	cr_assert(fl_granted(slots[2]) && fl_granted(slots[3]));
	for (unsigned i = 0; i < 3; i++)
		gives(S);
	gives(IS);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static void one_keeps_all_out(void)
{
	exchanges(IS, S);
}

Test(put_back, a_conversion_stands_before_one_that_was_left_and_may_leave,
     .description = "G1 G4")
{
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, IS, 3), 0);
	converts(4);
	joins(5, IS, X, FL_CONVERTS);
	hooks.commit = one_keeps_all_out;
	gives(S);
	line_is("45");
	leaves(5);
	line_is("4");
	gives(S);
	cr_assert(fl_granted(slots[4]));
	gives(IX);
	gives(IS);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static void one_joins_and_one_keeps_all_out(void)
{
	joins(2, 0, IX, 0);
	exchanges(IS, S);
}

Test(put_back, a_batch_stands_before_the_first_that_has_come_and_may_leave,
     .description = "G1 G4")
{
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, IS, 1), 0);
	joins(1, 0, IX, 0);
	hooks.commit = one_joins_and_one_keeps_all_out;
	gives(S);
	cr_assert(fl_line_follows(slots[2], slots[1]));
	line_is("12");
	leaves(2);
	line_is("1");
	gives(S);
	cr_assert(fl_granted(slots[1]));
	gives(IX);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
