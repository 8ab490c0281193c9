/* SPDX-License-Identifier: MIT
 *
 * series.c - the part of a script that draws: a lock's line, a number of threads' boxes.
 */
#include "script.h"

#include <math.h>
#include <string.h>

#define OUR_COLOUR 0xd55e00
#define COLOURS	   8
#define DOTS	   13
#define LEVELS	   6

/* Colours of P. Tol's, and of M. Okabe's and K. Ito's, less those like ours. */
static const unsigned colours[COLOURS] = {
	0x332288, 0x44aa99, 0x0072b2, 0x999933, 0xaa4499, 0x88ccee, 0x117733, 0x777777,
};
static const unsigned level_colours[LEVELS] = {
	0x0072b2, 0x009e73, 0xcc79a7, 0x000000, 0x56b4e9, 0x999933,
};

/* gnuplot's shapes of points. With 13 of them and 8 colours pairs repeat late. */
static const int dots[DOTS] = {4, 6, 8, 10, 12, 14, 1, 2, 3, 9, 11, 13, 15};
static const int our_dots[] = {7, 5};

bool is_ours(const char *name)
{
	return strncmp(name, "fifolock", 8) == 0;
}

/* Where there are many, bars would hide each other: then only ours have some. */
bool has_bars(const struct chart *chart, unsigned number)
{
	return chart->error_bars &&
	       (chart->count <= MANY || is_ours(chart->series[number].name));
}

/* From a light to the full colour. */
static unsigned shade(unsigned colour, unsigned number, unsigned count)
{
	double full = 0.35 + 0.65 * (number + 1) / count;
	unsigned mixed = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		unsigned part = colour >> shift & 0xff;

		mixed |= (unsigned)(255 - (255 - part) * full) << shift;
	}
	return mixed;
}

static unsigned box_colour(const struct chart *chart, unsigned series, bool ours)
{
	return shade(ours ? OUR_COLOUR : 0x444444, series, chart->count);
}

static void write_data(FILE *script, const struct chart *chart, unsigned number,
		       double lowest)
{
	const struct series *series = &chart->series[number];

	fprintf(script, "$d%u << EOD\n", number);
	for (unsigned i = 0; i < series->count; i++) {
		const struct point *point = &series->points[i];

		fprintf(script, "%g %g", point->x, point->y);
		if (chart->error_bars)
			fprintf(script, " %g %g", fmax(point->low, lowest), point->high);
		if (chart->box_width > 0)
			fprintf(script, " %u", box_colour(chart, number, point->ours));
		putc('\n', script);
	}
	fputs("EOD\n", script);
}

static unsigned colour_of(const struct series *series)
{
	return is_ours(series->name) ? OUR_COLOUR : colours[series->lock % COLOURS];
}

static void write_bars(FILE *script, const struct chart *chart, unsigned number)
{
	fprintf(script,
		"$d%u with yerrorbars lc rgb '#%06x' lw 1.2 pt 0 notitle, \\\n     ",
		number, colour_of(&chart->series[number]));
}

/* Ours: thick, and the lock itself with a whole line. */
static void write_lines(FILE *script, const struct chart *chart, unsigned number)
{
	const struct series *series = &chart->series[number];
	bool ours = is_ours(series->name), plain = strcmp(series->name, "fifolock") == 0;

	if (has_bars(chart, number))
		write_bars(script, chart, number);
	fprintf(script,
		"$d%u with linespoints lc rgb '#%06x' lw %s pt %d ps %s dt %s pi %u "
		"title ",
		number, colour_of(series), ours ? "3.5" : "1.5",
		ours ? our_dots[!plain] : dots[series->lock % DOTS],
		ours		      ? "1.1"
		: chart->count > MANY ? "0.8"
				      : "0.95",
		ours && !plain ? "(8,4)" : "1", series->count / 16 + 1);
}

/* Ours once more at the end, on top of all others. */
static void write_all_lines(FILE *script, const struct chart *chart)
{
	const char *between = "plot ";

	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < chart->count; i++) {
			const char *name = chart->series[i].name;

			if (!chart->series[i].count || (turn == 1 && !is_ours(name)))
				continue;
			fputs(between, script);
			write_lines(script, chart, i);
			script_quote(script, turn == 0 ? name : "", LONGEST);
			between = ", \\\n     ";
		}
}

/* Those of a series have two colours; the legend shows the others'. */
static void write_all_boxes(FILE *script, const struct chart *chart)
{
	fprintf(script, "set style fill solid\nset boxwidth %g\nplot ", chart->box_width);
	for (unsigned i = 0; i < chart->count; i++) {
		fprintf(script,
			"%s$d%u with boxes lc rgb variable notitle, \\\n     "
			"NaN with boxes lc rgb '#%06x' title ",
			i ? ", \\\n     " : "", i, box_colour(chart, i, false));
		script_quote(script, chart->series[i].name, LONGEST);
	}
}

static void write_levels(FILE *script, const struct chart *chart)
{
	for (unsigned i = 0; i < chart->level_count; i++) {
		fprintf(script,
			", \\\n     %g with lines dt (6,4) lw 1.5 lc rgb '#%06x' title ",
			chart->levels[i].y, level_colours[i % LEVELS]);
		script_quote(script, chart->levels[i].name, LONGEST);
	}
	fputs("\nunset output\n", script);
}

void script_series(FILE *script, const struct chart *chart, double lowest)
{
	for (unsigned i = 0; i < chart->count; i++)
		if (chart->series[i].count)
			write_data(script, chart, i, lowest);
	if (chart->box_width > 0)
		write_all_boxes(script, chart);
	else
		write_all_lines(script, chart);
	write_levels(script, chart);
}
