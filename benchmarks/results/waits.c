/* SPDX-License-Identifier: MIT
 *
 * waits.c - pictures of how long requests wait, and of who gets how much.
 */
#include "scene.h"
#include "texts.h"

#include <math.h>

#define NO_WAIT	 1.0 /* ns: shorter waits are drawn as that */
#define NO_SHARE 0.01
#define FEW	 16 /* threads: each has a tic */

/* 99.9 is three nines, at 3; the worst is at the end. */
static double nines(double percent, double end)
{
	return percent < 100 ? -log10(1 - percent / 100) : end;
}

static char *percent_label(double x, double end)
{
	return x < end ? text_format("%.6g %%", 100 - 100 * pow(10, -x))
		       : text_format("worst");
}

/* Percentiles of the cell's first round, all others have the same. */
static const json_t *percentiles_of(const struct cell *cell)
{
	return json_object_get(json_array_get(cell->rounds, 0), "percentiles");
}

/* One farther than all others in the view. */
static double worst_at(const struct view *view)
{
	double end = 0;
	json_t *pair;
	size_t j;

	for (size_t i = 0; i < view->count; i++)
		json_array_foreach(percentiles_of(view->cells[i]), j, pair) end =
			fmax(end, nines(json_number_value(json_array_get(pair, 0)), 0));
	return end + 1;
}

static void add_waits(struct series *series, const struct cell *cell, double end)
{
	json_t *pair;
	size_t i;

	json_array_foreach(percentiles_of(cell), i, pair)
	{
		double percent = json_number_value(json_array_get(pair, 0));

		if (percent >= 0)
			add_sample(series, nines(percent, end),
				   cell_percentile(cell, percent));
	}
}

void draw_waits(const struct scene *scene)
{
	struct chart chart = chart_of(scene, "wait", "Waits");
	double end = worst_at(scene->view);

	chart.x_label = "share of the requests that wait no longer";
	chart.y_label = "from asking to having";
	chart.unit = TIME;
	chart.floor = NO_WAIT;
	for (size_t i = 0; i < scene->view->count; i++)
		add_waits(series_of(scene->pictures, &chart, scene->view->cells[i]),
			  scene->view->cells[i], end);
	add_tics(&chart, percent_label, end);
	chart_finish(scene->pictures, &chart);
}

static void add_shares(struct series *series, const struct cell *cell)
{
	struct sample shares = cell_shares(cell);

	for (unsigned i = 0; i < shares.count; i++)
		series_point(series, (struct point){.x = i + 1,
						    .y = shares.at[i] * shares.count});
	sample_free(&shares);
}

static char *rank_label(double x, double end)
{
	(void)end;
	return text_format("%g", x);
}

void draw_shares(const struct scene *scene)
{
	struct chart chart = chart_of(scene, "shares", "Share of each thread");

	chart.x_label = "threads, the one that got least first";
	chart.y_label = "operations, over those of a fair share";
	chart.unit = TIMES;
	chart.floor = NO_SHARE;
	for (size_t i = 0; i < scene->view->count; i++)
		add_shares(series_of(scene->pictures, &chart, scene->view->cells[i]),
			   scene->view->cells[i]);
	if (chart.count && chart.series[0].count <= FEW)
		add_tics(&chart, rank_label, 0);
	chart_level(&chart, text_format("fair"), 1);
	chart_finish(scene->pictures, &chart);
}
