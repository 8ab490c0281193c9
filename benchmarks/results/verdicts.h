/* SPDX-License-Identifier: MIT
 *
 * verdicts.h - cells that are in two files, and whether their figures differ.
 *
 * A figure has changed if both are so: the rank-sum test over the rounds says that it is
 * more than noise, with at most one false answer in twenty of all that say so; and its
 * median moved by a least effect.  The latter because noise is not all there is: the
 * order in which a program is linked moves its speed by some percent (Mytkowicz et al.:
 * Producing wrong data without doing anything obviously wrong, ASPLOS 2009), and all
 * rounds of a run share that.  Below four rounds on each side even samples that are wholly
 * apart happen by chance once in ten times or more, and nothing can be told.
 */
#ifndef BENCHMARKS_VERDICTS_H
#define BENCHMARKS_VERDICTS_H

#include "results.h"

#define LEAST_EFFECT 5.0 /* percent, if nothing else is asked for */

/* In the order in which they are shown. */
enum verdict {
	WORSE,
	BETTER,
	DIFFERENT, /* who knows whether more of it is better */
	PERHAPS,   /* wholly apart, but too few rounds for that many questions */
	UNCHANGED,
	TOO_FEW, /* rounds to tell */
	VERDICTS,
};

struct comparison {
	const struct cell *cell; /* in a */
	const char *figure;
	double a, b; /* medians */
	unsigned rounds_a, rounds_b;
	double p; /* that it is noise; of all that are at most that, the share that is */
	bool apart; /* no pair of samples of that size could differ more */
	enum verdict verdict;
};

struct comparisons {
	struct comparison *at; /* those of one verdict together, the largest first */
	unsigned count;
	unsigned counts[VERDICTS];
	unsigned tested; /* those with rounds enough */
};

/* All cells that are in both.  Of which figures: one; "all"; or NULL for each test's first
 * and wait_p99_ns. */
struct comparisons compare_cells(const struct results *a, const struct results *b,
				 const char *figure, double least_percent);
void comparisons_free(struct comparisons *all);

/* b / a; 1 if both are 0. */
double comparison_ratio(const struct comparison *comparison);

/* Rounds on each side that would make the least change certain among that many. */
unsigned rounds_for(unsigned tested);

#endif
