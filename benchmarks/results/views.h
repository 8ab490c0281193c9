/* SPDX-License-Identifier: MIT
 *
 * views.h - results sorted by what belongs in one picture: the same load, but for what the
 * picture shows.
 */
#ifndef BENCHMARKS_VIEWS_H
#define BENCHMARKS_VIEWS_H

#include "results.h"

struct view {
	json_t *load; /* what is the same in all of its cells */
	const struct cell **cells;
	size_t count;
};

struct views {
	struct view *at;
	size_t count;
};

/* Cells of a test, those together that differ only in their locks and in that member. */
struct views views_of(const struct results *results, const char *test,
		      const char *member);
void views_free(struct views *views);

/* A member of the identity as a number, -1 if it is none. */
double cell_number(const struct cell *cell, const char *member);

/* The load in words: "90 % shared, 50 ns inside, 50 ns between". */
char *load_words(const json_t *load);

/* What tells the load from those of the other views, fit for the name of a file:
 * "-90", "-90-section_ns-1000". */
char *load_suffix(const struct views *views, const json_t *load);

#endif
