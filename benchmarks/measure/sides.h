/* SPDX-License-Identifier: MIT
 *
 * sides.h - locks side by side under one load, over rounds: run, compared, and printed as a row for
 * each lock.
 *
 * The locks take turns within each round, so that whatever changes on the machine meets
 * all of them.  Ratios are taken within a round, medians over the rounds.
 */
#ifndef BENCHMARKS_SIDES_H
#define BENCHMARKS_SIDES_H

#include "outcome.h"

#include <stdbool.h>

#define SIDES 64

struct side {
	const char *name;
	bool ours;
	bool overlaps; /* it is no lock, and never the best */
	const void *row;
};

struct sides {
	unsigned threads, rounds;
	unsigned count;
	struct side locks[SIDES];
	int width;	       /* of the names' column */
	const char *reference; /* with what the others are compared; NULL: with none */
	const char *versus;    /* that column's title */
	bool after;	       /* is there a column for AFTER_P99? */
	/* Run one for one round: 0, or the errno for which it could not be. */
	int (*run)(void *ctx, const struct side *lock, unsigned round,
		   struct outcome *outcome);
	/* Put the result in the file. */
	void (*report)(void *ctx, const struct side *lock, unsigned round,
		       const struct outcome *outcome);
	void *ctx;
};

/* The titles of the columns. */
void sides_print_titles(const struct sides *sides);
void sides_run(const struct sides *sides);

#endif
