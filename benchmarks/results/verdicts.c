/* SPDX-License-Identifier: MIT
 *
 * verdicts.c - cells that are in two files, and whether their figures differ.
 */
#define _GNU_SOURCE
#include "verdicts.h"
#include "figures.h"
#include "ranksum.h"
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FALSE_ANSWERS 0.05 /* at most, of those that say "changed" */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* 1: more is better, -1: less is, 0: unknown. */
static int direction(const char *figure)
{
	if (ends_with(figure, "_per_s") || strcmp(figure, "fairness") == 0 ||
	    strcmp(figure, "x_mutex") == 0)
		return 1;
	if (ends_with(figure, "_ns") || strcmp(figure, "ns") == 0 ||
	    strncmp(figure, "x_", 2) == 0)
		return -1;
	return 0;
}

double comparison_ratio(const struct comparison *comparison)
{
	if (comparison->a == comparison->b)
		return 1;
	return comparison->a > 0 ? comparison->b / comparison->a : INFINITY;
}

/* How far from 1, in either direction. */
static double effect(const struct comparison *comparison)
{
	double r = comparison_ratio(comparison);

	return r > 0 ? fabs(log(r)) : INFINITY;
}

static struct comparison compare(const struct cell *a, const struct cell *b,
				 const char *figure)
{
	struct sample in_a = cell_sample(a, figure), in_b = cell_sample(b, figure);
	double least = rank_sum_least(in_a.count, in_b.count);
	struct comparison comparison = {
		.cell = a,
		.figure = figure,
		.a = median(in_a.at, in_a.count),
		.b = median(in_b.at, in_b.count),
		.rounds_a = in_a.count,
		.rounds_b = in_b.count,
		.p = rank_sum_p(in_a.at, in_a.count, in_b.at, in_b.count),
		.verdict = least > FALSE_ANSWERS ? TOO_FEW : UNCHANGED,
	};

	comparison.apart = comparison.p <= least * 1.0001;
	sample_free(&in_a);
	sample_free(&in_b);
	return comparison;
}

static void add(struct comparisons *all, struct comparison comparison)
{
	if (!comparison.rounds_a || !comparison.rounds_b)
		return;
	all->at = must_have(reallocarray(all->at, all->count + 1, sizeof(all->at[0])));
	all->at[all->count++] = comparison;
}

static bool asked(const char *figure, const char *name, unsigned number)
{
	if (!figure)
		return number == 0 || strcmp(name, "wait_p99_ns") == 0;
	return strcmp(figure, "all") == 0 || strcmp(figure, name) == 0;
}

static void add_cell(struct comparisons *all, const struct cell *a, const struct cell *b,
		     const char *figure)
{
	json_t *figures = json_object_get(json_array_get(a->rounds, 0), "figures");
	unsigned number = 0;
	const char *name;
	json_t *value;

	(void)value;
	json_object_foreach(figures, name, value) if (asked(figure, name, number++))
		add(all, compare(a, b, name));
}

static void correct(struct comparisons *all)
{
	double **p = must_have(calloc(all->count + 1, sizeof(*p)));

	for (unsigned i = 0; i < all->count; i++)
		if (all->at[i].verdict != TOO_FEW)
			p[all->tested++] = &all->at[i].p;
	false_discovery(p, all->tested);
	free(p);
}

static enum verdict judge(const struct comparison *comparison, double least)
{
	bool more = comparison->b > comparison->a;
	int good = direction(comparison->figure);

	if (comparison->verdict == TOO_FEW)
		return TOO_FEW;
	if (effect(comparison) <= least)
		return UNCHANGED;
	if (comparison->p > FALSE_ANSWERS)
		return comparison->apart ? PERHAPS : UNCHANGED;
	return !good ? DIFFERENT : (good > 0) == more ? BETTER : WORSE;
}

static int by_verdict(const void *a, const void *b)
{
	const struct comparison *x = a, *y = b;
	double by_effect = effect(y) - effect(x);

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->verdict < UNCHANGED && (by_effect > 0 || by_effect < 0))
		return by_effect < 0 ? -1 : 1;
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	return strcmp(x->figure, y->figure);
}

struct comparisons compare_cells(const struct results *a, const struct results *b,
				 const char *figure, double least_percent)
{
	struct comparisons all = {0};

	for (size_t i = 0; i < a->count; i++) {
		const struct cell *same = results_find(b, a->cells[i].identity);

		if (same)
			add_cell(&all, &a->cells[i], same, figure);
	}
	correct(&all);
	for (unsigned i = 0; i < all.count; i++) {
		all.at[i].verdict = judge(&all.at[i], log1p(least_percent / 100));
		all.counts[all.at[i].verdict]++;
	}
	if (all.count)
		qsort(all.at, all.count, sizeof(all.at[0]), by_verdict);
	return all;
}

void comparisons_free(struct comparisons *all)
{
	free(all->at);
	*all = (struct comparisons){0};
}

unsigned rounds_for(unsigned tested)
{
	unsigned rounds = 4;

	while (rank_sum_least(rounds, rounds) * tested > FALSE_ANSWERS)
		rounds++;
	return rounds;
}
