/* SPDX-License-Identifier: MIT
 *
 * load.c - threads that take turns: a time outside, a section, again.
 *
 * The section reads a line when it begins and writes it when it ends; as in the measured
 * benchmark its other work does not wait for the line.  Times vary by a tenth, the same way
 * each time that this is run.
 */
#include "cells.h"
#include "machine.h"
#include "rows.h"
#include "sites.h"
#include "steps.h"

#include <stdlib.h>
#include <string.h>

/* How far it has come. */
struct state {
	struct counts counts[PARTS];
	uint64_t now, busy, operations;
	uint64_t waited_for, path_transfers, path;
};

static struct asker {
	uint64_t random;
	uint64_t asked; /* its call began */
} askers[THREADS];

static const struct load *load;
static const struct row *row;
static struct state state, warm;
static uint64_t data[16] __attribute__((aligned(128)));
static uint64_t section_ended;
static unsigned inside, beside_others; /* sections */

static uint64_t random_next(struct asker *asker)
{
	asker->random ^= asker->random << 13;
	asker->random ^= asker->random >> 7;
	asker->random ^= asker->random << 17;
	return asker->random;
}

static uint64_t about(struct asker *asker, unsigned ns)
{
	uint64_t time = ns * NS;

	return time - time / 10 + random_next(asker) % (time / 5 + 1);
}

/* ---- what is counted ---- */

static void note_path(const struct asker *asker, uint64_t began)
{
	if (!section_ended || asker->asked > section_ended)
		return;
	state.waited_for++;
	state.path += began - section_ended;
	if (my_path()->turn == state.operations)
		state.path_transfers += my_path()->transfers;
}

static void note_time(void)
{
	memcpy(state.counts, counts, sizeof(counts));
	state.now = now();
	state.busy = time_busy();
}

static void section_ends(void)
{
	section_ended = now();
	state.operations++;
	steps_section("ends", state.operations);
	path_begins(state.operations);
	if (!warm.now && now() > EPOCH + load->us * US / 4) {
		note_time();
		warm = state;
	}
	if (warm.now && now() > warm.now + load->us * US) {
		note_time();
		threads_stop();
	}
}

/* ---- what is done ---- */

static void alone(void *arg)
{
	struct asker *asker = arg;
	uint64_t began;

	if (load->bare) {
		section_ends();
		return;
	}
	if (inside++ || beside_others)
		abort(); /* it does not exclude */
	my_turn();
	began = now();
	steps_section("begins", state.operations);
	site_is(NULL);
	touch_early(data);
	note_path(asker, began);
	work(about(asker, load->section));
	touch_late();
	touch(data, sizeof(*data), STORE);
	inside--;
	section_ends();
}

static void beside(void *arg)
{
	if (inside)
		abort();
	beside_others++;
	my_turn();
	site_is(NULL);
	touch_early(data);
	work(about(arg, load->section));
	touch_late();
	beside_others--;
	section_ends();
}

static void once(unsigned thread)
{
	struct asker *asker = &askers[thread];
	bool shared = random_next(asker) % 100 < load->shared;

	my_turn();
	asker->asked = now();
	*waits() = false;
	if (row->run) {
		row->run(thread, shared, shared ? beside : alone, asker);
		return;
	}
	row->lock(thread, shared);
	*waits() = false;
	if (shared)
		beside(asker);
	else
		alone(asker);
	row->unlock(thread, shared);
}

static void body(unsigned thread)
{
	struct asker *asker = &askers[thread];

	asker->random = 0x9e3779b97f4a7c15u * (thread + 1);
	if (load->bare && thread == 0)
		spend(20 * US); /* so that the other one is asleep */
	for (;;) {
		work(about(asker, load->think));
		once(thread);
	}
}

static double each(uint64_t end, uint64_t begin)
{
	return (double)(end - begin) / (double)(state.operations - warm.operations);
}

#define EACH(member) each(state.member, warm.member)

static void figures_fill(struct figures *figures)
{
	double waited = (double)(state.waited_for - warm.waited_for);

	figures->millions = 1e6 / EACH(now);
	figures->processor_ns = EACH(busy) / NS;
	figures->lock_changes = EACH(counts[LOCK].changes);
	figures->lock_loads = EACH(counts[LOCK].loads);
	figures->lock_transfers = EACH(counts[LOCK].transfers);
	figures->other_transfers = EACH(counts[OTHERS].transfers);
	figures->data_transfers = EACH(counts[DATA].transfers);
	figures->waiting_loads = EACH(counts[LOCK].waiting_loads);
	figures->waited_for = EACH(waited_for);
	if (waited < 1)
		waited = 1;
	figures->path_transfers =
		(double)(state.path_transfers - warm.path_transfers) / waited;
	figures->path_ns = (double)(state.path - warm.path) / waited / NS;
}

void load_run(const struct row *which, const struct load *how, struct figures *figures)
{
	row = which;
	load = how;
	lines_part(the_lock, sizeof(the_lock), LOCK);
	lines_part(data, sizeof(data), DATA);
	system_begin();
	steps_from(load->steps);
	threads_begin(load->processors, load->threads, body);
	threads_run();
	figures_fill(figures);
	if (load->sites)
		sites_print((double)state.operations);
	if (load->steps)
		steps_print();
}
