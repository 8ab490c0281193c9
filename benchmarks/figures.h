/* SPDX-License-Identifier: MIT
 *
 * figures.h - medians, and numbers as people read them.
 */
#ifndef BENCHMARKS_FIGURES_H
#define BENCHMARKS_FIGURES_H

/* What was not measured is NAN: no median counts it, and people read "-". */

/* Of those that were measured.  Sorts the values. */
double median(double values[], unsigned count);

/* a / b, or 0 where there is no b. */
double ratio(double a, double b);

/* a / b, or NAN where there is no b. */
double ratio_if_any(double a, double b);

struct text {
	char at[16];
};

/* "740 ns", "1.23 us", "45.6 ms" and "12.3 M", "870 k": three digits that count. */
struct text human_time(double ns);
struct text human_count(double count);

/* As that format, of one double, has it. */
struct text human_as(const char *format, double value);

#endif
