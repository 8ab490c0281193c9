/* SPDX-License-Identifier: MIT
 *
 * thief.c - rounds of misuse: releases of holds that are not the caller's, or not there.
 * What remains true: the order of the line, and that as many holds were given back as
 * there were, each once; the others were told EPERM.  No thread waits without a deadline:
 * there might be none left to give back.
 *
 * Also what threads do when they end: a destructor that still wants a lock.
 */
#include "torture.h"

static uint32_t below(struct seat *seat, uint32_t bound)
{
	return oracle_below(&seat->main.random, bound);
}

void thief_step(struct seat *seat)
{
	const struct plan *plan = &the_round->plan;
	struct target *target = &the_round->targets[below(seat, plan->targets)];
	uint32_t way = below(seat, 16);
	uint32_t weight = 1;

	if (has(plan, F_weights))
		weight = 1 + below(seat, target->table->weight_max[0]);
	if (way < 8)
		call_give(&seat->main, target, 0, weight);
	else
		call_ask(&seat->main, target, 0, weight, way < 14 ? TIMED : TRY);
}

/* ---- the last wish ---- */

static pthread_key_t key;
static bool key_works;

/* The first time round the library's own destructor may come later: set the key again,
 * and be called once more when it has run. */
static void granted_wish(void *arg)
{
	struct seat *seat = arg;
	struct target *target = &the_round->targets[0];
	unsigned mode;

	if (!seat)
		return;
	if (seat->wishes % 2 == 0) {
		seat->wishes++;
		pthread_setspecific(key, seat);
		return;
	}
	seat->wishes++;
	if (target->mortal || has(&the_round->plan, F_thieves))
		return;
	mode = table_random_mode(target->table, &seat->main.random);
	if (call_ask(&seat->main, target, mode, 1, below(seat, 2) ? LOCK : TIMED) == 0) {
		come_and_go(target, mode);
		call_give(&seat->main, target, mode, 1);
	}
}

void wish_key(void)
{
	key_works = pthread_key_create(&key, granted_wish) == 0;
}

void wish_make(struct seat *seat)
{
	if (key_works)
		pthread_setspecific(key, seat);
}
