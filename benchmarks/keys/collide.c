/* SPDX-License-Identifier: MIT
 *
 * collide.c - --collide: pairs of keys that have a stripe in common.  One thread holds the first of
 * one pair after the other for long; the others ask for second ones only, so no thread ever asks
 * for a key that is held for long.  What counts is what they do meanwhile.
 */
#include "cells.h"
#include "measure/json.h"
#include "measure/progress.h"
#include "tests.h"

#include <err.h>
#include <stdio.h>

#define STRIPE_BITS 10
#define STRIPES	    (1u << STRIPE_BITS)
#define KEYS	    (STRIPES * 64) /* each stripe has some of them */

struct pairs {
	unsigned count;
	uint32_t held[STRIPES], asked[STRIPES];
};

/* Pair i is on this stripe: they are spread evenly, so with fewer stripes, too. */
static size_t stripe_of(unsigned pair, unsigned count)
{
	return (size_t)pair * STRIPES / count;
}

/* The first two keys of that stripe. */
static void find_pair(struct pairs *pairs, unsigned pair)
{
	size_t stripe = stripe_of(pair, pairs->count);
	unsigned found = 0;

	for (uint32_t key = 0; key < KEYS && found < 2; key++)
		if (keyed_place(key, STRIPE_BITS) == stripe)
			(found++ ? pairs->asked : pairs->held)[pair] = key;
	if (found < 2)
		errx(1, "too few keys on stripe %zu", stripe);
}

static void report(const struct cells *cells, const void *ctx)
{
	const struct pairs *pairs = ctx;

	json_count("pairs", pairs->count);
	json_count("hold_us", cells->options->hold_us);
}

static void run_pairs(const struct options *options, const struct pairs *pairs,
		      struct rows *rows)
{
	struct asked asked, held;
	struct cells cells = {
		.options = options,
		.test = COLLIDE,
		.name = "collide",
		.load = {.touch = true,
			 .asked = &asked,
			 .rows = rows,
			 .held = &held,
			 .hold_s = options->hold_us / 1e6},
		.report = report,
		.ctx = pairs,
	};

	asked_open_these(&asked, pairs->asked, pairs->count, KEYS);
	asked_open_these(&held, pairs->held, pairs->count, KEYS);
	cells_run(&cells);
	asked_close(&asked);
	asked_close(&held);
}

void collide_run(const struct options *options)
{
	struct pairs pairs;
	struct rows rows;

	rows_open(&rows, KEYS);
	for (unsigned i = 0; i < options->pairs.count; i++) {
		pairs.count = options->pairs.at[i];
		for (unsigned pair = 0; pair < pairs.count; pair++)
			find_pair(&pairs, pair);
		progress_clear();
		printf("\nCollide: %u pairs of keys with a stripe of %u in common; one "
		       "more thread holds\n"
		       "a first one, for %u us; these want second ones, exclusive; ops/s "
		       "during the holds\n",
		       pairs.count, STRIPES, options->hold_us);
		cells_print_titles(options);
		run_pairs(options, &pairs, &rows);
		progress_finished("collide, %u pairs", pairs.count);
	}
	rows_close(&rows);
}

double collide_seconds(const struct options *options)
{
	return options->pairs.count * cells_seconds(options, COLLIDE);
}
