/* SPDX-License-Identifier: MIT
 *
 * clock.h - times of CLOCK_MONOTONIC.
 */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* In nanoseconds. */
static inline uint64_t fl_now(void)
{
	struct timespec at = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

/* Is it a time, or none? */
static inline bool fl_is_deadline(const struct timespec *at)
{
	return !at || (at->tv_nsec >= 0 && at->tv_nsec < 1000000000);
}

#endif
