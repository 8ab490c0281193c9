/* SPDX-License-Identifier: MIT
 *
 * main.c - options.
 */
#include "cells.h"
#include "machine.h"
#include "rows.h"
#include "table.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct load load = {.processors = 16, .section = 200, .think = 50};
static const char *counts_text = "2,4,8,16";
static bool json;

static void usage(void)
{
	printf("simulate [options] [row ...]: locks on a simulated machine\n"
	       "  --processors N    1 to 128 (16)\n"
	       "  --threads N,...   (2,4,8,16)\n"
	       "  --section NS      inside (200)\n"
	       "  --think NS        outside (50)\n"
	       "  --shared PERCENT  (0)\n"
	       "  --time US         so long is counted (1000; 60000 where threads share "
	       "processors)\n"
	       "  --json            a line for each\n"
	       "  --sites           where in the sources lines are asked for, and waited "
	       "for\n"
	       "  --steps N         what the threads do from the end of the Nth section "
	       "on\n"
	       "  --price NAME=NS   what something takes\n"
	       "  --measured        beside figures of a real machine\n"
	       "  --limits          check what the tests check\n"
	       "rows:");
	for (size_t i = 0; i < row_count; i++)
		printf(" %s", rows[i].name);
	printf("\nprices, ns:\n");
#define SHOW(name, ns, what) printf("  %-12s %5d  %s\n", #name, ns, what);
	PRICES(SHOW)
#undef SHOW
}

static bool set_price(const char *text)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : 0;

#define SET(name, ns, what)                                                     \
	if (length == sizeof(#name) - 1 && strncmp(text, #name, length) == 0) { \
		prices.name = (uint64_t)(atof(value + 1) * NS);                 \
		return true;                                                    \
	}
	PRICES(SET)
#undef SET
	return false;
}

static bool number(const char *text, unsigned least, unsigned most, unsigned *value)
{
	char *end;
	unsigned long is = strtoul(text, &end, 10);

	if (end == text || (*end && *end != ',') || is < least || is > most)
		return false;
	*value = (unsigned)is;
	return true;
}

enum { MEASURED = 1000, LIMITS };

static bool option(int which, const char *text)
{
	switch (which) {
	case 'p':
		return number(text, 1, PROCESSORS, &load.processors);
	case 't':
		counts_text = text;
		return true;
	case 's':
		return number(text, 0, 1000000, &load.section);
	case 'o':
		return number(text, 0, 1000000, &load.think);
	case 'r':
		return number(text, 0, 100, &load.shared);
	case 'u':
		return number(text, 1, 10000000, &load.us);
	case 'j':
		json = true;
		return true;
	case 'w':
		load.sites = true;
		return true;
	case 'e':
		return number(text, 1, 1000000, &load.steps);
	case 'c':
		return set_price(text);
	default:
		return false;
	}
}

static bool one(const char *row, unsigned threads)
{
	struct figures figures;
	struct load now = load;

	now.threads = threads;
	if (!now.us)
		now.us = threads > load.processors ? 60000 : 1000;
	if (!cell(row, &now, &figures)) {
		fprintf(stderr, "simulate: %s, %u threads: no figures\n", row, threads);
		return false;
	}
	(json ? json_row : table_row)(row, &now, &figures);
	return true;
}

static bool all_counts(const char *row)
{
	const struct row *which = row_named(row);
	unsigned threads;

	if (!which || (load.shared && !which->shares)) {
		fprintf(stderr, "simulate: %s: no such row, or not for shared sections\n",
			row);
		return false;
	}
	for (const char *at = counts_text; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!number(at, 1, THREADS, &threads) || !one(row, threads))
			return false;
	}
	return true;
}

static int all_rows(char *names[])
{
	bool right = true;

	if (!json)
		table_head(&load);
	for (; *names; names++)
		right &= all_counts(*names);
	return right ? 0 : 1;
}

static int every_row(void)
{
	char *names[16];
	size_t count = 0;

	for (size_t i = 0; i < row_count; i++)
		if (!load.shared || rows[i].shares)
			names[count++] = (char *)(uintptr_t)rows[i].name;
	names[count] = NULL;
	return all_rows(names);
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{"processors", 1, NULL, 'p'},	 {"threads", 1, NULL, 't'},
		{"section", 1, NULL, 's'},	 {"think", 1, NULL, 'o'},
		{"shared", 1, NULL, 'r'},	 {"time", 1, NULL, 'u'},
		{"json", 0, NULL, 'j'},		 {"sites", 0, NULL, 'w'},
		{"steps", 1, NULL, 'e'},	 {"price", 1, NULL, 'c'},
		{"measured", 0, NULL, MEASURED}, {"limits", 0, NULL, LIMITS},
		{"help", 0, NULL, 'h'},		 {NULL, 0, NULL, 0},
	};
	int which;

	if (is_cell(argc, argv))
		return cell_main(argv);
	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == MEASURED)
			return compare_with_measured();
		if (which == LIMITS)
			return check_limits();
		if (!option(which, optarg)) {
			usage();
			return which == 'h' ? 0 : 2;
		}
	}
	return argv[optind] ? all_rows(argv + optind) : every_row();
}
