/* SPDX-License-Identifier: MIT
 *
 * fifolock/request.h - a place in line now, the grant later; sections that are run in turn.
 *
 *	static void done(void *ctx, int status)	// status 0: the mode is held
 *	{
 *		struct job *job = ctx;
 *		...
 *		fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE);
 *	}
 *
 *	switch (fifolock_request(&lock, FIFOLOCK_EXCLUSIVE, 1, &job->request, done, job)) {
 *	case 0:			// held now; done is not called
 *	case EINPROGRESS:	// in line; done will be called, exactly once
 *	}
 *
 *	fifolock_run(&lock, FIFOLOCK_EXCLUSIVE, section, arg);	// returns when section has run
 *
 * Requests stand in one line with the threads that wait in fifolock_lock, in the order in which
 * they came.  Results, callers and deadlines are as in fifolock/fifolock.h.
 */
#ifndef FIFOLOCK_REQUEST_H
#define FIFOLOCK_REQUEST_H

#include <fifolock/fifolock.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_request(3): take a place in line, be granted later ---- */

/* Where a callback runs.  In the thread that makes the grant, which is the one that made it possible
 * or one that is granting at that moment: inside its unlock, convert, close or other call of this
 * library, which returns only when the callback has.  If another thread makes the grant, that may
 * be before fifolock_request has returned.  The library holds nothing meanwhile except the granted
 * mode: a callback may lock, unlock, request and cancel, on this lock and on others.
 *
 * The thread does nothing else until the callback returns, so a callback should be short.  It must
 * not wait for anything that this thread holds, waits for or has yet to do, such as another
 * callback that is due in this thread after it; only for a lock that such a callback holds it may
 * (see "In which order").  It must not end the thread, nor jump or throw out.
 *
 * In a signal handler.  If a signal handler made the call, the callback runs in the handler and may
 * do only what a handler may.  If the handler has interrupted a call of this library, the
 * callback may run when that call is done with its work instead.
 *
 * In which order.  The callbacks of one thread run one after the other, oldest first.  A callback
 * whose request is granted by a callback runs after that one has returned.  So a chain of any
 * length needs the stack of one.  There is one exception.  A callback that waits for a lock would
 * wait for ever if that lock were held by a callback that is due after it in the same thread (as
 * when it unlocks a lock and locks it again).  So the callbacks that hold this very lock run
 * first, inside the wait, as long as no more than 32 KiB of the thread's stack are used for that;
 * what would nest deeper is handed over, as follows.
 *
 * How many in one call.  All callbacks of requests that were in line before the call began to run
 * callbacks.  Of younger requests, which could go on coming for ever, as each callback may make
 * one before it gives its hold back: at most 256, and none after 2 ms of the system's coarse
 * clock.  The others are handed over: they have their hold, and the next thread that comes on the
 * same lock and finds it held or with requests in line runs them, inside its own lock, request,
 * run, convert, unlock or other call; for that call they count as older.  If a thread is waiting in
 * line for the lock already, nothing is handed over before that thread has had its turn.  If no
 * thread comes, the hold stays: a program whose threads may all be elsewhere calls
 * fifolock_request_run_due when it is idle.  A callback with ECANCELED holds nothing and is never
 * handed over.
 *
 * The owner of the hold is, for the debug build, the thread in which the callback runs.  If another
 * thread is to give it back (as after fifolock_done_eventfd), say so in the table:
 * fifolock_modes_owner_checked(&modes, false).
 *
 * What must stay.  The lock, until every fifolock_request and fifolock_run on it has returned, even
 * where a callback or a section is the last to use it.  A request that has ended has nothing to
 * do with its lock: it may be waited for, polled, cancelled (EALREADY) and asked for its position
 * while the lock is being destroyed and when its memory is gone.  For a request in line a cancel
 * that returns 0, and fifolock_request_position, are calls on the lock: it must stay until they
 * have returned. */

/* One request, in the caller's memory; the fields are private.  It must stay there, unmoved, until
 * the request has ended and every fifolock_request_cancel of it has returned; then it may be used
 * again.  It has ended when its callback is called, when wait or poll has returned 0 or ECANCELED,
 * when cancel has returned 0, or when fifolock_request has returned anything but EINPROGRESS. */
