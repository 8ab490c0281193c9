/* SPDX-License-Identifier: MIT
 *
 * fifolock/fifolock.h - a lock that grants requests strictly in the order in which they came.
 *
 *	static fifolock_t lock;			 // all bytes zero: free, shared/exclusive
 *
 *	fifolock_lock(&lock, FIFOLOCK_SHARED);	 // waits in line until it holds SHARED
 *	...
 *	fifolock_unlock(&lock, FIFOLOCK_SHARED); // gives back the mode that was taken
 *
 *	fifolock_t tree = FIFOLOCK_INIT(&fifolock_intent_modes); // other modes
 *
 * A lock is taken in a mode.  A hold is one unit of a mode, taken and not yet given back; the
 * lock's mode table says which holds may exist beside each other (fifolock/modes.h).  A request
 * that cannot have its hold at once waits in line.  Requests are granted from the head of the
 * line, first come, first served, whatever their modes.
 *
 * The lock is not reentrant.  As under every fair lock, a thread that holds SHARED and asks for
 * SHARED again waits for ever if a request for EXCLUSIVE came in between: its second request is
 * behind that one, and that one waits for its first hold.
 *
 * Results.  Every int function returns 0 or a positive error number; errno stays as it was.  After
 * an error the holds are what they were before the call: none has been taken, given back or
 * converted.  The one exception is ECANCELED from fifolock_bump and from a wait for a condition:
 * there the hold is gone.
 *
 * A lock that is never closed and has no limit on its line cannot fail, given a mode of its table:
 * there fifolock_lock, fifolock_lock_n and fifolock_cond_wait return only when the mode is held,
 * and fifolock_run only when the section has run; their result may be ignored (the debug build may
 * answer EDEADLK, see below).  Check every result if you close the lock, limit its line, or set a
 * deadline.  (No wait fails for want of memory: a thread that finds none for its place in line
 * tries again until it does, or until the deadline passes or the lock is closed.  Its turn counts
 * from the moment it has the place.)
 *
 * Callers.  Unless the description of a function says otherwise: any thread may call it, also
 * inside a callback (fifolock/request.h); a signal handler may not.  No function is a
 * cancellation point, and none may be called while PTHREAD_CANCEL_ASYNCHRONOUS is set and
 * cancellation is enabled.
 *
 * Errors.  The description of each function names those that it can return.
 *
 *	EINVAL	the mode is not in the table; the clock is unknown; tv_nsec is outside
 *		0..999999999; the deadline was read from the wrong clock (below); the lock
 *		has been destroyed
 *	ERANGE	the weight is 0, or more than the mode's capacity
 *	EBUSY	fifolock_trylock: a request is in line, or the hold does not fit;
 *		fifolock_tryconvert: the new mode does not fit; fifolock_destroy: the lock is
 *		in use
 *	ETIMEDOUT  the deadline passed first
 *	EPERM	the hold that was to be given back or converted does not exist
 *	ENOMEM	fifolock_request, fifolock_run_async: no memory for a place in line
 *	ECANCELED  the lock is closed, or was closed while the request was in line
 *	EAGAIN	the line is as long as fifolock_limit_waiters allows; fifolock_reopen,
 *		fifolock_bump: another thread is in the middle of granting, and the system has
 *		kept it off its processor for a tenth of a second
 *	EDEADLK	fifolock_convert: it would wait for a conversion that waits for it; and in the
 *		debug build any request that can never be granted
 *
 * Deadlines are absolute times.  NULL is no deadline: the call waits for as long as it takes.  So
 * does, in effect, a time in the far future, also one of INT64_MAX seconds.  One mistake is
 * noticed: if a call on CLOCK_MONOTONIC would have to wait until a time that is decades ahead, and
 * within a year of what CLOCK_REALTIME says now, it returns EINVAL, because that time was read
 * from the other clock.  (The opposite, a CLOCK_MONOTONIC time for a call on CLOCK_REALTIME, has
 * passed long ago.)
 *
 * See also: fifolock/modes.h (tables of modes), fifolock/request.h (granted later; sections that
 * are run in turn), fifolock/cond.h (wait for a condition), fifolock/inspect.h (look, count),
 * fifolock/table.h (a lock for each key, in a library of its own).
 */
