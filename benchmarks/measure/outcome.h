/* SPDX-License-Identifier: MIT
 *
 * outcome.h - what one run of one lock under one load has shown: how it is taken, put together over
 * rounds, and written.
 */
#ifndef BENCHMARKS_OUTCOME_H
#define BENCHMARKS_OUTCOME_H

#include "histogram.h"

#include <stddef.h>
#include <stdint.h>

enum figure {
	RATE, /* operations per second, all threads together; of what follows, NAN is what
		   was not measured, as none ended, or none whose wait was timed */
	VERSUS, /* RATE over that of the reference in the same round; filled in by the caller */
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

struct outcome {
	double figures[FIGURES];
	double waits[PERCENTILES]; /* ns */
	double *shares;		   /* of each thread, their sum is 1; free() it */
};

/* Where all threads were at one time. */
struct moment {
	double wall; /* ns */
	double cpu;
	uint64_t *operations;
};

/* Threads count operations, atomically, in the counters that lie stride bytes apart: write them
 * to into[]. */
struct moment moment_take(const uint64_t *counter, size_t stride, unsigned threads,
			  uint64_t *into);

/* Sleep. */
void moment_pass(double seconds);

/* The rate and all that compares threads; there is room for the shares. */
void outcome_between(struct outcome *outcome, unsigned threads, const struct moment *from,
		     const struct moment *to);

/* All that is about waits. */
void outcome_waits(struct outcome *outcome, const struct histogram *waits);

/* Of one lock, over the rounds. */
struct summary {
	double middle[FIGURES];
	double spread; /* of the rates, from least to most, over their median */
};

struct summary outcome_summary(const struct outcome *rounds, unsigned count);

/* In the file: figures, percentiles and shares of the result that is open.  Versus is what VERSUS
 * is called. */
void outcome_report(const struct outcome *outcome, unsigned threads, const char *versus);

#endif
