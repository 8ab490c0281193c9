/* SPDX-License-Identifier: MIT
 *
 * load.c - locks of one kind under one load.
 *
 * In an open loop each thread has arrivals of its own, independent and at a given mean
 * rate (Poisson), planned ahead: a thread that is late does not plan fewer, and waits count
 * from the planned time (Tene, "How NOT to measure latency", 2013).  Arrivals that were
 * due but not begun at the end have waited until then.
 *
 * Waits are timed with the clock of ticks.h.  With no more threads than processors
 * one acquire in eight is timed, chosen at random, so that the clock does not become
 * the load; with more threads, and in open loops, the rare long one matters, and all
 * are timed.  It is the same for every lock.  A wait counts if it ends after the
 * warm-up, be it after the end: the threads that wait then are those waiting longest.
 *
 * Where sections are run by the thread that is at it, the owner's call may return long after
 * its section: the end is noted by the thread that runs it, for one section in eight.
 */
#include "load.h"
#include "crew.h"
#include "dice.h"
#include "figures.h"
#include "histogram.h"
#include "ticks.h"
#include "work.h"

#include <err.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARM_UP	   0.2 /* of the time */
#define STACK_SIZE (256u << 10)
#define SAMPLING   8u
#define WAKE_UP	   60000u /* ns: a sleep may end so much late; the rest is yielded away */

enum phase {
	WARMING,
	COUNTED,
	STOPPED,
};

/* What a lock guards; a single one's is alone on its lines.  Writers change first on entry and second
 * before they leave, so a thread that sees two values is not alone with them. */
struct guarded {
	uint64_t first;
	uint64_t second;
};

struct cell {
	const struct load *load;
	const struct contender *row;
	char *locks;
	size_t stride; /* from lock to lock */
	struct guarded *guarded;
	struct worker *workers;
	unsigned sampling; /* one in so many, a power of two */
	double gap;    /* ns between a thread's arrivals, on average; 0: closed loop */
	uint64_t stop; /* ticks; written before STOPPED is, read after it */
	int phase __attribute__((aligned(128))); /* atomic: read by all, written twice */
};

/* Only its own thread writes; what others read meanwhile is atomic. */
struct worker {
	uint64_t operations; /* atomic */
	uint64_t writes;
	uint64_t random;
	uint64_t clashes;
	uint64_t had; /* ticks: when the section that was timed began */
	uint64_t ran; /* ticks: when the section whose return is timed ended */
	uint64_t due; /* ticks: the next arrival in an open loop */
	struct guarded *guarded;
	enum mode mode;
	bool timed;
	bool return_timed;
	struct cell *cell;
	struct histogram waits;
	struct histogram returns;
} __attribute__((aligned(128)));

static enum phase phase_of(const struct cell *cell)
{
	return (enum phase)__atomic_load_n(&cell->phase, __ATOMIC_ACQUIRE);
}

static void set_phase(struct cell *cell, enum phase phase)
{
	__atomic_store_n(&cell->phase, (int)phase, __ATOMIC_RELEASE);
}

static uint32_t roll(struct worker *self)
{
	return (uint32_t)(dice_roll(&self->random) >> 32);
}

/* Of this worker, but perhaps in another's thread: then what it writes here costs. */
static void section(void *arg)
{
	struct worker *self = arg;
	struct guarded *guarded = self->guarded;
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
	if (self->return_timed)
		self->ran = ticks_now();
}

/* One of the locks, with what it guards. */
static void *choose(struct worker *self)
{
	const struct cell *cell = self->cell;
	uint32_t instances = cell->load->instances, i = 0;

	if (instances > 1)
		i = (uint32_t)((uint64_t)roll(self) * instances >> 32);
	self->guarded = &cell->guarded[i];
	return cell->locks + i * cell->stride;
}

