/* SPDX-License-Identifier: MIT
 *
 * control.c - see control.h.  One word, changed by compare-and-swap.
 *
 *	row      released by             acquired by                what it carries
 *	[SHUT]   fl_closed_for_certain,  the other of the two,      what waits at a condition; what
 *	         fl_control_set          fl_closed                  came before a close
 *	[CLOSED] fl_control_set          is_of_one_moment (walk.c)  what the caller did to the state
 *	                                                            word before
 *
 *	relaxed    because
 *	[RULES]    The limit, and what was there before a change.  Closing is followed by an
 *	           announcement, which carries it to scanners; all others find it out in their
 *	           own time.
 */
#include "control.h"
#include "atomic.h"

static uint32_t control_of(const fifolock_t *lock)
{
	return fl_load_relaxed(&lock->control); /* [RULES] */
}

uint32_t fl_limit_of(const fifolock_t *lock)
{
	uint32_t limit = control_of(lock) >> FL_LIMIT_SHIFT & FL_LIMIT_MAX;

	return limit ? limit : UINT32_MAX;
}

bool fl_unruled(const fifolock_t *lock)
{
	return !(control_of(lock) & (FL_CLOSED | FL_LIMIT_MAX << FL_LIMIT_SHIFT));
}

bool fl_closed(const fifolock_t *lock)
{
	/* [SHUT] acquire */
	return fl_load_acquire(&lock->control) & FL_CLOSED;
}

void fl_control_set(fifolock_t *lock, uint32_t mask, uint32_t value)
{
	uint32_t now = control_of(lock);

	/* [SHUT] [CLOSED] release, [SHUT] acquire */
	while (!fl_cas_acq_rel(&lock->control, &now, (now & ~mask) | value))
		;
}

bool fl_closed_for_certain(fifolock_t *lock)
{
	uint32_t now = control_of(lock);

	/* [SHUT] release, [SHUT] acquire */
	while (!fl_cas_acq_rel(&lock->control, &now, now))
		;
	return now & FL_CLOSED;
}
