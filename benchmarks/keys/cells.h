/* SPDX-License-Identifier: MIT
 *
 * cells.h - locks side by side under one load, over rounds: run, put in the file, and printed as a
 * row for each lock.
 */
#ifndef BENCHMARKS_KEYS_CELLS_H
#define BENCHMARKS_KEYS_CELLS_H

#include "load.h"
#include "options.h"

struct cells {
	const struct options *options;
	enum test test;
	const char *name; /* of the test in the file */
	struct key_load load;
	/* Put the members that name the load in the file, but lock and threads. */
	void (*report)(const struct cells *cells, const void *ctx);
	const void *ctx;
};

/* The titles of the columns; then, for each number of threads, all locks. */
void cells_print_titles(const struct options *options);
void cells_run(struct cells *cells);

/* What a run of all of them is planned to take, s, and what the columns are. */
double cells_seconds(const struct options *options, enum test test);
void cells_print_method(const struct options *options);

#endif
