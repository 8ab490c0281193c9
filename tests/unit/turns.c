/* SPDX-License-Identifier: MIT
 *
 * turns.c - the order in which waiters take turns on a processor becomes that of the line, whatever it
 * was, where one that has been woken runs next; and where it does not, few sleep.
 */
#define _GNU_SOURCE
#include "common.h"
#include "core/turns.h"
#include <sched.h>
#include <stdlib.h>

static fifolock_t turns_lock, turns_other;

/* Yields are listed by processor. */
static void turns_stay_here(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	CPU_SET(cpu < 0 ? 0 : (unsigned)cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
}

static void turns_yield(const fifolock_t *lock, uint32_t ticket)
{
	fl_turn_yields(&(struct fl_waiter){lock, 1000 + ticket, ticket});
}

/* What the one with ticket 4 is told where these have yielded since it did. */
static enum fl_my_turn turns_told(uint32_t reached, const char *yields)
{
	static const struct fl_waiter self = {&turns_lock, 999, 4};

	fl_turn_yields(&self);
	for (; *yields; yields++)
		turns_yield(&turns_lock, (uint32_t)(*yields - '0'));
	return fl_turn_of(&self, reached);
}

Test(turns, what_has_yielded_says_whose_turn_it_is, .description = "turns.h")
{
	turns_stay_here();
	cr_assert_eq(turns_told(1, ""), FL_TURN_ALONE);
	cr_assert_eq(turns_told(1, "5"), FL_TURN_NEXT);
	cr_assert_eq(turns_told(1, "576"), FL_TURN_NEXT);
	cr_assert_eq(turns_told(1, "2"), FL_TURN_LATER);
	cr_assert_eq(turns_told(2, "2"), FL_TURN_LATER,
		     "it has been granted, and has to run");
	cr_assert_eq(turns_told(3, "2"), FL_TURN_ALONE, "it has been granted long ago");
	cr_assert_eq(turns_told(1, "52"), FL_TURN_LATER);
	cr_assert_eq(turns_told(1, "25"), FL_TURN_WRONG);
	cr_assert_eq(turns_told(1, "75236"), FL_TURN_LATER, "fewer are wrong than right");
	cr_assert_eq(turns_told(1, "267"), FL_TURN_WRONG);
	cr_assert_eq(turns_told(1, "72567"), FL_TURN_WRONG);
}

Test(turns, waiters_for_other_locks_have_no_order, .description = "turns.h")
{
	static const struct fl_waiter self = {&turns_lock, 999, 4};

	turns_stay_here();
	fl_turn_yields(&self);
	turns_yield(&turns_lock, 2);
	turns_yield(&turns_lock, 5);
	turns_yield(&turns_other, 6);
	cr_assert_eq(fl_turn_of(&self, 1), FL_TURN_MIXED);
}

Test(turns, one_that_sleeps_counts_when_it_is_granted, .description = "turns.h")
{
	static const struct fl_waiter self = {&turns_lock, 999, 4},
				      sleeper = {&turns_lock, 998, 2};

	turns_stay_here();
	for (unsigned i = 0; i < 8; i++)
		fl_turn_yields(&self);
	fl_turn_yields(&sleeper);
	turns_yield(&turns_lock, 6);
	cr_assert_eq(fl_turn_of(&self, 1), FL_TURN_WRONG);
	cr_assert(fl_turn_mend(&sleeper));
	cr_assert_eq(fl_turn_of(&self, 1), FL_TURN_NEXT);
	cr_assert_eq(fl_turn_of(&self, 2), FL_TURN_LATER);
}

Test(turns, not_too_many_sleep, .description = "turns.h")
{
	static const struct fl_waiter self = {&turns_lock, 999, 4};
	unsigned slept = 0;

	turns_stay_here();
	for (unsigned i = 0; i < 100000; i++)
		fl_turn_yields(&self);
	while (fl_turn_mend(&self) && slept < 1000)
		slept++;
	cr_assert(slept > 0 && slept <= 16, "%u at once", slept);
	for (unsigned i = 0; i < 800; i++) {
		fl_turn_yields(&self);
		slept += fl_turn_mend(&self);
	}
	cr_assert_leq(slept, 16 + 100, "more often than in each eighth turn");
}

Test(turns, yields_of_those_that_wait_for_the_lock_are_counted, .description = "turns.h")
{
	struct fl_turns_seen seen = {0};

	turns_stay_here();
	turns_yield(&turns_lock, 1);
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 0, "it was the first look");
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 0);
	for (uint32_t i = 0; i < 5; i++)
		turns_yield(&turns_lock, i);
	for (uint32_t i = 0; i < 3; i++)
		turns_yield(&turns_other, i);
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 5);
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 0, "it has looked since");
	for (uint32_t i = 0; i < 1000; i++)
		turns_yield(i % 2 ? &turns_lock : &turns_other, i);
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 500, "more than are remembered");
	seen.here = &seen;
	cr_assert_eq(fl_turns_since(&seen, &turns_lock), 0,
		     "it was on another processor");
}

