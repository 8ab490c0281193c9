/* SPDX-License-Identifier: MIT
 *
 * sites.c - which instruction has asked for how many lines, and waited for how long.
 */
#define _GNU_SOURCE
#include "sites.h"
#include "machine.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SITES 4096
#define MOST  25 /* are printed */

static struct site {
	uintptr_t at;
	enum part part;
	uint64_t lines, waited;
} sites[SITES];
static size_t count;
static const void *now_at;

void site_is(const void *at)
{
	now_at = at;
}

const void *site_now(void)
{
	return now_at;
}

static struct site *site_of(enum part part)
{
	for (size_t i = 0; i < count; i++)
		if (sites[i].at == (uintptr_t)now_at && sites[i].part == part)
			return &sites[i];
	if (count == SITES)
		return &sites[0];
	sites[count] = (struct site){.at = (uintptr_t)now_at, .part = part};
	return &sites[count++];
}

void site_asks(enum part part)
{
	site_of(part)->lines++;
}

void site_waited(enum part part, uint64_t time)
{
	if (time)
		site_of(part)->waited += time;
}

static int more_lines(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return x->lines < y->lines ? 1 : x->lines > y->lines ? -1 : 0;
}

static int find_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

/* function, at file:line */
static void print_place(uintptr_t at)
{
	char command[96], text[2][256] = {"?", "?"};
	FILE *from;

	snprintf(command, sizeof(command), "addr2line -s -f -e /proc/%d/exe %#lx",
		 getpid(), (unsigned long)at - 1);
	from = popen(command, "r");
	for (int i = 0; from && i < 2; i++)
		if (fscanf(from, "%255s", text[i]) != 1)
			break;
	if (from)
		pclose(from);
	fprintf(stderr, "%s, %s\n", text[0], text[1]);
}

void site_print(const void *at)
{
	uintptr_t base = 0;

	dl_iterate_phdr(find_base, &base);
	if (at)
		print_place((uintptr_t)at - base);
	else
		fprintf(stderr, "the section\n");
}

const char *part_name(enum part part)
{
	static const char *const names[PARTS] = {"others", "lock", "data", "kernel"};

	return names[part];
}

void sites_print(double operations)
{
	qsort(sites, count, sizeof(sites[0]), more_lines);
	fprintf(stderr,
		"per operation: lines asked for, ns waited for them, whose, where\n");
	for (size_t i = 0; i < count && i < MOST; i++) {
		fprintf(stderr, "%8.2f %8.1f  %-7s ", (double)sites[i].lines / operations,
			(double)sites[i].waited / NS / operations,
			part_name(sites[i].part));
		site_print((const void *)sites[i].at);
	}
}
