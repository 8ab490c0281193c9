/* SPDX-License-Identifier: MIT
 *
 * ticks.h - a clock cheap enough to be read around each acquire: the processor's
 * counter where the kernel trusts it, else CLOCK_MONOTONIC.
 */
#ifndef BENCHMARKS_TICKS_H
#define BENCHMARKS_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Set by ticks_calibrate(), which comes first and before any other thread. */
extern bool ticks_counted;
extern double ticks_length; /* ns per tick */
void ticks_calibrate(void);

/* ns on CLOCK_MONOTONIC and friends. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The counter, read after everything before it has been done. */
static inline uint64_t ticks_counter(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
#else
	return 0;
#endif
}

static inline uint64_t ticks_now(void)
{
	return ticks_counted ? ticks_counter() : clock_ns(CLOCK_MONOTONIC);
}

/* Never negative: counters of two processors may be a few ticks apart. */
static inline uint64_t ticks_ns(uint64_t from, uint64_t to)
{
	return to > from ? (uint64_t)((double)(to - from) * ticks_length) : 0;
}

/* The tick that comes so long after that one. */
static inline uint64_t ticks_later(uint64_t from, double ns)
{
	return from + (uint64_t)(ns / ticks_length);
}

#endif
