/* SPDX-License-Identifier: MIT
 *
 * stats_read.c - what is read of a table that counts is the truth of one moment,
 * however late a thread comes to look, whatever goes on beside it, however much it is.
 */
#define _GNU_SOURCE
#include "counts.h"
#include "waiters.h"
#include <fifolock/cond.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- nothing that is refused changes anything ---- */

static bool same(const fifolock_stats_t *stats, const struct fifolock_counts before[3])
{
	for (unsigned mode = 0; mode < 3; mode++) {
		struct fifolock_counts now = counted(stats, mode);

		if (memcmp(&now, &before[mode], sizeof(now)) != 0)
			return false;
	}
	return true;
}

#define changes_nothing(call, error)                                                 \
	do {                                                                         \
		struct fifolock_counts before_[3] = {                                \
			counted(&stats, 0), counted(&stats, 1), counted(&stats, 2)}; \
		cr_assert_eq(call, error);                                           \
		cr_assert(same(&stats, before_), "%s has changed counts", #call);    \
	} while (0)

Test(stats_moment, is_not_changed_by_what_is_refused, .description = "counts")
{
	static const struct timespec odd = {0, -1};
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	fifolock_cond_t cond = FIFOLOCK_COND_INIT;
	fifolock_request_t request;

	counts_as(&stats, &fifolock_update_modes);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	for (unsigned i = 0; i < 100; i++)
		changes_nothing(fifolock_unlock(&lock, S), EPERM);
	changes_nothing(fifolock_unlock_n(&lock, S, 7), EPERM);
	changes_nothing(fifolock_convert(&lock, U, X), EPERM);
	changes_nothing(fifolock_tryconvert(&lock, U, S), EPERM);
	changes_nothing(fifolock_bump(&lock, S), EPERM);
	changes_nothing(fifolock_cond_wait(&cond, &lock, X), EPERM);
	changes_nothing(fifolock_lock(&lock, 3), EINVAL);
	changes_nothing(fifolock_lock_n(&lock, U, 2), ERANGE);
	changes_nothing(fifolock_timedlock(&lock, X, &odd), EINVAL);
	changes_nothing(fifolock_request(&lock, X, 0, &request, NULL, NULL), ERANGE);
	changes_nothing(fifolock_run(&lock, X, NULL, NULL), EINVAL);
	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), EPERM);
	counts_are(&stats, S, 2, 1, 0, 2);
	refusals_are(&stats, S, 0, 0);
}

/* No thread scans any more: the next that gives back does. */
static void settles(const fifolock_t *lock)
{
	while (__atomic_load_n(&lock->word, __ATOMIC_ACQUIRE) & UINT64_C(1) << 62)
		sched_yield();
}

/* ---- a hold begins with its grant, however late its thread comes to look ---- */

