/* SPDX-License-Identifier: MIT
 *
 * load.c - keys under a load.
 *
 * One lock in eight is timed, chosen at random, so that the clock does not become the load.  A wait
 * counts if it ends after the warm-up, be it after the end: the threads that wait then are those
 * waiting longest.
 *
 * Beside long holds counts what is done during them, and waits that begin then: some locks keep the
 * thread that wants the next long hold waiting, and would look fast for that.
 */
#include "load.h"
#include "measure/crew.h"
#include "measure/histogram.h"
#include "measure/ticks.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UP	   0.2 /* of the time */
#define STACK_SIZE (256u << 10)
#define SAMPLING   8u

enum phase {
	WARMING,
	COUNTED,
	STOPPED,
};

struct cell {
	const struct key_load *load;
	const struct keyed *row;
	void *locks;
	struct worker *workers;
	uint64_t *counters; /* of each thread, for two moments and a sum */
	struct moment sum;  /* of all that passed while it counted */
	int phase __attribute__((aligned(128))); /* atomic: read by all, written twice */
	bool holding; /* atomic: a long hold lasts, or there are none at all */
};

/* Only its own thread writes; what others read meanwhile is atomic. */
struct worker {
	uint64_t operations; /* atomic */
	uint64_t writes;
	uint64_t clashes;
	uint64_t random;
	uint32_t place; /* in what is asked for */
	struct cell *cell;
	struct histogram waits;
} __attribute__((aligned(128)));

static enum phase phase_of(const struct cell *cell)
{
	return (enum phase)__atomic_load_n(&cell->phase, __ATOMIC_ACQUIRE);
}

static void set_phase(struct cell *cell, enum phase phase)
{
	__atomic_store_n(&cell->phase, (int)phase, __ATOMIC_RELEASE);
}

static bool holding(const struct cell *cell)
{
	return __atomic_load_n(&cell->holding, __ATOMIC_RELAXED);
}

static void set_holding(struct cell *cell, bool holds)
{
	__atomic_store_n(&cell->holding, holds, __ATOMIC_RELAXED);
}

static struct moment take_moment(const struct cell *cell, unsigned place)
{
	return moment_take(&cell->workers[0].operations, sizeof(struct worker),
			   cell->load->threads,
			   cell->counters + place * cell->load->threads);
}

static void touch(struct worker *self, struct row *row, enum mode mode)
{
	uint64_t seen = row->first;

	if (mode == EXCLUSIVE)
		row->first = seen + 1;
	/* Keeps what was read before apart from what is read after. */
	__asm__ volatile("" : : : "memory");
	if (row->second != seen)
		self->clashes++;
	if (mode == EXCLUSIVE)
		row->second = seen + 1;
	self->writes += mode == EXCLUSIVE;
}

/* The lower half of a roll. */
static enum mode mode_of(const struct key_load *load, uint64_t roll)
{
	return (roll & UINT32_MAX) * 100 >> 32 < load->shared_percent ? SHARED
								      : EXCLUSIVE;
}

static uint64_t lock_timed(struct cell *cell, uint64_t key, enum mode mode,
			   union hold *hold)
{
	uint64_t asked = ticks_now();

	cell->row->lock(cell->locks, key, mode, hold);
	return ticks_ns(asked, ticks_now());
}

static void operate(struct worker *self)
{
	struct cell *cell = self->cell;
	const struct key_load *load = cell->load;
	uint64_t roll = dice_roll(&self->random), wait = 0;
	uint32_t key = asked_next(load->asked, &self->place, roll);
	bool timed = (roll >> 16 & (SAMPLING - 1)) == 0 && holding(cell);
	enum mode mode = mode_of(load, roll);
	union hold hold;

	if (timed)
		wait = lock_timed(cell, key, mode, &hold);
	else
		cell->row->lock(cell->locks, key, mode, &hold);
	if (load->touch)
		touch(self, &load->rows->at[key], mode);
	cell->row->unlock(cell->locks, &hold);
	__atomic_store_n(&self->operations, self->operations + 1, __ATOMIC_RELAXED);
	if (timed && phase_of(cell) != WARMING)
		histogram_record(&self->waits, wait);
}

/* Sleep; what passes meanwhile counts, if the end has not come. */
static void count_during(struct cell *cell, double seconds)
{
	struct moment from = take_moment(cell, 0), to, *sum = &cell->sum;

	moment_pass(seconds);
	to = take_moment(cell, 1);
	if (phase_of(cell) != COUNTED)
		return;
	sum->wall += to.wall - from.wall;
	sum->cpu += to.cpu - from.cpu;
	for (unsigned i = 0; i < cell->load->threads; i++)
		sum->operations[i] += to.operations[i] - from.operations[i];
}

