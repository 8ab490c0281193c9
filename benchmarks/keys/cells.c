/* SPDX-License-Identifier: MIT
 *
 * cells.c - locks side by side under one load, over rounds.
 *
 * The locks take turns within each round, so that whatever changes on the machine meets
 * all of them.  Ratios are taken within a round, medians over the rounds.
 */
#include "cells.h"
#include "colour.h"
#include "figures.h"
#include "measure/json.h"
#include "measure/progress.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct outcome *outcome_of(const struct cells *cells, unsigned lock,
				  unsigned round)
{
	return &cells->outcomes[lock * cells->options->rounds + round];
}

static void run_cell(struct cells *cells, unsigned lock, unsigned round)
{
	cells->load.seed = round; /* the same keys for every lock */
	progress_now("%s, %u threads, round %u: %s", cells->name, cells->load.threads,
		     round + 1, cells->locks[lock]->name);
	cells->error = key_load_run(&cells->load, cells->locks[lock],
				    outcome_of(cells, lock, round));
	progress_done(cells->options->seconds);
}

static void report(const struct cells *cells, unsigned lock, unsigned round)
{
	if (!json_wanted())
		return;
	json_begin("result");
	json_text("test", cells->name);
	json_text("lock", cells->locks[lock]->name);
	json_count("threads", cells->load.threads);
	json_flag("pinned", cells->load.pinned);
	cells->report(cells, cells->ctx);
	json_count("round", round + 1);
	outcome_report(outcome_of(cells, lock, round), cells->load.threads, "x_stripes");
	json_end();
}

static void compare(struct cells *cells, unsigned round)
{
	double reference = 0;

	for (unsigned i = 0; i < cells->count; i++)
		if (strcmp(cells->locks[i]->name, KEYED_REFERENCE) == 0)
			reference = outcome_of(cells, i, round)->figures[RATE];
	for (unsigned i = 0; i < cells->count; i++) {
		double *figures = outcome_of(cells, i, round)->figures;

		figures[VERSUS] = ratio_if_any(figures[RATE], reference);
		report(cells, i, round);
	}
}

static void run_rounds(struct cells *cells)
{
	for (unsigned round = 0; round < cells->options->rounds; round++) {
		for (unsigned i = 0; i < cells->count; i++) {
			run_cell(cells, i, round);
			if (cells->error)
				return;
		}
		compare(cells, round);
	}
}

static void print_row(const struct cells *cells, const struct keyed *row,
		      const struct summary *summary, bool best)
{
	double versus = summary->middle[VERSUS];
	char text[16] = "-";

	printf("%7u  %s%-*s%s ", cells->load.threads, row->ours ? colour(BOLD) : "",
	       options_name_width(cells->options), row->name,
	       row->ours ? colour(PLAIN) : "");
	if (summary->middle[RATE] <= 0) {
		puts("nothing measured: in the time there was, no operation ended");
		return;
	}
	if (versus > 0)
		snprintf(text, sizeof(text), versus < 0.1 ? "%.4f" : "%.2f", versus);
	printf("%s%8s%s %3.0f%% %9s", best ? colour(GREEN) : "",
	       human_count(summary->middle[RATE]).at, best ? colour(PLAIN) : "",
	       summary->spread * 100, text);
	for (enum figure i = WAIT_P50; i <= CPU; i++)
		printf(" %8s", human_time(summary->middle[i]).at);
	printf(" %8s\n", human_as("%.3f", summary->middle[FAIRNESS]).at);
}

static void print_rows(const struct cells *cells)
{
	struct summary summaries[OPTIONS_LOCKS];
	unsigned best = 0;

	for (unsigned i = 0; i < cells->count; i++) {
		summaries[i] =
			outcome_summary(outcome_of(cells, i, 0), cells->options->rounds);
		if (summaries[i].middle[RATE] > summaries[best].middle[RATE])
			best = i;
	}
	for (unsigned i = 0; i < cells->count; i++)
		print_row(cells, cells->locks[i], &summaries[i], i == best);
}

static void run_table(struct cells *cells)
{
	size_t outcomes = (size_t)cells->count * cells->options->rounds;

	cells->outcomes = calloc(outcomes + 1, sizeof(*cells->outcomes));
	if (!cells->outcomes)
		err(1, "results");
	run_rounds(cells);
	progress_clear();
	if (cells->error)
		printf("%7u  skipped: %s\n", cells->load.threads, strerror(cells->error));
	else
		print_rows(cells);
	fflush(stdout);
	for (size_t i = 0; i < outcomes; i++)
		free(cells->outcomes[i].shares);
	free(cells->outcomes);
}

static void choose_locks(struct cells *cells)
{
	const struct options *options = cells->options;

	cells->count = 0;
	for (unsigned i = 0; i < options->lock_count; i++)
		if (options_take(options, options->locks[i], cells->test))
			cells->locks[cells->count++] = options->locks[i];
}

void cells_run(struct cells *cells)
{
	const struct options *options = cells->options;

	choose_locks(cells);
	cells->load.seconds = options->seconds;
	cells->load.pinned = options->pinned;
	for (unsigned i = 0; i < options->threads.count; i++) {
		cells->load.threads = options->threads.at[i];
		run_table(cells);
	}
}

double cells_seconds(const struct options *options, enum test test)
{
	return options->seconds * options->rounds * options->threads.count *
	       options_locks_of(options, test);
}

void cells_print_titles(const struct options *options)
{
	printf("%s%7s  %-*s %8s %4s %9s %8s %8s %8s %8s %8s %8s%s\n", colour(BOLD),
	       "threads", options_name_width(options), "lock", "ops/s", "+-", "x stripes",
	       "wait p50", "p99", "p99.9", "worst", "CPU/op", "fairness", colour(PLAIN));
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
