/* SPDX-License-Identifier: MIT
 *
 * zipf.c - the keys that are asked for have the frequencies of Zipf's distribution, by the chi-square
 * test against the exact probabilities.  The dice are the same each time.
 */
#include "keys/asked.h"
#include "keys/zipf.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define DRAWS 2000000u
#define BINS  40u /* the last has all that is left */

/* Of ranks 2^(bin/2) and up to the next bin's first, at least one. */
static uint32_t first_of(unsigned bin)
{
	double at = exp2(bin / 2.0);

	return bin < 5 ? bin : (uint32_t)at;
}

static unsigned bin_of(uint32_t rank)
{
	unsigned bin = 0;

	while (bin + 1 < BINS && first_of(bin + 1) <= rank)
		bin++;
	return bin;
}

static double sum_of_powers(uint32_t count, double theta, double sums[BINS])
{
	double all = 0;

	for (uint32_t rank = 0; rank < count; rank++) {
		double weight = pow(rank + 1.0, -theta);

		sums[bin_of(rank)] += weight;
		all += weight;
	}
	return all;
}

static void draw(uint32_t count, double theta, double seen[BINS])
{
	uint64_t dice = dice_state(count);
	struct zipf zipf;

	zipf_init(&zipf, count, theta);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint32_t rank = zipf_draw(&zipf, &dice);

		if (rank >= count)
			printf("failed: %u drawn of %u\n", rank, count), exit(1);
		seen[bin_of(rank)]++;
	}
}

/* Five standard deviations of the statistic above its mean: by chance once in a million. */
static bool fits(uint32_t count, double theta)
{
	double sums[BINS] = {0}, seen[BINS] = {0}, all, statistic = 0;
	unsigned freedom = 0;

	all = sum_of_powers(count, theta, sums);
	draw(count, theta, seen);
	for (unsigned bin = 0; bin < BINS; bin++) {
		double expected = sums[bin] / all * DRAWS;

		if (expected == 0)
			continue;
		statistic += (seen[bin] - expected) * (seen[bin] - expected) / expected;
		freedom++;
	}
	freedom -= freedom > 0;
	printf("%u keys, theta %g: %.1f with %u degrees of freedom\n", count, theta,
	       statistic, freedom);
	return statistic <= freedom + 5 * sqrt(2.0 * freedom);
}

/* The list has each key, though the frequent ones are spread over all. */
static bool lists_all(uint32_t keys)
{
	bool *seen = calloc(keys, sizeof(*seen));
	uint32_t place = 0, distinct = 0;
	struct asked asked;

	asked_open(&asked, keys, ZIPF);
	for (uint32_t i = 0; seen && i < asked.length; i++) {
		bool *its = &seen[asked_next(&asked, &place, 0)];

		distinct += !*its;
		*its = true;
	}
	asked_close(&asked);
	free(seen);
	printf("%u keys: %u of them asked for\n", keys, distinct);
	return distinct == keys;
}

int main(void)
{
	static const uint32_t counts[] = {1, 2, 3, 100, 1000000};
	bool good = lists_all(2) && lists_all(100) && lists_all(1024);

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		good = fits(counts[i], ASKED_THETA) && good;
		good = fits(counts[i], 0.5) && good;
	}
	puts(good ? "good" : "failed");
	return !good;
}
