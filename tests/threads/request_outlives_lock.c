/* SPDX-License-Identifier: MIT
 *
 * request_outlives_lock.c - requests that outlive their lock: each lock has a page of its own, and a
 * look at it once the page is gone ends the test.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include <sys/mman.h>
#include <unistd.h>

static fifolock_t *new_lock(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	fifolock_t *lock = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fault_if(lock == MAP_FAILED || fifolock_init(lock, NULL));
	return lock;
}

static void may_be_touched(fifolock_t *lock, bool yes)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	fault_if(mprotect(lock, size, yes ? PROT_READ | PROT_WRITE : PROT_NONE));
}

/* Closed by its holder, destroyed, unmapped. */
static void goes(fifolock_t *lock)
{
	fault_if(fifolock_close(lock));
	fault_if(fifolock_unlock(lock, X));
	fault_if(fifolock_destroy(lock));
	fault_if(munmap(lock, (size_t)sysconf(_SC_PAGESIZE)));
}

/* Held, and the request in line. */
static fifolock_t *lock_with(fifolock_request_t *request)
{
	fifolock_t *lock = new_lock();

	fault_if(fifolock_lock(lock, X));
	fault_if(fifolock_request(lock, S, 1, request, NULL, NULL) != EINPROGRESS);
	return lock;
}

/* ---- ended, and the lock gone ---- */

static int waits(fifolock_request_t *request)
{
	return fifolock_request_wait(request, NULL);
}

static int waits_until(fifolock_request_t *request)
{
	const struct timespec later = in_an_hour();

	return fifolock_request_wait(request, &later);
}

static int waited_until(fifolock_request_t *request)
{
	const struct timespec past = {.tv_sec = 1};

	return fifolock_request_wait(request, &past);
}

/* What position and cancel have to say of what has been turned away. */
static int has_a_position(fifolock_request_t *request)
{
	return fifolock_request_position(request) == UINT32_MAX ? ECANCELED : 0;
}

static int leaves(fifolock_request_t *request)
{
	return fifolock_request_cancel(request) == EALREADY ? ECANCELED : 0;
}

static int (*const asked[])(fifolock_request_t *request) = {
	waits, waits_until, waited_until, fifolock_request_poll, has_a_position, leaves};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

Test(gone, lock_of_a_request_that_was_turned_away_is_not_looked_at, .description = "G5")
{
	for (unsigned i = 0; i < ASKED * ASKED; i++) {
		fifolock_request_t request;

		goes(lock_with(&request));
		cr_assert_eq(asked[i / ASKED](&request), ECANCELED, "first %u", i);
		cr_assert_eq(asked[i % ASKED](&request), ECANCELED, "then %u", i);
	}
	cr_assert_eq(faults, 0);
}

Test(gone, lock_of_a_request_that_was_called_back_is_not_looked_at, .description = "G5")
{
	struct job job = {.keeps = true};
	fifolock_section_t later;
	fifolock_t *lock = new_lock();

	cr_assert_eq(fifolock_lock(lock, X), 0);
	cr_assert_eq(asks(&job, lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_run_async(lock, X, &later, section, NULL, NULL, NULL),
		     EINPROGRESS);
	goes(lock);
	cr_assert_eq(calls(&job), 1);
	cr_assert_eq(job.status, ECANCELED);
	for (unsigned i = 0; i < ASKED; i++)
		cr_assert_eq(asked[i](&job.request), i < 3 ? EINVAL : ECANCELED);
	cr_assert_eq(fifolock_request_cancel(&later.request), EALREADY);
	cr_assert_eq(faults, 0);
}

Test(gone, lock_of_a_request_that_was_cancelled_is_not_looked_at, .description = "G5")
{
	fifolock_request_t request;
	fifolock_t *lock = lock_with(&request);

	cr_assert_eq(fifolock_request_cancel(&request), 0);
	goes(lock);
	for (unsigned i = 0; i < ASKED; i++)
		cr_assert_eq(asked[i](&request), ECANCELED, "%u", i);
	cr_assert_eq(faults, 0);
}

/* Its own: a thread that has given back what it was granted has nothing to do with the lock. */
Test(gone, lock_of_a_request_that_was_granted_is_not_looked_at_again, .description = "G5")
{
	fifolock_request_t request;
	fifolock_t *lock = lock_with(&request);

	cr_assert_eq(fifolock_unlock(lock, X), 0);
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	cr_assert_eq(fifolock_unlock(lock, S), 0);
	cr_assert_eq(fifolock_lock(lock, X), 0);
	goes(lock);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	cr_assert_eq(fifolock_request_position(&request), UINT32_MAX);
	cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(faults, 0);
}

/* ---- in line: a thread that waits does not look at the lock, either ---- */

Test(gone, lock_would_not_be_noticed_by_who_waits_or_polls, .description = "G5")
{
	fifolock_request_t request;
	fifolock_t *lock = lock_with(&request);
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 2000000);

	may_be_touched(lock, false);
	cr_assert_eq(fifolock_request_poll(&request), EINPROGRESS);
	cr_assert_eq(waited_until(&request), ETIMEDOUT);
	cr_assert_eq(fifolock_request_wait(&request, &soon), ETIMEDOUT);
	may_be_touched(lock, true);
	cr_assert_eq(fifolock_request_position(&request), 0);
	goes(lock);
	cr_assert_eq(fifolock_request_poll(&request), ECANCELED);
	cr_assert_eq(faults, 0);
}

