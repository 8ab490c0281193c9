/* SPDX-License-Identifier: MIT
 *
 * ranksum.h - is the difference between two samples more than chance?
 *
 * The rank-sum test (Mann, Whitney: On a test of whether one of two random variables is
 * stochastically larger than the other, Ann. Math. Statist. 18, 1947, 50-60) asks only
 * which values are larger, so that it needs no idea of how times are distributed, and one
 * round that went wrong changes little.  With many questions asked at once some answers
 * are wrong by chance; false_discovery() bounds their share (Benjamini, Hochberg:
 * Controlling the false discovery rate, J. R. Statist. Soc. B 57, 1995, 289-300).
 */
#ifndef BENCHMARKS_RANKSUM_H
#define BENCHMARKS_RANKSUM_H

/* How probable it is, if all values come from one source, that the samples differ as much
 * as these or more, in either direction.  Exact for up to 60 values together, with ties,
 * too; above by the normal distribution. */
double rank_sum_p(const double a[], unsigned na, const double b[], unsigned nb);

/* The least that rank_sum_p() can say of samples that large. */
double rank_sum_least(unsigned na, unsigned nb);

/* Make probabilities into the shares of false answers to be expected if all that are at
 * most as large are taken for true. */
void false_discovery(double *p[], unsigned count);

#endif
