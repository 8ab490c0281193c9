/* SPDX-License-Identifier: MIT
 *
 * signal_callbacks.c - signal handlers that unlock amid callbacks, requests and sections.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include <signal.h>

static fifolock_t *of_handler; /* what the handler gives back one hold of, */
static int64_t spare;	       /* atomic: if there is one to spare */
static uint64_t by_handler;    /* atomic */
static unsigned ashore;	       /* atomic: threads that are done */

static void give_spare_back(int signal)
{
	int before = errno;
	int64_t n = __atomic_load_n(&spare, __ATOMIC_RELAXED);

	errno = MARK;
	while (n > 0 && !__atomic_compare_exchange_n(&spare, &n, n - 1, false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	if (n > 0) {
		fault_if(fifolock_unlock(of_handler, 0));
		__atomic_fetch_add(&by_handler, signal ? 1 : 0, __ATOMIC_RELAXED);
	}
	fault_if(errno != MARK);
	errno = before;
}

static void handles(fifolock_t *lock)
{
	struct sigaction action = {.sa_handler = give_spare_back, .sa_flags = SA_RESTART};

	of_handler = lock;
	sigemptyset(&action.sa_mask);
	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

/* The main thread's own call, too: a hold that no thread is interrupted for would stay. */
static void bombards(const pthread_t thread[], unsigned count)
{
	uint64_t random = 7;

	while (__atomic_load_n(&ashore, __ATOMIC_ACQUIRE) < count) {
		pthread_kill(thread[oracle_below(&random, count)], SIGUSR1);
		dawdle(&random, 4000);
		if (oracle_below(&random, 4) == 0)
			give_spare_back(0);
		sched_yield();
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	while (spare > 0)
		give_spare_back(0);
	cr_assert_gt(by_handler, 0);
}

/* ---- requests ---- */

static void is_interrupted(void *ctx, int status)
{
	fault_if(status);
	raise(SIGUSR1);
	told(ctx, status);
}

/* The handler's unlock is of the other lock, or of a lock whose callbacks are running. */
Test(handler, that_unlocks_amid_callbacks_loses_nobody, .description = "G3")
{
	fifolock_t lock = {0}, other = {0};
	struct job job[3] = {{.lock = &lock, .n = 1}, {.n = 1}, {.n = 1}};

	handles(&other);
	spare = 1;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_lock(&other, X), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &job[0].request, is_interrupted, job),
		     EINPROGRESS);
	cr_assert_eq(asks(&job[1], &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&job[2], &other, X), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(by_handler, 1);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(calls(&job[i]), 1);
	ends_well(&lock);
	ends_well(&other);
}

struct sailor {
	uint64_t rounds, random, called, cancelled;
};

static fifolock_t afloat;

/* Called back in any thread, also in a handler. */
static void leaves_it_or_not(void *ctx, int status)
{
	struct job *job = ctx;

	fault_if(status);
	if (job->n == 2)
		__atomic_fetch_add(&spare, 1, __ATOMIC_RELEASE);
	else
		fault_if(fifolock_unlock(job->lock, 0));
	__atomic_fetch_add(&job->calls, 1, __ATOMIC_RELEASE);
}

/* Asks, and waits a while, and cancels if it has not been called back. */
static void sail_once(struct sailor *sailor)
{
	struct job job = {.lock = &afloat, .n = 1 + oracle_below(&sailor->random, 2)};
	int rc = fifolock_request(&afloat, 0, 1, &job.request, leaves_it_or_not, &job);

	fault_if(rc && rc != EINPROGRESS);
	if (rc == 0)
		leaves_it_or_not(&job, 0);
	for (unsigned i = 0; i < 20 && !calls(&job); i++)
		sched_yield();
	if (!calls(&job) && fifolock_request_cancel(&job.request) == 0) {
		sailor->cancelled++;
		fault_if(calls(&job));
		return;
	}
	until_called(&job);
	fault_if(calls(&job) != 1);
	sailor->called++;
}

static void *sail(void *arg)
{
	struct sailor *sailor = arg;

	for (uint64_t i = 0; i < sailor->rounds; i++)
		sail_once(sailor);
	__atomic_fetch_add(&ashore, 1, __ATOMIC_RELEASE);
	return NULL;
}

Test(handler, that_unlocks_anywhere_loses_nobody, .description = "G3 G4")
{
	fifolock_modes_t three = semaphore(3);
	struct sailor crew[3];
	pthread_t thread[3];
	uint64_t called = 0;

	handles(&afloat);
	cr_assert_eq(fifolock_init(&afloat, &three), 0);
	for (unsigned i = 0; i < 3; i++) {
		crew[i] = (struct sailor){.rounds = test_scaled(20000), .random = i};
		pthread_create(&thread[i], NULL, sail, &crew[i]);
	}
	bombards(thread, 3);
	for (unsigned i = 0; i < 3; i++)
		called += crew[i].called;
	cr_assert_gt(called, 0);
	ends_well(&afloat);
}

/* ---- sections ---- */

struct works {
	uint64_t each;
	uint64_t sum;	 /* guarded */
	unsigned inside; /* atomic */
};

struct shift {
	struct works *works;
	unsigned ran;
};

static void adds_one(void *arg)
{
	struct shift *shift = arg;

	shift->ran++;
	fault_if(__atomic_add_fetch(&shift->works->inside, 1, __ATOMIC_RELAXED) > 1);
	shift->works->sum++;
	__atomic_fetch_sub(&shift->works->inside, 1, __ATOMIC_RELAXED);
}

/* And holds that are left to the handlers, which hand over to sections. */
static void *runs(void *arg)
{
	struct works *works = arg;

	for (uint64_t i = 0; i < works->each; i++) {
		struct shift shift = {works, 0};

		if (i % 16 == 0 && fifolock_trylock(&afloat, 0) == 0)
			__atomic_fetch_add(&spare, 1, __ATOMIC_RELEASE);
		fault_if(fifolock_run(&afloat, 0, adds_one, &shift));
		fault_if(shift.ran != 1);
	}
	__atomic_fetch_add(&ashore, 1, __ATOMIC_RELEASE);
	return NULL;
}

Test(handler, that_unlocks_amid_sections_loses_nobody, .description = "G2 G3")
{
	struct works works = {.each = test_scaled(20000)};
	fifolock_modes_t one = semaphore(1);
	pthread_t thread[3];

	handles(&afloat);
	cr_assert_eq(fifolock_init(&afloat, &one), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, runs, &works);
	bombards(thread, 3);
	cr_assert_eq(works.sum, 3 * works.each);
	ends_well(&afloat);
}
