/* SPDX-License-Identifier: MIT
 *
 * scene.h - a load on the way to its pictures, and what all pictures do alike.
 */
#ifndef BENCHMARKS_SCENE_H
#define BENCHMARKS_SCENE_H

#include "chart.h"
#include "pictures.h"
#include "views.h"

/* All pictures of one script. */
struct pictures {
	FILE *script;
	const struct results *results;
	const struct selection *selection;
	json_t *locks; /* name: number, by order of appearance */
	char *machine;
	json_t *files;
};

struct scene {
	struct pictures *pictures;
	const struct view *view;
	char *words;  /* its load */
	char *suffix; /* of its files' names */
};

/* A chart named and titled after the load. */
struct chart chart_of(const struct scene *scene, const char *kind, const char *title);

/* Write it if it shows anything, and free it. */
void chart_finish(struct pictures *pictures, struct chart *chart);

/* The lock's series; a new one if there is none. */
struct series *series_of(const struct pictures *pictures, struct chart *chart,
			 const struct cell *cell);

/* A median and its ends, if there are any values. */
void add_sample(struct series *series, double x, struct sample sample);

/* A tic at each x that points are at, less those that have no room beside the one before.
 * The label may depend on a number more. */
void add_tics(struct chart *chart, char *(*label)(double x, double end), double end);

/* The numbers of threads in a view, sorted, each once. */
struct sample threads_of(const struct view *view);

/* Draw them if there is anything to draw. */
void draw_waits(const struct scene *scene);
void draw_shares(const struct scene *scene);

#endif
