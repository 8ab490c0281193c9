/* SPDX-License-Identifier: MIT
 *
 * figures.c - medians, and numbers as people read them.
 */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double values[], unsigned count)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(values[0]), by_size);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static struct text scaled(double value, const char *const units[], unsigned count)
{
	struct text text;
	unsigned unit = 0;
	int digits;

	for (; value >= 999.5 && unit + 1 < count; unit++)
		value /= 1000;
	digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(text.at, sizeof(text.at), "%.*f %s", digits, value, units[unit]);
	return text;
}

struct text human_time(double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	return scaled(ns, units, 4);
}

struct text human_count(double count)
{
	static const char *const units[] = {"", "k", "M", "G"};

	return scaled(count, units, 4);
}
