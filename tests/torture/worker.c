/* SPDX-License-Identifier: MIT
 *
 * worker.c - what a thread does: it asks, is inside for a while, gives back.
 *
 * Several locks are asked for in the order of their numbers, and no lock twice, so that
 * no thread waits for ever under a lock that keeps its promises.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

static uint32_t below(struct seat *seat, uint32_t bound)
{
	return oracle_below(&seat->main.random, bound);
}

static const struct plan *plan_of_round(void)
{
	return &the_round->plan;
}

/* ---- inside ---- */

void work(struct seat *seat)
{
	const struct plan *plan = plan_of_round();
	uint32_t chance = below(seat, 1024);

	if (chance < plan->nap_of_1024)
		pause_ns(1000 + below(seat, 300000));
	else if (chance > 1010)
		sched_yield();
	for (volatile uint32_t turns = below(seat, plan->work + 1); turns; turns--)
		;
}

/* ---- asking ---- */

enum how some_way(struct seat *seat)
{
	const struct plan *plan = plan_of_round();
	uint32_t way = below(seat, 16);

	if (way < plan->timed_of_16)
		return TIMED;
	return way < plan->timed_of_16 + plan->try_of_16 ? TRY : LOCK;
}

unsigned some_mode(struct seat *seat, const struct table *table)
{
	unsigned mode = table_random_mode(table, &seat->main.random);

	for (unsigned m = 0; m < table->rules.count; m++)
		if (in_set(table->clique & table->usable, m) &&
		    below(seat, 16) < plan_of_round()->clique_of_16)
			return m;
	return mode;
}

static uint16_t some_weight(struct seat *seat, const struct table *table, unsigned mode)
{
	if (!has(plan_of_round(), F_weights) || below(seat, 2))
		return 1;
	return (uint16_t)(1 + below(seat, table->weight_max[mode]));
}

static bool ask_for(struct seat *seat, struct target *target)
{
	struct hold *hold = &seat->held[seat->count];
	struct hold wish = {.target = (uint8_t)target->index};

	wish.mode = (uint8_t)some_mode(seat, target->table);
	wish.weight = some_weight(seat, target->table, wish.mode);
	if (call_ask(&seat->main, target, wish.mode, wish.weight, some_way(seat)))
		return false;
	*hold = wish;
	seat->count++;
	return true;
}

static void look(struct seat *seat, struct target *target)
{
	if (!has(plan_of_round(), F_looks) || below(seat, 8))
		return;
	call_look(&seat->main, target);
}

/* ---- giving back ---- */

void worker_release(struct seat *seat, struct actor *actor, const struct hold *hold)
{
	struct target *target = &the_round->targets[hold->target];
	uint32_t part = 0;

	(void)seat;
	if (hold->weight > 1 && oracle_below(&actor->random, 2))
		part = 1 + oracle_below(&actor->random, hold->weight - 1u);
	if (part)
		call_give(actor, target, hold->mode, part);
	call_give(actor, target, hold->mode, hold->weight - part);
}

static void check_own(const struct hold *hold)
{
	const struct target *target = &the_round->targets[hold->target];
	uint32_t holds = fifolock_holds(target->lock, hold->mode);

	if (holds < hold->weight)
		violation("lock %u: %u holds of mode %u, of which this thread has %u",
			  target->index, holds, hold->mode, hold->weight);
}

/* Left to this thread's signal handler, or given to the janitor, or both not. */
static void pass_on(struct seat *seat, struct hold *hold)
{
	const struct plan *plan = plan_of_round();

	if (has(plan, F_gifts) && !the_round->targets[hold->target].mortal &&
	    below(seat, 32) == 0 && gift_offer(the_round, hold)) {
		hold->weight = 0;
		return;
	}
	if (!has(plan, F_signals) || below(seat, 4))
		return;
	__atomic_store_n(&hold->left_to_handler, HOLD_LEFT, __ATOMIC_RELEASE);
	if (below(seat, 4) == 0)
		pthread_kill(pthread_self(), SIGUSR1);
}

