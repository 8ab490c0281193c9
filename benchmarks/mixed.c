/* SPDX-License-Identifier: MIT
 *
 * mixed.c - the program fifolock-mixed: locks side by side, uncontended, under mixed
 * load, and with a long line.
 *
 * The locks take turns within each round, so that whatever changes on the machine meets
 * all of them.  Ratios are taken within a round, medians over the rounds.
 */
#include "contenders.h"
#include "figures.h"
#include "line.h"
#include "load.h"
#include "options.h"
#include "progress.h"
#include "ticks.h"
#include "uncontended.h"
#include "work.h"

#include <gnu/libc-version.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define WHOLE_RUN 60.0 /* seconds */
#define REFERENCE "pthread_mutex"

/* One load and number of threads: what each lock achieved in each round. */
struct table {
	const struct options *options;
	struct load load;
	int error;
	double *cells; /* [lock][figure][round] */
};

static double *figures_of(const struct table *table, unsigned lock, enum figure figure)
{
	return table->cells +
	       (lock * FIGURES + (unsigned)figure) * table->options->rounds;
}

static void run_cell(struct table *table, unsigned lock, unsigned round)
{
	const struct contender *row = table->options->locks[lock];
	double figures[FIGURES] = {0};

	progress_now("%u %% shared, %u threads, round %u: %s", table->load.shared_percent,
		     table->load.threads, round + 1, row->name);
	table->error = load_run(&table->load, row, figures);
	progress_done(table->load.seconds);
	for (unsigned i = 0; i < FIGURES; i++)
		figures_of(table, lock, i)[round] = figures[i];
}

static void compare(struct table *table, unsigned round)
{
	const struct options *options = table->options;
	double reference = 0;

	for (unsigned i = 0; i < options->lock_count; i++)
		if (strcmp(options->locks[i]->name, REFERENCE) == 0)
			reference = figures_of(table, i, RATE)[round];
	for (unsigned i = 0; i < options->lock_count; i++)
		figures_of(table, i, VERSUS)[round] =
			ratio(figures_of(table, i, RATE)[round], reference);
}

static double middle(const struct table *table, unsigned lock, enum figure figure)
{
	return median(figures_of(table, lock, figure), table->options->rounds);
}

static void print_row(const struct table *table, unsigned lock)
{
	double versus = middle(table, lock, VERSUS);
	char text[16] = "-";

	if (versus > 0)
		snprintf(text, sizeof(text), versus < 0.1 ? "%.4f" : "%.2f", versus);
	printf("%7u  %-15s %8s %8s", table->load.threads,
	       table->options->locks[lock]->name,
	       human_count(middle(table, lock, RATE)).at, text);
	for (enum figure i = WAIT_P50; i <= CPU; i++)
		printf(" %8s", human_time(middle(table, lock, i)).at);
	printf(" %8.3f\n", middle(table, lock, FAIRNESS));
}

static void print_table(const struct table *table)
{
	progress_clear();
	if (table->error) {
		printf("%7u  skipped: %s\n", table->load.threads, strerror(table->error));
	} else {
		for (unsigned i = 0; i < table->options->lock_count; i++)
			print_row(table, i);
	}
	fflush(stdout);
}

static void run_table(const struct options *options, struct load load)
{
	struct table table = {.options = options, .load = load};

	table.cells = calloc((size_t)options->lock_count * FIGURES * options->rounds,
			     sizeof(double));
	if (!table.cells)
		err(1, "results");
	for (unsigned round = 0; round < options->rounds && !table.error; round++) {
		for (unsigned i = 0; i < options->lock_count && !table.error; i++)
			run_cell(&table, i, round);
		if (!table.error)
			compare(&table, round);
	}
	print_table(&table);
	free(table.cells);
}

static void print_load(const struct options *options, unsigned shared)
{
	progress_clear();
	printf("\nMixed load: %u %% shared, %u ns inside, %u ns between\n", shared,
	       options->section_ns, options->think_ns);
	printf("%7s  %-15s %8s %8s %8s %8s %8s %8s %8s %8s\n", "threads", "lock", "ops/s",
	       "x mutex", "wait p50", "p99", "p99.9", "worst", "CPU/op", "fairness");
}

static void run_load(const struct options *options, unsigned shared)
{
	print_load(options, shared);
	for (unsigned i = 0; i < options->threads.count; i++)
		run_table(options,
			  (struct load){
				  .threads = options->threads.at[i],
				  .processors = options->processors,
				  .shared_percent = shared,
				  .section_turns = work_turns(options->section_ns),
				  .think_turns = work_turns(options->think_ns),
				  .seconds = options->seconds,
			  });
	progress_finished("mixed load, %u %% shared", shared);
}

static void print_lock(const struct contender *row)
{
	printf("  %-15s %s%s%s\n", row->name, row->description,
	       row->fifo ? "; first come, first served" : "",
	       row->has_shared ? "" : "; takes shared as exclusive");
}

static void print_header(const struct options *options)
{
	struct utsname system = {0};

	uname(&system);
	printf("fifolock benchmark: %u processors, %s %s %s, glibc %s\n",
	       options->processors, system.sysname, system.release, system.machine,
	       gnu_get_libc_version());
	printf("Times by %s.\n",
	       ticks_counted ? "the processor's counter" : "CLOCK_MONOTONIC");
	if (options->quick)
		printf("A quick run: the figures mean nothing.\n");
	for (unsigned i = 0; i < options->lock_count; i++)
		print_lock(options->locks[i]);
}

static const char method[] =
	"\nMixed loads: medians of %u rounds of %.3g s, the locks taking turns in each\n"
	"round, the first fifth of the time not counted.\n"
	"  x mutex   ops/s over those of " REFERENCE " in the same round\n"
	"  wait      from asking to having: one in eight, chosen at random, is timed;\n"
	"            with more than %u threads all are\n"
	"  CPU/op    time of all processors\n"
	"  fairness  Jain's index of the threads' shares: 1 all equal, 1/threads one\n"
	"            has all\n";

static void print_method(const struct options *options)
{
	progress_clear();
	printf(method, options->rounds, options->seconds, options->processors);
	fflush(stdout);
}

static void run_loads(const struct options *options)
{
	print_method(options);
	for (unsigned i = 0; i < options->shared.count; i++)
		run_load(options, options->shared.at[i]);
}

static unsigned cells(const struct options *options)
{
	return options->mixed ? options->shared.count * options->threads.count *
					options->lock_count * options->rounds
			      : 0;
}

/* The plan; fills in the seconds per cell. */
static void plan(struct options *options)
{
	double others = (options->uncontended ? uncontended_seconds(options) : 0) +
			(options->line ? line_seconds(options) : 0);

	if (options->seconds == 0 && options->mixed) {
		options->seconds = (WHOLE_RUN - others) / cells(options);
		if (options->seconds > 1)
			options->seconds = 1;
		if (options->seconds < 0.02)
			options->seconds = 0.02;
	}
	progress_plan(others + cells(options) * options->seconds);
}

int main(int argc, char *argv[])
{
	struct options options;

	options_parse(&options, argc, argv);
	ticks_calibrate();
	plan(&options);
	print_header(&options);
	if (options.uncontended)
		uncontended_run(&options);
	if (options.mixed)
		run_loads(&options);
	if (options.line)
		line_run(&options);
	if (fflush(stdout) != 0 || ferror(stdout))
		errx(1, "the output could not be written");
	return 0;
}
