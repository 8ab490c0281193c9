/* SPDX-License-Identifier: MIT
 *
 * close_threads.c - a close that meets an unlock, a cancel, a time-out, and all
 * that lock: each is told once, and by one of them.
 */
#define _GNU_SOURCE
#include "random.h"
#include "callback_status.h"
#include "waiters.h"

/* ---- races, over many rounds ---- */

struct closer {
	pthread_t thread;
	pthread_barrier_t *start;
	fifolock_t *lock;
	fifolock_request_t *request; /* to be cancelled instead */
	int rc;
};

static void *closes(void *arg)
{
	struct closer *closer = arg;

	pthread_barrier_wait(closer->start);
	if (closer->request)
		closer->rc = fifolock_request_cancel(closer->request);
	else
		closer->rc = fifolock_close(closer->lock);
	return NULL;
}

/* An unlock that would let all in, one after the other, and a close at the same time:
 * those that it caught are at the end of the line. */
static void close_meets_unlock(pthread_barrier_t *start)
{
	fifolock_t lock = {0};
	struct closer closer = {.lock = &lock, .start = start};
	struct told told = {.lock = &lock, .mode = X};
	fifolock_request_t request;
	struct puppet waiters[3];
	int last = 0;

	quick_check(fifolock_lock(&lock, X) == 0, "lock");
	lines_up(&waiters[0], &lock, VISITS, X, 1);
	lines_up(&waiters[1], &lock, VISITS_UNTIL, X, 1);
	lines_up(&waiters[2], &lock, VISITS, S, 1);
	asks_later(&lock, &told, &request, X);
	pthread_create(&closer.thread, NULL, closes, &closer);
	pthread_barrier_wait(start);
	quick_check(fifolock_unlock(&lock, X) == 0, "unlock");
	pthread_join(closer.thread, NULL);
	quick_check(closer.rc == 0, "close");
	for (unsigned i = 0; i < 3; i++) {
		int rc = answer(&waiters[i]);

		quick_check(rc == 0 || rc == ECANCELED, "rc %d", rc);
		quick_check(last == 0 || rc == last, "%u was granted, the one before not",
			    i);
		last = rc;
	}
	/* The thread that granted or refused it has returned. */
	quick_check(times(&told) == 1, "called back %u times", times(&told));
	quick_check(told.status == ECANCELED || (told.status == 0 && last == 0),
		    "status");
	is_free(&lock);
}

Test(close, that_meets_an_unlock_catches_the_end_of_the_line, .description = "G1 G3 G4")
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, 2);
	for (uint64_t i = 0; i < test_scaled(500); i++)
		close_meets_unlock(&start);
	pthread_barrier_destroy(&start);
}

static void close_meets_cancel(pthread_barrier_t *start)
{
	fifolock_t lock = {0};
	fifolock_request_t requests[2];
	struct closer canceller = {.start = start, .request = &requests[0]};
	struct told told[2] = {{.times = 0}};

	quick_check(fifolock_lock(&lock, X) == 0, "lock");
	for (unsigned i = 0; i < 2; i++)
		asks_later(&lock, &told[i], &requests[i], X);
	pthread_create(&canceller.thread, NULL, closes, &canceller);
	pthread_barrier_wait(start);
	quick_check(fifolock_close(&lock) == 0, "close");
	pthread_join(canceller.thread, NULL);
	if (canceller.rc == 0)
		quick_check(times(&told[0]) == 0, "left, but called back");
	else
		quick_check(canceller.rc == EALREADY && times(&told[0]) == 1 &&
				    told[0].status == ECANCELED,
			    "too late, but not called back");
	quick_check(times(&told[1]) == 1 && told[1].status == ECANCELED, "the other");
	quick_check(fifolock_unlock(&lock, X) == 0, "unlock");
	is_free(&lock);
}

Test(close, that_meets_a_cancel_is_decided_by_one_of_them, .description = "G4")
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, 2);
	for (uint64_t i = 0; i < test_scaled(2000); i++)
		close_meets_cancel(&start);
	pthread_barrier_destroy(&start);
}

static void close_meets_time_out(int64_t patience, int64_t pause)
{
	struct timespec then = test_in_ns(CLOCK_MONOTONIC, pause);
	fifolock_t lock = {0};
	struct puppet head, next;
	int rc;

	quick_check(fifolock_lock(&lock, S) == 0, "lock");
	head = waiter_with(&lock, VISITS_UNTIL, X, 1);
	head.deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	starts(&head);
	next = waiter_with(&lock, VISITS, S, 1);
	starts(&next);
	until_moment(&then);
	quick_check(fifolock_close(&lock) == 0, "close");
	rc = answer(&head);
	quick_check(rc == ETIMEDOUT || rc == ECANCELED, "head: %d", rc);
	rc = answer(&next);
	quick_check(rc == 0 || rc == ECANCELED, "next: %d", rc);
	quick_check(fifolock_holds(&lock, S) == 1, "holds");
	quick_check(fifolock_unlock(&lock, S) == 0, "unlock");
	is_free(&lock);
}

