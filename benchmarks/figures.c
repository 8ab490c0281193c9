/* SPDX-License-Identifier: MIT
 *
 * figures.c - medians, and numbers as people read them.
 */
#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return !!isnan(x) - !!isnan(y);
	return (x > y) - (x < y);
}

/* Sorts the values; how many were measured: these come first. */
static unsigned measured(double values[], unsigned count)
{
	qsort(values, count, sizeof(values[0]), by_size);
	while (count && isnan(values[count - 1]))
		count--;
	return count;
}

double median(double values[], unsigned count)
{
	count = measured(values, count);
	if (!count)
		return NAN;
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

double ratio_if_any(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

/* Below 1000, with the unit that makes it so. */
static struct text human(double value, const char *const units[4])
{
	struct text text = {"-"};
	unsigned unit = 0;
	int digits;

	for (; value >= 999.5 && unit < 3; unit++)
		value /= 1000;
	digits = value == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	if (!isnan(value))
		snprintf(text.at, sizeof(text.at), "%.*f %s", digits, value, units[unit]);
	return text;
}

struct text human_time(double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	return human(ns, units);
}

struct text human_count(double count)
{
	static const char *const units[] = {"", "k", "M", "G"};

	return human(count, units);
}

struct text human_as(const char *format, double value)
{
	struct text text = {"-"};

	if (!isnan(value))
		snprintf(text.at, sizeof(text.at), format, value);
	return text;
}
