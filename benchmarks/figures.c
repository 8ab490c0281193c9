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

unsigned measured(double values[], unsigned count)
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

static struct scaled scale(double value, const char *const units[4])
{
	unsigned unit = 0;

	for (; value >= 999.5 && unit < 3; unit++)
		value /= 1000;
	return (struct scaled){value, units[unit]};
}

struct scaled scale_time(double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	return scale(ns, units);
}

struct scaled scale_count(double count)
{
	static const char *const units[] = {"", "k", "M", "G"};

	return scale(count, units);
}

static struct text human(struct scaled scaled)
{
	int digits = scaled.value < 9.995 ? 2 : scaled.value < 99.95 ? 1 : 0;
	struct text text = {"-"};

	if (scaled.value == 0)
		digits = 0;
	if (!isnan(scaled.value))
		snprintf(text.at, sizeof(text.at), "%.*f %s", digits, scaled.value,
			 scaled.unit);
	return text;
}

struct text human_time(double ns)
{
	return human(scale_time(ns));
}

struct text human_count(double count)
{
	return human(scale_count(count));
}

struct text human_as(const char *format, double value)
{
	struct text text = {"-"};

	if (!isnan(value))
		snprintf(text.at, sizeof(text.at), format, value);
	return text;
}