static void run_section(struct worker *self)
{
	const struct contender *row = self->cell->row;
	void *lock = choose(self);

	if (row->run) {
		row->run(lock, self->mode, section, self);
		if (self->return_timed && phase_of(self->cell) != WARMING)
			histogram_record(&self->returns,
					 ticks_ns(self->ran, ticks_now()));
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

static void throw_dice(struct worker *self)
{
	uint32_t dice = roll(self);

	self->mode = (uint64_t)dice * 100 >> 32 < self->cell->load->shared_percent
			     ? SHARED
			     : EXCLUSIVE;
	self->timed = (dice & (self->cell->sampling - 1)) == 0;
	self->return_timed = self->cell->row->run && (dice & (SAMPLING - 1)) == 0;
}

/* Asked: ticks. */
static void operate(struct worker *self, uint64_t asked)
{
	run_section(self);
	self->writes += self->mode == EXCLUSIVE;
	count(self);
	if (self->timed && phase_of(self->cell) != WARMING)
		histogram_record(&self->waits, ticks_ns(asked, self->had));
}

static void closed_loop(struct worker *self)
{
	while (phase_of(self->cell) != STOPPED) {
		throw_dice(self);
		operate(self, self->timed ? ticks_now() : 0);
		think(self);
	}
}

/* The next arrival: exponentially distributed gaps. */
static void plan_next(struct worker *self)
{
	double uniform = ((double)roll(self) + 1) / 4294967296.0;

	self->due = ticks_later(self->due, -log(uniform) * self->cell->gap);
}

/* Until it is due; false: the end came first. */
static bool await_arrival(const struct worker *self)
{
	while (phase_of(self->cell) != STOPPED) {
		uint64_t left = ticks_ns(ticks_now(), self->due);
		struct timespec time = {0, 1000000};

		if (!left)
			return true;
		if (left < WAKE_UP) {
			sched_yield();
			continue;
		}
		if (left - WAKE_UP < (uint64_t)time.tv_nsec)
			time.tv_nsec = (long)(left - WAKE_UP);
		nanosleep(&time, NULL);
	}
	return false;
}

static void open_loop(struct worker *self)
{
	self->due = ticks_now();
	for (plan_next(self); await_arrival(self); plan_next(self)) {
		throw_dice(self);
		operate(self, self->due);
	}
	for (; self->due < self->cell->stop; plan_next(self))
		histogram_record(&self->waits, ticks_ns(self->due, self->cell->stop));
}

static void operate_until_stopped(void *argument)
{
	struct worker *self = argument;
	const struct contender *row = self->cell->row;

	if (self->cell->load->pinned)
		crew_pin((unsigned)(self - self->cell->workers));
	if (row->thread_begin)
		row->thread_begin();
	if (self->cell->gap > 0)
		open_loop(self);
	else
		closed_loop(self);
	if (row->thread_end)
		row->thread_end();
}

static void wait_figures(const struct cell *cell, struct outcome *outcome)
{
	struct histogram *all = &cell->workers[0].waits;

	for (unsigned i = 1; i < cell->load->threads; i++)
		histogram_merge(all, &cell->workers[i].waits);
	outcome_waits(outcome, all);
}

static void return_figures(const struct cell *cell, double figures[])
{
	struct histogram *all = &cell->workers[0].returns;

	for (unsigned i = 1; i < cell->load->threads; i++)
		histogram_merge(all, &cell->workers[i].returns);
	figures[AFTER_P50] = all->total ? (double)histogram_percentile(all, 0.5) : NAN;
	figures[AFTER_P99] = all->total ? (double)histogram_percentile(all, 0.99) : NAN;
}

/* Every writer added one, and no thread saw another's work half done. */
static void verify(const struct cell *cell)
{
	uint64_t writes = 0, clashes = 0, kept = 0;
	bool whole = true;

	if (cell->row->overlaps)
		return;
	for (unsigned i = 0; i < cell->load->threads; i++) {
		writes += cell->workers[i].writes;
		clashes += cell->workers[i].clashes;
	}
	for (unsigned i = 0; i < cell->load->instances; i++) {
		kept += cell->guarded[i].first;
		whole = whole && cell->guarded[i].first == cell->guarded[i].second;
	}
	if (clashes || !whole || kept != writes)
		errx(1, "%s does not exclude: %llu clashes, %llu of %llu writes kept",
		     cell->row->name, (unsigned long long)clashes,
		     (unsigned long long)kept, (unsigned long long)writes);
}

static struct moment take_moment(const struct cell *cell, uint64_t *into)
{
	return moment_take(&cell->workers[0].operations, sizeof(struct worker),
			   cell->load->threads, into);
}

static void measure(struct cell *cell, uint64_t *counters, struct outcome *outcome)
{
	const struct load *load = cell->load;
	struct moment from, to;

	moment_pass(load->seconds * WARM_UP);
	set_phase(cell, COUNTED);
	from = take_moment(cell, counters);
	moment_pass(load->seconds * (1 - WARM_UP));
	to = take_moment(cell, counters + load->threads);
	cell->stop = ticks_now();
	set_phase(cell, STOPPED);
	outcome_between(outcome, load->threads, &from, &to);
}

static void *zeroed(size_t size, const char *what)
{
	void *memory = aligned_alloc(128, (size + 127) & ~(size_t)127);

	if (!memory)
		err(1, "%s", what);
	return memset(memory, 0, size);
}

static void cell_open(struct cell *cell)
{
	const struct load *load = cell->load;

	cell->locks = load->instances > 1
			      ? contender_array(cell->row, load->instances, &cell->stride)
			      : contender_new(cell->row);
	cell->guarded = zeroed(load->instances * sizeof(struct guarded), "guarded data");
	/* counters for two moments behind them */
	cell->workers =
		zeroed(load->threads * (sizeof(struct worker) + 2 * sizeof(uint64_t)),
		       "threads");
	for (unsigned i = 0; i < load->threads; i++) {
		cell->workers[i].cell = cell;
		cell->workers[i].random = dice_state(load->seed * load->threads + i);
	}
}

static void cell_close(struct cell *cell)
{
	if (cell->load->instances > 1)
		contender_array_free(cell->row, cell->locks, cell->load->instances);
	else
		contender_free(cell->row, cell->locks);
	free(cell->guarded);
	free(cell->workers);
}

int load_run(const struct load *load, const struct contender *row,
	     struct outcome *outcome)
{
	bool rare = load->threads > load->processors || load->arrivals > 0;
	struct cell cell = {
		.load = load,
		.row = row,
		.sampling = rare ? 1 : SAMPLING,
		.gap = ratio(1e9 * load->threads, load->arrivals),
	};
	struct crew crew;
	int error;

	cell_open(&cell);
	outcome->shares = zeroed(load->threads * sizeof(double), "shares");
	error = crew_start(&crew, load->threads, STACK_SIZE, operate_until_stopped,
			   cell.workers, sizeof(struct worker));
	if (!error) {
		crew_go(&crew);
		measure(&cell, (uint64_t *)(cell.workers + load->threads), outcome);
	}
	set_phase(&cell, STOPPED);
	crew_end(&crew);
	if (!error) {
		verify(&cell);
		wait_figures(&cell, outcome);
		return_figures(&cell, outcome->figures);
	}
	cell_close(&cell);
	return error;
}
