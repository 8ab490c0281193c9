/* SPDX-License-Identifier: MIT
 *
 * lock.h - the algorithm, as the public faces use it.  Layer 3.
 *
 * Arguments are taken as checked: the mode is in the table, 1 <= weight <= the
 * mode's capacity.
 */
#ifndef FL_LOCK_H
#define FL_LOCK_H

#include "park.h"
#include "queue.h"

extern const fifolock_modes_t fl_no_modes;	/* of a destroyed lock */
extern const fifolock_modes_t fl_default_modes; /* of a lock of zero bytes */

static inline const fifolock_modes_t *fl_modes_of(const fifolock_t *lock)
{
	return lock->modes ? lock->modes : &fl_default_modes;
}

/* Take the hold if nobody is in line and it fits. */
bool fl_take(fifolock_t *lock, const struct fl_want *want);

/* Join the line with a slot.  From here the slot is the line's until its word says
 * GRANTED (perhaps at once: then it is held), or until fl_leave says true.
 * Only a request that joined with can_leave may leave. */
void fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	     bool can_leave);
bool fl_granted(const struct fl_slot *slot);
bool fl_leave(fifolock_t *lock, struct fl_slot *slot);

/* Join and wait (wait.c).  deadline NULL: for as long as it takes.  ETIMEDOUT, ENOMEM. */
int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline);

/* Is anybody in line?  If so, no later request passes whoever was seen there. */
bool fl_confirm(fifolock_t *lock);

/* Give back units, all of one field, and let in who then fits.  EPERM. */
int fl_release(fifolock_t *lock, uint64_t field, uint64_t units);

#ifdef FL_CHECKED
/* Is somebody in line, for good, who can never be granted while the holds in own
 * exist?  Waits for a scanner to finish: for the debug build only. */
bool fl_line_waits_for(fifolock_t *lock, uint64_t own);
#endif

#endif
