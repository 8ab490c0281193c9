/* SPDX-License-Identifier: MIT
 *
 * floors.h - the least that a lock could cost on this machine.
 */
#ifndef BENCHMARKS_FLOORS_H
#define BENCHMARKS_FLOORS_H

struct floor {
	const char *name;
	const char *what;
	/* ns per operation, median over about so many seconds; 0 where it cannot be
	 * measured: too few processors, or threads may not be pinned.  Needs ticks. */
	double (*measure)(double seconds);
};

/* The first of them, n times: the least that a lock and an unlock could be. */
void two_atomics(void *word, unsigned long n);

/* Floor number i, NULL past the last. */
const struct floor *floor_at(unsigned i);

#endif
