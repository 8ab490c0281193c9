/* SPDX-License-Identifier: MIT
 *
 * wait.h - a thread waits: for its turn in line, and before that for a slot.
 */
#ifndef FL_WAIT_H
#define FL_WAIT_H

#include "slot.h"

/* The calling thread's slot for a wait on that lock.  If there is no memory for one it waits
 * until there is: ETIMEDOUT, and ECANCELED if the lock is closed meanwhile.  Its order
 * begins when it joins. */
int fl_slot_to_wait(const fifolock_t *lock, const struct fl_deadline *deadline,
		    struct fl_slot **slot);

/* Join and wait.  deadline NULL: for as long as it takes.  ETIMEDOUT, EAGAIN,
 * ECANCELED. */
int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline);

/* The same for one hold without a deadline, for a thread that had to wait there last time and expects it again.
 * False: no request is in line, or something is to be looked at more closely; nothing has happened. */
bool fl_wait_behind(fifolock_t *lock, unsigned mode, int *error);

void fl_wait_held(fifolock_t *lock,
		  const struct fl_want *want); /* no callbacks meanwhile */
int fl_wait_ahead(fifolock_t *lock, const struct fl_want *want, unsigned from,
		  const struct fl_deadline *deadline);

#endif
