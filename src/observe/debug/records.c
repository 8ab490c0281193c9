/* SPDX-License-Identifier: MIT
 *
 * records.c - which thread holds what since when, in the debug build.
 *
 * A record is found by its lock, because all questions are about a lock: what does this thread
 * hold of it, which threads hold it, forget it.  What a thread holds, in the order in which
 * it was taken, is a list of its own beside that; it serves for the order of locks and the
 * end of threads, and may lack what a handler has taken.
 *
 * A handler may come between any two steps here, and take or give back.
 *
 *	relaxed   because
 *	[MINE]    One thread and its handlers: program order is all there is to keep.
 *	[LOST]    Set for good; a thread that looks has failed to find what was to be
 *		  written before.
 */
#define _GNU_SOURCE
#include "records.h"
#include "core/atomic.h"

#include <string.h>
#include <time.h>

#define BUCKETS 65536u

static uint32_t hold_buckets[BUCKETS];
static uint8_t lost[BUCKETS];
static struct fl_cells hold_cells = {.words = sizeof(struct fl_hold) / 8,
				     .most = UINT32_MAX};

_Static_assert(sizeof(struct fl_hold) % 8 == 0, "holds are words");

static uint32_t bucket_of(uint64_t lock)
{
	return (uint32_t)((lock * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
}

struct fl_cell *fl_hold_next(const fifolock_t *lock, const struct fl_cell *after,
			     struct fl_hold *hold, uint64_t *state)
{
	uint64_t name = (uintptr_t)lock;
	struct fl_cell *cell =
		after ? fl_cell_after(&hold_cells, after)
		      : fl_cell_first(&hold_cells, &hold_buckets[bucket_of(name)]);

	for (; cell; cell = fl_cell_after(&hold_cells, cell))
		if (fl_cell_read(&hold_cells, cell, hold, state) && hold->lock == name)
			return cell;
	return NULL;
}

/* The calling thread's next. */
static struct fl_cell *own_next(const fifolock_t *lock, unsigned mode,
				struct fl_cell *cell, uint64_t *state)
{
	const struct fl_thread *self = fl_thread_seen();
	struct fl_hold hold;

	while (self && (cell = fl_hold_next(lock, cell, &hold, state)))
		if (hold.owner == self->serial && hold.mode == mode)
			return cell;
	return NULL;
}

uint32_t fl_hold_count(const fifolock_t *lock, unsigned mode)
{
	struct fl_cell *cell = NULL;
	uint32_t sum = 0;
	uint64_t state;

	while ((cell = own_next(lock, mode, cell, &state)))
		sum += fl_cell_count(state);
	return sum;
}

bool fl_hold_lost(const fifolock_t *lock)
{
	return fl_load_relaxed(&lost[bucket_of((uintptr_t)lock)]); /* [LOST] */
}

/* As many of n as one record has, in this life of it. */
static uint32_t take_from(struct fl_cell *cell, uint64_t state, uint32_t n)
{
	uint32_t life = fl_cell_life(state);

	while (fl_cell_life(state) == life) {
		uint32_t count = fl_cell_count(state), some = count < n ? count : n;

		if (fl_cell_set(cell, &state, count - some))
			return some;
	}
	return 0;
}

/* Mostly there is one record.  Two, if a handler has made one just before its thread did. */
bool fl_hold_take(const fifolock_t *lock, unsigned mode, uint32_t n)
{
	struct fl_cell *cell = NULL;
	uint64_t state;

	if (fl_hold_count(lock, mode) < n)
		return false;
	while (n && (cell = own_next(lock, mode, cell, &state)))
		n -= take_from(cell, state, n);
	return true;
}

/* ---- in the order in which they were taken ---- */

static uint64_t order_at(const struct fl_thread *thread, uint32_t i)
{
	return fl_load_relaxed(&thread->order[i]); /* [MINE] */
}

static void order_put(struct fl_thread *thread, uint32_t i, uint64_t entry)
{
	fl_store_relaxed(&thread->order[i], entry); /* [MINE] */
}

static struct fl_cell *cell_of(uint64_t entry)
{
	struct fl_cell *cell = fl_cell_at(&hold_cells, (uint32_t)entry);
	uint64_t state = fl_cell_state(cell);

	return fl_cell_life(state) == entry >> 32 && fl_cell_count(state) ? cell : NULL;
}

bool fl_hold_nth(const struct fl_thread *thread, uint32_t i, struct fl_hold *hold,
		 uint32_t *count)
{
	uint64_t entry = order_at(thread, i), state;
	const struct fl_cell *cell = cell_of(entry);

	if (!cell || !fl_cell_read(&hold_cells, cell, hold, &state))
		return false;
	*count = fl_cell_count(state);
	return fl_cell_life(state) == entry >> 32;
}

static void compact(struct fl_thread *thread)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < thread->top; i++)
		if (cell_of(order_at(thread, i)))
			order_put(thread, kept++, order_at(thread, i));
	thread->top = kept;
}

