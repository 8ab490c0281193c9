/* SPDX-License-Identifier: MIT
 *
 * fast.h - the first tries: arguments, one compare-and-swap in, one out.  Shared by the
 * public functions that take or give a hold.
 *
 *	row       released by            acquired by               what it carries
 *	[HOLD]    fl_give_only,          fl_take_free,             the holder's writes
 *	          fl_give_seen           fl_take_seen
 */
#ifndef FL_FAST_H
#define FL_FAST_H

#include "core/lock.h"
#include "core/atomic.h"
#include "core/role.h"

#include <errno.h>
#include <fifolock/cond.h>
#include <fifolock/request.h>

/* What one file of this room does for another, in the name of a public function. */
int fl_unlock(fifolock_t *lock, unsigned mode, const void *site);
int fl_request(fifolock_t *lock, unsigned mode, uint32_t n, fifolock_request_t *request,
	       void (*done)(void *ctx, int status), void *ctx, const void *site);
int fl_request_exchange(fifolock_t *lock, unsigned from, struct fl_want *want,
			fifolock_request_t *request, const void *site);
int fl_request_refused(fifolock_request_t *request, int error);

/* A wait in EXCLUSIVE with a lock that stands for another; when the wait is listed, and the hold is given back,
 * what it stands for, too.  *in_line: a broadcast to several threads has moved it into that line,
 * where it has been granted; not the lock, then. */
int fl_cond_wait_beside(fifolock_cond_t *cond, fifolock_t *lock, fifolock_t *line,
			bool *in_line, const struct fl_deadline *deadline,
			int (*gives)(fifolock_t *lock));

/* No call that does more than begin will touch the condition again. Waits for those that are about
 * to leave it. EBUSY: a thread waits for a signal. */
int fl_cond_end(fifolock_cond_t *cond);

/* The function that its user has given it. */
const void *fl_callback_of(const fifolock_request_t *request);

static inline int fl_check(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	if (mode >= modes->count)
		return EINVAL;
	return n == 0 || n > modes->capacity[mode] ? ERANGE : 0;
}

/* Good, and no listener is to hear of it: one comparison for both.  If not, fl_check says what is
 * wrong, if anything is. */
FL_ALWAYS bool fl_at_once(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	/* Every mode has room for one. */
	return fl_likely(mode < modes->at_once) &&
	       (n == 1 || (n != 0 && n <= modes->capacity[mode]));
}

/* The first try is a guess, that no thread has the lock, and the compare-and-swap itself
 * looks: a load before it would wait for the locked instruction of the last unlock, on some
 * processors for as long as the compare-and-swap takes.  Any weight up to the capacity
 * fits a free lock; only a predicate may say no.  *seen: what was there.
 *
 * Where others are in, the guess is wrong and costs one locked instruction more on a line
 * that has to come for writing anyway; and that line is what others wait for.  So a thread whose guess was wrong does
 * not guess next time (acquire_again). */
FL_ALWAYS bool fl_take_free(fifolock_t *lock, const fifolock_modes_t *modes,
			    unsigned mode, uint32_t n, uint64_t *seen)
{
	*seen = 0;
	return fl_likely(!modes->compatible) &&
	       /* [HOLD] acquire */
	       fl_likely(fl_cas_acquire(&lock->word, seen, modes->rows[mode].unit * n));
}

/* With a word that was seen, in as few instructions as it takes: a biased field never
 * reaches the flags, so one mask tests both; the rest of the request is made when this
 * failed. */
FL_ALWAYS bool fl_take_seen(fifolock_t *lock, const fifolock_modes_t *modes,
			    unsigned mode, uint32_t n, uint64_t seen)
{
	const struct fifolock_row *row = &modes->rows[mode];
	uint64_t bias = row->bias + row->unit * (n - 1);

	return fl_likely(((seen + bias) & (row->guard | FL_QUEUED)) == 0) &&
	       fl_likely(!modes->compatible) &&
	       /* [HOLD] acquire */
	       fl_likely(fl_cas_acquire(&lock->word, &seen, seen + row->unit * n));
}

/* The same.  Where others hold, too, it looks first the next time. */
FL_ALWAYS bool fl_take_beside(fifolock_t *lock, const fifolock_modes_t *modes,
			      unsigned mode, uint32_t n, uint64_t seen)
{
	if (!fl_take_seen(lock, modes, mode, n, seen))
		return false;
	fl_meet(seen ? lock : NULL, mode, FL_MET_BESIDE);
	return true;
}

/* The guess: these units are all there is in the word, so no request is in line, and that
 * much is held. */
FL_ALWAYS bool fl_give_only(fifolock_t *lock, uint64_t units, uint64_t *seen)
{
	*seen = units;
	/* [HOLD] release */
	return fl_likely(fl_cas_release(&lock->word, seen, 0));
}

/* No request is in line, and that much is held: the units out. */
FL_ALWAYS bool fl_give_seen(fifolock_t *lock, uint64_t field, uint64_t units,
			    uint64_t seen)
{
	return fl_likely(fl_word_has(seen, field, units) && !(seen & FL_QUEUED)) &&
	       /* [HOLD] release */
	       fl_likely(fl_cas_release(&lock->word, &seen, seen - units));
}

/* Both. */
FL_ALWAYS bool fl_give_at_once(fifolock_t *lock, uint64_t field, uint64_t units)
{
	uint64_t seen;

	return fl_give_only(lock, units, &seen) || fl_give_seen(lock, field, units, seen);
}

#endif