/* The head's deadline passes at about the time of the close. */
Test(close, that_meets_a_time_out_is_decided_by_one_of_them, .description = "G4")
{
	uint64_t random = 5;

	for (uint64_t i = 0; i < test_scaled(500); i++)
		close_meets_time_out(50000 + oracle_below(&random, 200000),
				     50000 + oracle_below(&random, 200000));
}

/* ---- closed and opened over and over, under those that lock ---- */

struct shop {
	fifolock_t lock;
	uint64_t data[2];	/* the same */
	unsigned turned_away;	/* atomic */
	unsigned surely_closed; /* atomic: odd between a close and a reopen */
	unsigned surely_open;	/* atomic: odd between a reopen and a close */
	bool over;		/* atomic */
};

struct customer {
	pthread_t thread;
	struct shop *shop;
	uint64_t random, written, held;
	const char *wrong;
};

static unsigned now(const unsigned *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static int enters(struct customer *customer, unsigned mode)
{
	struct shop *shop = customer->shop;
	struct timespec later = in_an_hour();
	unsigned closed = now(&shop->surely_closed), open = now(&shop->surely_open);
	int rc;

	if (oracle_below(&customer->random, 3) == 0)
		rc = fifolock_timedlock(&shop->lock, mode, &later);
	else
		rc = fifolock_lock(&shop->lock, mode);
	if (rc == 0 && closed % 2 && closed == now(&shop->surely_closed))
		customer->wrong = "let in while closed";
	if (rc == ECANCELED && open % 2 && open == now(&shop->surely_open))
		customer->wrong = "turned away while open";
	return rc;
}

static void *visits(void *arg)
{
	struct customer *customer = arg;
	struct shop *shop = customer->shop;

	while (!__atomic_load_n(&shop->over, __ATOMIC_ACQUIRE)) {
		unsigned mode = oracle_below(&customer->random, 2) ? X : S;
		int rc = enters(customer, mode);

		if (rc == ECANCELED) {
			__atomic_add_fetch(&shop->turned_away, 1, __ATOMIC_RELAXED);
			sched_yield();
			continue;
		}
		if (rc || shop->data[0] != shop->data[1])
			customer->wrong = "half-written data seen, or an odd answer";
		if (mode == X) {
			shop->data[0]++;
			shop->data[1]++;
			customer->written++;
		}
		customer->held++;
		if (fifolock_unlock(&shop->lock, mode))
			customer->wrong = "unlock";
	}
	return NULL;
}

/* Until each round has turned a thread away. */
static void opens_and_closes(struct shop *shop, uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		unsigned before = now(&shop->turned_away);

		__atomic_add_fetch(&shop->surely_open, 1, __ATOMIC_SEQ_CST);
		if (i % 4)
			sched_yield();
		__atomic_add_fetch(&shop->surely_open, 1, __ATOMIC_SEQ_CST);
		quick_check(fifolock_close(&shop->lock) == 0, "close");
		__atomic_add_fetch(&shop->surely_closed, 1, __ATOMIC_SEQ_CST);
		while (now(&shop->turned_away) == before)
			sched_yield();
		__atomic_add_fetch(&shop->surely_closed, 1, __ATOMIC_SEQ_CST);
		quick_check(fifolock_reopen(&shop->lock) == 0, "reopen");
		test_goes_on();
	}
}

Test(close, and_reopen_race_with_lockers, .description = "G2 G3 G4")
{
	struct customer customers[6] = {0};
	struct shop shop = {.over = false};
	uint64_t written = 0, held = 0;

	for (unsigned i = 0; i < 6; i++) {
		customers[i].shop = &shop;
		customers[i].random = i;
		pthread_create(&customers[i].thread, NULL, visits, &customers[i]);
	}
	opens_and_closes(&shop, test_scaled(1000));
	__atomic_store_n(&shop.over, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 6; i++) {
		pthread_join(customers[i].thread, NULL);
		cr_assert_null(customers[i].wrong, "%s", customers[i].wrong);
		written += customers[i].written;
		held += customers[i].held;
	}
	cr_assert_eq(shop.data[0], written);
	cr_assert_gt(held, 0);
	is_free(&shop.lock);
}
