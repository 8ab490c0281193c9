/* SPDX-License-Identifier: MIT
 *
 * steps.c - see steps.h.  Looks of a thread that waits, at what it has seen already, are left
 * out.
 */
#include "steps.h"
#include "sites.h"

#include <stdio.h>

#define SECTIONS 4 /* so many are noted */
#define STEPS	 2000

static struct step {
	const char *what; /* NULL: an access */
	uint64_t number;  /* the operation; the line */
	uint64_t began, ended, seen;
	unsigned thread;
	enum access access;
	enum part part;
	const void *site;
} steps[STEPS];
static unsigned count;
static uint64_t first; /* 0: none */
static bool notes;

void steps_from(uint64_t operation)
{
	first = operation;
}

static void note(const struct step *step)
{
	if (count < STEPS)
		steps[count++] = *step;
}

void steps_section(const char *what, uint64_t operation)
{
	notes = first && operation >= first && operation < first + SECTIONS;
	if (notes)
		note(&(struct step){.what = what,
				    .number = operation,
				    .began = now(),
				    .thread = my_number()});
}

/* Again, and nothing new. */
static bool is_repeated(const struct step *step)
{
	const struct step *last = &steps[count];

	while (last-- > steps)
		if (last->thread == step->thread)
			return !last->what && last->access == LOAD &&
			       step->access == LOAD && last->number == step->number &&
			       step->ended == step->began;
	return false;
}

void steps_access(const struct line *line, enum access access, uint64_t began)
{
	struct step step = {.number = line->at,
			    .began = began,
			    .ended = now(),
			    .seen = access == STORE ? *stores_done() : now(),
			    .thread = my_number(),
			    .access = access,
			    .part = line->part,
			    .site = site_now()};

	if (notes && !is_repeated(&step))
		note(&step);
}

void steps_call(const void *function)
{
	if (notes)
		note(&(struct step){.what = "call",
				    .began = now(),
				    .thread = my_number(),
				    .site = function});
}

static unsigned long ns(uint64_t time)
{
	return (unsigned long)((time - steps[0].began) / NS);
}

static void print_mark(const struct step *step)
{
	fprintf(stderr, "%6lu              %2u  %-6s ", ns(step->began), step->thread,
		step->what);
	if (step->site)
		site_print(step->site);
	else
		fprintf(stderr, "%lu\n", (unsigned long)step->number);
}

static void print_access(const struct step *step)
{
	static const char *const accesses[] = {"load", "store", "change", "own", "fetch"};

	fprintf(stderr, "%6lu %4lu %6lu  %2u  %-6s line %4lx %-7s", ns(step->began),
		(unsigned long)((step->ended - step->began) / NS), ns(step->seen),
		step->thread, accesses[step->access],
		(unsigned long)step->number & 0xffff, part_name(step->part));
	site_print(step->site);
}

static void print_step(const struct step *step)
{
	if (step->what)
		print_mark(step);
	else
		print_access(step);
}

void steps_print(void)
{
	fprintf(stderr, "ns: at, waited, seen at; thread; what, whose, where\n");
	for (unsigned i = 0; i < count; i++)
		print_step(&steps[i]);
}
