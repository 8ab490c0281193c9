/* SPDX-License-Identifier: MIT
 *
 * lock.h - the algorithm, as the public functions use it.
 *
 * Arguments are taken as checked: the mode is in the table, 1 <= weight <= the
 * mode's capacity.
 */
#ifndef FL_LOCK_H
#define FL_LOCK_H

#include "scan.h"

/* Control bits of the lock become what is said (control.h), and the scanner is told. */
void fl_control_change(fifolock_t *lock, uint32_t mask, uint32_t value);

/* Take the hold if no request is in line and it fits. */
bool fl_take(fifolock_t *lock, const struct fl_want *want);

/* Join the line with a slot.  From here the slot is the line's until its word says
 * that it has been told (perhaps at once), or until fl_leave says true.  how:
 * FL_LEAVES and so on; only a request that says so may leave.  EAGAIN: the line is full.
 * service NULL: runs no other thread's section. */
int fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	    unsigned how);
int fl_join_to_run(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   struct fl_service *service);

/* The same for one hold, for a thread that expects others in line, and waits long for the lock's line of
 * memory: so that is touched as briefly as can be, and what can be done before it is in
 * fl_ready_to_join.  how: 0, FL_RUNS.  False: no request is in line, or the lock is closed, or has a limit;
 * nothing has happened. */
void fl_ready_to_join(const fifolock_t *lock, struct fl_slot *slot, unsigned mode,
		      unsigned how);
bool fl_join_behind(fifolock_t *lock, struct fl_slot *slot, struct fl_service *service);
bool fl_leave(fifolock_t *lock, struct fl_slot *slot);
bool fl_cancel(fifolock_t *lock, struct fl_slot *slot, unsigned mode); /* the same */

/* Is there a request in line?  If so, no later one passes those that were seen there. */
bool fl_confirm(fifolock_t *lock);

/* For a caller with a hold: does a thread wait in line?  No matter what: a thread that gets in
 * line after that, or is scanning, knows all that the caller did before. */
bool fl_awaited(fifolock_t *lock);

/* Give back units, all of one field, and grant the requests that fit then.  EPERM. */
int fl_release(fifolock_t *lock, uint64_t field, uint64_t units);
int fl_release_to(fifolock_t *lock, uint64_t field, uint64_t units,
		  struct fl_service *service);

/* One hold of from for what is wanted, in one step: EBUSY if that does not fit.
 * EPERM. */
int fl_exchange(fifolock_t *lock, const struct fifolock_row *from,
		const struct fl_want *want);

#endif
