/* SPDX-License-Identifier: MIT
 *
 * script.c - a picture as a script for gnuplot, data and all.
 *
 * Texts go into single quotes only, in which nothing but these quotes is special, and
 * the terminals are told that no text has markup in it.
 */
#define _GNU_SOURCE
#include "script.h"
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	 900
#define HEIGHT	 560
#define DECADES	 12 /* of y, at most */
#define BAR_ROOM 3  /* times the highest median, or below the lowest */

struct range {
	double low, high;
};

/* Labels of tics are formats, too: there a percent sign is written twice. */
static void quote(FILE *script, const char *text, bool format)
{
	char *clean = text_clean(text_format("%s", text));

	putc('\'', script);
	for (const char *at = clean; *at; at++) {
		if (*at == '\'' || (format && *at == '%'))
			putc(*at, script);
		putc(*at == '`' ? '\'' : *at, script);
		if (*at == '`')
			putc('\'', script);
	}
	putc('\'', script);
	free(clean);
}

/* The text, or its beginning; for free(). */
static char *at_most(const char *text, unsigned characters)
{
	char *copy = text_format("%s", text), *at = copy;

	for (; *at && (characters || (*at & 0xc0) == 0x80); at++)
		characters -= (*at & 0xc0) != 0x80;
	*at = '\0';
	return copy;
}

void script_quote(FILE *script, const char *text, unsigned most)
{
	char *some = at_most(text, most);

	quote(script, some, false);
	free(some);
}

static int by_x(const void *a, const void *b)
{
	double x = ((const struct point *)a)->x, y = ((const struct point *)b)->x;

	return (x > y) - (x < y);
}

/* Raise to the floor, drop what has no place, and sort. */
static void clip(const struct chart *chart, struct series *series)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < series->count; i++) {
		struct point point = series->points[i];

		point.y = fmax(point.y, chart->floor);
		if (isfinite(point.x) && isfinite(point.y) && point.y > 0 &&
		    (chart->x_base == 0 || point.x > 0))
			series->points[kept++] = point;
	}
	series->count = kept;
	if (kept)
		qsort(series->points, kept, sizeof(series->points[0]), by_x);
}

static void widen(struct range *range, double value)
{
	range->low = fmin(range->low, value);
	range->high = fmax(range->high, value);
}

/* The next of 1, 2, 5, 10, ... that is not above; or, not below. */
static double mark(double value, bool above)
{
	static const double steps[] = {1, 2, 5, 10};
	double decade = pow(10, floor(log10(value)));
	unsigned i = above ? 0 : 3;

	while (above && i < 3 && steps[i] * decade < value)
		i++;
	while (!above && i > 0 && steps[i] * decade > value)
		i--;
	return steps[i] * decade;
}

static struct range medians(const struct chart *chart)
{
	struct range range = {INFINITY, 0};

	for (unsigned i = 0; i < chart->count; i++)
		for (unsigned j = 0; j < chart->series[i].count; j++)
			widen(&range, chart->series[i].points[j].y);
	for (unsigned i = 0; i < chart->level_count; i++)
		if (chart->levels[i].y > 0)
			widen(&range, chart->levels[i].y);
	return range;
}

/* One round that went wrong must not press all others together: error bars get some room,
 * the rest of them is cut off. */
static struct range with_bars(const struct chart *chart, struct range range)
{
	struct range most = {range.low / BAR_ROOM, range.high * BAR_ROOM};

	for (unsigned i = 0; i < chart->count; i++)
		for (unsigned j = 0; has_bars(chart, i) && j < chart->series[i].count;
		     j++) {
			const struct point *point = &chart->series[i].points[j];

			widen(&range, fmax(point->low, most.low));
			widen(&range, fmin(point->high, most.high));
		}
	return range;
}

static struct range y_range(const struct chart *chart)
{
	struct range range = with_bars(chart, medians(chart));

	range.high = mark(range.high * 1.05, true);
	range.low = mark(fmax(range.low / 1.05, range.high * pow(10, -DECADES)), false);
	range.low = fmax(range.low, chart->floor * 0.8);
	return range;
}

static struct range x_range(const struct chart *chart)
{
	struct range range = {INFINITY, -INFINITY};
	double margin;

	for (unsigned i = 0; i < chart->count; i++)
		for (unsigned j = 0; j < chart->series[i].count; j++)
			widen(&range, chart->series[i].points[j].x);
	if (chart->x_base > 0)
		return (struct range){range.low / 1.3, range.high * 1.3};
	margin = fmax((range.high - range.low) * 0.03, chart->box_width > 0 ? 0.6 : 0.02);
	return (struct range){range.low - margin, range.high + margin};
}

static char *y_label(double value, const struct chart *chart)
{
	char *label = chart->unit == TIME	  ? short_time(value)
		      : chart->unit == PER_SECOND ? short_count(value)
						  : text_format("%g", value);
	bool least = value < chart->floor * 1.01;

	return text_join(label, "", text_format("%s", least ? " or less" : ""));
}

