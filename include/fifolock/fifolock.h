/* SPDX-License-Identifier: MIT
 *
 * fifolock/fifolock.h - a lock that grants strictly in the order asked.
 *
 *	static fifolock_t lock;				 // zero: free, shared/exclusive
 *
 *	fifolock_lock(&lock, FIFOLOCK_SHARED);		 // waits its turn
 *	...
 *	fifolock_unlock(&lock, FIFOLOCK_SHARED);	 // the mode that was taken
 *
 *	fifolock_t s = FIFOLOCK_INIT(&fifolock_intent_modes);  // any other mode table
 *
 * Requests are granted first come, first served, whatever their modes: nobody passes
 * anybody.  So a thread that holds SHARED and asks for SHARED again while another
 * waits for EXCLUSIVE waits for ever, as under every fair lock. The lock is not
 * reentrant.
 *
 * A lock that is never closed and has no limit on its line cannot fail: fifolock_lock, fifolock_lock_n,
 * fifolock_run and fifolock_cond_wait return when the mode is held, or has been, and not
 * before. So you must look at the answer if you close, limit the line, or set a deadline. (A thread
 * for whose place in line there is no memory tries again until there is, or until the
 * deadline or a closing ends that; its order begins when it has the place.)
 *
 * Every int function returns 0 or a positive errno and leaves errno alone; on any
 * error nothing has changed.  Callers, unless a function says otherwise: any thread,
 * not a signal handler.  No function is a cancellation point; none may be called while
 * PTHREAD_CANCEL_ASYNCHRONOUS is set and cancelling enabled.
 *
 * What each of these means; each function's comment names those that it can answer.
 *
 *	EINVAL	no such mode; an unknown clock; tv_nsec outside 0..999999999; a time on the
 *		wrong clock (below)
 *	ERANGE	a weight of 0, or over the mode's capacity
 *	EBUSY	trylock: somebody is in line or it does not fit; tryconvert: it does not fit;
 *		destroy: in use
 *	ETIMEDOUT  the deadline passed: nothing is held
 *	EPERM	what gives a hold back: not that many holds of that mode exist
 *	ENOMEM	fifolock_request and fifolock_run_async only: no memory for a place in line
 *	ECANCELED  the lock is closed, or was closed while in line: nothing is held
 *	EAGAIN	as many are in line as fifolock_limit_waiters allows; or (reopen, bump) a thread that
 *		is granting has been off its processor for a tenth of a second
 *	EDEADLK	convert: would wait for another conversion that waits for this one; and
 *		in the debug build any request that can never be granted
 *
 * Deadlines are absolute times; NULL is no deadline: the call waits for as long as it takes.  So
 * does, in effect, a time in the far future, INT64_MAX seconds included.  But a call that would
 * have to wait until a time on CLOCK_MONOTONIC that is decades ahead and within a year of what
 * CLOCK_REALTIME says now answers EINVAL: that time was read from the other clock.  (A
 * CLOCK_MONOTONIC time given to a call that takes CLOCK_REALTIME has long passed.)
 *
 * More: fifolock/request.h (be granted later, let a section be run in turn),
 * fifolock/cond.h (wait for a condition), fifolock/inspect.h (look at a lock,
 * count).
 */
#ifndef FIFOLOCK_FIFOLOCK_H
#define FIFOLOCK_FIFOLOCK_H

#include <fifolock/modes.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FIFOLOCK_CHECKED __attribute__((warn_unused_result))

/* The lock: 40 bytes, private.  All bytes zero is a free shared/exclusive
 * lock.  It may live in any memory of one process; it must not move or be
 * copied while in use; a copy is another lock, of which nobody in line knows.  In a child
 * after fork() the holds of the forking thread are its own; a lock that other threads held,
 * waited for, or were in a call on at the fork must be initialised anew there. */
typedef struct fifolock {
	uint64_t word;
	uint64_t line;
	uint32_t rules;
	uint32_t left;
	const fifolock_modes_t *modes;
	uint32_t first;
	uint32_t gone;
} fifolock_t;

