/* SPDX-License-Identifier: MIT
 *
 * fifolock/cond.h - wait for a condition while holding a lock in any mode.
 *
 *	static fifolock_cond_t not_empty;		// all bytes zero: no thread waits
 *
 *	fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE);
 *	while (queue_is_empty())
 *		fifolock_cond_wait(&not_empty, &lock, FIFOLOCK_EXCLUSIVE);
 *	...
 *	fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE);
 *
 * Waits are first come, first served, too: a signal is for the thread that has waited longest.  It
 * does not wake that thread, but moves its request to the end of the lock's line, where it is
 * granted in its turn.  So a broadcast to a thousand threads makes a thousand places in line, not a
 * thousand threads that compete for one lock.
 *
 * Other threads may hold the lock between the signal and the grant, so check the condition again
 * after each wait.  No wait ends without a signal, a time-out or an error.
 *
 * Results, callers and deadlines are as in fifolock/fifolock.h.
 */
#ifndef FIFOLOCK_COND_H
#define FIFOLOCK_COND_H

#include <fifolock/fifolock.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_cond_wait(3): wait for a condition, in any mode ---- */

/* A condition; the fields are private.  All bytes zero is one for which no thread waits.  It must
 * not be moved or copied while in use.
 *
 * It may be freed when no thread waits for it and no call on it is under way.  A thread that has
 * been signalled waits for it no more: it does not touch the condition again, whether its wait has
 * returned or not.  When the wait has returned, the thread that signalled touches nothing of
 * that thread, or of the lock on its behalf.
 *
 * In a child after fork() the threads that waited do not exist, and a signal for one of them would
 * be lost: initialise the condition anew there, and the lock. */
typedef struct fifolock_cond {
	fifolock_t guard;
	struct fl_waiter *last;
} fifolock_cond_t;

/* A condition for which no thread waits. */
/* clang-format off */
#ifdef __cplusplus
#define FIFOLOCK_COND_INIT {FIFOLOCK_INIT(nullptr), nullptr}
#else
#define FIFOLOCK_COND_INIT {.last = 0}
#endif
/* clang-format on */

/* Give one hold of mode back, wait for a signal, and take the hold again in the lock's line.  The
 * caller must have exactly one hold of the lock, of weight 1; that one is given back.
 *
 * Giving back and beginning to wait are one step for a thread that signals while it holds the
 * lock or after it has held it: that signal is not missed.
 *
 *	0	signalled, and held again
 *	ECANCELED  the lock is closed, or was closed at any moment of the call, even after a
 *		signal: the hold is gone
 *	EPERM	no hold of this mode exists: nothing has changed
 *	EINVAL	the mode is not in the table: nothing has changed */
FIFOLOCK_API int fifolock_cond_wait(fifolock_cond_t *cond, fifolock_t *lock,
				    unsigned mode);

/* The same with a deadline for the signal, a time on CLOCK_MONOTONIC; clockwait: on the clock that
 * is named.
 *
 *	0	signalled, and held again
 *	ETIMEDOUT  no signal came: held again, for which the call waits in line as long as it takes
 *	ECANCELED  as above: the hold is gone
 *	EPERM	no hold of this mode exists: nothing has changed
 *	EINVAL	the mode is not in the table, or the deadline is no time on that clock: nothing
 *		has changed */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_cond_timedwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			const struct timespec *deadline);
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_cond_clockwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			clockid_t clock, const struct timespec *deadline);

/* Move the request of the thread that has waited longest to the end of its lock's line; broadcast
 * moves those of all threads, in the order in which they came to wait.  If no thread waits
 * nothing happens.  A waiting thread whose lock has been closed does not use up a signal: that is
 * for the next one.  The result is always 0.
 *
 * The caller may hold that lock or not.  The lock must stay until this call has returned; only a
 * thread that was moved by this call may free it earlier, when its own wait has returned.  The call
 * waits, if at all, for other calls on the same condition. */
FIFOLOCK_API int fifolock_cond_signal(fifolock_cond_t *cond);
FIFOLOCK_API int fifolock_cond_broadcast(fifolock_cond_t *cond);

#ifdef __cplusplus
}
#endif

#endif
