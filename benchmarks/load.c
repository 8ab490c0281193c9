/* SPDX-License-Identifier: MIT
 *
 * load.c - one lock under one load.
 *
 * Waits are timed with the clock of ticks.h.  With no more threads than processors
 * one acquire in eight is timed, chosen at random, so that the clock does not become
 * the load; with more threads waits are long and the rare long one matters, and all
 * are timed.  It is the same for every lock.  A wait counts if it ends after the
 * warm-up, be it after the end: the threads that wait then are those waiting longest.
 */
#include "load.h"
#include "figures.h"
#include "histogram.h"
#include "threads.h"
#include "ticks.h"
#include "work.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARM_UP	   0.2 /* of the time */
#define STACK_SIZE (256u << 10)
#define SAMPLING   8u

enum phase {
	WARMING,
	COUNTED,
	STOPPED,
};

/* What the lock guards, on lines of its own.  Writers change first on entry and second
 * before they leave, so whoever sees two values is not alone with them. */
struct guarded {
	uint64_t first;
	uint64_t second;
} __attribute__((aligned(128)));

struct cell {
	const struct load *load;
	const struct contender *row;
	void *lock;
	struct worker *workers;
	unsigned sampling; /* one in so many, a power of two */
	struct guarded guarded __attribute__((aligned(128)));
	int phase __attribute__((aligned(128))); /* atomic: read by all, written twice */
};

/* Only its own thread writes; what others read meanwhile is atomic. */
struct worker {
	uint64_t operations; /* atomic */
	uint64_t writes;
	uint64_t random;
	uint64_t clashes;
	uint64_t had; /* when the section that was timed began */
	enum mode mode;
	bool timed;
	struct cell *cell;
	struct histogram waits;
} __attribute__((aligned(128)));

static enum phase phase_of(const struct cell *cell)
{
	return (enum phase)__atomic_load_n(&cell->phase, __ATOMIC_RELAXED);
}

static void set_phase(struct cell *cell, enum phase phase)
{
	__atomic_store_n(&cell->phase, (int)phase, __ATOMIC_RELAXED);
}

/* xorshift64* (Vigna, 2014) */
static uint32_t roll(struct worker *self)
{
	uint64_t x = self->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	self->random = x;
	return (uint32_t)((x * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

/* Of this worker, but perhaps in another's thread: then what it writes here costs. */
static void section(void *arg)
{
	struct worker *self = arg;
	struct guarded *guarded = &self->cell->guarded;
	uint64_t seen = guarded->first;

	if (self->timed)
		self->had = ticks_now();
	if (self->mode == EXCLUSIVE)
		guarded->first = seen + 1;
	work(self->cell->load->section_turns);
	if (guarded->second != seen)
		self->clashes++;
	if (self->mode == EXCLUSIVE)
		guarded->second = seen + 1;
}

static void run_section(struct worker *self)
{
	const struct contender *row = self->cell->row;
	void *lock = self->cell->lock;

	if (row->run) {
		row->run(lock, self->mode, section, self);
		return;
	}
	row->lock(lock, self->mode);
	section(self);
	row->unlock(lock, self->mode);
}

/* 0 to twice the mean, evenly: fixed times would make the threads march in step. */
static void think(struct worker *self)
{
	work(self->cell->load->think_turns * (roll(self) >> 16) >> 15);
}

static void count(struct worker *self)
{
	__atomic_store_n(&self->operations, self->operations + 1, __ATOMIC_RELAXED);
}

static void operate(struct worker *self)
{
	struct cell *cell = self->cell;
	uint32_t dice = roll(self);
	uint64_t asked;

	self->mode = (dice >> 16) * 100 >> 16 < cell->load->shared_percent ? SHARED
									   : EXCLUSIVE;
	self->timed = (dice & (cell->sampling - 1)) == 0;
	asked = self->timed ? ticks_now() : 0;
	run_section(self);
	self->writes += self->mode == EXCLUSIVE;
	count(self);
	if (self->timed && phase_of(cell) != WARMING)
		histogram_record(&self->waits, ticks_ns(asked, self->had));
	think(self);
}

static void operate_until_stopped(void *argument)
{
	struct worker *self = argument;

	while (phase_of(self->cell) != STOPPED)
		operate(self);
}

/* Where everybody was at one time. */
struct moment {
	double wall; /* ns */
	double cpu;
	uint64_t *operations;
};

static struct moment take_moment(const struct cell *cell, uint64_t *operations)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC);
	uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; i < cell->load->threads; i++)
		operations[i] =
			__atomic_load_n(&cell->workers[i].operations, __ATOMIC_RELAXED);
	return (struct moment){
		.wall = (double)(before + clock_ns(CLOCK_MONOTONIC)) / 2,
		.cpu = (double)cpu,
		.operations = operations,
	};
}

