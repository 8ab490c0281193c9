/* SPDX-License-Identifier: MIT
 *
 * disturb.c - what is done to the threads of a round from outside.
 */
#define _GNU_SOURCE
#include "torture.h"
#include "torture_atomic.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- where and how urgently threads run ---- */

void move_thread(pthread_t thread, uint64_t *random)
{
	cpu_set_t all, some;
	int which;

	if (sched_getaffinity(getpid(), sizeof(all), &all) != 0)
		return;
	which = (int)oracle_below(random, (uint32_t)CPU_COUNT(&all) + 1);
	CPU_ZERO(&some);
	for (unsigned processor = 0; processor < CPU_SETSIZE; processor++)
		if (CPU_ISSET(processor, &all) && which-- == 0)
			CPU_SET(processor, &some);
	if (pthread_setaffinity_np(thread, sizeof(all),
				   CPU_COUNT(&some) ? &some : &all) == 0)
		tally_add(&tally->moves, 1);
}

void priority_change(uint64_t *random)
{
	static const int policies[] = {SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE};
	struct sched_param parameter = {0};
	int policy = policies[oracle_below(random, 4)], error;

	if (oracle_below(random, 2)) {
		error = setpriority(PRIO_PROCESS, (id_t)gettid(),
				    (int)oracle_below(random, 30) - 10);
	} else {
		if (policy == SCHED_FIFO || policy == SCHED_RR)
			parameter.sched_priority = 1 + (int)oracle_below(random, 3);
		error = pthread_setschedparam(pthread_self(), policy, &parameter);
	}
	tally_add(error ? &tally->priorities_refused : &tally->priorities, 1);
}

/* ---- delays ---- */

_Thread_local uint32_t torture_fuse;
static _Thread_local uint64_t jitter_random;

static void fuse_set(void)
{
	uint32_t most = the_round->plan.jitter;

	torture_fuse = most ? 1 + oracle_below(&jitter_random, most) : 0;
}

void jitter_start(uint64_t random)
{
	jitter_random = random;
	fuse_set();
}

/* Long enough for another thread to come by, on this processor or another. */
void torture_delay(void)
{
	uint32_t kind = oracle_below(&jitter_random, 64);
	int saved = errno;

	if (kind < 4)
		pause_ns(oracle_below(&jitter_random, kind ? 100000 : 2000000));
	else if (kind < 40)
		sched_yield();
	else
		for (volatile uint32_t turns = oracle_below(&jitter_random, 4000); turns;
		     turns--)
			;
	errno = saved;
	if (me)
		me->delays++;
	fuse_set();
}

/* ---- gifts: holds that another thread gives back ---- */

