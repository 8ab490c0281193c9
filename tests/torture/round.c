/* SPDX-License-Identifier: MIT
 *
 * round.c - one round: threads are born, end, are born again; then everything is
 * checked.
 */
#define _GNU_SOURCE
#include "torture.h"
#include "core/queue.h"

#include <signal.h>

struct round *the_round;

/* ---- room to write calls down ---- */

static uint32_t busy(const struct plan *plan)
{
	return has(plan, F_converts) || has(plan, F_conditions) || has(plan, F_bumps) ? 2
										      : 1;
}

/* Mostly a fourth of what a step may take.  A thread that has no room left ends. */
static uint32_t room_of_seat(const struct plan *plan)
{
	return plan->steps * (has(plan, F_nest) ? 12 : 5) * busy(plan) +
	       (STEP_CALLS + 32) * (plan->births + 1) +
	       plan->generations * 2 * plan->targets;
}

#define HANDLER_ROOM 4096u
#define JANITOR_ROOM 65536u

static const struct {
	enum feature feature;
	uint32_t room;
} watchers[WATCHERS] = {
	[CLOSER] = {F_closings, 8192},
	[LIMITER] = {F_limits, 2048},
	[SIGNALLER] = {F_conditions, 4 * WAITS},
	[WATCHER] = {F_watchers, 4096},
};

static void actor_make(struct round *round, struct actor *actor, uint32_t room,
		       uint64_t random)
{
	actor->entries = round->entries + round->entry_room;
	actor->used = 0;
	actor->room = room;
	actor->random = random;
	round->entry_room += room;
}

/* Kept from round to round: fresh memory costs more than the calls that fill it. */
static void *memory_keep(size_t size)
{
	static void *kept;
	static size_t kept_size;

	if (kept_size < size) {
		if (kept)
			memory_return(kept, kept_size);
		kept = memory_get(size);
		kept_size = size;
	}
	return kept;
}

static uint32_t room_of_watcher(const struct plan *plan, unsigned watcher)
{
	return has(plan, watchers[watcher].feature) ? watchers[watcher].room : 0;
}

static uint32_t room_of_all(const struct plan *plan)
{
	uint32_t all = plan->seats * (room_of_seat(plan) + HANDLER_ROOM) + JANITOR_ROOM;

	for (unsigned i = 0; i < WATCHERS; i++)
		all += room_of_watcher(plan, i);
	return all;
}

static void actors_make(struct round *round)
{
	const struct plan *plan = &round->plan;
	uint64_t random = plan->seed ^ 0x5eed;

	round->entries = memory_keep(room_of_all(plan) * sizeof(struct entry));
	round->entry_room = 0;
	for (unsigned i = 0; i < plan->seats; i++) {
		struct seat *seat = &round->seats[i];

		actor_make(round, &seat->main, room_of_seat(plan),
			   oracle_random(&random));
		actor_make(round, &seat->handler, HANDLER_ROOM, oracle_random(&random));
	}
	actor_make(round, &round->janitor, JANITOR_ROOM, oracle_random(&random));
	for (unsigned i = 0; i < WATCHERS; i++)
		actor_make(round, &round->watchers[i], room_of_watcher(plan, i),
			   oracle_random(&random));
}

/* ---- begin ---- */

static void round_make(struct round *round, uint64_t number)
{
	struct plan *plan = &round->plan;
	uint64_t random;

	memset(round, 0, sizeof(*round));
	plan_make(plan, number);
	random = plan->seed;
	actors_make(round);
	for (unsigned i = 0; i < plan->targets; i++) {
		struct target *target = &round->targets[i];

		target_make(target, plan, i, &random);
		target->log_room = round->entry_room;
		target->log = memory_get(target->log_room * sizeof(*target->log));
	}
	if (has(plan, F_watchers))
		round->sights = memory_get(SIGHTS * sizeof(*round->sights));
	pthread_mutex_init(&round->births, NULL);
	pthread_barrier_init(&round->start, NULL, plan->seats);
	pthread_barrier_init(&round->burial, NULL, plan->seats);
	round->generation = plan->generations;
	sem_init(&round->deaths, 0, 0);
	round->made_before = fl_slots_made();
}

static void count_features(const struct plan *plan)
{
	for (unsigned i = 0; i < F_COUNT; i++)
		tally_add(&tally->feature_rounds[i], plan->features >> i & 1);
	tally_add(&tally->rounds, 1);
}

/* ---- births and deaths ---- */

static void bear(struct round *round, struct seat *seat)
{
	pthread_mutex_lock(&round->births);
	if (pthread_create(&seat->thread, NULL, worker, seat)) {
		fputs("torture: no more threads\n", stderr);
		_Exit(4);
	}
	seat->running = true;
	pthread_mutex_unlock(&round->births);
	tally_add(&tally->threads, 1);
}

static void bury(struct round *round, struct seat *seat)
{
	pthread_mutex_lock(&round->births);
	seat->running = false;
	pthread_mutex_unlock(&round->births);
	pthread_join(seat->thread, NULL);
	relaxed_store(&seat->ended, 0);
	if (--seat->lives)
		bear(round, seat);
}

static void populate(struct round *round)
{
	for (unsigned i = 0; i < round->plan.seats; i++) {
		struct seat *seat = &round->seats[i];

		seat->index = i;
		seat->lives = round->plan.births + 1;
		bear(round, seat);
	}
}

static void outlive(struct round *round)
{
	const struct plan *plan = &round->plan;

	for (unsigned left = plan->seats * (plan->births + 1); left; left--) {
		unsigned i = 0;

		while (sem_wait(&round->deaths) != 0)
			;
		while (!__atomic_load_n(&round->seats[i].ended, __ATOMIC_ACQUIRE))
			i = (i + 1) % plan->seats;
		bury(round, &round->seats[i]);
	}
}

/* ---- end ---- */

static void round_free(struct round *round)
{
	for (unsigned i = 0; i < round->plan.targets; i++)
		target_free(&round->targets[i]);
	if (round->sights)
		memory_return(round->sights, SIGHTS * sizeof(*round->sights));
	pthread_barrier_destroy(&round->start);
	pthread_barrier_destroy(&round->burial);
	pthread_mutex_destroy(&round->births);
	sem_destroy(&round->deaths);
}

/* All that fits, for ever: to see that the watchdog sees it. */
static void wedge(struct round *round)
{
	struct target *target = &round->targets[0];

	for (unsigned m = 0; options.wedge && m < target->table->rules.count; m++)
		for (unsigned i = 0; i < 64 && !fifolock_trylock(target->lock, m); i++)
			;
}

void round_run(struct round *round, uint64_t number)
{
	round_make(round, number);
	the_round = round;
	relaxed_store(&tally->round, number);
	count_features(&round->plan);
	wedge(round);
	watchdog_watch(round);
	disturb_start(round);
	populate(round);
	outlive(round);
	disturb_stop(round);
	watchdog_watch(NULL);
	check_round(round);
	round_free(round);
}
