/* SPDX-License-Identifier: MIT
 *
 * watch.c - what a race detector hears of locks.
 *
 * Under a detector every mode table is watched: none of its modes is granted at once, as in
 * tables that count (stats.c), and the path that is left tells.  The presets, and tables that a
 * compiler has made, are made so before main, where they are, by making their pages writable for
 * that moment; others when they are compiled.  Nothing is added to the fast paths of a process
 * that is not under one.
 *
 * What is told.  A release of mode a happens before a later grant of mode b if the table
 * has b wait for a: then the grant may have needed the release.  Two modes that go
 * together are not ordered, so a race between two holders of SHARED is one for the
 * detector, too.  And where each hold belongs to its thread (FL_MODES_OWNER_CHECKED) a
 * lock is a mutex, held by each thread that has any hold of it: that is for the order in
 * which a thread takes several locks.  Tags are bytes of the lock, by their addresses only.
 *
 *	row       released by      acquired by         what it carries
 *	[MET]     meet             met                 that the detector has forgotten what
 *	                                               was there before
 *
 *	relaxed   because
 *	[MINE]    A record is its thread's own, and found by its thread's name.
 *	[GUESS]   A first look.  The compare-and-swap after it decides.
 */
#define _GNU_SOURCE
#include "watch.h"
#include "waits.h"
#include "core/atomic.h"
#include "core/control.h"
#include "core/park.h"
#include "core/processors.h"
#include "core/role.h"
#include "core/turns.h"
#include "core/awake.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- which mutexes each thread has been said to hold ---- */

/* ThreadSanitizer ends a process in which a thread holds 64 mutexes. */
#define RECORDS 4096
#define PROBES	64
#define MOST	32

static struct record {
	uintptr_t thread; /* 0: never used; FREE; atomic, the rest is the thread's */
	const void *lock; /* NULL: how many locks */
	uint64_t n;
	bool shared;
} records[RECORDS];

#define FREE 1

/* ---- found ---- */

static void watch_constant(const fifolock_modes_t *modes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)modes & -page;
	size_t size = (uintptr_t)(modes + 1) - from;

	if (modes->flags & FL_MODES_WATCHED)
		return;
	if (mprotect((void *)from, size, PROT_READ | PROT_WRITE) != 0)
		return;
	fl_modes_book((fifolock_modes_t *)(uintptr_t)modes, FL_MODES_WATCHED);
	mprotect((void *)from, size, PROT_READ);
}

void fifolock_modes_announce(const fifolock_modes_t *modes)
{
	if (modes && fl_watched())
		watch_constant(modes);
}

/* Before all others, which may compile tables and lock. */
__attribute__((constructor(101))) static void find_detector(void)
{
#ifndef FL_ONE_TABLE
	fl_detector = fl_detector_tsan();
	if (!fl_detector)
		fl_detector = fl_detector_valgrind();
#endif
	if (!fl_detector)
		return;
	/* The program may have copies of its own of those it names. */
	watch_constant(&fl_default_modes);
	watch_constant(&fifolock_shared_exclusive_modes);
	watch_constant(&fifolock_mutex_modes);
	watch_constant(&fifolock_update_modes);
	watch_constant(&fifolock_intent_modes);
	fl_pool_hide();
	fl_seats_hide();
	fl_turns_hide();
	fl_role_hide();
	fl_processors_hide();
	fl_watch_hide(records, sizeof(records));
}

/* ---- a lock is met ---- */

static const void *tag_of(const fifolock_t *lock, unsigned mode)
{
	return (const char *)lock + 1 + mode;
}

static void meet(fifolock_t *lock)
{
	uint32_t rules = fl_load_relaxed(&lock->control); /* [GUESS] */

	fl_watch_hide(lock, sizeof(*lock));
	if (fl_detector->fresh)
		fl_detector->fresh(lock);
	for (unsigned mode = 0; mode < FIFOLOCK_MAX_MODES; mode++)
		fl_detector->forget(tag_of(lock, mode));
	fl_detector->forget(fl_watch_closing(lock));
	/* [MET] release */
	while (!fl_cas_release(&lock->control, &rules, rules | FL_MET))
		;
}

/* Its memory may have been another lock's, never destroyed: only a lock that is new has
 * not been met.  A handler may have interrupted the very thread that is meeting it, so no
 * thread waits for long. */
static void met(fifolock_t *lock)
{
	for (unsigned turns = 1000; turns; turns--) {
		/* [MET] acquire */
		uint32_t rules = fl_load_acquire(&lock->control);

		if (rules & FL_MET)
			return;
		/* [GUESS] */
		if (!(rules & FL_MEETING) &&
		    fl_cas_relaxed(&lock->control, &rules, rules | FL_MEETING)) {
			meet(lock);
			return;
		}
		fl_yield();
	}
}

/* ---- the records ---- */

static struct record *probe(const void *lock, unsigned i)
{
	uint64_t name = (uint64_t)(uintptr_t)pthread_self() ^ (uintptr_t)lock << 20;

