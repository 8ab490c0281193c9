/* SPDX-License-Identifier: MIT
 *
 * stress_conds.c - producers and consumers on conditions and semaphores, with time-outs,
 * broadcasts and cancellations: nothing is lost, nothing comes twice.
 */
#include "mutexes.h"

enum { ROOM = 4, PRODUCERS = 2, CONSUMERS = 3 };

struct store {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty, not_full;
	unsigned things[ROOM], first, filled;
	bool closed;
	uint64_t put, taken; /* sums */
};

static void unlocks(void *mutex)
{
	returns(pthread_mutex_unlock(mutex), 0);
}

/* For ever, or for a moment and again. */
static void waits_some_way(pthread_cond_t *cond, pthread_mutex_t *mutex, unsigned way)
{
	struct timespec soon;
	int rc;

	if (way % 3 == 0) {
		returns(pthread_cond_wait(cond, mutex), 0);
		return;
	}
	soon = test_in_ns(way % 3 == 1 ? CLOCK_REALTIME : CLOCK_MONOTONIC,
			  way % 64 * 4000);
	rc = way % 3 == 1 ? pthread_cond_timedwait(cond, mutex, &soon)
			  : pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &soon);
	cr_assert(rc == 0 || rc == ETIMEDOUT);
}

static void put(struct store *store, unsigned thing)
{
	returns(pthread_mutex_lock(&store->mutex), 0);
	while (store->filled == ROOM)
		waits_some_way(&store->not_full, &store->mutex, thing);
	store->things[(store->first + store->filled++) % ROOM] = thing;
	store->put += thing;
	returns(pthread_mutex_unlock(&store->mutex), 0);
	returns(pthread_cond_signal(&store->not_empty), 0);
}

/* A cancellation comes in the wait, and then nothing has been taken. */
static bool take(struct store *store, unsigned way)
{
	volatile unsigned thing = 0; /* pthread_cleanup_push may be a setjmp */

	returns(pthread_mutex_lock(&store->mutex), 0);
	pthread_cleanup_push(unlocks, &store->mutex);
	while (store->filled == 0 && !store->closed)
		waits_some_way(&store->not_empty, &store->mutex, way);
	if (store->filled) {
		thing = store->things[store->first];
		store->first = (store->first + 1) % ROOM;
		store->filled--;
		store->taken += thing;
	}
	pthread_cleanup_pop(1);
	if (thing)
		returns(pthread_cond_signal(&store->not_full), 0);
	return thing != 0;
}

static int produces(void *arg)
{
	for (unsigned i = 1; i <= test_scaled(10000); i++) {
		put(arg, i);
		test_goes_on();
	}
	return 0;
}

static int consumes(void *arg)
{
	for (unsigned i = 0; take(arg, i); i++)
		;
	return 0;
}

static void close_store(struct store *store)
{
	returns(pthread_mutex_lock(&store->mutex), 0);
	store->closed = true;
	returns(pthread_cond_broadcast(&store->not_empty), 0);
	returns(pthread_mutex_unlock(&store->mutex), 0);
}

/* As long as there is something to do, one is cancelled and another one takes its place. */
static void replaces_consumers(struct worker *consumer, struct worker *producer,
			       struct store *store)
{
	for (unsigned i = 0; !has_returned(&producer[0]) || !has_returned(&producer[1]);
	     i++) {
		struct worker *one = &consumer[i % CONSUMERS];
		void *result;

		returns(pthread_cancel(one->thread), 0);
		returns(pthread_join(one->thread, &result), 0);
		cr_assert(result == PTHREAD_CANCELED);
		begins(one, consumes, store);
	}
}

