/* SPDX-License-Identifier: MIT
 *
 * limits.c - figures that must not get worse: counted, not timed, so they are the same on
 * every machine and at every try.
 */
#include "table.h"

#include <math.h>
#include <stdio.h>

/* Per operation. */
static const struct limit {
	const char *row;
	unsigned processors, threads, section, think, shared;
	double lock_changes;   /* read-modify-writes of the lock's line */
	double waiting_loads;  /* of it, by threads that have begun to wait */
	double path_transfers; /* from section to section, one after the other */
} limits[] = {
	{"mcs", 16, 16, 200, 50, 0, 1.01, 0, 3.01},
	{"mcs", 128, 128, 200, 50, 0, 1.01, 0, 3.01},
	{"fifolock", 16, 16, 200, 50, 0, 1.01, 0, 2.1},
	{"fifolock", 16, 16, 20, 50, 0, 1.01, 0, 2.1},
	/* At the beginning all of them try to take it at once. */
	{"fifolock", 128, 128, 200, 50, 0, 2.0, 0, 2.1},
	/* One arrives as the other gives back; and when it has just given back. */
	{"fifolock", 16, 2, 20, 50, 0, 1.05, 0, 5.1},
	{"fifolock", 16, 2, 20, 150, 0, 3.05, 0, 4.1},
	/* The thread that serves has waited before. */
	{"fifolock-run", 16, 16, 200, 50, 0, 1.1, 0.2, 0.6},
	/* Two are the least: a hold comes and goes. */
	{"fifolock", 16, 16, 50, 50, 90, 3.0, 0.05, INFINITY},
	{"fifolock", 16, 16, 200, 200, 100, 2.01, 0, INFINITY},
	/* It has its slot before it looks whether to get in line. */
	{"fifolock-run", 16, 16, 50, 50, 90, 3.1, 5, INFINITY},
	{"fifolock-run", 16, 16, 200, 200, 100, 2.1, 0, INFINITY},
	/* More threads than processors: mostly none stands in line (rest.h). */
	{"fifolock-run", 2, 32, 50, 50, 90, 2.5, 1, INFINITY},
	{"fifolock-run", 8, 32, 50, 50, 90, 3.0, 3, INFINITY},
};

#define COUNT (sizeof(limits) / sizeof(limits[0]))

static bool within(const char *what, double is, double limit)
{
	if (is <= limit)
		return true;
	printf("  %s: %.3f, and not more than %.3f\n", what, is, limit);
	return false;
}

/* Nothing is said about sections that no thread has waited for. */
static bool contended(const struct limit *limit, const struct figures *figures)
{
	if (isinf(limit->path_transfers) || figures->waited_for >= 0.7)
		return true;
	printf("  only %.2f of the sections were waited for\n", figures->waited_for);
	return false;
}

static bool check(const struct limit *limit)
{
	const struct load load = {
		.processors = limit->processors,
		.threads = limit->threads,
		.section = limit->section,
		.think = limit->think,
		.shared = limit->shared,
		/* Until those that share processors have found their ways. */
		.us = limit->threads > limit->processors ? 20000 : 500};
	struct figures figures;
	bool right;

	if (!cell(limit->row, &load, &figures)) {
		printf("%s: no figures\n", limit->row);
		return false;
	}
	table_row(limit->row, &load, &figures);
	right = contended(limit, &figures);
	right &= within("read-modify-writes", figures.lock_changes, limit->lock_changes);
	right &= within("loads by waiters", figures.waiting_loads, limit->waiting_loads);
	return within("transfers", figures.path_transfers, limit->path_transfers) &&
	       right;
}

int check_limits(void)
{
	bool right = true;

	for (size_t i = 0; i < COUNT; i++)
		right &= check(&limits[i]);
	return right ? 0 : 1;
}