/* clang-format off */
#ifdef __cplusplus
#define FIFOLOCK_INIT(modes_pointer) {0, 0, 0, 0, (modes_pointer), 0, 0}
#else
#define FIFOLOCK_INIT(modes_pointer) {.modes = (modes_pointer)}
#endif
/* clang-format on */

/* Make *lock a free lock with the given table (NULL: shared/exclusive), which
 * must outlive it.  Nobody else may be using that memory.  EINVAL: lock NULL.
 * Signal handlers may call it. */
FIFOLOCK_API int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes);

/* End a lock's use; every later call on it returns EINVAL until it is
 * initialised again.  EBUSY while it is held or waited for.  No other thread
 * may be inside a call on the lock, except that the thread that gave up the last
 * hold need not wait for earlier holders' unlock to return: that is over.
 * A lock that is not in use may also simply be freed.  EINVAL: lock NULL, or destroyed. */
FIFOLOCK_API int fifolock_destroy(fifolock_t *lock);

/* Take one hold of mode, waiting in line for as long as it takes.
 * EINVAL, ECANCELED, EAGAIN. */
FIFOLOCK_API int fifolock_lock(fifolock_t *lock, unsigned mode);

/* Take one hold of mode if nobody is in line and it fits: 0, else EBUSY.
 * Never passes a waiting request, and never fails without cause.  A request that
 * times out is in line until its call returns, and until an unlock by another
 * thread that is granting at that moment returns.  EINVAL, ECANCELED.  Signal handlers
 * may call it. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_trylock(fifolock_t *lock, unsigned mode);

/* Take one hold of mode, waiting until the deadline at most: an absolute time
 * on CLOCK_MONOTONIC.  A lock that is free is taken even if the deadline has
 * passed.  A request that times out leaves the line, and those it held up are
 * let in at once.  One that is just being granted when the deadline passes waits for that:
 * usually less than a microsecond; but if the system takes the processor from the thread that
 * grants it, or a debugger stops that thread, until it goes on.  The call then returns 0,
 * late.  EINVAL, ETIMEDOUT, ECANCELED, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedlock(fifolock_t *lock, unsigned mode,
						     const struct timespec *deadline);

/* The same by CLOCK_MONOTONIC or CLOCK_REALTIME; a CLOCK_REALTIME deadline
 * follows that clock when it is set.  EINVAL, ETIMEDOUT, ECANCELED, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_clocklock(fifolock_t *lock, unsigned mode,
						     clockid_t clock,
						     const struct timespec *deadline);

/* Give one hold of mode back and let in who then fits.  Never blocks and never
 * allocates; signal handlers may call it, whatever they interrupted.  The hold
 * may have been taken by another thread.  After the hold is gone the lock is
 * not touched on the caller's behalf: the last holder may free it at once.
 *
 * Holds have no owner: a thread that gives back what it does not have takes the hold of
 * another one, which then is not alone with what the lock guards, and whose own unlock is
 * refused, or takes a third one's.  Only where nobody holds the mode this is noticed
 * (EPERM); the debug build notices it always.  EINVAL. */
FIFOLOCK_API int fifolock_unlock(fifolock_t *lock, unsigned mode);

/* The same with a weight: n holds of the mode in one step, all or nothing.  A
 * heavy request at the head of the line is not passed by light ones behind it.
 * EINVAL, ERANGE, ECANCELED, EAGAIN. */
FIFOLOCK_API int fifolock_lock_n(fifolock_t *lock, unsigned mode, uint32_t n);
/* EINVAL, ERANGE, EBUSY, ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_trylock_n(fifolock_t *lock, unsigned mode,
						     uint32_t n);
/* EINVAL, ERANGE, ETIMEDOUT, ECANCELED, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedlock_n(fifolock_t *lock, unsigned mode,
						       uint32_t n,
						       const struct timespec *deadline);
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_clocklock_n(fifolock_t *lock, unsigned mode,
						       uint32_t n, clockid_t clock,
						       const struct timespec *deadline);
/* Any part of what was taken may be given back.  EINVAL, ERANGE, EPERM. */
FIFOLOCK_API int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n);