static uint64_t ns_now(void)
{
	struct timespec at = test_in_ns(CLOCK_MONOTONIC, 0);

	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

/* Granted at a moment between two; no thread has looked yet, and then one does. */
struct late {
	fifolock_t lock;
	uint64_t from, to;
};

static void begins_late(struct late *late, fifolock_stats_t *stats)
{
	counts_as(stats, NULL);
	fifolock_init(&late->lock, &stats->modes);
	cr_assert_eq(fifolock_lock(&late->lock, X), 0);
	late->from = ns_now();
}

static void grants(struct late *late, const fifolock_stats_t *stats)
{
	struct fifolock_counts counts;

	until_ticks(1);
	cr_assert_eq(fifolock_unlock(&late->lock, X), 0);
	late->to = ns_now();
	counts_are(stats, S, 2, 1, 1, 2);
	counts = counted(stats, S);
	cr_assert_leq(counts.wait_ns, late->to - late->from);
	cr_assert_eq(counts.wait_ns, counts.wait_max_ns);
	until_ticks(2);
}

static void ends_late(struct late *late, const fifolock_stats_t *stats)
{
	uint64_t granted = late->to, wait = counted(stats, S).wait_ns;

	counts_are(stats, S, 2, 1, 1, 2);
	cr_assert_geq(counted(stats, S).held_ns, 2 * (ns_now() - granted) / 2);
	cr_assert_eq(fifolock_unlock_n(&late->lock, S, 2), 0);
	cr_assert_geq(counted(stats, S).held_ns, ns_now() - granted);
	cr_assert_eq(counted(stats, S).wait_ns, wait);
	cr_assert_eq(fifolock_destroy(&late->lock), 0);
}

Test(stats_moment, of_a_grant_is_not_when_it_is_polled, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_request_t request;
	struct late late;

	begins_late(&late, &stats);
	cr_assert_eq(requests(&late.lock, S, 2, &request), EINPROGRESS);
	grants(&late, &stats);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	ends_late(&late, &stats);
}

Test(stats_moment, of_a_grant_is_not_when_it_is_waited_for, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_request_t request;
	struct late late;

	begins_late(&late, &stats);
	cr_assert_eq(requests(&late.lock, S, 2, &request), EINPROGRESS);
	grants(&late, &stats);
	cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	ends_late(&late, &stats);
	cr_assert_eq(counted(&stats, S).cancelled, 0);
}

Test(stats_moment, of_a_grant_is_not_when_its_eventfd_is_read, .description = "counts")
{
	static fifolock_stats_t stats;
	int fd = eventfd(0, EFD_NONBLOCK);
	fifolock_request_t request;
	struct late late;

	begins_late(&late, &stats);
	cr_assert_eq(fifolock_request(&late.lock, S, 2, &request, fifolock_done_eventfd,
				      (void *)(intptr_t)fd),
		     EINPROGRESS);
	grants(&late, &stats);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	ends_late(&late, &stats);
	close(fd);
}

/* The thread may be asleep still: that does not matter. */
Test(stats_moment, of_a_grant_is_not_when_its_thread_wakes_up, .description = "counts")
{
	static fifolock_stats_t stats;
	struct puppet waiter;
	struct late late;

	begins_late(&late, &stats);
	lines_up(&waiter, &late.lock, ASKS, S, 2);
	settles(&late.lock);
	grants(&late, &stats);
	cr_assert_eq(answer(&waiter), 0);
	ends_late(&late, &stats);
}

Test(stats_moment, of_a_conversion_is_that_of_its_grant, .description = "counts")
{
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct puppet waiter;

	counts_as(&stats, &fifolock_update_modes);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	lines_up(&waiter, &lock, CONVERTS, U, X);
	settles(&lock);
	counts_are(&stats, U, 1, 1, 0, 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	counts_are(&stats, U, 1, 1, 0, 0);
	counts_are(&stats, X, 1, 1, 1, 1);
	cr_assert_eq(answer(&waiter), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	counts_are(&stats, X, 1, 1, 1, 0);
}

/* ---- every request ends as one of five ---- */

Test(stats_moment, has_each_request_end_as_one_of_five, .description = "counts")
{
	static const struct timespec past = {0, 1};
	static fifolock_stats_t stats;
	fifolock_t lock = FIFOLOCK_INIT(&stats.modes);
	struct fifolock_counts counts;
	fifolock_request_t first, second;
	struct puppet waiter;

	counts_as(&stats, NULL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(requests(&lock, S, 1, &first), EINPROGRESS);
	cr_assert_eq(requests(&lock, S, 1, &second), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&first), 0);
	lines_up(&waiter, &lock, ASKS, S, 1);
	cr_assert_eq(fifolock_timedlock(&lock, S, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_request_wait(&second, &past), ETIMEDOUT, "in line still");
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(answer(&waiter), ECANCELED);
	cr_assert_eq(fifolock_request_poll(&second), ECANCELED);
	cr_assert_eq(fifolock_lock(&lock, S), ECANCELED);
	counts = counted(&stats, S);
	cr_assert_eq(counts.grants, 0);
	cr_assert_eq(counts.refused, 2);
	cr_assert_eq(counts.cancelled, 1);
	cr_assert_eq(counts.turned_away, 2);
	cr_assert_eq(counts.timed_out, 1);
}

/* ---- more than 64 bits of nanoseconds ---- */

#define MANY 100

Test(stats_moment, stays_at_the_most_that_can_be_said, .description = "counts")
{
	static fifolock_t locks[MANY];
	static fifolock_modes_t bytes;
	static fifolock_stats_t stats;
	uint64_t from = ns_now();

	cr_assert_eq(fifolock_modes_semaphore(&bytes, UINT32_MAX), 0);
	counts_as(&stats, &bytes);
	for (unsigned i = 0; i < MANY; i++) {
		fifolock_init(&locks[i], &stats.modes);
		cr_assert_eq(fifolock_lock_n(&locks[i], 0, UINT32_MAX), 0);
	}
	/* 4.3e9 units of a hundred locks: 2^64 after 43 ms. */
	while (counted(&stats, 0).held_ns != UINT64_MAX)
		cr_assert_lt(ns_now() - from, 2000000000, "it has wrapped");
	counts_are(&stats, 0, MANY * (uint64_t)UINT32_MAX, MANY, 0,
		   MANY * (uint64_t)UINT32_MAX);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_unlock_n(&locks[i], 0, UINT32_MAX), 0);
	counts_are(&stats, 0, MANY * (uint64_t)UINT32_MAX, MANY, 0, 0);
	cr_assert_eq(counted(&stats, 0).held_ns, UINT64_MAX);
}

/* A copy of the table counts where the table does. */
Test(stats_moment, is_read_of_copies_of_the_table, .description = "counts")
{
	static fifolock_stats_t stats;
	struct {
		fifolock_modes_t modes;
		uint64_t behind[4];
	} copy;
	fifolock_t lock = FIFOLOCK_INIT(&copy.modes);

	counts_as(&stats, NULL);
	memset(&copy, 0x5a, sizeof(copy));
	copy.modes = stats.modes;
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	counts_are(&stats, S, 1, 1, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(copy.behind[i], UINT64_C(0x5a5a5a5a5a5a5a5a));
}

/* ---- beside traffic ---- */

#define CROWD 3

struct crowd {
	fifolock_t lock;
	bool over;	   /* atomic */
	uint64_t asked[2]; /* atomic, of X and S */
};

static void asked(struct crowd *crowd, unsigned mode)
{
	__atomic_add_fetch(&crowd->asked[mode], 1, __ATOMIC_RELAXED);
}

static void polls(struct crowd *crowd)
{
	fifolock_request_t request;
	int rc = requests(&crowd->lock, S, 1, &request);

	asked(crowd, S);
	if (rc == EINPROGRESS && fifolock_request_cancel(&request) == 0)
		return;
	if (rc == EINPROGRESS)
		rc = fifolock_request_wait(&request, NULL);
	if (rc == 0)
		fifolock_unlock(&crowd->lock, S);
}

static void *comes_and_goes(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i = 0; !__atomic_load_n(&crowd->over, __ATOMIC_RELAXED); i++) {
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 1000);
		unsigned mode = i % 2 ? X : S;
		int rc = i % 3	 ? fifolock_lock(&crowd->lock, mode)
			 : i % 4 ? fifolock_timedlock(&crowd->lock, mode, &soon)
				 : fifolock_trylock(&crowd->lock, mode);

		asked(crowd, mode);
		if (rc == 0)
			fifolock_unlock(&crowd->lock, mode);
		polls(crowd);
	}
	return NULL;
}

static bool may_be(const struct fifolock_counts *now, const struct fifolock_counts *then,
		   uint64_t lasted)
{
	return now->waited <= now->grants && now->grants <= now->taken &&
	       now->held <= now->taken && now->held <= CROWD &&
	       now->wait_max_ns <= now->wait_ns && sum_of_waits(now) == now->waited &&
	       now->held_ns <= CROWD * lasted && now->taken >= then->taken &&
	       now->waited >= then->waited && now->refused >= then->refused &&
	       now->timed_out >= then->timed_out && now->cancelled >= then->cancelled &&
	       now->wait_ns >= then->wait_ns && now->held_ns >= then->held_ns;
}

static void reads(const fifolock_stats_t *stats, unsigned mode,
		  struct fifolock_counts *then, uint64_t from)
{
	struct fifolock_counts now;
	int rc = fifolock_stats_read(stats, mode, &now);

	quick_check(rc == 0 || rc == EAGAIN, "stats_read: %d", rc);
	if (rc == 0) {
		quick_check(may_be(&now, then, ns_now() - from),
			    "mode %u: held %lu, held_ns %lu after %lu", mode,
			    (unsigned long)now.held, (unsigned long)now.held_ns,
			    (unsigned long)then->held_ns);
		*then = now;
	}
}

static void adds_up(const struct fifolock_counts *counts, uint64_t asked)
{
	cr_assert_eq(counts->grants + counts->refused + counts->timed_out +
			     counts->turned_away + counts->cancelled,
		     asked);
	cr_assert_eq(counts->held, 0);
}

Test(stats_moment, is_one_of_the_call_whatever_goes_on, .description = "counts")
{
	static fifolock_stats_t stats;
	struct crowd crowd = {.lock = FIFOLOCK_INIT(&stats.modes)};
	struct fifolock_counts then[2] = {{0}};
	pthread_t threads[CROWD];
	uint64_t from = ns_now();

	counts_as(&stats, NULL);
	for (unsigned i = 0; i < CROWD; i++)
		pthread_create(&threads[i], NULL, comes_and_goes, &crowd);
	for (uint64_t i = 0; i < test_scaled(20000); i++)
		reads(&stats, i % 2, &then[i % 2], from);
	__atomic_store_n(&crowd.over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	for (unsigned mode = 0; mode < 2; mode++) {
		then[mode] = counted(&stats, mode);
		adds_up(&then[mode], crowd.asked[mode]);
	}
	cr_assert_eq(fifolock_destroy(&crowd.lock), 0);
}