#ifndef FIFOLOCK_FIFOLOCK_H
#define FIFOLOCK_FIFOLOCK_H

#include <fifolock/modes.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* On functions whose result may mean that nothing is held: the compiler warns if it is ignored. */
#define FIFOLOCK_CHECKED __attribute__((warn_unused_result))

/* ---- fifolock_init(3): make a lock, end its use ---- */

/* A lock: 40 bytes, the fields are private.  All bytes zero is a free shared/exclusive lock.  It
 * may lie in any memory of one process, but not be moved or copied while it is in use: a copy is
 * another lock, and requests in line do not know it.
 *
 * In a child after fork() the forking thread still has its holds.  A lock that another thread
 * held, waited for or was in a call on at that moment must be initialised anew there. */
typedef struct fifolock_object {
	uint64_t word;
	uint64_t arrivals;
	uint32_t control;
	uint32_t departed;
	uint32_t head;
	uint32_t dequeued;
	const fifolock_modes_t *modes;
} fifolock_t;

/* A free lock that uses the table to which the pointer points; NULL: shared/exclusive. */
/* clang-format off */
#ifdef __cplusplus
#define FIFOLOCK_INIT(modes_pointer) {0, 0, 0, 0, 0, 0, (modes_pointer)}
#else
#define FIFOLOCK_INIT(modes_pointer) {.modes = (modes_pointer)}
#endif
/* clang-format on */

/* Make *lock a free lock that uses the given table; NULL: shared/exclusive.  The table must stay
 * in memory, unchanged, for as long as the lock is used.  No other thread may be using the lock's
 * memory.  Does not wait; signal handlers may call it.
 *
 *	EINVAL	lock is NULL */
FIFOLOCK_API int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes);

/* End the use of a lock: every later call on it returns EINVAL until it is initialised again.  A
 * lock that is not in use may also simply be freed.  Does not wait.
 *
 * No other thread may be inside a call on the lock, with one exception: an unlock that has given
 * its hold back already does not touch the lock any more.  So the thread that gives the last hold
 * back may destroy and free the lock when its own unlock has returned; it need not wait for the
 * unlock calls of earlier holders to return.
 *
 *	EBUSY	a hold exists, or a request is in line
 *	EINVAL	lock is NULL, or has been destroyed */
FIFOLOCK_API int fifolock_destroy(fifolock_t *lock);

/* ---- fifolock_lock(3): take holds and give them back ---- */

/* Take one hold of mode; wait in line for it as long as it takes.
 *
 *	EINVAL	the mode is not in the table
 *	ECANCELED  the lock is closed
 *	EAGAIN	the line is as long as it may be */
FIFOLOCK_API int fifolock_lock(fifolock_t *lock, unsigned mode);

/* Take one hold of mode if no request is in line and the hold fits beside those that exist.  Does
 * not wait, never passes a waiting request, and never fails without a cause.  Signal handlers may
 * call it.
 *
 *	EBUSY	a request is in line, or the hold does not fit.  A request that has timed out
 *		counts as in line until its call returns and, if another thread is granting at
 *		that moment, until that thread's unlock or other call returns
 *	EINVAL	the mode is not in the table
 *	ECANCELED  the lock is closed */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_trylock(fifolock_t *lock, unsigned mode);

/* Take one hold of mode; wait in line until the deadline at most, a time on CLOCK_MONOTONIC.  What
 * can be had at once is taken even if the deadline has passed.  When a request times out, the
 * requests that it kept waiting are granted at once if they fit now.
 *
 * A deadline may pass while another thread is granting the request.  Then the call waits for that
 * thread to finish, usually less than a microsecond, and returns 0, late.  If the system has taken
 * the processor from that thread, or a debugger has stopped it, the call waits until it goes on.
 *
 *	ETIMEDOUT  the deadline passed first
 *	EINVAL	the mode is not in the table, or the deadline is no time on that clock
 *	ECANCELED  the lock is closed
 *	EAGAIN	the line is as long as it may be */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedlock(fifolock_t *lock, unsigned mode,
						     const struct timespec *deadline);

