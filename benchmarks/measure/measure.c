/* SPDX-License-Identifier: MIT
 *
 * measure.c - locks side by side: uncontended, under loads, with a long line, and next to
 * the least that the machine makes a lock cost.
 */
#include "measure.h"
#include "figures.h"
#include "floors.h"
#include "json.h"
#include "line.h"
#include "machine.h"
#include "mixed.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "ticks.h"
#include "uncontended.h"

#include <err.h>
#include <math.h>
#include <stdio.h>

#define WHOLE_RUN     60.0 /* seconds */
#define FLOOR_SECONDS 0.1
#define FLOOR_QUICK   0.005

static void print_lock(const struct contender *row, int width)
{
	printf("  %-*s %4zu bytes: %s%s%s\n", width, row->name, row->size(),
	       row->description, row->fifo ? "; first come, first served" : "",
	       row->has_shared ? "" : "; takes shared as exclusive");
}

static void print_absent(void)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_absent_at(i)); i++)
		printf("%s%s (%s)",
		       i ? ", " : "Not in this build, for lack of a package: ", row->name,
		       row->absent);
	if (contender_absent_at(0))
		puts(".");
}

static void print_header(const struct options *options)
{
	machine_print("fifolock benchmark", options->processors);
	if (options->quick)
		puts("A quick run: the figures mean nothing.");
	for (unsigned i = 0; i < options->lock_count; i++)
		print_lock(options->locks[i], options_name_width(options));
	print_absent();
}

static double floor_seconds(const struct options *options)
{
	return options->quick ? FLOOR_QUICK : FLOOR_SECONDS;
}

static double floors_seconds(const struct options *options)
{
	double seconds = 0;

	for (unsigned i = 0; floor_at(i); i++)
		seconds += floor_seconds(options);
	return seconds * options->rounds;
}

static double floor_median(const struct options *options, const struct floor *floor)
{
	double values[OPTIONS_ROUNDS];

	for (unsigned round = 0; round < options->rounds; round++) {
		progress_now("floor: %s", floor->name);
		values[round] = floor->measure(floor_seconds(options));
		if (values[round] <= 0)
			values[round] = NAN;
		report_floor(floor->name, round, values[round]);
		progress_done(floor_seconds(options));
	}
	return median(values, options->rounds);
}

static void floors_run(const struct options *options)
{
	const struct floor *floor;

	progress_clear();
	printf("\nFloors: the least that this machine makes it cost, medians of %u "
	       "rounds\n",
	       options->rounds);
	for (unsigned i = 0; (floor = floor_at(i)); i++) {
		double ns = floor_median(options, floor);

		progress_clear();
		printf("%-24s %10s  %s\n", floor->name, human_time(ns).at, floor->what);
	}
	progress_finished("floors");
}

/* The plan; fills in the seconds per cell. */
static void plan(struct options *options)
{
	double others = (options->uncontended ? uncontended_seconds(options) : 0) +
			(options->floors ? floors_seconds(options) : 0);
	unsigned cells = mixed_cells(options);

	if (options->seconds == 0 && cells) {
		options->pace = WHOLE_RUN;
		others += options->line ? line_seconds(options) : 0;
		options->seconds = (WHOLE_RUN - others) / cells;
		if (options->seconds > 1)
			options->seconds = 1;
		if (options->seconds < MIXED_LEAST)
			options->seconds = MIXED_LEAST;
	} else if (options->line) {
		others += line_seconds(options);
	}
	progress_plan(others + cells * options->seconds);
}

int measure_main(int argc, char *argv[])
{
	static struct options options;

	options_parse(&options, argc, argv);
	ticks_calibrate();
	plan(&options);
	report_open(&options, argc, argv);
	print_header(&options);
	if (options.floors)
		floors_run(&options);
	if (options.uncontended)
		uncontended_run(&options);
	if (mixed_cells(&options))
		mixed_run(&options);
	if (options.line)
		line_run(&options);
	json_close();
	if (fflush(stdout) != 0 || ferror(stdout))
		errx(1, "the output could not be written");
	return 0;
}
