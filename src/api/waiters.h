/* SPDX-License-Identifier: MIT
 *
 * waiters.h - the threads that wait at a condition: a list under a guard, which is a fifolock itself.
 *
 * The first waiter is the thread that took the guard first. What ends a wait, a signal, a closing
 * of the lock or the waiter itself, is decided by one step on the note of the waiter's slot.
 */
#ifndef FL_WAITERS_H
#define FL_WAITERS_H

#include "core/word.h"

#include <fifolock/cond.h>

struct fl_slot;

/* On its thread's stack. Everything in it is written under the guard, or before it
 * is listed. */
struct fl_waiter {
	struct fl_waiter *older, *newer;
	fifolock_t *lock;
	struct fl_slot *slot;
	struct fl_want want;
	/* The pthread face's; it waits with a lock of its own, and here is the one that it stands for.
	 * What else is given back with the lock, or NULL; where a broadcast to several moves it
	 * instead, or NULL; and that it has been moved there. */
	int (*gives)(fifolock_t *lock);
	fifolock_t *line;
	bool *in_line;
};

/* The guard. No thread that has it waits for anything else, and while a thread waits for it or has it,
 * no callback runs in it: one could want what its caller holds. After release, callbacks run when
 * the caller says so (fl_callbacks_resume); after both the condition may be gone. */
void fl_guard_take(fifolock_cond_t *cond);
void fl_guard_drop(fifolock_cond_t *cond);
void fl_guard_give(fifolock_cond_t *cond);

/* On the list. A closing from here on turns it away. */
void fl_waiter_begin(fifolock_cond_t *cond, struct fl_waiter *waiter);

/* Off the list, and what ends the wait. 0: nothing else, and it never will. ECANCELED: a closing.
 * EINPROGRESS: it has been signalled, and is in the lock's line or granted, or about to be. */
int fl_waiter_unlist(fifolock_cond_t *cond, struct fl_waiter *waiter);

/* By a closing. */
bool fl_waiter_is_turned_away(const struct fl_waiter *waiter);

/* Under the guard: off the list, for a signal. False: the wait ends otherwise, and the waiter takes itself
 * off. */
bool fl_waiter_take(fifolock_cond_t *cond, struct fl_waiter *waiter);

/* Under the guard: does any thread wait for a signal? */
bool fl_cond_is_waited_for(const fifolock_cond_t *cond);

/* The lock has been closed: turn away the threads that wait at conditions with it. */
void fl_cond_closed(const fifolock_t *lock);

#endif