/* The same with a deadline on CLOCK_MONOTONIC or CLOCK_REALTIME, as clock says.  A deadline on
 * CLOCK_REALTIME follows that clock when it is set.  EINVAL, ETIMEDOUT, ECANCELED, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_clocklock(fifolock_t *lock, unsigned mode,
						     clockid_t clock,
						     const struct timespec *deadline);

/* Give one hold of mode back and grant the requests at the head of the line that fit then.  Never
 * waits and never allocates; signal handlers may call it, whatever they have interrupted.  It
 * runs the callbacks of requests that it grants (fifolock/request.h), which may do either.
 *
 * When the hold is gone the call does not touch the lock any more: the last holder may free the
 * lock as soon as its own unlock has returned.
 *
 * Holds have no owner: the hold may have been taken by another thread.  A thread that gives back a
 * hold which it does not have takes it from another holder.  That holder then no longer has what
 * the lock guards to itself, and its own unlock fails or takes the hold of a third.  This is
 * noticed only where no hold of the mode exists; the debug build always notices it, in tables
 * whose holds have owners (fifolock_modes_owner_checked).
 *
 *	EPERM	no hold of this mode exists
 *	EINVAL	the mode is not in the table */
FIFOLOCK_API int fifolock_unlock(fifolock_t *lock, unsigned mode);

/* The same four with a weight: n holds of the mode in one step, all or none.  A heavy request at
 * the head of the line is not passed by lighter ones behind it.  ERANGE: n is 0, or more than
 * the mode's capacity.  EINVAL, ECANCELED, EAGAIN. */
FIFOLOCK_API int fifolock_lock_n(fifolock_t *lock, unsigned mode, uint32_t n);
/* Signal handlers may call it.  EINVAL, ERANGE, EBUSY, ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_trylock_n(fifolock_t *lock, unsigned mode,
						     uint32_t n);
/* EINVAL, ERANGE, ETIMEDOUT, ECANCELED, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedlock_n(fifolock_t *lock, unsigned mode,
						       uint32_t n,
						       const struct timespec *deadline);
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_clocklock_n(fifolock_t *lock, unsigned mode,
						       uint32_t n, clockid_t clock,
						       const struct timespec *deadline);
/* Give n holds back, which need not be as many as one call took.  Signal handlers may call it.
 * EPERM: fewer than n exist.  EINVAL, ERANGE. */
FIFOLOCK_API int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n);

/* ---- fifolock_convert(3): change the mode of a hold ---- */

/* Change one hold of mode `from` into one of mode `to`, in one step: in between the lock is never
 * without the caller's hold.
 *
 * A conversion that fits at once is done at once, past the line.  One to a weaker mode always
 * fits, and the requests at the head of the line that fit then are granted.  Otherwise the call
 * waits, before all requests that hold nothing, until `to` fits beside the other holds; the hold
 * of `from` stays meanwhile.  Conversions wait in the order in which they came.  After every error the
 * hold of `from` is still there.
 *
 *	EDEADLK	another conversion waits for this hold to go, so that both would wait for ever:
 *		give the hold back, and begin anew.  Where only UPDATE is ever converted to
 *		EXCLUSIVE this cannot happen, as there is one hold of UPDATE at a time.  (A
 *		table whose rule is a function must allow beside fewer holds what it allows
 *		beside more.)
 *	EPERM	no hold of from exists
 *	EINVAL	one of the modes is not in the table
 *	ECANCELED  the lock is closed, and it does not fit at once; or was closed meanwhile */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_convert(fifolock_t *lock, unsigned from,
						   unsigned to);
/* The same without waiting.  EBUSY: it does not fit now.  EPERM, EINVAL, ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_tryconvert(fifolock_t *lock, unsigned from,
						      unsigned to);
/* The same until the deadline at most, a time on CLOCK_MONOTONIC.  ETIMEDOUT, EDEADLK, EPERM,
 * EINVAL, ECANCELED. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_timedconvert(fifolock_t *lock, unsigned from,
							unsigned to,
							const struct timespec *deadline);

/* ---- fifolock_close(3): refuse all requests, limit the line ---- */

