/* SPDX-License-Identifier: MIT
 *
 * measured.c - the simulated machine beside a real one: a virtual machine with 16
 * processors of an Intel Xeon (Sapphire Rapids class), Linux 6.18, otherwise idle; medians
 * of 2 or 3 short rounds that differ by a tenth to a fifth.  Printed as for docs/simulate.md:
 * millions of operations a second simulated, and the ratio to what was measured.  The rows of the library were
 * measured before a hold was handed on from slot to slot (commit a669302), so they say
 * something about the simulation only where it is built from those sources.
 */
#include "table.h"

#include <stdio.h>

#define COUNTS 8
static const unsigned threads[COUNTS] = {2, 4, 8, 12, 16, 24, 32, 64};

/* Millions of operations a second; 0: not measured. */
static const struct measured {
	const char *row, *as;
	unsigned section, think, shared;
	double millions[COUNTS];
} measured[] = {
	{"mcs", "ck-mcs", 200, 50, 0, {2.66, 2.81, 2.51, 2.59, 2.79}},
	{"mutex",
	 "pthread",
	 200,
	 50,
	 0,
	 {1.75, 1.76, 1.41, 1.46, 1.50, 1.55, 1.55, 1.35}},
	{"fifolock", "fifolock", 200, 50, 0, {1.49, .76, .55, .52, .42, .46, .43, .25}},
	{"fifolock-run",
	 "run",
	 200,
	 50,
	 0,
	 {4.15, 3.48, 1.99, 1.75, 1.77, 1.70, 2.20, 2.20}},
	{"cc-synch",
	 "CC-Synch",
	 200,
	 50,
	 0,
	 {2.91, 4.54, 5.10, 4.71, 5.37, 4.68, 4.46, 4.09}},
	{"mcs", "ck-mcs", 20, 50, 0, {3.45, 4.71, 4.81, 4.10, 5.01}},
	{"mutex", "pthread", 20, 50, 0, {5.98, 4.87, 4.40, 4.45, 4.23, 4.27, 4.85, 5.25}},
	{"fifolock", "fifolock", 20, 50, 0, {2.29, .79, .59, .53, .47, .43, .35, .32}},
	{"fifolock-run",
	 "run",
	 20,
	 50,
	 0,
	 {11.41, 10.01, 5.76, 3.82, 2.49, 3.50, 6.04, 6.67}},
	{"cc-synch",
	 "CC-Synch",
	 20,
	 50,
	 0,
	 {7.19, 6.91, 9.67, 9.77, 9.33, 9.77, 10.22, 11.18}},
	{"mcs", "ck-mcs", 1000, 1000, 0, {0, .81, .77, 0, .88}},
	{"mutex", "pthread", 1000, 1000, 0, {0, .47, .55, 0, .59, .50, .46, .50}},
	{"fifolock", "fifolock", 1000, 1000, 0, {0, .48, .38, 0, .36, .29, .26, .23}},
	{"fifolock", "fifolock", 200, 200, 100, {4.8, 5.4, 7.3, 0, 7.6}},
	{"fifolock", "fifolock", 50, 50, 90, {3.8, 2.5, 1.4, 0, .82, 0, .88, .73}},
};

static double simulated(const struct measured *what, unsigned count)
{
	const struct load load = {.processors = 16,
				  .threads = count,
				  .section = what->section,
				  .think = what->think,
				  .shared = what->shared,
				  .us = count > 16 ? 30000 : 2000};
	struct figures figures;

	return cell(what->row, &load, &figures) ? figures.millions : 0;
}

static void head(const struct measured *what)
{
	printf("\n| %u ns inside, %u outside, %u %% shared; threads |", what->section,
	       what->think, what->shared);
	for (unsigned i = 0; i < COUNTS; i++)
		printf(" %u |", threads[i]);
	printf("\n|---|");
	for (unsigned i = 0; i < COUNTS; i++)
		printf("---|");
	printf("\n");
}

static bool same_load(const struct measured *a, const struct measured *b)
{
	return a->section == b->section && a->think == b->think && a->shared == b->shared;
}

static void ratio(double here, double real)
{
	const char *far = here > 2 * real || here < real / 2 ? "**" : "";

	printf(" %.2f (%s%.2f%s) |", here, far, here / real, far);
}

static void row(const struct measured *what)
{
	printf("| %s |", what->as);
	for (unsigned i = 0; i < COUNTS; i++)
		if (what->millions[i] > 0)
			ratio(simulated(what, threads[i]), what->millions[i]);
		else
			printf(" |");
	printf("\n");
	fflush(stdout);
}

/* ns */
static const struct {
	const char *row, *what;
	unsigned processors, threads;
	double least, most;
} floor_rows[] = {
	{"two-atomics", "two atomic operations", 1, 1, 15, 17},
	{"pass-line", "the turn passed by a line", 2, 2, 75, 157},
	{"pass-yield", "the turn passed by a yield", 1, 2, 930, 930},
	{"pass-futex", "the turn passed by a futex", 1, 2, 2000, 2000},
	{"pass-futex", "... to another processor", 2, 2, 5700, 5700},
};

static void compare_floors(void)
{
	printf("| | simulated, ns | measured |\n|---|---|---|\n");
	for (size_t i = 0; i < sizeof(floor_rows) / sizeof(floor_rows[0]); i++) {
		const struct load load = {.processors = floor_rows[i].processors,
					  .threads = floor_rows[i].threads,
					  .us = 2000,
					  .bare = true};
		struct figures figures;

		if (cell(floor_rows[i].row, &load, &figures))
			printf("| %s | %.0f | %.0f to %.0f |\n", floor_rows[i].what,
			       1e3 / figures.millions, floor_rows[i].least,
			       floor_rows[i].most);
	}
}

int compare_with_measured(void)
{
	compare_floors();
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
		if (!i || !same_load(&measured[i], &measured[i - 1]))
			head(&measured[i]);
		row(&measured[i]);
	}
	return 0;
}
