/* SPDX-License-Identifier: MIT
 *
 * fifolock/cond.h - wait for a condition while holding a lock in any mode.
 *
 *	static fifolock_cond_t not_empty;		// zero: nobody waits
 *
 *	fifolock_lock(&lock, FIFOLOCK_EXCLUSIVE);
 *	while (queue_is_empty())
 *		fifolock_cond_wait(&not_empty, &lock, FIFOLOCK_EXCLUSIVE);
 *	...
 *	fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE);
 *
 * First come, first served here, too: a signal is for whoever has waited longest. It
 * wakes nobody; it moves the waiter to the end of the lock's line, where it is
 * granted in its turn. So a broadcast to a thousand is a thousand places in line,
 * not a thousand threads that fight for one lock.
 *
 * Others may have had the lock between the signal and the grant, so look at the
 * condition again. No wait ends without a signal, a time-out or an error.
 *
 * Every function returns 0 or a positive errno and leaves errno alone. Any thread
 * may call them, a signal handler may not. None is a cancellation point. Deadlines as in
 * fifolock.h; NULL: none.
 */
#ifndef FIFOLOCK_COND_H
#define FIFOLOCK_COND_H

#include <fifolock/fifolock.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Private. All bytes zero is a condition nobody waits for. It must not move or be
 * copied while in use; when nobody waits for it and no call on it is under way it
 * may simply be freed. A waiter whose wait has returned is done with it, and with
 * whoever signalled. In a child after fork() the threads that waited are not there, and a
 * signal would be lost on one of them: initialise it anew, and the lock, too. */
typedef struct fifolock_cond {
	fifolock_t guard;
	struct fl_waiter *first;
	struct fl_waiter *last;
} fifolock_cond_t;

/* clang-format off */
#ifdef __cplusplus
#define FIFOLOCK_COND_INIT {FIFOLOCK_INIT(nullptr), nullptr, nullptr}
#else
#define FIFOLOCK_COND_INIT {.first = 0}
#endif
/* clang-format on */

/* Give one hold of mode back, wait for a signal, and take the hold again: giving
 * back and beginning to wait are one step for whoever signals while holding the
 * lock, or after having held it. The caller has exactly one hold, of weight 1, that
 * is its own to give.
 *
 *	0	   signalled; held
 *	ECANCELED  the lock is closed, or was closed at any moment of the call, whether anybody
 *		   has signalled or not; not held
 *	EPERM, EINVAL  nothing has changed; held as before */
FIFOLOCK_API int fifolock_cond_wait(fifolock_cond_t *cond, fifolock_t *lock,
				    unsigned mode);

/* The same until the deadline at most, an absolute time on CLOCK_MONOTONIC, or on
 * the clock that is named. ETIMEDOUT: no signal came; the hold is taken again, for
 * which it waits in line as long as it takes. ECANCELED: not held. EPERM, EINVAL: held as
 * before. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_cond_timedwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			const struct timespec *deadline);
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_cond_clockwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			clockid_t clock, const struct timespec *deadline);

/* Move the one who has waited longest, or all of them in the order in which they
 * came, to the end of their lock's line. Whether the caller holds that lock does not
 * matter, but nobody may free it before this returns, unless it is the waiters
 * themselves. A waiter whose lock was closed is not counted: the signal is for the next.
 * Nobody waits: nothing happens. Always 0. */
FIFOLOCK_API int fifolock_cond_signal(fifolock_cond_t *cond);
FIFOLOCK_API int fifolock_cond_broadcast(fifolock_cond_t *cond);

#ifdef __cplusplus
}
#endif

#endif
