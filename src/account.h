/* SPDX-License-Identifier: MIT
 *
 * account.h - the one place from which whoever keeps books hears what becomes of requests
 * and holds: tables that count (stats.c) and the debug build's records (debug.c).  Layer 4.
 *
 *	new		the memory is a lock from now on
 *	may_wait	a request is about to get in line; an errno: it had better not
 *	asks		... since when it waits, for whoever counts; otherwise 0
 *	took		it is granted: n holds; since, from asks, if it was in line
 *	turned_away	it is not, and why
 *	holds		are n holds the caller's to give?  EPERM: no
 *	gives		they are about to be given back: the lock may be gone afterwards.  EPERM:
 *			no, and nothing has changed
 *	keeps		not after all; as they were before gives
 *	asks_again	a holder is about to wait for its hold once more
 *	may_convert	... or for another one in its place, and had better not
 *	wrong		the call could never have been right, and why; passes the errno on
 *	answer		what a call answers, passed on: whatever the state of the lock, some
 *			errors could never have been anything else
 *
 * The fast paths have taken and given without a look at the table's flags: it does not
 * count, or fl_check had sent them elsewhere.  Theirs are took_at_once and gives_at_once.
 */
#ifndef FL_ACCOUNT_H
#define FL_ACCOUNT_H

#include "debug.h"
#include "fast.h"
#include "stats.h"

#include <errno.h>
#include <fifolock/request.h>

/* What else of this layer is called from elsewhere in it, in the name of a public function. */
int fl_unlock(fifolock_t *lock, unsigned mode, const void *site);
int fl_request(fifolock_t *lock, unsigned mode, uint32_t n, fifolock_request_t *request,
	       void (*granted)(void *ctx, int status), void *ctx, const void *site);

/* The function that its user has given it. */
const void *fl_callback_of(const fifolock_request_t *request);

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

static inline int fl_account_may_wait(fifolock_t *lock, unsigned mode, uint32_t n,
				      const void *site)
{
	return fl_debug_may_wait(lock, mode, n, site);
}

static inline uint64_t fl_account_asks(const fifolock_modes_t *modes)
{
	return fl_stats_now(modes);
}

FL_ALWAYS void fl_account_took_at_once(fifolock_t *lock, unsigned mode, uint32_t n,
				       const void *site)
{
	fl_debug_took(lock, mode, n, site);
}

static inline void fl_account_took(fifolock_t *lock, unsigned mode, uint32_t n,
				   uint64_t since, const void *site)
{
	fl_account_took_at_once(lock, mode, n, site);
	fl_stats_asked(fl_modes_of(lock), mode, n, 0, since);
}

static inline void fl_account_turned_away(const fifolock_modes_t *modes, unsigned mode,
					  int error)
{
	fl_stats_asked(modes, mode, 0, error, 0);
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
				   const void *site)
{
	int error = fl_account_gives_at_once(lock, mode, n, site);

	if (!error)
		fl_stats_gives(fl_modes_of(lock), mode, n);
	return error;
}

static inline void fl_account_keeps(fifolock_t *lock, unsigned mode, uint32_t n,
				    const void *site)
{
	fl_debug_took(lock, mode, n, site);
	fl_stats_keeps(fl_modes_of(lock), mode, n);
}

#endif