/* The one that takes it gives it back: the thread, or its handler. */
bool take_from_handler(struct hold *hold)
{
	uint32_t left = HOLD_LEFT;

	return __atomic_compare_exchange_n(&hold->left_to_handler, &left, HOLD_TAKEN,
					   false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void let_go(struct seat *seat, struct hold *hold)
{
	if (hold->weight && !(hold->left_to_handler && !take_from_handler(hold)))
		worker_release(seat, &seat->main, hold);
	hold->weight = 0;
}

/* ---- a step ---- */

static void ask_for_some(struct seat *seat)
{
	struct round *round = the_round;
	unsigned depth = has(&round->plan, F_nest) ? 1 + below(seat, TARGETS) : 1;
	unsigned at = below(seat, round->plan.targets);

	for (; at < round->plan.targets && seat->count < depth;
	     at += 1 + below(seat, 2)) {
		struct target *target = &round->targets[at];

		look(seat, target);
		if (!run_section(seat, target) && ask_for(seat, target))
			make_use(seat, target);
	}
}

static void be_inside(struct seat *seat)
{
	struct inside inside[HELD];

	for (unsigned i = 0; i < seat->count; i++)
		inside[i] = come_in(&the_round->targets[seat->held[i].target],
				    seat->held[i].mode);
	work(seat);
	for (unsigned i = 0; i < seat->count; i++) {
		struct hold *hold = &seat->held[i];

		go_out(&the_round->targets[hold->target], hold->mode, inside[i]);
		if (below(seat, 8) == 0)
			check_own(hold);
	}
}

static void step(struct seat *seat)
{
	ask_for_some(seat);
	be_inside(seat);
	for (unsigned i = 0; i < seat->count; i++)
		pass_on(seat, &seat->held[i]);
	if (seat->count && below(seat, 4) == 0)
		work(seat);
	for (unsigned i = 0, from = below(seat, HELD); i < seat->count; i++)
		let_go(seat, &seat->held[(from + i) % seat->count]);
	seat->count = 0;
}

/* One that holds for long, while the deadlines of all others pass. */
static void storm_step(struct seat *seat)
{
	struct target *target = &the_round->targets[0];
	unsigned mode = (unsigned)__builtin_ctz(target->table->usable);
	struct inside inside;

	if (call_ask(&seat->main, target, mode, 1, LOCK))
		return;
	inside = come_in(target, mode);
	pause_ns(200000 + below(seat, 3000000));
	go_out(target, mode, inside);
	call_give(&seat->main, target, mode, 1);
}

/* ---- the end of a lock ---- */

static bool holds_alone(const struct target *target, unsigned mode)
{
	uint32_t all = 0;

	for (unsigned m = 0; m < target->table->rules.count; m++)
		all += fifolock_holds(target->lock, m);
	return all == fifolock_holds(target->lock, mode) && all == 1;
}

/* Each says when it will not use the lock any more: while it holds it, or, if it was
 * late, without.  So the last one to say so, if it holds the lock, knows that when the
 * others' holds are gone no thread will touch the lock: it ends it right after its own unlock,
 * whatever thread may still be inside an unlock. */
static void end_use(struct seat *seat, struct target *target, unsigned mode, bool held,
		    bool alone)
{
	bool last;

	/* To be the last is what this is about. */
	for (uint32_t turns = held ? below(seat, 64) : 0; turns; turns--)
		if (relaxed_load(&target->sign_offs) > 1)
			sched_yield();
	last = __atomic_sub_fetch(&target->sign_offs, 1, __ATOMIC_ACQ_REL) == 0;

	if (!held)
		return;
	/* Asleep: with a real-time priority it would keep the others from giving back. */
	while (last && !holds_alone(target, mode))
		pause_ns(20000);
	seat->slow_scan = below(seat, 2) ? below(seat, 200000) : 0;
	call_give(&seat->main, target, mode, 1);
	seat->slow_scan = 0;
	if (last)
		target_die(target, !alone || below(seat, 2));
}

/* All others that sign off: by this mode's own rule, or the shared mode's. */
static bool keeps_out(const struct table *table, unsigned mode)
{
	return in_set(table->apart[mode], mode) &&
	       (table->share < 0 || in_set(table->apart[mode], (unsigned)table->share));
}

static void sign_off(struct seat *seat, struct target *target)
{
	unsigned mode = (unsigned)__builtin_ctz(target->table->clique);
	bool shares = target->table->share >= 0 && below(seat, 2);
	struct inside inside;
	int error;

	if (shares)
		mode = (unsigned)target->table->share;
	seat->hasty = true;
	error = call_ask(&seat->main, target, mode, 1,
			 shares || below(seat, 3) == 0 ? LOCK : some_way(seat));
	if (!error) {
		inside = come_in(target, mode);
		work(seat);
		go_out(target, mode, inside);
	}
	seat->hasty = false;
	end_use(seat, target, mode, error == 0, keeps_out(target->table, mode));
}

/* All together, again and again: the locks end, and others are there instead. */
static void sign_off_all(struct seat *seat)
{
	struct round *round = the_round;

	while (round->generation) {
		for (unsigned i = 0; i < round->plan.targets; i++)
			if (round->targets[i].mortal)
				sign_off(seat, &round->targets[i]);
		if (pthread_barrier_wait(&round->burial)) {
			bool enough = relaxed_load(&round->hurry);

			round->generation = enough ? 0 : round->generation - 1;
			for (unsigned i = 0; i < round->plan.targets; i++)
				if (round->targets[i].mortal && round->generation)
					target_reborn(&round->targets[i], &round->plan,
						      &seat->main.random);
		}
		pthread_barrier_wait(&round->burial);
	}
}

/* ---- a thread ---- */

static uint32_t steps_of(const struct seat *seat)
{
	const struct plan *plan = plan_of_round();
	uint32_t steps = plan->steps / (plan->births + 1);

	if (has(plan, F_storms) && seat->index == 0)
		return 1 + steps / 64;
	return steps ? steps : 1;
}

static void settle_in(struct seat *seat)
{
	uint64_t random = seat->main.random;

	me = seat;
	relaxed_store(&seat->tid, (uint32_t)gettid());
	if (has(plan_of_round(), F_pinned) && oracle_below(&random, 2))
		move_thread(pthread_self(), &random);
	if (has(plan_of_round(), F_priorities) && oracle_below(&random, 2))
		priority_change(&random);
	if (has(plan_of_round(), F_wishes))
		wish_make(seat);
	jitter_start(random);
}

/* Room for a step, the sign-offs, and a wish. */
static bool room_for_step(const struct seat *seat)
{
	const struct plan *plan = plan_of_round();

	return seat->main.room - seat->main.used >
	       STEP_CALLS + 8 + plan->generations * 2 * plan->targets;
}

void *worker(void *arg)
{
	struct seat *seat = arg;
	struct round *round = the_round;

	settle_in(seat);
	if (seat->lives == round->plan.births + 1)
		pthread_barrier_wait(&round->start);
	for (uint32_t i = steps_of(seat);
	     i && !relaxed_load(&round->hurry) && room_for_step(seat); i--) {
		if (has(&round->plan, F_thieves))
			thief_step(seat);
		else if (has(&round->plan, F_storms) && seat->index == 0)
			storm_step(seat);
		else
			step(seat);
	}
	if (seat->lives == 1)
		sign_off_all(seat);
	__atomic_store_n(&seat->ended, 1, __ATOMIC_RELEASE);
	sem_post(&round->deaths);
	return NULL;
}
