/* SPDX-License-Identifier: MIT
 *
 * ranksum.c - is the difference between two samples more than chance?
 */
#include "ranksum.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

#define MOST_EXACT 60 /* values */

struct value {
	double at;
	unsigned in_a;
	unsigned rank; /* twice its rank, so that a shared rank is whole, too */
};

static int by_value(const void *a, const void *b)
{
	double x = ((const struct value *)a)->at, y = ((const struct value *)b)->at;

	return (x > y) - (x < y);
}

/* Equal values share their ranks. */
static void rank(struct value *values, unsigned count)
{
	unsigned end;

	qsort(values, count, sizeof(values[0]), by_value);
	for (unsigned i = 0; i < count; i = end) {
		for (end = i; end < count && values[end].at == values[i].at; end++)
			;
		for (unsigned j = i; j < end; j++)
			values[j].rank = i + end + 1;
	}
}

static struct value *ranked(const double a[], unsigned na, const double b[], unsigned nb)
{
	struct value *values = calloc(na + nb, sizeof(*values));

	if (!values)
		errx(1, "out of memory");
	for (unsigned i = 0; i < na + nb; i++)
		values[i] = (struct value){.at = i < na ? a[i] : b[i - na], i < na};
	rank(values, na + nb);
	return values;
}

static unsigned sum_of_a(const struct value *values, unsigned count)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += values[i].in_a ? values[i].rank : 0;
	return sum;
}

/* ways[k][s]: in how many ways k of the values have the sum of ranks s. */
static double *count_ways(const struct value *values, unsigned count, unsigned most,
			  unsigned sums)
{
	double *ways = calloc((size_t)(most + 1) * sums, sizeof(*ways));

	if (!ways)
		errx(1, "out of memory");
	ways[0] = 1;
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = most; k > 0; k--)
			for (unsigned s = values[i].rank; s < sums; s++)
				ways[k * sums + s] +=
					ways[(k - 1) * sums + s - values[i].rank];
	return ways;
}

static double exact(const struct value *values, unsigned count, unsigned na)
{
	unsigned sum = sum_of_a(values, count), sums = count * (count + 1) + 1;
	double *ways = count_ways(values, count, na, sums);
	double below = 0, above = 0, all = 0;

	for (unsigned s = 0; s < sums; s++) {
		double here = ways[na * sums + s];

		all += here;
		below += s <= sum ? here : 0;
		above += s >= sum ? here : 0;
	}
	free(ways);
	return fmin(1, 2 * fmin(below, above) / all);
}

/* The variance is that of the ranks as they are, ties and all. */
static double normal(const struct value *values, unsigned count, unsigned na)
{
	double mean = (count + 1) / 2.0, squares = 0, deviation, variance;

	for (unsigned i = 0; i < count; i++)
		squares += (values[i].rank / 2.0 - mean) * (values[i].rank / 2.0 - mean);
	variance = (double)na * (count - na) / ((double)count * (count - 1)) * squares;
	deviation = fabs(sum_of_a(values, count) / 2.0 - na * mean) - 0.5;
	if (variance <= 0 || deviation <= 0)
		return 1;
	return erfc(deviation / sqrt(2 * variance));
}

double rank_sum_p(const double a[], unsigned na, const double b[], unsigned nb)
{
	struct value *values;
	double p;

	if (!na || !nb)
		return 1;
	values = ranked(a, na, b, nb);
	p = na + nb <= MOST_EXACT ? exact(values, na + nb, na)
				  : normal(values, na + nb, na);
	free(values);
	return p;
}

double rank_sum_least(unsigned na, unsigned nb)
{
	double least = 2;

	for (unsigned i = 1; i <= na; i++)
		least *= (double)i / (nb + i);
	return fmin(1, least);
}

static int by_size_down(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x < y) - (x > y);
}

void false_discovery(double *p[], unsigned count)
{
	double least = 1;

	qsort(p, count, sizeof(p[0]), by_size_down);
	for (unsigned i = 0; i < count; i++) {
		least = fmin(least, *p[i] * count / (count - i));
		*p[i] = least;
	}
}