/* ---- a processor's queue ---- */

#define TURNS_MOST 30

static struct turns_model {
	struct fl_waiter waiters[TURNS_MOST];
	bool yielded[TURNS_MOST];
	unsigned queue[TURNS_MOST], queued, count;
	unsigned place; /* where one that wakes up comes, in quarters of the queue */
	uint32_t drawn, reached;
	unsigned turns, grants, sleeps;
} turns_model;

static void turns_enqueue(struct turns_model *model, unsigned which, unsigned at)
{
	memmove(&model->queue[at + 1], &model->queue[at],
		(model->queued - at) * sizeof(*model->queue));
	model->queue[at] = which;
	model->queued++;
}

static unsigned turns_dequeue(struct turns_model *model)
{
	unsigned which = model->queue[0];

	model->queued--;
	memmove(model->queue, model->queue + 1, model->queued * sizeof(*model->queue));
	return which;
}

/* The next in line, woken if it sleeps. */
static void turns_grant(struct turns_model *model)
{
	unsigned which = 0;

	model->reached++;
	while (model->waiters[which].ticket != model->reached)
		which++;
	for (unsigned i = 0; i < model->queued; i++)
		if (model->queue[i] == which)
			return;
	turns_enqueue(model, which, model->queued * model->place / 4);
}

static void turns_run_one(struct turns_model *model)
{
	unsigned which = turns_dequeue(model);
	struct fl_waiter *self = &model->waiters[which];

	model->turns++;
	if (self->ticket == model->reached) {
		self->ticket = ++model->drawn;
		model->yielded[which] = false;
		model->grants++;
		turns_grant(model);
	}
	if (fl_turn_of(self, model->reached) == FL_TURN_WRONG && model->yielded[which] &&
	    fl_turn_mend(self)) {
		model->sleeps++;
		return;
	}
	fl_turn_yields(self);
	model->yielded[which] = true;
	turns_enqueue(model, which, model->queued);
}

/* Tickets from 1 in the order of the waiters, and these queued in any order. */
static void turns_begin(struct turns_model *model, unsigned count, unsigned place)
{
	*model = (struct turns_model){.count = count, .place = place};
	for (unsigned i = 0; i < count; i++) {
		model->waiters[i] =
			(struct fl_waiter){&turns_lock, i + 1, ++model->drawn};
		turns_enqueue(model, i, (unsigned)rand() % (model->queued + 1));
	}
	model->reached = 1;
}

/* From then on so many turns, when all has had time to get into order. */
static void turns_go_on(struct turns_model *model, unsigned turns)
{
	for (unsigned i = 0; i < 20000; i++)
		turns_run_one(model);
	model->turns = model->grants = model->sleeps = 0;
	while (model->turns < turns)
		turns_run_one(model);
}

Test(turns, any_order_becomes_that_of_the_line, .description = "turns.h")
{
	turns_stay_here();
	srand(1);
	for (unsigned count = 2; count <= TURNS_MOST; count++)
		for (unsigned times = 0; times < 5; times++) {
			turns_begin(&turns_model, count, 0);
			turns_go_on(&turns_model, 1000);
			cr_assert_eq(turns_model.grants, 1000,
				     "%u waiters: %u grants in 1000 turns", count,
				     turns_model.grants);
			cr_assert_eq(turns_model.sleeps, 0);
		}
}

Test(turns, where_it_does_not_few_sleep, .description = "turns.h")
{
	turns_stay_here();
	srand(1);
	for (unsigned count = 2; count <= TURNS_MOST; count++)
		for (unsigned place = 1; place <= 4; place++) {
			turns_begin(&turns_model, count, place);
			turns_go_on(&turns_model, 1000);
			cr_assert_leq(turns_model.sleeps, 1000 / 8 + 16,
				      "%u waiters, woken at %u quarters: %u sleeps",
				      count, place, turns_model.sleeps);
			cr_assert_gt(turns_model.grants, 0);
		}
}