static void write_y_tics(FILE *script, const struct chart *chart, struct range range)
{
	bool wide = range.high / range.low > 10001;
	const char *between = "";
	double at = mark(range.low, true);

	fputs("set ytics (", script);
	for (; at <= range.high * 1.001; at = mark(at * 1.5, true)) {
		char *label = y_label(at, chart);

		if (!wide || fabs(log10(at) - round(log10(at))) < 0.01) {
			fputs(between, script);
			quote(script, label, true);
			fprintf(script, " %g", at);
			between = ", ";
		}
		free(label);
	}
	fputs(")\n", script);
}

/* svg's points are smaller. */
static double size(double points, bool png)
{
	return png ? points : points * 1.25;
}

static void write_x_tics(FILE *script, const struct chart *chart, bool png)
{
	if (chart->box_width > 0)
		fputs("set xtics rotate by 45 right\n", script);
	if (!chart->tic_count)
		return;
	fprintf(script, "set xtics font ',%g' (",
		size(chart->tic_count > MANY ? 9 : 10, png));
	for (unsigned i = 0; i < chart->tic_count; i++) {
		char *label = at_most(chart->tics[i].label, LONGEST);

		fputs(i ? ", " : "", script);
		quote(script, label, true);
		fprintf(script, " %g", chart->tics[i].x);
		free(label);
	}
	fputs(")\n", script);
}

unsigned in_legend(const struct chart *chart)
{
	return chart->count + chart->level_count;
}

/* As high as its legend, if there is more in that than anybody has thought of. */
static void write_terminal(FILE *script, const struct chart *chart, bool png)
{
	unsigned high = 90 + 16 * in_legend(chart);

	fprintf(script,
		"\nreset\nset encoding utf8\nset terminal %s size %d,%u noenhanced "
		"background '#ffffff' font '%s'\nset output ",
		png ? "pngcairo" : "svg", WIDTH, high > HEIGHT ? high : HEIGHT,
		png ? "Sans,10" : "sans-serif,12.5");
	quote(script, chart->name, false);
	fprintf(script, ".'.%s'\n", png ? "png" : "svg");
}

/* Where the chart ends and the legend begins, from 0 to 1; fonts differ, so some room is
 * left. */
static double legend_begins(const struct chart *chart)
{
	size_t longest = 0;

	for (unsigned i = 0; i < chart->count; i++)
		longest = strlen(chart->series[i].name) > longest
				  ? strlen(chart->series[i].name)
				  : longest;
	for (unsigned i = 0; i < chart->level_count; i++)
		longest = strlen(chart->levels[i].name) > longest
				  ? strlen(chart->levels[i].name)
				  : longest;
	longest = longest < LONGEST ? longest : LONGEST;
	return 1 - (70 + (in_legend(chart) > MANY ? 6.4 : 7.2) * (double)longest) / WIDTH;
}

static void write_texts(FILE *script, const struct chart *chart, bool png)
{
	fputs("set label 1 ", script);
	script_quote(script, chart->title, 95);
	fprintf(script, " at screen 0.02, screen 0.955 font ',%g'\nset label 2 ",
		size(15, png));
	script_quote(script, chart->machine, 130);
	fprintf(script,
		" at screen 0.02, screen 0.91 font ',%g' textcolor rgb '#555555'\n"
		"set xlabel ",
		size(10, png));
	quote(script, chart->x_label, false);
	fputs("\nset ylabel ", script);
	quote(script, chart->y_label, false);
	putc('\n', script);
}

static void write_frame(FILE *script, const struct chart *chart, bool png)
{
	double right = legend_begins(chart);

	fputs("set border 3 lc rgb '#555555'\nset tics nomirror\n"
	      "set grid ytics lc rgb '#dddddd' lt 1 lw 1\nset tmargin at screen 0.87\n",
	      script);
	fprintf(script,
		"set rmargin at screen %.3f\n"
		"set key at screen %.3f, screen 0.88 left top "
		"vertical maxcols 1 Left reverse samplen 2.5",
		right - 0.01, right);
	if (in_legend(chart) > MANY)
		fprintf(script, " font ',%g' spacing 0.95", size(9, png));
	putc('\n', script);
}

static void write_axes(FILE *script, const struct chart *chart, bool png)
{
	struct range x = x_range(chart), y = y_range(chart);

	fputs("set logscale y 10\n", script);
	if (chart->x_base > 0)
		fprintf(script, "set logscale x %g\n", chart->x_base);
	fprintf(script, "set xrange [%g:%g]\nset yrange [%g:%g]\n", x.low, x.high, y.low,
		y.high);
	write_y_tics(script, chart, y);
	write_x_tics(script, chart, png);
}

bool chart_write(FILE *script, const struct chart *chart, bool png)
{
	unsigned points = 0;

	for (unsigned i = 0; i < chart->count; i++) {
		clip(chart, &chart->series[i]);
		points += chart->series[i].count;
	}
	if (!points)
		return false;
	write_terminal(script, chart, png);
	write_texts(script, chart, png);
	write_frame(script, chart, png);
	write_axes(script, chart, png);
	script_series(script, chart, y_range(chart).low);
	return true;
}