typedef struct fifolock_request_object {
	fifolock_t *lock;
	void *slot;
	void (*done)(void *ctx, int status);
	void *ctx;
	uint32_t state;
	uint32_t mode;
	uint32_t n;
	uint32_t roused;
	uint64_t since;
} fifolock_request_t;

/* Ask for n holds of mode.  Does not wait.  *request, which must not be in line already, is written in
 * any case.
 *
 *	0	they are held; done is not called
 *	EINPROGRESS  the request is in line.  done will be called once, with 0 if the holds have
 *		been granted, or with ECANCELED, and nothing is held, if the lock has been
 *		closed.  done NULL: nothing is called, see fifolock_request_wait and
 *		fifolock_request_poll
 *	ECANCELED  the lock is closed
 *	EAGAIN	the line is as long as fifolock_limit_waiters allows
 *	EINVAL	the mode is not in the table; request is NULL
 *	ERANGE	n is 0, or more than the mode's capacity
 *	ENOMEM	there is no memory for a place in line.  Cannot happen to the first 64 in the
 *		process
 *
 * After any other result than EINPROGRESS nothing will be called.
 *
 * In a child after fork() a request of the parent is in line, too, if its lock is one that may be
 * used there (see fifolock_t): then it is called back in both processes. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_request(fifolock_t *lock, unsigned mode, uint32_t n, fifolock_request_t *request,
		 void (*done)(void *ctx, int status), void *ctx);

/* Ask for another mode in place of one that is held, as fifolock_convert.  Does not wait.  The
 * request is one without a callback.
 *
 *	0	it is done
 *	EINPROGRESS  the request is in line, before all that hold nothing.  Until it has been
 *		granted, and after every error, the hold of from is there.
 *		fifolock_request_wait and fifolock_request_poll may also end with EDEADLK or
 *		with EPERM, as below
 *	EDEADLK	another conversion waits for this hold to go
 *	EPERM	no hold of from exists
 *	ECANCELED  the lock is closed
 *	EINVAL	one of the modes is not in the table; request is NULL
 *	ENOMEM	there is no memory for a place in line */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_convert(fifolock_t *lock,
							   unsigned from, unsigned to,
							   fifolock_request_t *request);

/* Take the request out of the line.  Any thread may do that, once for each request.  If another
 * thread is granting it at that moment, waits for the outcome.
 *
 *	0	it has left: it will not be granted, and done will not be called.  Requests that
 *		it kept waiting are granted at once if they fit now
 *	EALREADY  too late: it has been granted or refused, or is about to be.  done was, is or
 *		will be called; without done, fifolock_request_poll says which it was */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_cancel(fifolock_request_t *request);

/* Wait for a request that was made with done NULL until the deadline at most, a time on
 * CLOCK_MONOTONIC; NULL: for as long as it takes.  One thread at a time may wait for, poll or
 * cancel one request.
 *
 *	0	it has been granted: held
 *	ECANCELED  the lock has been closed, or the request cancelled: not held
 *	ETIMEDOUT  it is still in line: wait again, or cancel it
 *	EINVAL	it has a callback, or was never made (all its bytes are zero) or refused at once;
 *		the deadline is no time, or one on the wrong clock */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_wait(fifolock_request_t *request,
							const struct timespec *deadline);

/* End a wait of another thread: the call of fifolock_request_wait that a thread is in, or else the
 * next one, ends with ETIMEDOUT whatever its deadline, unless the request is granted first.  The
 * request must have been made, and still be there.  Signal handlers may call it. */
FIFOLOCK_API void fifolock_request_rouse(fifolock_request_t *request);

/* What has become of the request?  Does not wait.  For a request with a callback, too, while its
 * memory is there.
 *
 *	0	it has been granted
 *	EINPROGRESS  it is in line
 *	ECANCELED  it has been refused because the lock was closed, or it was cancelled
 *	EINVAL	it was never made (all its bytes are zero), or was refused at once */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_poll(fifolock_request_t *request);

/* How many requests are in line before this one, at one moment of the call.  UINT32_MAX: it is not
 * in line; or another thread is granting, and the system has kept it off its processor for a
 * tenth of a second.  Goes through the line, one request after the other, and before that waits
 * for such a thread. */
FIFOLOCK_API uint32_t fifolock_request_position(fifolock_request_t *request);

