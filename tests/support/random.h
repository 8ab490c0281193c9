/* SPDX-License-Identifier: MIT
 *
 * random.h - numbers that look random and repeat by their seed.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* splitmix64: any state will do, also small seeds. */
static inline uint64_t oracle_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 <= result < bound */
static inline uint32_t oracle_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(oracle_random(state) % bound);
}

#endif
