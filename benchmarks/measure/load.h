/* SPDX-License-Identifier: MIT
 *
 * load.h - locks of one kind under one load: so many threads that take one of them, work,
 * give it back, and work outside; or, in an open loop, come at times of their own.
 */
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include "locks/contenders.h"
#include "outcome.h"

#include <stdint.h>

struct load {
	unsigned threads;
	unsigned processors;
	unsigned shared_percent;
	unsigned instances;	/* how many locks; each operation takes one at random */
	uint64_t section_turns; /* work inside */
	uint64_t
		think_turns; /* work outside, on average; in an open loop there is none */
	double arrivals;     /* per second, all threads together; 0: a closed loop */
	double seconds;	     /* of which the first fifth is not counted */
	unsigned seed;	     /* of the dice */
	bool pinned;	     /* thread i to processor i, and around again */
};

/* Run it.  0, or the errno for which the threads could not be started.  Ends the program
 * if the lock let in a thread that it should have kept out. */
int load_run(const struct load *load, const struct contender *row,
	     struct outcome *outcome);

#endif
