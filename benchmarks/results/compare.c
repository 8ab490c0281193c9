/* SPDX-License-Identifier: MIT
 *
 * compare.c - the command "compare": what changed between two files of results.
 *
 * How it tells a change from noise is in verdicts.h and ranksum.h.
 */
#define _GNU_SOURCE
#include "compare.h"
#include "figures.h"
#include "table.h"
#include "texts.h"
#include "verdicts.h"

#include <err.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: fifolock-bench compare A.json B.json [OPTION]...\n"
	"What changed from A to B: for each lock and load that is in both, the\n"
	"medians over all rounds, their ratio, and whether that is more than noise.\n"
	"\n"
	"  --all          show also what is unchanged, or cannot be told\n"
	"  --figure NAME  compare that figure; 'all' for all of them\n"
	"                 (default: each test's first, and wait_p99_ns)\n"
	"  --least P      percent by which a median has to move to count (default: 5)\n"
	"  --help         this text\n"
	"\n"
	"A change is more than noise if the rank-sum test says so, at most one false\n"
	"answer in twenty expected; 'false' in the table is that share if all changes\n"
	"are believed that are at least as certain.  The more questions at once, the\n"
	"more rounds it takes: four on each side for one, ten for some thousand.\n"
	"Rounds of runs that took turns, appended to the same two files, are worth\n"
	"most.  The exit status is 0 also if something got worse, and 1 if there is\n"
	"nothing to compare.\n";

struct request {
	const char *files[2];
	const char *figure;
	double least;
	bool all;
};

/* -1: go on; else the exit status. */
static int parse(struct request *request, int argc, char *argv[])
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'},
		{"figure", required_argument, NULL, 'f'},
		{"least", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	char *end = NULL;
	int letter;

	*request = (struct request){.least = LEAST_EFFECT};
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'h')
			return fputs(help, stdout) < 0;
		else if (letter == 'a')
			request->all = true;
		else if (letter == 'f')
			request->figure = optarg;
		else if (letter == 'l')
			request->least = strtod(optarg, &end);
		else
			return 2;
	}
	if (end && (*end || !(request->least >= 0 && request->least <= 1000))) {
		warnx("--least: not a number of percent");
		return 2;
	}
	if (argc - optind != 2) {
		warnx("compare takes two files, see --help");
		return 2;
	}
	request->files[0] = argv[optind];
	request->files[1] = argv[optind + 1];
	return -1;
}

static void print_side(char name, const char *file, const struct results *results)
{
	const json_t *run = json_array_get(results->runs, 0);
	char *library = json_text(json_object_get(run, "library"));
	char *started = json_text(json_object_get(run, "started"));
	size_t runs = json_array_size(results->runs);

	printf("%c: %s: libfifolock %s, %s", name, file, library, started);
	if (runs > 1)
		printf(" and %zu more runs", runs - 1);
	putchar('\n');
	free(library);
	free(started);
}

/* What a member of the runs is, in all of them. */
static char *values(const struct results *results, const char *group, const char *member)
{
	json_t *seen = must_have(json_object()), *run;
	char *all = text_format("%s", "");
	size_t i;

	json_array_foreach(results->runs, i, run)
	{
		const json_t *in = group ? json_object_get(run, group) : run;
		const json_t *value = json_object_get(in, member);
		char *text = value ? json_text(value) : text_format("unknown");

		if (json_object_get(seen, text))
			free(text);
		else if (json_object_set_new(seen, text, json_true()) == 0)
			all = text_join(all, " and ", text);
	}
	json_decref(seen);
	return all;
}

static void warn_of(const struct results sides[2], const char *group, const char *member)
{
	char *a = values(&sides[0], group, member);
	char *b = values(&sides[1], group, member);
	char *name = text_clean(must_have(strdup(member)));

	if (strcmp(a, b) != 0)
		printf("warning: %s%s%s differs: %s; %s\n", group ? group : "",
		       group ? ", " : "", name, a, b);
	free(a);
	free(b);
	free(name);
}

/* Members of that group in either side's first run. */
static void warn_of_group(const struct results sides[2], const char *group)
{
	json_t *both = must_have(json_object());
	const char *member;
	json_t *value;

	for (unsigned i = 0; i < 2; i++)
		json_object_update(
			both, json_object_get(json_array_get(sides[i].runs, 0), group));
	json_object_foreach(both, member, value) if (value) warn_of(sides, group, member);
	json_decref(both);
}

static void print_head(const struct request *request, const struct results sides[2])
{
	static const char *const members[] = {"kernel", "compiler", "libc", "clock"};

	print_side('a', request->files[0], &sides[0]);
	print_side('b', request->files[1], &sides[1]);
	warn_of_group(sides, "machine");
	for (unsigned i = 0; i < 4; i++)
		warn_of(sides, NULL, members[i]);
	warn_of_group(sides, "options");
}

/* For each test, the members of its cells' identities that are not the same in all. */
static json_t *varying(const struct comparisons *all)
{
	json_t *tests = must_have(json_object());
	const char *member;
	json_t *value;

	for (unsigned i = 0; i < all->count; i++) {
		const struct cell *cell = all->at[i].cell;
		json_t *seen = json_object_get(tests, cell_text(cell, "test"));

		if (!seen)
			json_object_set_new(tests, cell_text(cell, "test"),
					    json_copy(cell->identity));
		json_object_foreach(
			seen ? cell->identity : NULL, member,
			value) if (!json_equal(json_object_get(seen, member), value))
			json_object_set_new(seen, member, json_null());
	}
	return tests;
}

