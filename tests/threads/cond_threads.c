/* SPDX-License-Identifier: MIT
 *
 * cond_threads.c - many that wait for conditions: no signal is lost or counted
 * twice, and the last one may free it all.
 */
#define _GNU_SOURCE
#include "common.h"
#include "random.h"
#include <fifolock/cond.h>

/* ---- what is freed, and by which thread ---- */

struct shed {
	fifolock_t lock;
	fifolock_cond_t cond;
	unsigned waiting, left; /* under the lock */
	bool called;		/* under the lock */
};

/* The last one frees what they waited in. */
static void *waits_and_may_free(void *arg)
{
	struct shed *shed = arg;
	int rc = fifolock_lock(&shed->lock, X);
	bool last;

	shed->waiting++;
	while (rc == 0 && !shed->called)
		rc = fifolock_cond_wait(&shed->cond, &shed->lock, X);
	last = --shed->left == 0;
	rc |= fifolock_unlock(&shed->lock, X);
	if (last) {
		memset(shed, 0xff, sizeof(*shed));
		free(shed);
	}
	return rc ? arg : NULL;
}

static void calls_all(struct shed *shed, unsigned count, bool by_signals)
{
	bool all;

	do {
		quick_check(fifolock_lock(&shed->lock, X) == 0, "lock");
		all = shed->called = shed->waiting == count;
		if (all && by_signals)
			for (unsigned i = 1; i < count; i++)
				fifolock_cond_signal(&shed->cond);
		quick_check(fifolock_unlock(&shed->lock, X) == 0, "unlock");
	} while (!all);
	if (by_signals)
		fifolock_cond_signal(&shed->cond);
	else
		fifolock_cond_broadcast(&shed->cond);
}

/* While the broadcast is perhaps still under way. */
Test(cond, the_last_waiter_may_free_it_and_the_lock, .description = "G5")
{
	for (uint64_t i = 0; i < test_scaled(1000); i++) {
		unsigned count = 1 + (unsigned)(i % 3);
		struct shed *shed = calloc(1, sizeof(*shed));
		pthread_t threads[3];
		void *failed;

		quick_check(shed, "memory");
		shed->left = count;
		for (unsigned t = 0; t < count; t++)
			pthread_create(&threads[t], NULL, waits_and_may_free, shed);
		calls_all(shed, count, i % 2);
		for (unsigned t = 0; t < count; t++) {
			pthread_join(threads[t], &failed);
			quick_check(failed == NULL, "an error");
		}
	}
}

/* ---- many at once ---- */

#define SLOTS 4

struct belt {
	fifolock_t lock;
	fifolock_cond_t not_full, not_empty;
	uint64_t items[SLOTS];
	uint64_t put, got;  /* under the lock */
	uint64_t all;	    /* to be put */
	uint64_t sum;	    /* of all that was got; under the lock */
	uint64_t timed_out; /* under the lock */
	uint64_t wrong;	    /* under the lock */
	bool timed;
};

static void belt_waits(struct belt *belt, fifolock_cond_t *cond)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 20000);
	int rc = belt->timed ? fifolock_cond_timedwait(cond, &belt->lock, X, &soon)
			     : fifolock_cond_wait(cond, &belt->lock, X);

	belt->timed_out += rc == ETIMEDOUT;
	belt->wrong += rc != 0 && !(belt->timed && rc == ETIMEDOUT);
}

static void *produces(void *arg)
{
	struct belt *belt = arg;
	bool more = true;

	while (more) {
		fifolock_lock(&belt->lock, X);
		while (belt->put < belt->all && belt->put - belt->got == SLOTS)
			belt_waits(belt, &belt->not_full);
		more = belt->put < belt->all;
		if (more) {
			belt->items[belt->put % SLOTS] = belt->put + 1;
			belt->put++;
			fifolock_cond_signal(&belt->not_empty);
		} else {
			fifolock_cond_broadcast(&belt->not_full);
			fifolock_cond_broadcast(&belt->not_empty);
		}
		fifolock_unlock(&belt->lock, X);
	}
	return NULL;
}

