/* SPDX-License-Identifier: MIT
 *
 * account.h - the one place from which all that keeps books hears what becomes of requests
 * and holds: tables that count (stats.c), the debug build's records (debug.c) and race
 * detectors (watch.c).
 *
 *	new		the memory is a lock from now on
 *	gone		it has been destroyed; before the table is taken from it
 *	closes		it is about to be closed
 *	may_wait	a request is about to get in line; an errno: it had better not
 *	asks		... since when it waits, for a table that counts; otherwise 0.
 *			for_good: no deadline, no cancelling.  Goes into what is wanted
 *	took		it is granted: n holds; in_line: it had a place there; for_good
 *	granted		it was in line and is: by the scanner, the commit done, before its owner is
 *			told, which then says took
 *	served		it was in line, and this thread is about to run its section
 *	refused		it had no place in line, or has left that at its deadline; why
 *	turned_away	it had a place in line, and its owner is told so.  Of a lock that may be
 *			gone by now
 *	turns_away	... by the scanner, before that
 *	cancelled	it has left the line
 *	holds		are n holds the caller's to give?  EPERM: no
 *	gives		they are about to be given back: the lock may be gone afterwards.  EPERM:
 *			no, and nothing has changed.  gave is for keeps
 *	keeps		not after all; as they were before gives
 *	asks_again	a holder is about to wait for its hold once more
 *	may_convert	... or for another one in its place, and had better not
 *	wrong		the call could never have been right, and why; passes the errno on
 *	answer		what a call answers, passed on: whatever the state of the lock, some
 *			errors could never have been anything else
 *	changes		it is about to be given for another, in one step ...
 *	changed		... and has been
 *	unchanged	... and has not; it is still held.  What became of the request is told as of
 *			any other
 *	sends		the thread that comes to what is at that address, to run or to read
 *			it, ...
 *	receives	... has all that was done before
 *
 *	guards		the guard of the library's own memory at that address is about to be
 *			asked for ...
 *	guarded		... is had
 *	unguards	... is about to be given back
 *
 * The fast paths have taken and given without a look at the table's flags: it is not
 * booked, or fl_at_once had sent them elsewhere.  Theirs are took_at_once and gives_at_once.
 */
#ifndef FL_ACCOUNT_H
#define FL_ACCOUNT_H

#include "observe/debug/debug.h"
#include "stats.h"
#include "watch.h"
#include "core/atomic.h"

#include <errno.h>

static inline bool fl_booked(const fifolock_modes_t *modes)
{
	return __builtin_expect((modes->flags & FL_MODES_BOOKED) != 0, 0);
}

/* Since when requests wait is counted: in their slots' notes. */
static inline bool fl_account_counts(const fifolock_modes_t *modes)
{
	return fl_counted(modes);
}

/* A race detector is there. */
static inline bool fl_account_listens(void)
{
	return fl_watched();
}

static inline int fl_account_wrong(const fifolock_t *lock, unsigned mode, uint32_t n,
				   int error, const void *site)
{
	if (error)
		fl_debug_wrong(lock, mode, n, error, site);
	return error;
}

FL_ALWAYS int fl_account_answer(const fifolock_t *lock, unsigned mode, uint32_t n,
				int error, const void *site)
{
	if (error == EINVAL || error == ERANGE || error == EPERM)
		fl_debug_wrong(lock, mode, n, error, site);
	return error;
}

static inline void fl_account_asks_again(fifolock_t *lock, unsigned mode,
					 const void *site)
{
	fl_debug_asks_again(lock, mode, site);
}

static inline int fl_account_may_convert(fifolock_t *lock, unsigned from, unsigned to,
					 const void *site)
{
	return fl_debug_may_convert(lock, from, to, site);
}

FL_ALWAYS void fl_account_new(fifolock_t *lock)
{
	fl_debug_forget(lock);
}

static inline void fl_account_gone(fifolock_t *lock)
{
	fl_watch_gone(lock);
}

static inline void fl_account_closes(fifolock_t *lock)
{
	fl_watch_before(fl_watch_closing(lock));
}

static inline int fl_account_may_wait(fifolock_t *lock, unsigned mode, uint32_t n,
				      const void *site)
{
	return fl_debug_may_wait(lock, mode, n, site);
}

static inline uint64_t fl_account_asks(fifolock_t *lock, unsigned mode, bool for_good)
{
	if (for_good)
		fl_watch_wants(lock, mode);
	return fl_stats_now(fl_modes_of(lock));
}

FL_ALWAYS void fl_account_took_at_once(fifolock_t *lock, unsigned mode, uint32_t n,
				       const void *site)
{
	fl_debug_took(lock, mode, n, site);
}

