/* SPDX-License-Identifier: MIT
 *
 * pictures.c - which pictures there are, and what of the results is in each.
 */
#define _GNU_SOURCE
#include "pictures.h"
#include "figures.h"
#include "scene.h"
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTER 0.84 /* of the room for a lock, its boxes' */

static void number_locks(struct pictures *pictures)
{
	for (size_t i = 0; i < pictures->results->count; i++) {
		const char *lock = cell_text(&pictures->results->cells[i], "lock");

		if (*lock && !json_object_get(pictures->locks, lock))
			json_object_set_new(pictures->locks, lock,
					    json_integer((json_int_t)json_object_size(
						    pictures->locks)));
	}
}

/* "16 processors, that model, virtual machine, Linux 6.1" of the first run. */
static char *machine_words(const struct results *results)
{
	const json_t *run = json_array_get(results->runs, 0);
	const json_t *machine = json_object_get(run, "machine");
	const char *model = json_string_value(json_object_get(machine, "model"));
	const char *kernel = json_string_value(json_object_get(run, "kernel"));
	json_int_t processors =
		json_integer_value(json_object_get(machine, "processors"));
	char *words = text_format("%s", "");

	if (processors > 0)
		words = text_join(words, "",
				  text_format("%" JSON_INTEGER_FORMAT " processor%s",
					      processors, processors == 1 ? "" : "s"));
	words = text_join(words, ", ", text_format("%s", model ? model : ""));
	if (json_is_true(json_object_get(machine, "hypervisor")))
		words = text_join(words, ", ", text_format("virtual machine"));
	return text_join(words, ", ", text_format("%s", kernel ? kernel : ""));
}

static char *plain_label(double x, double end)
{
	(void)end;
	return text_format("%g", x);
}

static void draw_throughput(const struct scene *scene)
{
	struct chart chart = chart_of(scene, "throughput", "Throughput");

	chart.x_label = "threads";
	chart.y_label = "operations per second (median; bars: least to most)";
	chart.unit = PER_SECOND;
	chart.x_base = 2;
	chart.error_bars = true;
	for (size_t i = 0; i < scene->view->count; i++) {
		const struct cell *cell = scene->view->cells[i];

		add_sample(series_of(scene->pictures, &chart, cell),
			   cell_number(cell, "threads"), cell_sample(cell, "ops_per_s"));
	}
	add_tics(&chart, plain_label, 0);
	chart_finish(scene->pictures, &chart);
}

/* Floors are a picture's own, whatever the load. */
static void add_floors(struct chart *chart, const struct results *results)
{
	for (size_t i = 0; i < results->count; i++) {
		const char *floor = cell_text(&results->cells[i], "floor");
		struct sample ns = cell_sample(&results->cells[i], "ns");

		if (*floor && ns.count && median(ns.at, ns.count) > 0)
			chart_level(chart, text_format("%s", floor),
				    median(ns.at, ns.count));
		sample_free(&ns);
	}
}

/* Which of the locks in the view that is, as they are beside each other. */
static unsigned place(const struct view *view, const char *lock)
{
	json_t *seen = must_have(json_object());
	unsigned places;

	for (size_t i = 0; i < view->count; i++) {
		const char *other = cell_text(view->cells[i], "lock");

		if (strcmp(other, lock) == 0)
			break;
		json_object_set_new(seen, other, json_true());
	}
	places = (unsigned)json_object_size(seen);
	json_decref(seen);
	return places;
}

static void add_lock_tics(struct chart *chart, const struct view *view)
{
	unsigned places = 0;

	for (size_t i = 0; i < view->count; i++) {
		const char *lock = cell_text(view->cells[i], "lock");

		if (place(view, lock) == places)
			chart_tic(chart, text_format("%s", lock), places++);
	}
}

/* Boxes of that number of threads: number i of count beside each other. */
static void add_boxes(struct chart *chart, const struct view *view, double threads,
		      unsigned i, unsigned count)
{
	char *name = text_format("%g thread%s", threads, threads > 1 ? "s" : "");
	struct series *series = chart_series(chart, name, i);
	double shift = ((i + 0.5) / count - 0.5) * CLUSTER;

	for (size_t j = 0; j < view->count; j++) {
		const struct cell *cell = view->cells[j];
		const char *lock = cell_text(cell, "lock");
		struct sample rate = cell_sample(cell, "ops_per_s");
		double middle = median(rate.at, rate.count);

		if (cell_number(cell, "threads") == threads && middle > 0)
			series_point(series, (struct point){
						     .x = place(view, lock) + shift,
						     .y = 1e9 / middle,
						     .ours = is_ours(lock),
					     });
		sample_free(&rate);
	}
	free(name);
}

static void draw_cost(const struct scene *scene)
{
	struct chart chart = chart_of(scene, "cost", "Time per operation");
	struct sample threads = threads_of(scene->view);

	chart.x_label = "";
	chart.y_label = "time per operation, all threads together";
	chart.unit = TIME;
	chart.box_width = CLUSTER / fmax(1, threads.count);
	for (unsigned i = 0; i < threads.count; i++)
		add_boxes(&chart, scene->view, threads.at[i], i, threads.count);
	add_lock_tics(&chart, scene->view);
	add_floors(&chart, scene->pictures->results);
	sample_free(&threads);
	chart_finish(scene->pictures, &chart);
}

