/* SPDX-License-Identifier: MIT
 *
 * chart.c - what a picture shows, put together piece by piece.
 */
#define _GNU_SOURCE
#include "chart.h"
#include "texts.h"

#include <stdlib.h>

void chart_tic(struct chart *chart, char *label, double x)
{
	chart->tics = must_have(
		reallocarray(chart->tics, chart->tic_count + 1, sizeof(chart->tics[0])));
	chart->tics[chart->tic_count++] = (struct tic){label, x};
}

void chart_level(struct chart *chart, char *name, double y)
{
	chart->levels = must_have(reallocarray(chart->levels, chart->level_count + 1,
					       sizeof(chart->levels[0])));
	chart->levels[chart->level_count++] = (struct level){name, y};
}

struct series *chart_series(struct chart *chart, const char *name, unsigned lock)
{
	struct series *series;

	chart->series = must_have(
		reallocarray(chart->series, chart->count + 1, sizeof(chart->series[0])));
	series = &chart->series[chart->count++];
	*series = (struct series){.name = text_format("%s", name), .lock = lock};
	return series;
}

void series_point(struct series *series, struct point point)
{
	series->points = must_have(reallocarray(series->points, series->count + 1,
						sizeof(series->points[0])));
	series->points[series->count++] = point;
}

void chart_free(struct chart *chart)
{
	for (unsigned i = 0; i < chart->count; i++) {
		free(chart->series[i].name);
		free(chart->series[i].points);
	}
	for (unsigned i = 0; i < chart->level_count; i++)
		free(chart->levels[i].name);
	for (unsigned i = 0; i < chart->tic_count; i++)
		free(chart->tics[i].label);
	free(chart->series);
	free(chart->levels);
	free(chart->tics);
	free(chart->name);
	free(chart->title);
	free(chart->machine);
	*chart = (struct chart){0};
}
