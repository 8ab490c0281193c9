/* SPDX-License-Identifier: MIT
 *
 * scene.c - what all pictures do alike.
 */
#define _GNU_SOURCE
#include "scene.h"
#include "figures.h"
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TICS 18 /* at most so many have room on the x axis */

struct chart chart_of(const struct scene *scene, const char *kind, const char *title)
{
	return (struct chart){
		.name = text_format("%s%s", kind, scene->suffix),
		.title = text_format("%s%s%s", title, *scene->words ? ": " : "",
				     scene->words),
		.machine = text_format("%s", scene->pictures->machine),
	};
}

void chart_finish(struct pictures *pictures, struct chart *chart)
{
	bool png = pictures->selection->png;
	char *file = text_format("%s.%s", chart->name, png ? "png" : "svg");

	if (chart_write(pictures->script, chart, png))
		json_array_append_new(pictures->files, json_string(file));
	free(file);
	chart_free(chart);
}

static unsigned lock_number(const struct pictures *pictures, const char *lock)
{
	return (unsigned)json_integer_value(json_object_get(pictures->locks, lock));
}

struct series *series_of(const struct pictures *pictures, struct chart *chart,
			 const struct cell *cell)
{
	const char *lock = cell_text(cell, "lock");

	for (unsigned i = 0; i < chart->count; i++)
		if (strcmp(chart->series[i].name, lock) == 0)
			return &chart->series[i];
	return chart_series(chart, lock, lock_number(pictures, lock));
}

void add_sample(struct series *series, double x, struct sample sample)
{
	unsigned count = sample.count;

	if (count)
		series_point(series, (struct point){
					     .x = x,
					     .y = median(sample.at, count),
					     .low = sample.at[0],
					     .high = sample.at[count - 1],
				     });
	sample_free(&sample);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* x of all points, sorted. */
static struct sample all_x(const struct chart *chart)
{
	struct sample all = {0};

	for (unsigned i = 0; i < chart->count; i++)
		all.count += chart->series[i].count;
	all.at = must_have(calloc(all.count + 1, sizeof(double)));
	all.count = 0;
	for (unsigned i = 0; i < chart->count; i++)
		for (unsigned j = 0; j < chart->series[i].count; j++)
			all.at[all.count++] = chart->series[i].points[j].x;
	qsort(all.at, all.count, sizeof(double), by_size);
	return all;
}

void add_tics(struct chart *chart, char *(*label)(double x, double end), double end)
{
	struct sample all = all_x(chart);
	bool logarithmic = chart->x_base > 0;
	double last = -INFINITY, gap = 0;

	if (all.count) {
		double low = all.at[0], high = all.at[all.count - 1];

		gap = (logarithmic ? log(high / low) : high - low) / TICS;
	}
	for (unsigned i = 0; i < all.count; i++) {
		double x = logarithmic ? log(all.at[i]) : all.at[i];

		if (x > last && x - last >= gap) {
			chart_tic(chart, label(all.at[i], end), all.at[i]);
			last = x;
		}
	}
	sample_free(&all);
}

struct sample threads_of(const struct view *view)
{
	struct sample all = {.at = must_have(calloc(view->count + 1, sizeof(double)))};
	unsigned kept = 0;

	for (size_t i = 0; i < view->count; i++)
		all.at[all.count++] = cell_number(view->cells[i], "threads");
	qsort(all.at, all.count, sizeof(double), by_size);
	for (unsigned i = 0; i < all.count; i++)
		if (!kept || all.at[i] > all.at[kept - 1])
			all.at[kept++] = all.at[i];
	all.count = kept;
	return all;
}