/* One hold of to for one of from, in one step; the lock is never without the caller.
 *
 * What fits at once is done at once, past the line: a weaker mode always does, and lets
 * in who then fits.  convert waits otherwise, before all in line who hold nothing, for
 * the other holders to leave; it keeps from meanwhile.  Conversions wait in the order
 * in which they asked.  On every error from is still held.
 *
 * EDEADLK: another conversion waits for this hold to go, so this one would wait for
 * ever; give from back instead.  (Where only UPDATE is ever converted to EXCLUSIVE that
 * cannot happen: one at a time holds UPDATE.  Where a function is the rule it must allow
 * beside fewer holds what it allows beside more.)  EPERM: from is not held.  EINVAL,
 * ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_convert(fifolock_t *lock, unsigned from,
						   unsigned to);
/* EBUSY: it does not fit now.  EPERM, EINVAL, ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_tryconvert(fifolock_t *lock, unsigned from,
						      unsigned to);
/* Until the deadline at most, on CLOCK_MONOTONIC.  ETIMEDOUT, EDEADLK, EPERM, EINVAL,
 * ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedconvert(fifolock_t *lock, unsigned from,
							unsigned to,
							const struct timespec *deadline);

/* Turn everybody away: all in line, all who wait at a condition with this lock, and all
 * who ask later, hold nothing and are told so, until it is opened again. It aborts and does not drain: to
 * let those in line have their turn first, see "Closing" in the guide. Holders give back as
 * usual. Requests in line are told by the time this returns or, if another thread is
 * granting at that moment, by that thread. It takes time for each slot that the process has
 * ever needed at once, some nanoseconds. Closing what is closed is no error. A closed lock
 * that nobody holds can be destroyed. EINVAL: destroyed. */
FIFOLOCK_API int fifolock_close(fifolock_t *lock);

/* A lock just reopened may refuse a trylock until another thread's scan, if
 * one is under way, is over. EAGAIN: that thread has been off its processor for a tenth
 * of a second, and may have some to turn away yet; still closed. EINVAL: destroyed. */
FIFOLOCK_API int fifolock_reopen(fifolock_t *lock);

/* Let at most so many be in line, 1 to 524287; 0, the default: as many as want. Who
 * would be one more is refused; one who has left counts until the scan in which
 * another thread is granting at that moment is over. Conversions and those who come
 * back from a bump or a condition are always let in, as are those who take the place
 * that a predicate table has cleared too early. Those in line already stay. ERANGE,
 * EINVAL. */
FIFOLOCK_API int fifolock_limit_waiters(fifolock_t *lock, uint32_t most);

/* Is anybody in line who is kept out by the holds of mode that there are, whatever
 * else is held? For a holder in a long piece of work: would anybody be glad if it
 * paused? Nobody in line: one load. Otherwise it looks at the line, one request after the
 * other. For that it waits for a thread that is granting; if that one is off its processor
 * for a tenth of a second the answer is false. */
FIFOLOCK_API bool fifolock_contended(fifolock_t *lock, unsigned mode);

/* Let them in: if the lock is contended as above, give one hold of mode back and
 * take it again behind all who are in line at that moment and before all who come
 * later; otherwise do nothing. Held again on return: 0; EPERM, EINVAL, with nothing
 * changed; EAGAIN, with nothing changed: it could not be told whether the lock is contended,
 * as above. ECANCELED: the lock was closed meanwhile, and the hold is gone. */
FIFOLOCK_API int fifolock_bump(fifolock_t *lock, unsigned mode);

/* A moment's truth, for diagnosis and assertions: how many holds of mode there
 * are (0 for a mode that is not there), and how many requests are in line.
 * Who was seen in line will not be passed by anyone who asks later.  A request that
 * has just timed out may still be counted while another thread is granting.
 * Neither orders memory: who wants to free a lock asks fifolock_destroy, or
 * knows.  Signal handlers may call both. */
FIFOLOCK_API uint32_t fifolock_holds(const fifolock_t *lock, unsigned mode);
FIFOLOCK_API uint32_t fifolock_waiting(const fifolock_t *lock);

#ifdef __cplusplus
}
#endif

#endif