static bool grow(struct fl_thread *thread)
{
	size_t size = thread->room * sizeof(*thread->order);
	void *memory = fl_map(size ? 2 * size : 4096);

	if (!memory)
		return false;
	if (size) {
		memcpy(memory, thread->order, size);
		fl_unmap(thread->order, size);
	}
	thread->order = memory;
	thread->room = (uint32_t)((size ? 2 * size : 4096) / sizeof(*thread->order));
	return true;
}

/* Room for one more: what is over goes first, and makes room for as many as there are. */
static bool make_room(struct fl_thread *thread)
{
	while (thread->top && !cell_of(order_at(thread, thread->top - 1)))
		thread->top--;
	if (thread->top < thread->room)
		return true;
	compact(thread);
	return thread->top < thread->room / 2 || grow(thread) ||
	       thread->top < thread->room;
}

static void list(struct fl_thread *thread, const struct fl_cell *cell)
{
	uint64_t life = fl_cell_life(fl_cell_state(cell));

	if (thread->busy)
		return;
	thread->busy = 1;
	fl_handler_fence();
	if (make_room(thread))
		order_put(thread, thread->top++, life << 32 | cell->id);
	fl_handler_fence();
	thread->busy = 0;
}

/* ---- new ones ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void copy_name(char to[FL_MODE_NAME], const char *from)
{
	for (unsigned i = 0; from && from[i] && i < FL_MODE_NAME - 1; i++)
		to[i] = from[i];
}

static bool add_new(struct fl_thread *self, const fifolock_t *lock, unsigned mode,
		    uint32_t n, const struct fl_site *site)
{
	struct fl_hold hold = {
		.lock = (uintptr_t)lock,
		.owner = self->serial,
		.born = fl_serial_new(),
		.since = now_ns(),
		.call = (uintptr_t)site->call,
		.at = (uintptr_t)site->at,
		.tid = self->tid,
		.mode = (uint16_t)mode,
		.waited = site->waits,
		.alone = fl_modes_of(lock)->capacity[mode] == 1,
	};
	struct fl_cell *cell;

	copy_name(hold.name, fl_modes_of(lock)->names[mode]);
	cell = fl_cell_new(&hold_cells, &hold_buckets[bucket_of(hold.lock)], &hold, n);
	if (cell)
		list(self, cell);
	return cell;
}

/* More of what is held already. */
static bool add_more(const fifolock_t *lock, unsigned mode, uint32_t n)
{
	uint64_t state;
	struct fl_cell *cell = own_next(lock, mode, NULL, &state);
	uint32_t life = cell ? fl_cell_life(state) : 0;

	while (cell && fl_cell_life(state) == life)
		if (fl_cell_set(cell, &state, fl_cell_count(state) + n))
			return true;
	return false;
}

void fl_hold_add(fifolock_t *lock, unsigned mode, uint32_t n, const struct fl_site *site)
{
	struct fl_thread *self = fl_thread_self();

	if (!self || (!add_more(lock, mode, n) && !add_new(self, lock, mode, n, site)))
		fl_store_relaxed(&lost[bucket_of((uintptr_t)lock)], 1); /* [LOST] */
}

void fl_hold_forget(const fifolock_t *lock, uint64_t born)
{
	struct fl_cell *cell = NULL;
	struct fl_hold hold;
	uint64_t state;

	while ((cell = fl_hold_next(lock, cell, &hold, &state)))
		if (hold.born <= born)
			take_from(cell, state, UINT32_MAX);
}

/* A record of the same thread has the same life afterwards: it is one of two processes'. */
void fl_hold_forked(struct fl_thread *thread)
{
	struct fl_hold hold;
	uint64_t state;

	for (uint32_t i = 0; i < thread->top; i++) {
		struct fl_cell *cell = cell_of(order_at(thread, i));

		if (!cell || !fl_cell_read(&hold_cells, cell, &hold, &state))
			continue;
		hold.tid = thread->tid;
		hold.born = fl_serial_new();
		if (fl_cell_rewrite(&hold_cells, cell, state, &hold))
			order_put(thread, i,
				  (uint64_t)fl_cell_life(fl_cell_state(cell)) << 32 |
					  cell->id);
	}
}
