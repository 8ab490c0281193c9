/* SPDX-License-Identifier: MIT
 *
 * wait.c - see wait.h.  Which of the threads that wait are awake is another question (awake.c).
 *
 *	relaxed   because
 *	[EITHER]  Read-modify-writes of one word: see FL_ENDED (park.h).
 */
#include "wait.h"
#include "observe/account.h"
#include "atomic.h"
#include "awake.h"
#include "callbacks.h"
#include "control.h"
#include "observe/events.h"
#include "lock.h"
#include "role.h"

#include <errno.h>

/* Join, wait until told, or leave at the deadline. */
static int wait_as(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   unsigned how, const struct fl_deadline *deadline)
{
	int error;

	how |= deadline ? FL_LEAVES : 0;
	how |= fl_role_pays(lock) ? 0 : FL_IN_VAIN;
	error = fl_join(lock, slot, want, how);

	if (!error)
		error = fl_await(lock, slot, deadline);
	while (error == ETIMEDOUT) {
		if (fl_leave(lock, slot))
			return ETIMEDOUT; /* the slot is the scanner's */
		error = fl_sleep(slot, deadline);
	}
	fl_slot_waited(slot);
	return error;
}

/* How long a thread for whose slot there is no memory waits before it tries again. */
#define NO_SLOT_NAP_NS 1000000

int fl_slot_to_wait(const fifolock_t *lock, const struct fl_deadline *deadline,
		    struct fl_slot **slot)
{
	while (!(*slot = fl_slot_for_wait())) {
		if (fl_closed(lock))
			return ECANCELED;
		if (deadline && fl_deadline_passed(deadline))
			return ETIMEDOUT;
		fl_nap(NO_SLOT_NAP_NS);
	}
	if (deadline && deadline->ended)
		(void)fl_or_relaxed(deadline->ended, (*slot)->id); /* [EITHER] */
	return 0;
}

/* Taken after all, by a request that has no place in line yet?  With two threads the holder often gives
 * back at this very moment; a request that joins the line of a free lock scans, to be granted, and
 * meets the next arrival on the lock's line of memory, again and again (16 simulated processors,
 * sections of 20 ns, 150 outside: 1.3 million operations a second, 3.1 with this look).  A table that
 * counts counts what was granted. */
static bool is_given_back(fifolock_t *lock, const struct fl_want *want, unsigned how)
{
	return !(how & FL_CONVERTS) && !fl_account_counts(fl_modes_of(lock)) &&
	       fl_take(lock, want);
}

/* The same around: a slot, and callbacks that are due before it is in line. */
static int wait_with_slot(fifolock_t *lock, const struct fl_want *want, unsigned from,
			  unsigned how, const struct fl_deadline *deadline)
{
	struct fl_slot *slot;
	int error;

	if (deadline && fl_deadline_passed(deadline))
		return ETIMEDOUT;
	if (deadline && fl_deadline_astray(deadline))
		return EINVAL;
	error = fl_slot_to_wait(lock, deadline, &slot);
	if (error == ECANCELED)
		fl_account_refused(lock, fl_modes_of(lock), want->mode, error);
	if (error)
		return error;
	slot->from = (uint8_t)from;
	if (is_given_back(lock, want, how)) {
		fl_slot_waited(slot);
		return 0;
	}
	return wait_as(lock, slot, want, how, deadline);
}

int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline)
{
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, lock);
	error = wait_with_slot(lock, want, 0, 0, deadline);
	fl_callbacks_wait_end(&wait);
	return error;
}

bool fl_wait_behind(fifolock_t *lock, unsigned mode, int *error)
{
	struct fl_callbacks_wait wait;
	struct fl_slot *slot;
	bool joined = false;

	fl_callbacks_wait_begin(&wait, lock);
	slot = fl_slot_for_wait();
	if (slot) {
		fl_ready_to_join(lock, slot, mode, 0);
		joined = mode < fl_modes_of(lock)->at_once &&
			 fl_join_behind(lock, slot, NULL);
		if (joined)
			*error = fl_await(lock, slot, NULL);
		fl_slot_waited(slot);
	}
	fl_callbacks_wait_end(&wait);
	return joined;
}

int fl_wait_ahead(fifolock_t *lock, const struct fl_want *want, unsigned from,
		  const struct fl_deadline *deadline)
{
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, lock);
	error = wait_with_slot(lock, want, from, FL_CONVERTS | FL_NO_LIMIT, deadline);
	fl_callbacks_wait_end(&wait);
	return error;
}

/* Of a lock that no thread closes: it cannot fail. */
void fl_wait_held(fifolock_t *lock, const struct fl_want *want)
{
	(void)wait_with_slot(lock, want, 0, 0, NULL);
}