/* Run the callbacks that other threads have handed over on this lock (see above), as an unlock of
 * this thread would.  The result is how many it has run; 0 also inside a callback, after which
 * they run then.  For a program that has nothing else to do.  Signal handlers may call it. */
FIFOLOCK_API uint32_t fifolock_request_run_due(fifolock_t *lock);

/* A ready-made done: adds 1 to an eventfd, so that it can be read; then fifolock_request_poll says
 * what has become of the request.  ctx is the descriptor, as (void *)(intptr_t)fd.  It must be
 * non-blocking, and stay open until the request has ended and the unlock or other call that
 * ended it has returned.  Signal handlers may call it. */
FIFOLOCK_API void fifolock_done_eventfd(void *ctx, int status);

/* ---- fifolock_run(3): let a section be run in turn ---- */

/* Run section(arg) while the mode is held, exactly once, and return when it has run; wait in line
 * for that as long as it takes.  The thread in which it runs is this one, or another that is in
 * fifolock_run on the same lock.  What the section wrote is seen by the caller afterwards, and by
 * all later holders of the lock.  Sections stand in one line with all other requests.
 *
 * In a mode beside which no other hold fits (such as EXCLUSIVE) a thread that has run its own
 * section runs those of the requests behind it, too: that saves handing the lock over, which for
 * short sections is most of the cost.  With more than two processors it does so only where the line is
 * long; in a short one each thread mostly runs its own.  One call runs at most 256 sections of other threads, and
 * takes no more of them after 2 ms of the system's coarse clock.  Up to 16 are taken at once, as
 * long as that clock does not tick meanwhile: these are not in line any more, and are run although
 * the lock has been closed.  A call whose section another thread has run returns when the next
 * section in the row has begun, and now and then, if its thread was just falling asleep, some
 * sections later.  With one or two processors, and where more threads than processors wait for holds of the
 * lock, such a call lets other threads go on before it returns: for microseconds, and in the second case for
 * milliseconds, as the lock serves several times as many then.  In other modes each thread runs its own section, beside others.
 *
 * As another thread may run it, the section must not depend on thread-local storage, the caller's
 * errno, thread ids, priorities or the stack.  It must not take the same lock, which it would wait
 * for without end; nor give it back, convert or bump its hold, or wait for a condition with it: each
 * of these lets other requests pass the rest of the row.  Nor may it end or cancel its thread, jump
 * or throw out, or be a cancellation point.  It may wait, but then all requests in line wait with
 * it.  It must not wait for what another thread does after that thread's call of fifolock_run on
 * the same lock: that call may return only after this section.
 *
 *	0	the section has run
 *	ECANCELED  the lock is closed: it has not run, and will not.  So with the other errors
 *	EAGAIN	the line is as long as fifolock_limit_waiters allows
 *	EINVAL	the mode is not in the table; section is NULL */
FIFOLOCK_API int fifolock_run(fifolock_t *lock, unsigned mode, void (*section)(void *arg),
			      void *arg);

/* A section that is to be run later, in the caller's memory; the fields are private, except that
 * fifolock_request_cancel(&later->request) takes it back. */
typedef struct fifolock_section {
	fifolock_request_t request;
	void (*section)(void *arg);
	void *arg;
	void (*done)(void *ctx, int status);
	void *ctx;
} fifolock_section_t;

/* The same without waiting.  The section runs where a callback of fifolock_request would; then the
 * mode is given back, and done called.
 *
 * *later must stay where it is until done is called, or the section has been taken back, or the
 * result is not EINPROGRESS.  done may be NULL: then it must stay until the section begins, which
 * it never does if the lock is closed first.
 *
 *	0	the section has run; done is not called
 *	EINPROGRESS  it is in line.  done(ctx, 0) will be called when it has run, or
 *		done(ctx, ECANCELED) if the lock has been closed and it will not run
 *	ECANCELED  the lock is closed: it has not run, and nothing will be called.  So with the
 *		other errors
 *	EAGAIN	the line is as long as fifolock_limit_waiters allows
 *	EINVAL	the mode is not in the table; later or section is NULL
 *	ENOMEM	there is no memory for a place in line */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		   void (*section)(void *arg), void *arg,
		   void (*done)(void *ctx, int status), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
