/* SPDX-License-Identifier: MIT
 *
 * dice.h - random numbers that cost next to nothing: xorshift64* (Vigna, 2014).
 */
#ifndef BENCHMARKS_DICE_H
#define BENCHMARKS_DICE_H

#include <stdint.h>

/* The state, never 0.  The upper half of the result is the better one. */
static inline uint64_t dice_roll(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(0x2545F4914F6CDD1D);
}

/* A state for each number. */
static inline uint64_t dice_state(uint64_t number)
{
	return (number + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

/* Below count, from the upper half of a roll. */
static inline uint32_t dice_below(uint64_t roll, uint32_t count)
{
	return (uint32_t)((roll >> 32) * count >> 32);
}

#endif