static char *with_threads(char *words, double threads)
{
	return text_join(words, ", ",
			 text_format("%g thread%s", threads, threads > 1 ? "s" : ""));
}

/* Those of one number of threads only. */
static void at_threads(const struct scene *scene, double threads)
{
	struct view view = {.load = scene->view->load};
	struct scene part = *scene;

	view.cells = must_have(calloc(scene->view->count, sizeof(view.cells[0])));
	for (size_t i = 0; i < scene->view->count; i++)
		if (!(cell_number(scene->view->cells[i], "threads") < threads) &&
		    !(cell_number(scene->view->cells[i], "threads") > threads))
			view.cells[view.count++] = scene->view->cells[i];
	part.view = &view;
	part.words = with_threads(text_format("%s", scene->words), threads);
	part.suffix = text_format("%s-%.0f", scene->suffix, threads);
	draw_waits(&part);
	draw_shares(&part);
	free(part.words);
	free(part.suffix);
	free(view.cells);
}

/* Those of each number of threads that was asked for, or of the biggest. */
static void draw_of_one_number(const struct scene *scene)
{
	const struct numbers *asked = &scene->pictures->selection->threads;
	struct sample threads = threads_of(scene->view);

	for (unsigned i = 0; i < asked->count; i++)
		at_threads(scene, asked->at[i]);
	if (!asked->count)
		at_threads(scene, threads.at[threads.count - 1]);
	sample_free(&threads);
}

static void draw_mixed(const struct scene *scene)
{
	draw_throughput(scene);
	draw_of_one_number(scene);
	draw_cost(scene);
}

static char *rate_label(double x, double end)
{
	(void)end;
	return short_count(x);
}

static void draw_tail(const struct scene *scene, const char *figure,
		      const char *percentile)
{
	char *kind = text_format("open-%s", percentile);
	char *title = text_format("Wait, %s", percentile);
	struct chart chart = chart_of(scene, kind, title);

	chart.x_label = "requests that arrive per second";
	chart.y_label = "from arriving to having (median; bars: least to most)";
	chart.unit = TIME;
	chart.x_base = 10;
	chart.floor = 1;
	chart.error_bars = true;
	for (size_t i = 0; i < scene->view->count; i++) {
		const struct cell *cell = scene->view->cells[i];

		add_sample(series_of(scene->pictures, &chart, cell),
			   cell_number(cell, "arrivals_per_s"),
			   cell_sample(cell, figure));
	}
	add_tics(&chart, rate_label, 0);
	chart_finish(scene->pictures, &chart);
	free(kind);
	free(title);
}

static void draw_open(const struct scene *scene)
{
	draw_tail(scene, "wait_p99_ns", "p99");
	draw_tail(scene, "wait_p999_ns", "p99.9");
}

static bool is_in(const struct numbers *numbers, double value)
{
	for (unsigned i = 0; i < numbers->count; i++)
		if (!(numbers->at[i] > value || numbers->at[i] < value))
			return true;
	return false;
}

/* The biggest number of threads in any of them. */
static double most_threads(const struct views *views)
{
	double most = -1;

	for (size_t i = 0; i < views->count; i++)
		most = fmax(most, cell_number(views->at[i].cells[0], "threads"));
	return most;
}

static bool is_asked(const struct selection *selection, const json_t *load, double most)
{
	const json_t *shared = json_object_get(load, "shared_percent");
	const json_t *threads = json_object_get(load, "threads");
	double number = json_number_value(threads);

	if (selection->shared.count &&
	    !(json_is_number(shared) &&
	      is_in(&selection->shared, json_number_value(shared))))
		return false;
	return !threads || (selection->threads.count ? is_in(&selection->threads, number)
						     : number >= most);
}

static void draw_test(struct pictures *pictures, const char *test, const char *member,
		      void (*draw)(const struct scene *scene))
{
	struct views views = views_of(pictures->results, test, member);

	for (size_t i = 0; i < views.count; i++) {
		struct scene scene = {.pictures = pictures, .view = &views.at[i]};

		if (!is_asked(pictures->selection, views.at[i].load,
			      most_threads(&views)))
			continue;
		scene.words = load_words(views.at[i].load);
		scene.suffix = load_suffix(&views, views.at[i].load);
		draw(&scene);
		free(scene.words);
		free(scene.suffix);
	}
	views_free(&views);
}

json_t *pictures_write(FILE *script, const struct results *results,
		       const struct selection *selection)
{
	struct pictures pictures = {
		.script = script,
		.results = results,
		.selection = selection,
		.locks = must_have(json_object()),
		.machine = machine_words(results),
		.files = must_have(json_array()),
	};

	number_locks(&pictures);
	draw_test(&pictures, "mixed", "threads", draw_mixed);
	draw_test(&pictures, "open", "arrivals_per_s", draw_open);
	json_decref(pictures.locks);
	free(pictures.machine);
	return pictures.files;
}