/* ---- at any moment of a wait ---- */

struct outlives {
	fifolock_request_t request;
	uint64_t random;
	uint64_t begun; /* atomic */
	int rc;
};

static void *waits_for_it(void *arg)
{
	struct outlives *one = arg;
	struct timespec soon;

	__atomic_store_n(&one->begun, 1, __ATOMIC_RELEASE);
	do {
		soon = test_in_ns(CLOCK_MONOTONIC, oracle_below(&one->random, 40000));
		one->rc = fifolock_request_wait(&one->request, &soon);
	} while (one->rc == ETIMEDOUT);
	return NULL;
}

Test(gone, lock_is_not_looked_at_by_who_waits_as_it_goes, .description = "G4 G5")
{
	uint64_t random = 1;

	for (uint64_t i = 0; i < test_scaled(1000); i++) {
		struct outlives one = {.random = i};
		fifolock_t *lock = lock_with(&one.request);
		pthread_t thread;

		pthread_create(&thread, NULL, waits_for_it, &one);
		until_count(&one.begun, 1);
		dawdle(&random, 20000);
		goes(lock);
		pthread_join(thread, NULL);
		cr_assert_eq(one.rc, ECANCELED);
	}
	cr_assert_eq(faults, 0);
}

/* ---- refused at once ---- */

/* What was in the request's memory before: nothing, a request in line, anything. */
static const unsigned char before[] = {0, 1, 2, 3, 0xff};

static void was_never_in_line(fifolock_request_t *request, const char *why)
{
	cr_assert_eq(fifolock_request_poll(request), EINVAL, "%s", why);
	cr_assert_eq(fifolock_request_wait(request, NULL), EINVAL, "%s", why);
	cr_assert_eq(fifolock_request_cancel(request), EALREADY, "%s", why);
	cr_assert_eq(fifolock_request_position(request), UINT32_MAX, "%s", why);
}

#define REFUSED(error, call)                                  \
	for (unsigned i = 0; i < sizeof(before); i++) {       \
		fifolock_section_t later;                     \
		fifolock_request_t *request = &later.request; \
                                                              \
		memset(&later, before[i], sizeof(later));     \
		cr_assert_eq(call, error);                    \
		was_never_in_line(request, #call);            \
	}

Test(refused, requests_know_it_whatever_was_in_their_memory, .description = "G7")
{
	fifolock_t lock = {0};

	REFUSED(EINVAL, fifolock_request(&lock, 9, 1, request, told, NULL));
	REFUSED(EINVAL, fifolock_request(&lock, 9, 1, request, NULL, NULL));
	REFUSED(ERANGE, fifolock_request(&lock, X, 0, request, NULL, NULL));
	REFUSED(ERANGE, fifolock_request(&lock, X, 2, request, NULL, NULL));
	REFUSED(EINVAL, fifolock_request_convert(&lock, X, 9, request));
	REFUSED(EPERM, fifolock_request_convert(&lock, S, X, request));
	REFUSED(EINVAL, fifolock_run_async(&lock, X, &later, NULL, NULL, NULL, NULL));
	REFUSED(EINVAL, fifolock_run_async(&lock, 9, &later, section, NULL, NULL, NULL));
	cr_assert_eq(fifolock_close(&lock), 0);
	REFUSED(ECANCELED, fifolock_request(&lock, X, 1, request, NULL, NULL));
	cr_assert_eq(fifolock_destroy(&lock), 0);
	REFUSED(EINVAL, fifolock_request(&lock, X, 1, request, NULL, NULL));
	REFUSED(EINVAL, fifolock_request_convert(&lock, X, S, request));
}
