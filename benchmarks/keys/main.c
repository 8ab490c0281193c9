/* SPDX-License-Identifier: MIT
 *
 * main.c - the program fifolock-bench-keys: ways to lock keys, side by side.
 */
#include "measure/json.h"
#include "measure/machine.h"
#include "measure/progress.h"
#include "measure/ticks.h"
#include "cells.h"
#include "tests.h"

#include <err.h>
#include <stdio.h>

static const struct part {
	enum test test;
	void (*run)(const struct options *options);
	double (*seconds)(const struct options *options);
} parts[] = {
	{LIVE, live_run, live_seconds}, /* those that fork first */
	{CHURN, churn_run, churn_seconds},
	{LOAD, load_run, load_seconds},
	{COLLIDE, collide_run, collide_seconds},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void put_options(const struct options *options)
{
	json_open_group("options", '{');
	json_count("rounds", options->rounds);
	json_number("seconds", options->seconds);
	json_flag("pinned", options->pinned);
	json_flag("quick", options->quick);
	json_list("threads", &options->threads);
	json_list("keys", &options->keys);
	json_list("shared_percent", &options->shared);
	json_list("lines", &options->touch);
	json_list("pairs", &options->pairs);
	json_count("hold_us", options->hold_us);
	json_list("live", &options->live);
	json_list("held", &options->held);
	json_count("count", options->count);
	json_open_group("access", '[');
	for (unsigned i = 0; i < options->access.count; i++)
		json_text(NULL, access_name(options->access.at[i]));
	json_close_group(']');
	json_open_group("locks", '[');
	for (unsigned i = 0; i < options->lock_count; i++)
		json_text(NULL, options->locks[i]->name);
	json_close_group(']');
	json_close_group('}');
}

static void report_open(const struct options *options, int argc, char *argv[])
{
	json_open(options->json);
	if (!json_wanted())
		return;
	json_begin_run(options->processors, argc, argv);
	put_options(options);
	json_end();
}

static void print_header(const struct options *options)
{
	machine_print("fifolock benchmark of keys", options->processors);
	if (options->quick)
		puts("A quick run: the figures mean nothing.");
	for (unsigned i = 0; i < options->lock_count; i++)
		printf("  %-*s %s\n", options_name_width(options),
		       options->locks[i]->name, options->locks[i]->description);
	if (options->tests & (LOAD | COLLIDE))
		cells_print_method(options);
}

static void plan(const struct options *options)
{
	double seconds = 0;

	for (unsigned i = 0; i < PARTS; i++)
		if (options->tests & parts[i].test)
			seconds += parts[i].seconds(options);
	progress_plan(seconds);
}

int main(int argc, char *argv[])
{
	static struct options options;

	options_parse(&options, argc, argv);
	ticks_calibrate();
	plan(&options);
	report_open(&options, argc, argv);
	print_header(&options);
	for (unsigned i = 0; i < PARTS; i++)
		if (options.tests & parts[i].test)
			parts[i].run(&options);
	json_close();
	if (fflush(stdout) != 0 || ferror(stdout))
		errx(1, "the output could not be written");
	return 0;
}