static bool has_column(const char *member)
{
	return strcmp(member, "test") == 0 || strcmp(member, "lock") == 0 ||
	       strcmp(member, "floor") == 0;
}

/* "threads 4, shared_percent 90" */
static char *where(const struct cell *cell, const json_t *tests)
{
	const json_t *seen = json_object_get(tests, cell_text(cell, "test"));
	char *text = text_format("%s", "");
	const char *member;
	json_t *value;

	json_object_foreach(cell->identity, member, value)
	{
		char *shown;

		if (has_column(member) || !json_is_null(json_object_get(seen, member)))
			continue;
		shown = json_text(value);
		text = text_join(text, ", ", text_format("%s %s", member, shown));
		free(shown);
	}
	return text_clean(text);
}

static char *human(const char *figure, double value)
{
	size_t length = strlen(figure);

	if (length >= 2 && strcmp(figure + length - 2, "ns") == 0)
		return text_format("%s", human_time(value).at);
	if (strstr(figure, "_per_s"))
		return text_format("%s", human_count(value).at);
	return text_format("%.3g", value);
}

static char *clean_copy(const char *text)
{
	return text_clean(text_format("%s", text));
}

static void add_row(struct table *table, const struct comparison *comparison,
		    const json_t *tests)
{
	const struct cell *cell = comparison->cell;
	const char *lock = cell_text(cell, "lock");
	double r = comparison_ratio(comparison);
	char *row[TABLE_COLUMNS] = {
		clean_copy(cell_text(cell, "test")),
		clean_copy(*lock ? lock : cell_text(cell, "floor")),
		where(cell, tests),
		clean_copy(comparison->figure),
		human(comparison->figure, comparison->a),
		human(comparison->figure, comparison->b),
		text_format(!isfinite(r) ? "-"
			    : r < 9.9995 ? "%.3f"
					 : "%.3g",
			    r),
		text_format("%u, %u", comparison->rounds_a, comparison->rounds_b),
		text_format(comparison->verdict == TOO_FEW ? "-" : "%.4f", comparison->p),
	};

	table_add(table, row);
}

static void add_head(struct table *table)
{
	static const char *const head[TABLE_COLUMNS] = {
		"test", "lock", "", "figure", "a", "b", "b/a", "rounds", "false"};
	char *row[TABLE_COLUMNS];

	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		row[i] = text_format("%s", head[i]);
	table_add(table, row);
}

static enum colour colour_of(enum verdict verdict)
{
	return verdict == WORSE ? RED : verdict == BETTER ? GREEN : PLAIN;
}

static bool is_shown(enum verdict verdict, bool show_all)
{
	return verdict < UNCHANGED || show_all;
}

static void print_tables(const struct comparisons *all, bool show_all)
{
	static const char *const titles[VERDICTS] = {
		"Worse",   "Better",	"Different",
		"Perhaps", "Unchanged", "Too few rounds to tell"};
	struct table table = {.right = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7, .coloured = 6};
	json_t *tests = varying(all);
	unsigned first = 1;

	add_head(&table);
	for (unsigned i = 0; i < all->count; i++)
		if (is_shown(all->at[i].verdict, show_all))
			add_row(&table, &all->at[i], tests);
	for (enum verdict i = 0; i < VERDICTS; i++) {
		if (!is_shown(i, show_all) || !all->counts[i])
			continue;
		printf("\n%s:\n", titles[i]);
		table_print(&table, 0, 1, PLAIN);
		table_print(&table, first, first + all->counts[i], colour_of(i));
		first += all->counts[i];
	}
	table_free(&table);
	json_decref(tests);
}

static void print_summary(const struct comparisons *all)
{
	const unsigned *counts = all->counts;

	printf("\n%u worse, %u better, ", counts[WORSE], counts[BETTER]);
	if (counts[DIFFERENT])
		printf("%u different, ", counts[DIFFERENT]);
	printf("%u unchanged\n", counts[UNCHANGED]);
	if (counts[PERHAPS])
		printf("%u perhaps: apart in all rounds, but among %u comparisons "
		       "that takes %u rounds on each side\n",
		       counts[PERHAPS], all->tested, rounds_for(all->tested));
	if (counts[TOO_FEW])
		printf("%u with too few rounds to tell: it takes 4 on each side\n",
		       counts[TOO_FEW]);
}

static size_t only_in(const struct results *one, const struct results *other)
{
	size_t count = 0;

	for (size_t i = 0; i < one->count; i++)
		count += !results_find(other, one->cells[i].identity);
	return count;
}

static int report(const struct request *request, const struct results sides[2])
{
	size_t only_a = only_in(&sides[0], &sides[1]);
	size_t only_b = only_in(&sides[1], &sides[0]);
	struct comparisons all =
		compare_cells(&sides[0], &sides[1], request->figure, request->least);
	unsigned count = all.count;

	print_head(request, sides);
	print_tables(&all, request->all);
	print_summary(&all);
	if (only_a || only_b)
		printf("%zu cells only in a, %zu only in b\n", only_a, only_b);
	comparisons_free(&all);
	if (!count)
		warnx("nothing to compare: no cell with that figure is in both files");
	if (fflush(stdout) != 0 || ferror(stdout))
		errx(1, "the output could not be written");
	return count ? 0 : 1;
}

int compare_main(int argc, char *argv[])
{
	struct results sides[2] = {0};
	struct request request;
	int status = parse(&request, argc, argv);

	if (status >= 0)
		return status;
	status = 1;
	if (results_read(&sides[0], request.files[0]) &&
	    results_read(&sides[1], request.files[1]))
		status = report(&request, sides);
	results_free(&sides[0]);
	results_free(&sides[1]);
	return status;
}