/* Refuse all requests until the lock is opened again: every request in line, every thread that
 * waits for a condition with this lock, and every request that comes later ends with ECANCELED,
 * without a hold.  Existing holds stay and are given back as usual; a conversion of one that fits at
 * once is done.
 *
 * A closing aborts.  To let the requests in line have their turn first, make the program's own
 * data say that it ends, and close when its threads have come back, if at all.
 *
 * Does not wait.  The requests in line have been refused when the call returns, unless another
 * thread is granting at that moment: then that thread refuses them.  The call takes a
 * few nanoseconds for each of the requests that waited when most of them did in this process.  A closed
 * lock without holds can be destroyed.  Closing a closed lock is no error.
 *
 *	EINVAL	the lock has been destroyed */
FIFOLOCK_API int fifolock_close(fifolock_t *lock);

/* Accept requests again.  If another thread is in the middle of granting, waits for it; and
 * fifolock_trylock may fail with EBUSY until such a thread has finished.
 *
 *	EAGAIN	the system has kept that thread off its processor for a tenth of a second.  It
 *		may still have requests to refuse, so the lock is still closed
 *	EINVAL	the lock has been destroyed */
FIFOLOCK_API int fifolock_reopen(fifolock_t *lock);

/* Let at most so many requests wait in line, 1 to 524287; 0, the default: any number.  A request
 * that would be one more fails with EAGAIN (and that is no error of this function); requests in
 * line stay there.  A request that has left counts until another thread, if one is granting at
 * that moment, has finished.
 *
 * Always let into the line are conversions, and threads that come back to it from fifolock_bump
 * or a condition.  A thread that grants may also put requests back which it has taken off the
 * line, because they do not fit any more; then the line may be longer than the limit.  A call that
 * is under way meanwhile may go by the former limit.  Does not wait.
 *
 *	ERANGE	most is over 524287
 *	EINVAL	the lock has been destroyed */
FIFOLOCK_API int fifolock_limit_waiters(fifolock_t *lock, uint32_t most);

/* ---- fifolock_bump(3): give requests in line their turn ---- */

/* Is there a request in line that does not fit beside the existing holds of mode, whatever other
 * holds there are?  A holder with a long piece of work asks this to know whether to pause.
 *
 * With no request in line it is one load.  Otherwise the call goes through the line, one request
 * after the other, and before that waits for another thread that is granting, if there is one.  If
 * the system keeps that thread off its processor for a tenth of a second, the answer is false. */
FIFOLOCK_API bool fifolock_contended(fifolock_t *lock, unsigned mode);

/* Do nothing if the lock is not contended in this mode, as above.  Otherwise give one hold of mode
 * back and take it again, behind all requests that are in line at that moment and before all that
 * come later; wait for that as long as it takes.  The result 0 means held in either case.
 *
 *	ECANCELED  the lock was closed meanwhile: the hold is gone
 *	EAGAIN	it cannot be told whether the lock is contended, as above; still held
 *	EPERM	no hold of this mode exists
 *	EINVAL	the mode is not in the table */
FIFOLOCK_API int fifolock_bump(fifolock_t *lock, unsigned mode);

/* ---- fifolock_holds(3): how many hold, how many wait ---- */

/* How many holds of mode exist (0 for a mode that is not in the table), and how many requests are
 * in line: numbers of one moment, for diagnosis and assertions.  Neither waits; signal handlers
 * may call both.
 *
 * A request that fifolock_waiting has counted is not passed by any that is made after the call.
 * One that has just timed out may still be counted while another thread is granting.  The answers
 * order no memory: whether a lock may be freed is a question for fifolock_destroy. */
FIFOLOCK_API uint32_t fifolock_holds(const fifolock_t *lock, unsigned mode);
FIFOLOCK_API uint32_t fifolock_waiting(const fifolock_t *lock);

#ifdef __cplusplus
}
#endif

#endif
