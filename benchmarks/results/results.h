/* SPDX-License-Identifier: MIT
 *
 * results.h - what runs of the benchmark have written, read back: one cell for each
 * lock under each load, with all its rounds.
 */
#ifndef BENCHMARKS_RESULTS_H
#define BENCHMARKS_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Rounds of all runs together: whatever is asked for is the same in them. */
struct cell {
	json_t *identity; /* of a result, the members that are the same in each round */
	json_t *rounds;	  /* results as they were read */
};

/* All zero: none.  Cells are in the order of their first results. */
struct results {
	json_t *runs;
	json_t *absent;
	json_t *index; /* identity as text: number of the cell */
	struct cell *cells;
	size_t count;
};

/* Add those of a file.  False: it could not be read; the user has been told why. */
bool results_read(struct results *results, const char *file);
void results_free(struct results *results);

/* The cell of that identity, or NULL. */
const struct cell *results_find(const struct results *results, const json_t *identity);

/* A member of the identity that is a string; "" if there is none. */
const char *cell_text(const struct cell *cell, const char *member);

/* Some values, smallest first; may be none. */
struct sample {
	unsigned count;
	double *at;
};

/* That figure in all rounds that have it. */
struct sample cell_sample(const struct cell *cell, const char *figure);

/* That percentile of the wait in all rounds that have it. */
struct sample cell_percentile(const struct cell *cell, double percent);

/* The threads' shares, the smallest first: of each rank the median over the rounds. */
struct sample cell_shares(const struct cell *cell);
void sample_free(struct sample *sample);

#endif
