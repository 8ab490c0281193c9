/* SPDX-License-Identifier: MIT
 *
 * cells.c - a process for each cell of a table.  See cells.h.
 *
 * It is started without random addresses, where that is allowed: the library may use the
 * address of a lock.
 */
#define _GNU_SOURCE
#include "cells.h"
#include "machine.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLE "FIFOLOCK_SIMULATED_PROCESSORS"

#define PRICE(name, ns, what) .name = (ns)*NS,
struct prices prices = {PRICES(PRICE)};
#undef PRICE

/* Before main, too. */
unsigned cell_processors(void)
{
	const char *text = getenv(VARIABLE);

	return text ? (unsigned)atoi(text) : 1;
}

/* ---- the child ---- */

bool is_cell(int argc, char *argv[])
{
	return argc == 4 && strcmp(argv[1], "--cell") == 0;
}

static bool read_all(const char *text, void *to, size_t size)
{
	unsigned char *byte = to;
	unsigned value;

	for (; size; size--, text += 2) {
		if (sscanf(text, "%2x", &value) != 1)
			return false;
		*byte++ = (unsigned char)value;
	}
	return true;
}

struct order {
	struct load load;
	struct prices prices;
};

int cell_main(char *argv[])
{
	const struct row *row = row_named(argv[2]);
	struct figures figures;
	struct order order;

	if (!row || !read_all(argv[3], &order, sizeof(order)))
		return 2;
	prices = order.prices;
	load_run(row, &order.load, &figures);
	_exit(write(STDOUT_FILENO, &figures, sizeof(figures)) == sizeof(figures) ? 0 : 1);
}

/* ---- the parent ---- */

static void write_all(char *text, const void *from, size_t size)
{
	const unsigned char *byte = from;

	for (; size; size--, text += 2)
		sprintf(text, "%02x", *byte++);
}

static void become_cell(const char *row, const struct load *load, int to)
{
	struct order order = {.load = *load, .prices = prices};
	char text[2 * sizeof(order) + 1], count[16];

	write_all(text, &order, sizeof(order));
	snprintf(count, sizeof(count), "%u", load->processors);
	setenv(VARIABLE, count, 1);
	personality(ADDR_NO_RANDOMIZE);
	dup2(to, STDOUT_FILENO);
	execl("/proc/self/exe", "simulate", "--cell", row, text, (char *)NULL);
	_exit(1);
}

bool cell(const char *row, const struct load *load, struct figures *figures)
{
	int ends[2], status;
	ssize_t got;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0)
		return false;
	child = fork();
	if (child == 0)
		become_cell(row, load, ends[1]);
	close(ends[1]);
	got = read(ends[0], figures, sizeof(*figures));
	close(ends[0]);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0 &&
	       got == sizeof(*figures);
}
