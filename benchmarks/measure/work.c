/* SPDX-License-Identifier: MIT
 *
 * work.c - how long a turn of the busy work is.
 */
#include "work.h"
#include "ticks.h"

#define TURNS 100000
#define TRIES 50

/* The shortest of many tries: whatever disturbs only makes them longer. */
static double measure_turn(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = ticks_now();
		uint64_t ns;

		work(TURNS);
		ns = ticks_ns(before, ticks_now());
		if (ns < least)
			least = ns;
	}
	return least ? (double)least / TURNS : 1.0 / TURNS;
}

uint64_t work_turns(double ns)
{
	static double turn_ns;

	if (turn_ns == 0)
		turn_ns = measure_turn();
	return (uint64_t)(ns / turn_ns + 0.5);
}