	return &records[((name * UINT64_C(0x9e3779b97f4a7c15) >> 40) + i) % RECORDS];
}

static struct record *record_of(const void *lock)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct record *record = probe(lock, i);
		uintptr_t thread = fl_load_relaxed(&record->thread); /* [MINE] */

		if (thread == 0)
			break;
		if (thread == (uintptr_t)pthread_self() && record->lock == lock)
			return record;
	}
	return NULL;
}

static struct record *record_new(const void *lock)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct record *record = probe(lock, i);
		uintptr_t thread = fl_load_relaxed(&record->thread); /* [GUESS] */

		/* [MINE] */
		if (thread <= FREE &&
		    fl_cas_relaxed(&record->thread, &thread, (uintptr_t)pthread_self())) {
			record->lock = lock;
			record->n = 0;
			return record;
		}
	}
	return NULL;
}

/* One more mutex of this thread, or one less.  False: too many. */
static bool counted(int one)
{
	struct record *count = record_of(NULL);

	if (!count)
		count = record_new(NULL);
	if (!count || (one > 0 && count->n >= MOST))
		return false;
	count->n += (uint64_t)one;
	if (count->n == 0)
		fl_store_relaxed(&count->thread, FREE); /* [MINE] */
	return true;
}

/* Nothing fits beside it, and it fits beside nothing. */
static bool is_alone(const fifolock_modes_t *modes, unsigned mode)
{
	const struct fifolock_row *row = &modes->rows[mode];

	if (!(modes->flags & FL_MODES_ALONE(mode)))
		return false;
	for (unsigned m = 0; m < modes->count; m++)
		if (fl_bits_fit(row->bias, row->guard, modes->rows[m].unit))
			return false;
	return true;
}

/* Is a lock a mutex of the thread that holds it? */
static bool is_owned(const fifolock_modes_t *modes)
{
	return fl_detector->locked && (modes->flags & FL_MODES_OWNER_CHECKED);
}

/* The first hold of the lock that the thread has is the mutex. */
static void own(fifolock_t *lock, unsigned mode, uint32_t n, bool tried)
{
	struct record *record = record_of(lock);

	if (!record && (!tried || fl_detector->knows_tried) && counted(1)) {
		record = record_new(lock);
		if (!record) {
			counted(-1);
			return;
		}
		record->shared = !is_alone(fl_modes_of(lock), mode);
		fl_detector->locked(lock, record->shared, tried);
	}
	if (record)
		record->n += n;
}

/* What another thread took is not in the records, and no mutex either. */
static void disown(fifolock_t *lock, uint32_t n)
{
	struct record *record = record_of(lock);

	if (!record)
		return;
	record->n -= n < record->n ? n : record->n;
	if (record->n)
		return;
	fl_detector->unlocks(lock, record->shared);
	fl_store_relaxed(&record->thread, FREE); /* [MINE] */
	counted(-1);
}

/* The thread whose hold it is has another mode. */
static void own_as(fifolock_t *lock, bool shared)
{
	struct record *record = record_of(lock);

	if (!record || record->shared == shared || !fl_detector->changes)
		return;
	fl_detector->changes(lock, shared);
	record->shared = shared;
}

/* ---- heard ---- */

void fl_watch_hear_wants(fifolock_t *lock, unsigned mode)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	met(lock);
	if (is_owned(modes) && fl_detector->wants && !record_of(lock))
		fl_detector->wants(lock, !is_alone(modes, mode));
}

/* The grant comes after what may have made it possible. */
static void after_others(fifolock_t *lock, unsigned mode)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	for (unsigned other = 0; other < modes->count; other++)
		if (fl_waits_for(modes, mode, other))
			fl_detector->after(tag_of(lock, other));
}

void fl_watch_hear_took(fifolock_t *lock, unsigned mode, uint32_t n, bool tried)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	met(lock);
	after_others(lock, mode);
	if (is_owned(modes))
		own(lock, mode, n, tried);
}

void fl_watch_hear_gives(fifolock_t *lock, unsigned mode, uint32_t n)
{
	fl_detector->before(tag_of(lock, mode));
	if (is_owned(fl_modes_of(lock)))
		disown(lock, n);
}

/* Before the step, after which others may come in beside it, it is one of many at most. */
void fl_watch_hear_changes(fifolock_t *lock, unsigned from)
{
	fl_detector->before(tag_of(lock, from));
	if (is_owned(fl_modes_of(lock)))
		own_as(lock, true);
}

void fl_watch_hear_changed(fifolock_t *lock, unsigned to)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	after_others(lock, to);
	if (is_owned(modes))
		own_as(lock, !is_alone(modes, to));
}

void fl_watch_hear_gone(fifolock_t *lock)
{
	for (unsigned mode = 0; mode < FIFOLOCK_MAX_MODES; mode++)
		fl_detector->after(tag_of(lock, mode));
	if (fl_detector->gone)
		fl_detector->gone(lock);
	if (fl_detector->show)
		fl_detector->show(lock, sizeof(*lock));
}
