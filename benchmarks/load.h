/* SPDX-License-Identifier: MIT
 *
 * load.h - one lock under one load: so many threads that take it, work, give it
 * back, and work outside.
 */
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include "contenders.h"

#include <stdint.h>

struct load {
	unsigned threads;
	unsigned processors;
	unsigned shared_percent;
	uint64_t section_turns; /* work inside */
	uint64_t think_turns;	/* work outside, on average */
	double seconds;		/* of which the first fifth is not counted */
};

enum figure {
	RATE,	/* operations per second, all threads together */
	VERSUS, /* RATE over that of the mutex in the same round; filled in by the caller */
	WAIT_P50, /* ns from asking to having */
	WAIT_P99,
	WAIT_P999,
	WAIT_WORST,
	CPU,	  /* ns of all processors per operation */
	FAIRNESS, /* Jain's index of the threads' shares: 1 all equal, 1/n one has all */
	FIGURES,
};

/* Run it.  0, or the errno for which the threads could not be started.  Ends the program
 * if the lock let in whom it should not have. */
int load_run(const struct load *load, const struct contender *row,
	     double figures[FIGURES]);

#endif