/* The one with the long holds. */
static void hold_long(struct worker *self)
{
	struct cell *cell = self->cell;
	const struct key_load *load = cell->load;
	uint32_t key = asked_next(load->held, &self->place, dice_roll(&self->random));
	union hold hold;

	cell->row->lock(cell->locks, key, EXCLUSIVE, &hold);
	set_holding(cell, true);
	if (phase_of(cell) == COUNTED)
		count_during(cell, load->hold_s);
	else
		moment_pass(load->hold_s);
	set_holding(cell, false);
	if (load->touch)
		touch(self, &load->rows->at[key], EXCLUSIVE);
	cell->row->unlock(cell->locks, &hold);
}

static void operate_until_stopped(void *argument)
{
	struct worker *self = argument;
	const struct key_load *load = self->cell->load;
	unsigned number = (unsigned)(self - self->cell->workers);
	void (*const go_on)(struct worker *) =
		number < load->threads ? operate : hold_long;

	if (load->pinned)
		crew_pin(number);
	while (phase_of(self->cell) != STOPPED)
		go_on(self);
}

/* Every writer added one, and no thread saw another's work half done. */
static void verify(const struct cell *cell, unsigned workers)
{
	struct rows *rows = cell->load->rows;
	uint64_t clashes = 0, kept = 0;
	bool whole = true;

	if (!cell->load->touch)
		return;
	for (unsigned i = 0; i < workers; i++) {
		rows->writes += cell->workers[i].writes;
		clashes += cell->workers[i].clashes;
	}
	for (uint32_t i = 0; i < rows->count; i++) {
		kept += rows->at[i].first;
		whole = whole && rows->at[i].first == rows->at[i].second;
	}
	if (clashes || !whole || kept != rows->writes)
		errx(1, "%s does not exclude: %llu clashes, %llu of %llu writes kept",
		     cell->row->name, (unsigned long long)clashes,
		     (unsigned long long)kept, (unsigned long long)rows->writes);
}

static void wait_figures(const struct cell *cell, struct outcome *outcome)
{
	struct histogram *all = &cell->workers[0].waits;

	for (unsigned i = 1; i < cell->load->threads; i++)
		histogram_merge(all, &cell->workers[i].waits);
	outcome_waits(outcome, all);
	outcome->figures[AFTER_P50] = outcome->figures[AFTER_P99] = NAN;
}

static void measure(struct cell *cell)
{
	const struct key_load *load = cell->load;

	moment_pass(load->seconds * WARM_UP);
	set_phase(cell, COUNTED);
	if (load->held)
		moment_pass(load->seconds * (1 - WARM_UP));
	else
		count_during(cell, load->seconds * (1 - WARM_UP));
}

static void rate_figures(const struct cell *cell, struct outcome *outcome)
{
	unsigned threads = cell->load->threads;
	struct moment none = {.operations = cell->counters};

	memset(none.operations, 0, threads * sizeof(none.operations[0]));
	outcome_between(outcome, threads, &none, &cell->sum);
}

static void *zeroed(size_t size, const char *what)
{
	void *memory = aligned_alloc(128, (size + 127) & ~(size_t)127);

	if (!memory)
		err(1, "%s", what);
	return memset(memory, 0, size);
}

void rows_open(struct rows *rows, uint32_t count)
{
	*rows = (struct rows){
		.at = zeroed(count * sizeof(struct row), "rows"),
		.count = count,
	};
}

void rows_close(struct rows *rows)
{
	free(rows->at);
}

static void cell_open(struct cell *cell, unsigned workers)
{
	const struct key_load *load = cell->load;

	cell->locks = cell->row->create(workers);
	cell->workers = zeroed(workers * sizeof(struct worker), "threads");
	cell->counters = zeroed(load->threads * 3 * sizeof(uint64_t), "counters");
	cell->sum.operations = cell->counters + 2 * load->threads;
	cell->holding = !load->held;
	for (unsigned i = 0; i < workers; i++) {
		cell->workers[i].cell = cell;
		cell->workers[i].random = dice_state(load->seed * workers + i);
		cell->workers[i].place = (uint32_t)dice_roll(&cell->workers[i].random);
	}
}

static void cell_close(struct cell *cell)
{
	cell->row->destroy(cell->locks);
	free(cell->counters);
	free(cell->workers);
}

int key_load_run(const struct key_load *load, const struct keyed *row,
		 struct outcome *outcome)
{
	unsigned workers = load->threads + (load->held ? 1 : 0);
	struct cell cell = {.load = load, .row = row};
	struct crew crew;
	int error;

	cell_open(&cell, workers);
	outcome->shares = zeroed(load->threads * sizeof(double), "shares");
	error = crew_start(&crew, workers, STACK_SIZE, operate_until_stopped,
			   cell.workers, sizeof(struct worker));
	if (!error) {
		crew_go(&crew);
		measure(&cell);
	}
	set_phase(&cell, STOPPED);
	crew_end(&crew);
	if (!error) {
		verify(&cell, workers);
		rate_figures(&cell, outcome);
		wait_figures(&cell, outcome);
	}
	cell_close(&cell);
	return error;
}