bool gift_offer(struct round *round, const struct hold *hold)
{
	for (unsigned i = 0; i < GIFTS; i++) {
		struct gift *gift = &round->gifts[i];
		uint32_t none = 0;

		if (!__atomic_compare_exchange_n(&gift->state, &none, 1, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		gift->hold = *hold;
		__atomic_store_n(&gift->state, 2, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

/* No other thread takes them out.  Not more than there is room to write down. */
void gifts_drain(struct round *round)
{
	for (unsigned i = 0; i < GIFTS; i++) {
		struct gift *gift = &round->gifts[i];

		if (__atomic_load_n(&gift->state, __ATOMIC_ACQUIRE) != 2)
			continue;
		worker_release(NULL, &round->janitor, &gift->hold);
		__atomic_store_n(
			&gift->state,
			round->janitor.room - round->janitor.used > 4 * GIFTS ? 0 : 1,
			__ATOMIC_RELEASE);
	}
}

/* ---- disturbers ---- */

static struct seat *some_seat(struct round *round, uint64_t *random)
{
	return &round->seats[oracle_below(random, round->plan.seats)];
}

static void send(struct round *round, int signal, uint64_t *random)
{
	struct seat *seat = some_seat(round, random);

	pthread_mutex_lock(&round->births);
	if (seat->running)
		pthread_kill(seat->thread, signal);
	pthread_mutex_unlock(&round->births);
}

static void hog(struct round *round, uint64_t *random)
{
	uint64_t until = now_ns() + oracle_below(random, 4000000);

	(void)round;
	tally_add(&tally->hog_turns, 1);
	while (now_ns() < until)
		;
	pause_ns(oracle_below(random, 4000000));
}

static void freeze(struct round *round, uint64_t *random)
{
	send(round, SIGUSR2, random);
	pause_ns(oracle_below(random, 1500000));
}

static void storm(struct round *round, uint64_t *random)
{
	for (uint32_t n = oracle_below(random, 16); n; n--)
		send(round, SIGUSR1, random);
	pause_ns(oracle_below(random, 300000));
}

static void clean_up(struct round *round, uint64_t *random)
{
	gifts_drain(round);
	pause_ns(oracle_below(random, 60000));
}

static void jostle(struct round *round, uint64_t *random)
{
	struct seat *seat = some_seat(round, random);

	pthread_mutex_lock(&round->births);
	if (seat->running)
		move_thread(seat->thread, random);
	pthread_mutex_unlock(&round->births);
	pause_ns(oracle_below(random, 2000000));
}

static void tick(struct round *round, uint64_t *random)
{
	(void)random;
	for (unsigned i = 0; i < round->plan.targets; i++) {
		struct target *target = &round->targets[i];
		struct tick *next = &target->ticks[target->ticked];

		if (target->ticked == TICKS)
			continue;
		next->stamp = stamp(target, 1);
		next->ns = now_ns();
		target->ticked++;
	}
	pause_ns(1000000);
}

static void close_one(struct round *round, uint64_t *random)
{
	watcher_turn(round, CLOSER, random);
}

static void limit_one(struct round *round, uint64_t *random)
{
	watcher_turn(round, LIMITER, random);
}

static void signal_one(struct round *round, uint64_t *random)
{
	watcher_turn(round, SIGNALLER, random);
}

static void watch_one(struct round *round, uint64_t *random)
{
	watcher_turn(round, WATCHER, random);
}

static const struct {
	enum feature feature;
	void (*turn)(struct round *, uint64_t *random);
} kinds[] = {{F_hogs, hog},	     {F_hogs, hog},
	     {F_freezes, freeze},    {F_signals, storm},
	     {F_gifts, clean_up},    {F_pinned, jostle},
	     {F_stamps, tick},	     {F_closings, close_one},
	     {F_limits, limit_one},  {F_conditions, signal_one},
	     {F_watchers, watch_one}};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct disturber {
	pthread_t thread;
	struct round *round;
	bool running;
	uint64_t random;
} disturbers[KINDS];

static void *disturb(void *arg)
{
	struct disturber *disturber = arg;

	jitter_start(disturber->random);
	while (!relaxed_load(&disturber->round->over))
		kinds[disturber - disturbers].turn(disturber->round, &disturber->random);
	return NULL;
}

void disturb_start(struct round *round)
{
	nomem_start(has(&round->plan, F_nomem));
	for (unsigned i = 0; i < KINDS; i++) {
		struct disturber *disturber = &disturbers[i];

		disturber->round = round;
		disturber->random = round->plan.seed + i;
		disturber->running = has(&round->plan, kinds[i].feature);
		if (disturber->running &&
		    pthread_create(&disturber->thread, NULL, disturb, disturber)) {
			fputs("torture: no more threads\n", stderr);
			_Exit(4);
		}
	}
}

void disturb_stop(struct round *round)
{
	relaxed_store(&round->over, 1);
	for (unsigned i = 0; i < KINDS; i++)
		if (disturbers[i].running)
			pthread_join(disturbers[i].thread, NULL);
	gifts_drain(round);
	nomem_start(false);
}
