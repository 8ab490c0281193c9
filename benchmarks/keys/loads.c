/* SPDX-License-Identifier: MIT
 *
 * loads.c - --load: a few keys and many, asked for evenly or not.
 */
#include "cells.h"
#include "measure/json.h"
#include "measure/progress.h"
#include "tests.h"

#include <stdio.h>

struct kind {
	unsigned keys, access, shared, touch;
};

static void report(const struct cells *cells, const void *ctx)
{
	const struct kind *kind = ctx;

	(void)cells;
	json_count("keys", kind->keys);
	json_text("access", access_name(kind->access));
	json_count("shared_percent", kind->shared);
	json_count("lines", kind->touch);
}

static void print_kind(const struct options *options, const struct kind *kind)
{
	progress_clear();
	printf("\nLoad: %u key%s", kind->keys, kind->keys == 1 ? "" : "s");
	if (kind->keys > 1)
		printf(", %s", access_name(kind->access));
	printf(", %u %% shared, %u line%s touched inside%s\n", kind->shared, kind->touch,
	       kind->touch == 1 ? "" : "s", options->pinned ? ", threads pinned" : "");
	cells_print_titles(options);
}

static void run_kind(const struct options *options, const struct kind *kind,
		     const struct asked *asked, struct rows *rows)
{
	struct cells cells = {
		.options = options,
		.test = LOAD,
		.name = "keys",
		.load = {.shared_percent = kind->shared,
			 .touch = kind->touch > 0,
			 .asked = asked,
			 .rows = rows},
		.report = report,
		.ctx = kind,
	};

	print_kind(options, kind);
	cells_run(&cells);
	progress_finished("%u keys, %s, %u %% shared, %u lines", kind->keys,
			  access_name(kind->access), kind->shared, kind->touch);
}

static void run_keys(const struct options *options, struct kind kind)
{
	struct asked asked;
	struct rows rows;

	asked_open(&asked, kind.keys, kind.access);
	rows_open(&rows, kind.keys);
	for (unsigned i = 0; i < options->shared.count; i++)
		for (unsigned j = 0; j < options->touch.count; j++) {
			kind.shared = options->shared.at[i];
			kind.touch = options->touch.at[j];
			run_kind(options, &kind, &asked, &rows);
		}
	rows_close(&rows);
	asked_close(&asked);
}

/* A single key is asked for in one way only. */
static unsigned ways(const struct options *options, unsigned keys)
{
	return keys == 1 ? 1 : options->access.count;
}

void load_run(const struct options *options)
{
	for (unsigned i = 0; i < options->keys.count; i++)
		for (unsigned j = 0; j < ways(options, options->keys.at[i]); j++)
			run_keys(options, (struct kind){.keys = options->keys.at[i],
							.access = options->access.at[j]});
}

double load_seconds(const struct options *options)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < options->keys.count; i++)
		kinds += ways(options, options->keys.at[i]);
	return kinds * options->shared.count * options->touch.count *
	       cells_seconds(options, LOAD);
}
