/* SPDX-License-Identifier: MIT
 *
 * stats.c - what a table that counts has counted.
 */
#define _GNU_SOURCE
#include "counts.h"
#include "waiters.h"
#include "core/slot.h"
#include <fifolock/cond.h>

Test(stats, refuse_what_is_not_there, .description = "G7")
{
	static fifolock_stats_t stats, twice;
	struct fifolock_counts counts;

	cr_assert_eq(fifolock_stats_init(NULL, "none", NULL), EINVAL);
	cr_assert_eq(fifolock_stats_init(&stats, "once", &fifolock_mutex_modes), 0);
	cr_assert_eq(fifolock_stats_init(&twice, "twice", &stats.modes), EINVAL);
	cr_assert_eq(fifolock_stats_read(&stats, 1, &counts), EINVAL);
	cr_assert_eq(fifolock_stats_read(&stats, 0, NULL), EINVAL);
	cr_assert_eq(fifolock_stats_read(&stats, 0, &counts), 0);
	cr_assert_eq(fifolock_modes_capacity(&stats.modes, 0), 1);
	cr_assert_eq(fifolock_modes_capacity(&stats.modes, 1), 0);
}

Test(stats, count_grants_with_their_weights, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);

	counts_as(&stats, NULL);
	counts_are(&stats, S, 0, 0, 0, 0);
	cr_assert_eq(fifolock_lock_n(&lock, S, 3), 0);
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	counts_are(&stats, S, 4, 2, 0, 4);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	counts_are(&stats, S, 4, 2, 0, 2);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	counts_are(&stats, S, 4, 2, 0, 0);
	counts_are(&stats, X, 1, 1, 0, 0);
	refusals_are(&stats, S, 0, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(stats, count_refusals_and_time_outs, .description = "counts")
{
	static const struct timespec past = {0, 1};
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	fifolock_request_t first, second;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_trylock(&lock, X), EBUSY);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	refusals_are(&stats, X, 1, 0);
	cr_assert_eq(fifolock_timedlock(&lock, S, &past), ETIMEDOUT);
	refusals_are(&stats, S, 1, 1);
	cr_assert_eq(requests(&lock, S, 1, &first), EINPROGRESS);
	cr_assert_eq(requests(&lock, S, 1, &second), EAGAIN);
	cr_assert_eq(fifolock_lock(&lock, S), EAGAIN);
	refusals_are(&stats, S, 3, 1);
	cr_assert_eq(fifolock_request_cancel(&first), 0);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_lock(&lock, S), ECANCELED);
	cr_assert_eq(fifolock_trylock(&lock, S), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_eq(fifolock_lock(&lock, 2), EINVAL);
	refusals_are(&stats, S, 5, 1);
	counts_are(&stats, S, 0, 0, 0, 0);
	counts_are(&stats, X, 1, 1, 0, 1);
	refusals_are(&stats, X, 1, 0);
}

static void gives_back(void *ctx, int status)
{
	if (status == 0)
		fifolock_unlock(ctx, X);
}

Test(stats, count_those_whom_a_close_turns_away, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	fifolock_request_t plain, called;
	struct puppet waiter;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	lines_up(&waiter, &lock, ASKS, S, 1);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(answer(&waiter), ECANCELED);
	cr_assert_eq(counted(&stats, S).turned_away, 1);
	cr_assert_eq(fifolock_reopen(&lock), 0);
	cr_assert_eq(requests(&lock, S, 1, &plain), EINPROGRESS);
	cr_assert_eq(fifolock_request(&lock, X, 1, &called, gives_back, &lock),
		     EINPROGRESS);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_request_wait(&plain, NULL), ECANCELED);
	cr_assert_eq(counted(&stats, S).turned_away, 2);
	cr_assert_eq(counted(&stats, X).turned_away, 1);
	refusals_are(&stats, X, 0, 0);
	refusals_are(&stats, S, 0, 0);
}

Test(stats, count_waits, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct fifolock_counts counts;
	fifolock_request_t request;
	struct puppet waiter;
	struct timespec at = test_in_ns(CLOCK_MONOTONIC, 0), then;
	uint64_t ns;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	lines_up(&waiter, &lock, ASKS, S, 1);
	cr_assert_eq(requests(&lock, S, 2, &request), EINPROGRESS);
	counts_are(&stats, S, 0, 0, 0, 0);
	until_ticks(2);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(answer(&waiter), 0);
	then = test_in_ns(CLOCK_MONOTONIC, 0);
	ns = (uint64_t)(then.tv_sec - at.tv_sec) * 1000000000 + (uint64_t)then.tv_nsec -
	     (uint64_t)at.tv_nsec;
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	counts_are(&stats, S, 3, 2, 2, 3);
	counts = counted(&stats, S);
	cr_assert_leq(counts.wait_max_ns, ns);
	cr_assert_leq(counts.wait_ns, 2 * counts.wait_max_ns);
	cr_assert_gt(counts.wait_ns, counts.wait_max_ns);
	cr_assert_gt(counts.waits[64 - __builtin_clzll(counts.wait_max_ns)], 0);
	for (unsigned i = 65 - (unsigned)__builtin_clzll(counts.wait_max_ns); i < 40; i++)
		cr_assert_eq(counts.waits[i], 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), 0);
}