static void pass(double seconds)
{
	struct timespec time;

	time.tv_sec = (time_t)seconds;
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

static void rate_and_fairness(unsigned threads, const struct moment *from,
			      const struct moment *to, double figures[FIGURES])
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < threads; i++) {
		double share = (double)(to->operations[i] - from->operations[i]);

		sum += share;
		squares += share * share;
	}
	figures[RATE] = ratio(sum * 1e9, to->wall - from->wall);
	figures[CPU] = ratio(to->cpu - from->cpu, sum);
	figures[FAIRNESS] = ratio(sum * sum, squares * threads);
}

static void wait_figures(const struct cell *cell, double figures[FIGURES])
{
	struct histogram *all = &cell->workers[0].waits;

	for (unsigned i = 1; i < cell->load->threads; i++)
		histogram_merge(all, &cell->workers[i].waits);
	figures[WAIT_P50] = (double)histogram_percentile(all, 0.5);
	figures[WAIT_P99] = (double)histogram_percentile(all, 0.99);
	figures[WAIT_P999] = (double)histogram_percentile(all, 0.999);
	figures[WAIT_WORST] = (double)all->max;
}

/* Every writer added one, and nobody saw another's work half done. */
static void verify(const struct cell *cell)
{
	uint64_t writes = 0, clashes = 0;

	for (unsigned i = 0; i < cell->load->threads; i++) {
		writes += cell->workers[i].writes;
		clashes += cell->workers[i].clashes;
	}
	if (clashes || cell->guarded.first != writes || cell->guarded.second != writes)
		errx(1, "%s is broken: it let in two that exclude each other",
		     cell->row->name);
}

static void measure(struct cell *cell, uint64_t *counters, double figures[FIGURES])
{
	const struct load *load = cell->load;
	struct moment from, to;

	pass(load->seconds * WARM_UP);
	set_phase(cell, COUNTED);
	from = take_moment(cell, counters);
	pass(load->seconds * (1 - WARM_UP));
	to = take_moment(cell, counters + load->threads);
	set_phase(cell, STOPPED);
	rate_and_fairness(load->threads, &from, &to, figures);
}

/* Counters for two moments behind the workers, all zero. */
static void *workers_new(const struct load *load)
{
	size_t each = sizeof(struct worker) + 2 * sizeof(uint64_t);
	size_t size = (load->threads * each + 127) & ~(size_t)127;
	void *memory = aligned_alloc(128, size);

	if (!memory)
		err(1, "%u threads", load->threads);
	memset(memory, 0, size);
	return memory;
}

static void cell_open(struct cell *cell)
{
	cell->lock = contender_new(cell->row);
	cell->workers = workers_new(cell->load);
	for (unsigned i = 0; i < cell->load->threads; i++) {
		cell->workers[i].cell = cell;
		cell->workers[i].random = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
	}
}

static void cell_close(struct cell *cell)
{
	contender_free(cell->row, cell->lock);
	free(cell->workers);
}

int load_run(const struct load *load, const struct contender *row,
	     double figures[FIGURES])
{
	struct cell cell = {
		.load = load,
		.row = row,
		.sampling = load->threads > load->processors ? 1 : SAMPLING,
	};
	struct crew crew;
	int error;

	cell_open(&cell);
	error = crew_start(&crew, load->threads, STACK_SIZE, operate_until_stopped,
			   cell.workers, sizeof(struct worker));
	if (!error) {
		crew_go(&crew);
		measure(&cell, (uint64_t *)(cell.workers + load->threads), figures);
	}
	set_phase(&cell, STOPPED);
	crew_end(&crew);
	if (!error) {
		verify(&cell);
		wait_figures(&cell, figures);
	}
	cell_close(&cell);
	return error;
}
