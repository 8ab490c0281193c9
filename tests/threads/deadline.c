/* SPDX-License-Identifier: MIT
 *
 * deadline.c - deadlines that say more than when: none, for ever, and the time of the
 * other clock.  errors.c has each call that refuses the last.
 */
#include "test.h"

#include <fifolock/cond.h>
#include <fifolock/fifolock.h>
#include <fifolock/request.h>

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, U = FIFOLOCK_UPDATE };

static fifolock_modes_t modes; /* fifolock_update_modes, whichever thread gives it back */
static fifolock_t lock;
static fifolock_cond_t cond;
static fifolock_request_t request;

/* ---- each call that takes a deadline; all end with X held ---- */

static int locks(const struct timespec *at)
{
	return fifolock_timedlock(&lock, X, at);
}

static int locks_n(const struct timespec *at)
{
	return fifolock_timedlock_n(&lock, X, 1, at);
}

static int locks_by_clock(const struct timespec *at)
{
	return fifolock_clocklock(&lock, X, CLOCK_MONOTONIC, at);
}

static int locks_n_by_clock(const struct timespec *at)
{
	return fifolock_clocklock_n(&lock, X, 1, CLOCK_MONOTONIC, at);
}

static int converts(const struct timespec *at)
{
	int error = fifolock_timedconvert(&lock, U, X, at);

	return error ? error : fifolock_trylock(&lock, X) == EBUSY ? 0 : -1;
}

static int waits_for_request(const struct timespec *at)
{
	int error = fifolock_request(&lock, X, 1, &request, NULL, NULL);

	return error == EINPROGRESS ? fifolock_request_wait(&request, at) : error;
}

typedef int timed(const struct timespec *at);

static timed *const calls[] = {
	locks, locks_n, locks_by_clock, locks_n_by_clock, converts, waits_for_request};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

struct waiter {
	timed *call;
	const struct timespec *at;
	int answer;
	pthread_t thread;
};

static void *waits(void *arg)
{
	struct waiter *waiter = arg;

	waiter->answer = waiter->call(waiter->at);
	return NULL;
}

static void begins(void)
{
	modes = fifolock_update_modes;
	cr_assert_eq(fifolock_modes_owner_checked(&modes, false), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
}

/* It gets in line, and is granted when its turn has come. */
static void is_for_ever(timed *call, const struct timespec *at)
{
	struct waiter waiter = {.call = call, .at = at, .answer = -1};

	begins();
	cr_assert_eq(pthread_create(&waiter.thread, NULL, waits, &waiter), 0);
	while (fifolock_waiting(&lock) == 0)
		sched_yield();
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	if (call != converts)
		cr_assert_eq(fifolock_unlock(&lock, U), 0);
	pthread_join(waiter.thread, NULL);
	cr_assert_eq(waiter.answer, 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static const struct timespec far[] = {
	{INT64_MAX, 999999999}, {INT64_MAX / 1000000000, 0}, /* in 2262 */
	{INT64_MAX / 1000, 0},	{UINT32_MAX, 0},
	{INT32_MAX, 0},
};
#define FARS (sizeof(far) / sizeof(far[0]))

Test(deadline, none_or_one_in_the_far_future_is_for_ever_in_every_call,
     .description = "deadlines")
{
	for (size_t i = 0; i < CALLS; i++) {
		is_for_ever(calls[i], NULL);
		for (size_t j = 0; j < FARS; j++)
			is_for_ever(calls[i], &far[j]);
	}
}

static int waits_for_condition(const struct timespec *at)
{
	int error = fifolock_lock(&lock, X);

	if (!error)
		error = fifolock_cond_timedwait(&cond, &lock, X, at);
	return error;
}

static void condition_waits_for_ever(const struct timespec *at)
{
	struct waiter waiter = {.call = waits_for_condition, .at = at, .answer = -1};

	begins();
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(pthread_create(&waiter.thread, NULL, waits, &waiter), 0);
	while (fifolock_waiting(&lock) == 0)
		sched_yield();
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_cond_signal(&cond), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	pthread_join(waiter.thread, NULL);
	cr_assert_eq(waiter.answer, 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(deadline, none_or_one_in_the_far_future_is_for_ever_for_a_condition,
     .description = "deadlines")
{
	condition_waits_for_ever(NULL);
	for (size_t j = 0; j < FARS; j++)
		condition_waits_for_ever(&far[j]);
}

/* ---- the other clock ---- */

static struct timespec on_the_wrong_clock(int64_t seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += seconds;
	return at;
}

Test(deadline, read_from_the_other_clock_is_refused_by_every_call_that_would_wait,
     .description = "G7")
{
	static const int64_t seconds[] = {-3600, 0, 1, 86400 * 30};

	for (size_t i = 0; i < CALLS; i++)
		for (size_t j = 0; j < 4; j++) {
			struct timespec at = on_the_wrong_clock(seconds[j]);

			begins();
			cr_assert_eq(calls[i](&at), EINVAL);
			cr_assert_eq(fifolock_holds(&lock, U), 1);
			cr_assert_eq(fifolock_holds(&lock, S), 1);
			cr_assert_eq(fifolock_waiting(&lock),
				     calls[i] == waits_for_request);
			if (calls[i] == waits_for_request)
				cr_assert_eq(fifolock_request_cancel(&request), 0);
		}
}

Test(deadline, read_from_the_other_clock_does_not_matter_to_who_need_not_wait,
     .description = "deadlines")
{
	struct timespec at = on_the_wrong_clock(1);

	begins();
	cr_assert_eq(fifolock_timedlock(&lock, S, &at), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_timedconvert(&lock, U, X, &at), 0);
	cr_assert_eq(
		fifolock_clocklock(&lock, S, CLOCK_REALTIME, &(struct timespec){1, 0}),
		ETIMEDOUT);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
