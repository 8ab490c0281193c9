/* SPDX-License-Identifier: MIT
 *
 * watch.h - what a race detector hears of locks.  For watched tables only; with
 * another table each is a test of one bit.
 */
#ifndef FL_WATCH_H
#define FL_WATCH_H

#include "detector.h"
#include "core/word.h"

void fl_watch_hear_wants(fifolock_t *lock, unsigned mode);
void fl_watch_hear_took(fifolock_t *lock, unsigned mode, uint32_t n, bool tried);
void fl_watch_hear_gives(fifolock_t *lock, unsigned mode, uint32_t n);
void fl_watch_hear_changes(fifolock_t *lock, unsigned from);
void fl_watch_hear_changed(fifolock_t *lock, unsigned to);
void fl_watch_hear_gone(fifolock_t *lock);

static inline bool fl_is_watched(const fifolock_modes_t *modes)
{
	return __builtin_expect((modes->flags & FL_MODES_WATCHED) != 0, 0);
}

/* The thread is about to wait for it. */
static inline void fl_watch_wants(fifolock_t *lock, unsigned mode)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_wants(lock, mode);
}

/* tried: it would not have waited, or not for ever, so it blocks no thread for good. */
static inline void fl_watch_took(fifolock_t *lock, unsigned mode, uint32_t n, bool tried)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_took(lock, mode, n, tried);
}

/* Before it gives them back. */
static inline void fl_watch_gives(fifolock_t *lock, unsigned mode, uint32_t n)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_gives(lock, mode, n);
}

/* A hold is about to be given for another in one step, and has another mode now: that, or
 * still the old one. */
static inline void fl_watch_changes(fifolock_t *lock, unsigned from)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_changes(lock, from);
}

static inline void fl_watch_changed(fifolock_t *lock, unsigned to)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_changed(lock, to);
}

/* The lock is at its end, and no thread's. */
static inline void fl_watch_gone(fifolock_t *lock)
{
	if (fl_is_watched(fl_modes_of(lock)))
		fl_watch_hear_gone(lock);
}

/* What came before a closing, and the thread that is turned away by it; the lock may be
 * gone by then. */
static inline const void *fl_watch_closing(const fifolock_t *lock)
{
	return (const char *)lock + 1 + FIFOLOCK_MAX_MODES;
}

#endif