static inline void fl_account_took(fifolock_t *lock, unsigned mode, uint32_t n,
				   bool in_line, bool for_good, const void *site)
{
	fl_account_took_at_once(lock, mode, n, site);
	fl_watch_took(lock, mode, n, !for_good);
	if (!in_line)
		fl_stats_took(fl_modes_of(lock), mode, n, 0);
}

static inline void fl_account_granted(const fifolock_modes_t *modes,
				      const struct fl_slot *slot)
{
	fl_stats_granted(modes, slot);
}

static inline void fl_account_served(fifolock_t *lock, const struct fl_slot *slot,
				     const void *site)
{
	fl_account_took_at_once(lock, slot->mode, 1, site);
	fl_watch_took(lock, slot->mode, 1, true);
	fl_stats_granted(fl_modes_of(lock), slot);
}

static inline void fl_account_turned_away(const fifolock_t *lock, int error)
{
	if (error == ECANCELED)
		fl_watch_after(fl_watch_closing(lock));
}

static inline void fl_account_refused(const fifolock_t *lock,
				      const fifolock_modes_t *modes, unsigned mode,
				      int error)
{
	fl_account_turned_away(lock, error);
	fl_stats_ends(modes, mode,
		      error == ETIMEDOUT ? FL_ENDS_TIMED_OUT : FL_ENDS_REFUSED);
}

/* The answer after a wait, or instead of one: in line, turns_away has been said. */
static inline void fl_account_waited(const fifolock_t *lock,
				     const fifolock_modes_t *modes, unsigned mode,
				     int error)
{
	if (error == ETIMEDOUT || error == EAGAIN || error == ENOMEM)
		fl_account_refused(lock, modes, mode, error);
	else
		fl_account_turned_away(lock, error);
}

static inline void fl_account_turns_away(const fifolock_modes_t *modes, unsigned mode)
{
	fl_stats_ends(modes, mode, FL_ENDS_TURNED_AWAY);
}

static inline void fl_account_cancelled(const fifolock_modes_t *modes, unsigned mode)
{
	fl_stats_ends(modes, mode, FL_ENDS_CANCELLED);
}

static inline int fl_account_holds(fifolock_t *lock, unsigned mode, uint32_t n,
				   const void *site)
{
	return fl_debug_holds(lock, mode, n, site);
}

FL_ALWAYS int fl_account_gives_at_once(fifolock_t *lock, unsigned mode, uint32_t n,
				       const void *site)
{
	return fl_debug_gives(lock, mode, n, site);
}

static inline int fl_account_gives(fifolock_t *lock, unsigned mode, uint32_t n,
				   uint64_t *gave, const void *site)
{
	int error = fl_account_gives_at_once(lock, mode, n, site);

	*gave = 0;
	if (error)
		return error;
	fl_watch_gives(lock, mode, n);
	*gave = fl_stats_gives(fl_modes_of(lock), mode, n);
	return 0;
}

static inline void fl_account_keeps(fifolock_t *lock, unsigned mode, uint32_t n,
				    uint64_t gave, const void *site)
{
	fl_debug_took(lock, mode, n, site);
	fl_watch_took(lock, mode, n, true);
	fl_stats_keeps(fl_modes_of(lock), mode, n, gave);
}

static inline void fl_account_changes(fifolock_t *lock, unsigned from)
{
	fl_watch_changes(lock, from);
}

static inline void fl_account_changed(fifolock_t *lock, unsigned from, unsigned to,
				      bool in_line, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	(void)fl_debug_gives(lock, from, 1, site);
	fl_debug_took(lock, to, 1, site);
	fl_watch_changed(lock, to);
	if (in_line)
		return;
	fl_stats_gives(modes, from, 1);
	fl_stats_took(modes, to, 1, 0);
}

static inline void fl_account_unchanged(fifolock_t *lock, unsigned from)
{
	fl_watch_changed(lock, from);
}

static inline void fl_account_sends(const void *what)
{
	fl_watch_before((const char *)what + 1);
}

static inline void fl_account_receives(const void *what)
{
	fl_watch_after((const char *)what + 1);
}

/* What guards the library's own memory, there at what, is taken and about to be given
 * back: for a detector that sees such memory. */
static inline void fl_account_guards(const void *what, size_t size)
{
	fl_watch_hide(what, size);
}

static inline void fl_account_guarded(const void *what)
{
	if (fl_watched() && fl_detector->hide)
		fl_account_receives(what);
}

static inline void fl_account_unguards(const void *what)
{
	if (fl_watched() && fl_detector->hide)
		fl_account_sends(what);
}

#endif
