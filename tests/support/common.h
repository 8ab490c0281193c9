/* SPDX-License-Identifier: MIT
 *
 * common.h - what tests of real threads have in common: short names, a check that costs
 * nothing while it holds, a lock that is done with, and moments to wait for.
 */
#ifndef COMMON_H
#define COMMON_H

#include "test.h"
#include <fifolock/request.h>

#define HOUR INT64_C(3600000000000)

/* The presets' modes. */
enum {
	X = FIFOLOCK_EXCLUSIVE,
	S = FIFOLOCK_SHARED,
	U = FIFOLOCK_UPDATE,
	IS = FIFOLOCK_INTENT_SHARED,
	IX = FIFOLOCK_INTENT_EXCLUSIVE,
	SIX = FIFOLOCK_SHARED_INTENT_EXCLUSIVE,
};

/* Criterion reports assertions that hold, too, which takes microseconds. */
#define quick_check(ok, ...)                        \
	do {                                        \
		if (!(ok))                          \
			cr_assert(ok, __VA_ARGS__); \
	} while (0)

/* A table like modes (NULL: shared/exclusive) whose holds belong to no thread: one may give back
 * what another took, and ask beside it, also in the debug build. */
static inline fifolock_modes_t unowned(const fifolock_modes_t *modes)
{
	fifolock_modes_t copy = modes ? *modes : fifolock_shared_exclusive_modes;

	quick_check(fifolock_modes_owner_checked(&copy, false) == 0, "unowned");
	return copy;
}

static inline struct timespec in_an_hour(void)
{
	return test_in_ns(CLOCK_MONOTONIC, HOUR);
}

static inline int requests(fifolock_t *lock, unsigned mode, uint32_t n,
			   fifolock_request_t *request)
{
	return fifolock_request(lock, mode, n, request, NULL, NULL);
}

/* No thread holds or waits, and none will. */
static inline void is_free(fifolock_t *lock)
{
	quick_check(fifolock_holds(lock, X) == 0, "X held");
	quick_check(fifolock_holds(lock, S) == 0, "S held");
	quick_check(fifolock_waiting(lock) == 0, "in line");
	quick_check(fifolock_destroy(lock) == 0, "destroy");
}

/* Stays awake, to be there at that moment and not after it. */
static inline void until_moment(const struct timespec *moment)
{
	struct timespec at;

	do
		at = test_in_ns(CLOCK_MONOTONIC, 0);
	while (at.tv_sec < moment->tv_sec ||
	       (at.tv_sec == moment->tv_sec && at.tv_nsec < moment->tv_nsec));
}

/* The clock that ages are told by. */
static inline uint64_t tick(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

static inline uint64_t until_ticks(unsigned count)
{
	uint64_t last = tick();

	while (count) {
		uint64_t at = tick();

		count -= at != last;
		last = at;
		sched_yield();
	}
	return last;
}

#endif
