/* SPDX-License-Identifier: MIT
 *
 * chart.h - a picture as a script for gnuplot, data and all.
 *
 * Each lock looks the same in all pictures: colours that the colour-blind can tell apart
 * and points of different shapes, fifolock's thick and in a colour of its own.
 */
#ifndef BENCHMARKS_CHART_H
#define BENCHMARKS_CHART_H

#include <stdbool.h>
#include <stdio.h>

struct point {
	double x, y;
	double low, high; /* ends of the error bar, if the chart has them */
	bool ours;	  /* boxes: it is fifolock's */
};

struct series {
	char *name;
	unsigned lock; /* its number, in the order in which locks appear; not of boxes */
	struct point *points;
	unsigned count;
};

enum unit {
	PER_SECOND,
	TIME, /* ns */
	TIMES,
};

/* A line across the whole chart. */
struct level {
	char *name;
	double y;
};

struct tic {
	char *label;
	double x;
};

/* y is on a logarithmic scale in all of them; points that have no place on it are left
 * out.  Texts need not be clean. */
struct chart {
	char *name; /* of the file, without what says the format */
	char *title;
	char *machine; /* the second, smaller title */
	const char *x_label, *y_label;
	enum unit unit;
	double x_base; /* of its logarithmic scale, 0: it is linear */
	double floor;  /* what is less is drawn there; 0: left out */
	bool error_bars;
	double box_width; /* 0: lines with points */
	struct tic *tics; /* none: as gnuplot likes */
	unsigned tic_count;
	struct series *series;
	unsigned count;
	struct level *levels;
	unsigned level_count;
};

/* Is it a lock of ours? */
bool is_ours(const char *name);

/* False: the chart has nothing to show, nothing was written. */
bool chart_write(FILE *script, const struct chart *chart, bool png);

/* These texts become the chart's. */
void chart_tic(struct chart *chart, char *label, double x);
void chart_level(struct chart *chart, char *name, double y);

/* A new series, and points for it. */
struct series *chart_series(struct chart *chart, const char *name, unsigned lock);
void series_point(struct series *series, struct point point);

void chart_free(struct chart *chart);
void chart_free(struct chart *chart);

#endif
