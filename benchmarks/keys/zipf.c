/* SPDX-License-Identifier: MIT
 *
 * zipf.c - Zipf's distribution, by rejection-inversion.
 *
 * The hat over the bars of 1 / k^theta, each one wide around its k, is the curve 1 / x^theta itself.  A
 * point is drawn evenly under it, from its integral's inverse, and the nearest k is taken if the
 * point is in that bar's share, which has the bar's height as its area.
 */
#include "zipf.h"
#include "measure/dice.h"

#include <math.h>

static double height(const struct zipf *zipf, double x)
{
	return exp(-zipf->theta * log(x));
}

/* Of the curve, from 1. */
static double integral(const struct zipf *zipf, double x)
{
	double power = 1 - zipf->theta;

	return expm1(power * log(x)) / power;
}

static double inverse(const struct zipf *zipf, double area)
{
	double power = 1 - zipf->theta;

	return exp(log1p(area * power) / power);
}

void zipf_init(struct zipf *zipf, uint32_t count, double theta)
{
	*zipf = (struct zipf){.count = count, .theta = theta};
	/* The first bar is as wide as its height, 1. */
	zipf->low = integral(zipf, 1.5) - 1;
	zipf->high = integral(zipf, count + 0.5);
	zipf->sure = 2 - inverse(zipf, integral(zipf, 2.5) - height(zipf, 2));
}

uint32_t zipf_draw(const struct zipf *zipf, uint64_t *dice)
{
	for (;;) {
		double even = (double)(dice_roll(dice) >> 11) / 9007199254740992.0;
		double area = zipf->high + even * (zipf->low - zipf->high);
		double x = inverse(zipf, area), k = floor(x + 0.5);

		k = fmin(fmax(k, 1), zipf->count);
		if (k - x <= zipf->sure ||
		    area >= integral(zipf, k + 0.5) - height(zipf, k))
			return (uint32_t)k - 1;
	}
}