/* The thread that keeps the scanner's role keeps it where the time is (src/core/role.h). */
Test(stats, count_waits_of_those_who_are_alone, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct timespec at = test_in_ns(CLOCK_MONOTONIC, 0), then;
	struct fifolock_counts counts;
	struct puppet waiter;
	uint64_t ns;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	lines_up(&waiter, &lock, ASKS, X, 1);
	until_ticks(2);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(answer(&waiter), 0);
	then = test_in_ns(CLOCK_MONOTONIC, 0);
	ns = (uint64_t)(then.tv_sec - at.tv_sec) * 1000000000 + (uint64_t)then.tv_nsec -
	     (uint64_t)at.tv_nsec;
	counts = counted(&stats, X);
	cr_assert_eq(counts.waited, 1);
	cr_assert_gt(counts.wait_ns, 0);
	cr_assert_leq(counts.wait_ns, ns);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

static void until_ns(int64_t ns)
{
	struct timespec until = test_in_ns(CLOCK_MONOTONIC, ns);

	until_moment(&until);
}

Test(stats, count_how_long_holds_last, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	uint64_t one, ended, from = tick();

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	until_ns(1000000);
	one = counted(&stats, S).held_ns;
	cr_assert_geq(one, 1000000, "one that lasts");
	cr_assert_eq(fifolock_lock_n(&lock, S, 9), 0);
	until_ns(1000000);
	cr_assert_geq(counted(&stats, S).held_ns, one + 10000000, "ten that last");
	cr_assert_eq(fifolock_unlock_n(&lock, S, 10), 0);
	ended = counted(&stats, S).held_ns;
	cr_assert_geq(ended, one + 10000000);
	until_ns(1000000);
	cr_assert_leq(ended, 10 * (until_ticks(1) - from));
	cr_assert_eq(counted(&stats, S).held_ns, ended, "none lasts");
	cr_assert_eq(counted(&stats, X).held_ns, 0);
}

static void nothing(void *arg)
{
	(void)arg;
}

Test(stats, count_requests_and_sections, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	fifolock_request_t held, called, left;
	fifolock_section_t later;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_run(&lock, X, nothing, NULL), 0);
	counts_are(&stats, X, 1, 1, 0, 0);
	cr_assert_eq(fifolock_run_async(&lock, S, &later, nothing, NULL, NULL, NULL), 0);
	counts_are(&stats, S, 1, 1, 0, 0);
	cr_assert_eq(requests(&lock, X, 1, &held), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &called, gives_back, &lock),
		     EINPROGRESS);
	cr_assert_eq(fifolock_run_async(&lock, X, &later, nothing, NULL, NULL, NULL),
		     EINPROGRESS);
	cr_assert_eq(requests(&lock, X, 1, &left), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&left), 0);
	counts_are(&stats, X, 2, 2, 0, 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	counts_are(&stats, X, 4, 4, 2, 0);
	refusals_are(&stats, X, 0, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(stats, count_conversions_as_holds_of_what_they_convert_to, .description = "counts")
{
	static const struct timespec past = {0, 1};
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct puppet waiter;

	counts_as(&stats, &fifolock_update_modes);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(fifolock_convert(&lock, U, X), 0);
	counts_are(&stats, U, 1, 1, 0, 0);
	counts_are(&stats, X, 1, 1, 0, 1);
	cr_assert_eq(fifolock_tryconvert(&lock, X, U), 0);
	counts_are(&stats, U, 2, 2, 0, 1);
	counts_are(&stats, X, 1, 1, 0, 0);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_tryconvert(&lock, U, X), EBUSY);
	cr_assert_eq(fifolock_timedconvert(&lock, U, X, &past), ETIMEDOUT);
	refusals_are(&stats, X, 1, 1);
	lines_up(&waiter, &lock, CONVERTS, U, X);
	counts_are(&stats, U, 2, 2, 0, 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(answer(&waiter), 0);
	counts_are(&stats, U, 2, 2, 0, 0);
	counts_are(&stats, X, 2, 2, 1, 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	counts_are(&stats, X, 2, 2, 1, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(stats, count_the_hold_that_is_taken_again_after_a_condition, .description = "counts")
{
	static const struct timespec past = {0, 1};
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	fifolock_cond_t cond = FIFOLOCK_COND_INIT;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_cond_timedwait(&cond, &lock, X, &past), ETIMEDOUT);
	cr_assert_eq(counted(&stats, X).held, 1);
	cr_assert_eq(counted(&stats, X).taken, 2);
	cr_assert_eq(counted(&stats, X).grants, 2);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(counted(&stats, X).held, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(stats, of_several_locks_are_counted_together, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t locks[3];

	counts_as(&stats, NULL);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(fifolock_init(&locks[i], &stats.modes), 0);
		cr_assert_eq(fifolock_lock(&locks[i], X), 0);
		cr_assert_eq(fifolock_trylock(&locks[i], X), EBUSY);
	}
	counts_are(&stats, X, 3, 3, 0, 3);
	refusals_are(&stats, X, 3, 0);
}

enum { TURNS = 64 };

static unsigned turns; /* atomic: how often the other thread has held */

static void *holds_until_one_waits(void *arg)
{
	fifolock_t *lock = arg;

	for (unsigned i = 0; i < TURNS; i++) {
		quick_check(fifolock_lock(lock, X) == 0, "lock");
		__atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
		while (fifolock_waiting(lock) == 0)
			sched_yield();
		quick_check(fifolock_unlock(lock, X) == 0, "unlock");
	}
	return NULL;
}

Test(stats, of_wait_after_wait_need_no_more_slots, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	uint32_t made = fl_slots_made();
	pthread_t other;

	counts_as(&stats, NULL);
	pthread_create(&other, NULL, holds_until_one_waits, &lock);
	for (unsigned i = 1; i <= TURNS; i++) {
		while (__atomic_load_n(&turns, __ATOMIC_ACQUIRE) < i)
			sched_yield();
		cr_assert_eq(fifolock_lock(&lock, X), 0);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	}
	pthread_join(other, NULL);
	cr_assert_leq(fl_slots_made() - made, 4u);
	is_free(&lock);
}