static void *consumes(void *arg)
{
	struct belt *belt = arg;
	bool more = true;

	while (more) {
		fifolock_lock(&belt->lock, X);
		while (belt->got == belt->put && belt->put < belt->all)
			belt_waits(belt, &belt->not_empty);
		more = belt->got < belt->put;
		if (more) {
			belt->sum += belt->items[belt->got % SLOTS];
			belt->got++;
		}
		fifolock_unlock(&belt->lock, X);
		if (more)
			fifolock_cond_signal(&belt->not_full);
	}
	return NULL;
}

static void runs_belt(unsigned pairs, uint64_t all, bool timed)
{
	struct belt belt = {.all = all, .timed = timed};
	pthread_t threads[16];

	for (unsigned i = 0; i < 2 * pairs; i++)
		pthread_create(&threads[i], NULL, i % 2 ? produces : consumes, &belt);
	for (unsigned i = 0; i < 2 * pairs; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(belt.put, all);
	cr_assert_eq(belt.got, all);
	cr_assert_eq(belt.sum, all * (all + 1) / 2);
	cr_assert_eq(belt.wrong, 0);
	cr_assert_eq(fifolock_waiting(&belt.lock), 0);
	cr_assert_eq(fifolock_destroy(&belt.lock), 0);
}

Test(cond, producers_and_consumers_meet_at_a_bounded_queue, .description = "G2 G3")
{
	runs_belt(1, test_scaled(20000), false);
	runs_belt(4, test_scaled(20000), false);
	runs_belt(4, test_scaled(10000), true);
}

/* Every signal that found a thread is one return, in the order of waiting. */
struct ledger {
	fifolock_t lock;
	fifolock_cond_t cond;
	uint64_t waited, signalled, returned; /* under the lock */
	uint64_t wrong;			      /* under the lock */
	uint64_t rounds;
};

static void *waits_in_turn(void *arg)
{
	struct ledger *ledger = arg;

	for (uint64_t i = 0; i < ledger->rounds; i++) {
		uint64_t place;

		fifolock_lock(&ledger->lock, X);
		place = ledger->waited++;
		ledger->wrong += fifolock_cond_wait(&ledger->cond, &ledger->lock, X) != 0;
		ledger->wrong += place != ledger->returned++;
		ledger->wrong += place >= ledger->signalled;
		fifolock_unlock(&ledger->lock, X);
	}
	return NULL;
}

static void signals_some(struct ledger *ledger, uint64_t *random)
{
	quick_check(fifolock_lock(&ledger->lock, X) == 0, "lock");
	if (oracle_below(random, 8) == 0) {
		ledger->signalled = ledger->waited;
		quick_check(fifolock_cond_broadcast(&ledger->cond) == 0, "broadcast");
	} else {
		ledger->signalled += ledger->signalled < ledger->waited;
		quick_check(fifolock_cond_signal(&ledger->cond) == 0, "signal");
	}
	quick_check(fifolock_unlock(&ledger->lock, X) == 0, "unlock");
}

Test(cond, waits_end_once_for_each_signal_in_the_order_they_began,
     .description = "G1 G3 G4")
{
	struct ledger ledger = {.rounds = test_scaled(3000)};
	pthread_t threads[5];
	uint64_t random = 11, all = 5 * ledger.rounds;

	for (unsigned i = 0; i < 5; i++)
		pthread_create(&threads[i], NULL, waits_in_turn, &ledger);
	while (ledger.signalled < all)
		signals_some(&ledger, &random);
	for (unsigned i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(ledger.wrong, 0);
	cr_assert_eq(ledger.waited, all);
	cr_assert_eq(ledger.returned, all);
	cr_assert_eq(fifolock_cond_signal(&ledger.cond), 0);
	cr_assert_eq(fifolock_destroy(&ledger.lock), 0);
}
