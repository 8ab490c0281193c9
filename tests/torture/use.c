/* SPDX-License-Identifier: MIT
 *
 * use.c - what a thread does instead of asking for a lock, or while it holds one.
 */
#include "torture.h"

static uint32_t below(struct seat *seat, uint32_t bound)
{
	return oracle_below(&seat->main.random, bound);
}

static const struct plan *plan_of_round(void)
{
	return &the_round->plan;
}

/* ---- sections ---- */

static void in_section(struct target *target, unsigned mode)
{
	struct inside inside = come_in(target, mode);

	if (me)
		work(me);
	if (fifolock_holds(target->lock, mode) == 0)
		violation("lock %u: a section runs in mode %u, which is not held",
			  target->index, mode);
	go_out(target, mode, inside);
}

bool run_section(struct seat *seat, struct target *target)
{
	if (!has(plan_of_round(), F_sections) || below(seat, 2))
		return false;
	call_run(&seat->main, target, some_mode(seat, target->table), below(seat, 4) == 0,
		 in_section);
	return true;
}

/* ---- what a holder may do before it gives back ----
 *
 * Only of the lock that it has taken last, and of a hold that is its only one there: it
 * waits for others, which may wait for what it holds besides. */

static void convert_it(struct seat *seat, struct target *target, struct hold *hold)
{
	uint8_t to = (uint8_t)some_mode(seat, target->table);

	if (call_convert(&seat->main, target, hold->mode, to, some_way(seat)) == 0)
		hold->mode = to;
}

/* 0: the last hold is there still. */
static int bump_it(struct seat *seat, struct target *target, const struct hold *hold)
{
	if (has(plan_of_round(), F_watchers) && below(seat, 2))
		call_contended(&seat->main, target, hold->mode);
	return call_bump(&seat->main, target, hold->mode);
}

/* Signals come until the round is over, so waits end; but they are to be written down. */
static int wait_with_it(struct seat *seat, struct target *target, const struct hold *hold)
{
	const struct plan *plan = plan_of_round();

	if (below(seat, 3) == 0)
		call_signal(&seat->main, target, below(seat, CONDS), below(seat, 4) == 0);
	if (below(seat, 2) || target->mortal ||
	    relaxed_add(&the_round->waits, 1) >= WAITS)
		return 0;
	return call_wait(&seat->main, target, hold->mode, below(seat, CONDS),
			 has(plan, F_timed) && below(seat, 2));
}

void make_use(struct seat *seat, struct target *target)
{
	const struct plan *plan = plan_of_round();
	struct hold *hold = &seat->held[seat->count - 1];
	int error = 0;

	if (hold->weight != 1)
		return;
	if (has(plan, F_converts) && below(seat, 2))
		convert_it(seat, target, hold);
	if (has(plan, F_bumps) && below(seat, 4) == 0)
		error = bump_it(seat, target, hold);
	if (!error && has(plan, F_conditions) && below(seat, 4) == 0)
		error = wait_with_it(seat, target, hold);
	if (!error && has(plan, F_converts) && below(seat, 4) == 0)
		convert_it(seat, target, hold);
	if (error == ECANCELED)
		seat->count--;
}
