/* SPDX-License-Identifier: MIT
 *
 * cells.c - locks side by side under one load, over rounds.
 */
#include "cells.h"
#include "measure/json.h"
#include "measure/progress.h"
#include "measure/sides.h"

#include <stdio.h>

static int run_cell(void *ctx, const struct side *lock, unsigned round,
		    struct outcome *outcome)
{
	struct cells *cells = ctx;
	int error;

	cells->load.seed = round; /* the same keys for every lock */
	progress_now("%s, %u threads, round %u: %s", cells->name, cells->load.threads,
		     round + 1, lock->name);
	error = key_load_run(&cells->load, lock->row, outcome);
	progress_done(cells->options->seconds);
	return error;
}

static void report(void *ctx, const struct side *lock, unsigned round,
		   const struct outcome *outcome)
{
	const struct cells *cells = ctx;

	if (!json_wanted())
		return;
	json_begin("result");
	json_text("test", cells->name);
	json_text("lock", lock->name);
	json_count("threads", cells->load.threads);
	json_flag("pinned", cells->load.pinned);
	cells->report(cells, cells->ctx);
	json_count("round", round + 1);
	outcome_report(outcome, cells->load.threads, "x_stripes");
	json_end();
}

static struct sides sides_of(const struct options *options)
{
	return (struct sides){
		.rounds = options->rounds,
		.width = options_name_width(options),
		.reference = KEYED_REFERENCE,
		.versus = "x stripes",
		.run = run_cell,
		.report = report,
	};
}

static void choose_locks(const struct cells *cells, struct sides *sides)
{
	const struct options *options = cells->options;

	for (unsigned i = 0; i < options->lock_count; i++) {
		const struct keyed *row = options->locks[i];

		if (options_take(options, row, cells->test))
			sides->locks[sides->count++] =
				(struct side){row->name, row->ours, false, row};
	}
}

void cells_run(struct cells *cells)
{
	const struct options *options = cells->options;
	struct sides sides = sides_of(options);

	sides.ctx = cells;
	choose_locks(cells, &sides);
	cells->load.seconds = options->seconds;
	cells->load.pinned = options->pinned;
	for (unsigned i = 0; i < options->threads.count; i++) {
		sides.threads = cells->load.threads = options->threads.at[i];
		sides_run(&sides);
	}
}

double cells_seconds(const struct options *options, enum test test)
{
	return options->seconds * options->rounds * options->threads.count *
	       options_locks_of(options, test);
}

void cells_print_titles(const struct options *options)
{
	struct sides sides = sides_of(options);

	sides_print_titles(&sides);
}

void cells_print_method(const struct options *options)
{
	progress_clear();
	printf("\nLoads: medians of %u rounds of %.3g s, the locks taking turns in each "
	       "round, the\n"
	       "first fifth of the time not counted.\n"
	       "  +-         between the slowest and the fastest round, of the median\n"
	       "  x stripes  ops/s over those of " KEYED_REFERENCE " in the same round\n"
	       "  wait       from asking to having: one in eight, chosen at random, is "
	       "timed\n"
	       "  CPU/op     time of all processors\n"
	       "  fairness   Jain's index of the threads' shares: 1 all equal, 1/threads "
	       "one\n"
	       "             has all\n",
	       options->rounds, options->seconds);
}