static void trade(struct store *store, unsigned kind, bool cancels)
{
	struct worker producer[PRODUCERS], consumer[CONSUMERS];

	*store = (struct store){.closed = false};
	init_mutex(&store->mutex, kind);
	returns(pthread_cond_init(&store->not_empty, NULL), 0);
	returns(pthread_cond_init(&store->not_full, NULL), 0);
	for (unsigned i = 0; i < CONSUMERS; i++)
		begins(&consumer[i], consumes, store);
	for (unsigned i = 0; i < PRODUCERS; i++)
		begins(&producer[i], produces, store);
	if (cancels)
		replaces_consumers(consumer, producer, store);
	all_answer(producer, PRODUCERS);
	close_store(store);
	all_answer(consumer, CONSUMERS);
	returns(store->filled, 0);
	cr_assert_eq(store->put, store->taken);
	returns(pthread_cond_destroy(&store->not_empty), 0);
	returns(pthread_cond_destroy(&store->not_full), 0);
	returns(pthread_mutex_destroy(&store->mutex), 0);
}

Test(stress_conds, producers_and_consumers_lose_nothing)
{
	static struct store store;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++)
		trade(&store, kind, false);
}

Test(stress_conds, consumers_that_are_cancelled_lose_nothing)
{
	static struct store store;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++)
		trade(&store, kind, true);
}

/* ---- all of them, in turns: each broadcast is for the one whose turn it is ---- */

struct turns {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned turn, next_id;
};

enum { PLAYERS = 4 };

static int plays(void *arg)
{
	struct turns *turns = arg;
	unsigned me = __atomic_fetch_add(&turns->next_id, 1, __ATOMIC_SEQ_CST);

	for (unsigned i = 0; i < test_scaled(1000); i++) {
		returns(pthread_mutex_lock(&turns->mutex), 0);
		while (turns->turn % PLAYERS != me)
			returns(pthread_cond_wait(&turns->cond, &turns->mutex), 0);
		turns->turn++;
		returns(pthread_cond_broadcast(&turns->cond), 0);
		returns(pthread_mutex_unlock(&turns->mutex), 0);
		test_goes_on();
	}
	return 0;
}

Test(stress_conds, players_take_turns)
{
	static struct turns turns = {.mutex = PTHREAD_MUTEX_INITIALIZER,
				     .cond = PTHREAD_COND_INITIALIZER};
	struct worker worker[PLAYERS];

	together(worker, PLAYERS, plays, &turns);
	returns(turns.turn, PLAYERS * (long)test_scaled(1000));
}

/* ---- semaphores ---- */

static sem_t full, empty;
static unsigned in_store, taken;

static int posts_things(void *arg)
{
	for (unsigned i = 0; i < test_scaled(10000); i++) {
		returns(sem_wait(&empty), 0);
		cr_assert(__atomic_add_fetch(&in_store, 1, __ATOMIC_SEQ_CST) <= ROOM);
		returns(sem_post(&full), 0);
		test_goes_on();
	}
	return arg != NULL;
}

static void waits_for_a_thing(unsigned way)
{
	struct timespec soon;
	int rc;

	do {
		soon = test_in_ns(CLOCK_REALTIME, way % 64 * 4000);
		if (way % 3 == 0)
			rc = sem_wait(&full);
		else if (way % 3 == 1)
			rc = sem_trywait(&full);
		else
			rc = sem_timedwait(&full, &soon);
		cr_assert(rc == 0 || (way % 3 == 1 && errno == EAGAIN) ||
			  errno == ETIMEDOUT);
		if (rc)
			sched_yield();
	} while (rc);
}

static int takes_things(void *arg)
{
	for (unsigned i = 0; i < test_scaled(10000); i++) {
		waits_for_a_thing(i);
		__atomic_fetch_sub(&in_store, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST);
		returns(sem_post(&empty), 0);
	}
	return arg != NULL;
}

Test(stress_conds, semaphores_count_right)
{
	struct worker worker[2 * PRODUCERS];
	int value;

	returns(sem_init(&full, 0, 0), 0);
	returns(sem_init(&empty, 0, ROOM), 0);
	for (unsigned i = 0; i < 2 * PRODUCERS; i++)
		begins(&worker[i], i % 2 ? posts_things : takes_things, NULL);
	for (unsigned i = 0; i < 2 * PRODUCERS; i++)
		returns(answer(&worker[i]), 0);
	returns(taken, PRODUCERS * (long)test_scaled(10000));
	returns(sem_getvalue(&full, &value), 0);
	returns(value, 0);
	returns(sem_getvalue(&empty, &value), 0);
	returns(value, ROOM);
}
