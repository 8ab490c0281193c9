/* SPDX-License-Identifier: MIT
 *
 * load.h - locks of one kind under one load: so many threads that take one of them, work,
 * give it back, and work outside; or, in an open loop, come at times of their own.
 */
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include "locks/contenders.h"

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

enum figure {
	RATE, /* operations per second, all threads together; of what follows, NAN is what
		   was not measured, as none ended, or none whose wait was timed */
	VERSUS, /* RATE over that of the mutex in the same round; filled in by the caller */
	WAIT_P50, /* ns from asking (open loop: from the intended arrival) to having */
	WAIT_P99,
	WAIT_P999,
	WAIT_WORST,
	CPU,	  /* ns of all processors per operation */
	FAIRNESS, /* Jain's index of the threads' shares: 1 all equal, 1/n one has all */
	AFTER_P50, /* ns from the end of a section to the return of the call that had it run;
		    * NAN where sections are not run by calls */
	AFTER_P99,
	FIGURES,
};

enum percentile { P50, P90, P99, P999, P9999, P100, PERCENTILES };
extern const double percentiles[PERCENTILES]; /* percent */

struct outcome {
	double figures[FIGURES];
	double waits[PERCENTILES]; /* ns */
	double *shares;		   /* of each thread, their sum is 1; free() it */
};

/* Run it.  0, or the errno for which the threads could not be started.  Ends the program
 * if the lock let in whom it should not have. */
int load_run(const struct load *load, const struct contender *row,
	     struct outcome *outcome);

#endif
