/* SPDX-License-Identifier: MIT
 *
 * fifolock/request.h - take a place in line now, be granted later.
 *
 *	static void done(void *ctx, int status)	// 0: the lock is held
 *	{
 *		struct job *job = ctx;
 *		...
 *		fifolock_unlock(&lock, FIFOLOCK_EXCLUSIVE);
 *	}
 *
 *	switch (fifolock_request(&lock, FIFOLOCK_EXCLUSIVE, 1, &job->request, done, job)) {
 *	case 0:			// held now, done is not called
 *	case EINPROGRESS:	// in line, done will be called, exactly once
 *	}
 *
 *	fifolock_run(&lock, FIFOLOCK_EXCLUSIVE, section, arg);	// let section be run, in turn
 *
 * Requests and plain lockers stand in one line, in the order in which they asked.
 *
 * Where callbacks run.  In the thread that made the grant possible: inside its
 * unlock, convert, close or any other call of this library, which returns only after
 * them; a grant that another thread makes may be called back before fifolock_request
 * has returned.  Nothing of the library is held meanwhile but the granted mode: a
 * callback may lock, unlock, request and cancel, on this lock and others.
 *
 * The callbacks of one thread run one after the other, oldest first. What a callback's own
 * calls grant is called back after it has returned, so a chain of any length needs the
 * stack of one. There is one exception: a callback that waits for a lock would wait for
 * itself if the hold of another one that is due in its thread were in its way, as after
 * unlock and lock of the same lock. So whoever waits runs first, inside its wait, those
 * due callbacks that hold that same lock. They may take 32 KiB of the thread's stack; what
 * would nest deeper is handed over, see below.
 *
 * Until it returns the thread that it has borrowed does nothing else: let it be
 * short, and do not let it wait for something that this thread holds, waits for, or
 * is to do, such as a callback on another lock that is due after it. It must not end the
 * thread, nor jump or throw out of the callback.  If the call was made by a signal handler,
 * the callback runs in the handler (or, if the handler has interrupted a call of this
 * library, after that): then it may call only what handlers may.
 *
 * How many callbacks one call runs.  All of requests that joined before it began to call
 * back, however many; of younger ones, which may go on coming for ever (each asks for the
 * next step before it gives back), at most 256, and none once the system's coarse clock is
 * 2 ms further. The others are handed over: they hold, and are called back by the next
 * thread that comes on the same lock and finds it held or has somebody in line there:
 * inside its lock, request, run, convert, unlock or other call on it, in which all that was
 * handed over counts as older. Where a thread is waiting in line for the lock already
 * nothing is handed over; then its turn comes. If no thread comes the hold stays, and the
 * callback with it: a program that may fall silent calls fifolock_request_run_due when it is
 * idle. Callbacks that are told ECANCELED hold nothing and are never handed over.
 *
 * The hold of a callback counts, in the debug build, as its thread's own.  If
 * another thread is to give it back (as after fifolock_done_eventfd), tell the
 * table so: fifolock_modes_owner_checked(&modes, false).
 *
 * A lock must stay until every fifolock_request and fifolock_run on it has returned,
 * even where a callback or a section is the last to use it. A request that has ended has
 * nothing to do with its lock any more: it may be waited for, polled, cancelled in vain and
 * asked for its position when the lock is destroyed and its memory gone, and a wait or a
 * poll may be under way as that happens. As long as the request is in line, a cancel that
 * answers 0 and fifolock_request_position are calls on the lock like others: it must stay
 * until they have returned.
 *
 * Every function returns 0 or a positive errno and leaves errno alone; any thread
 * may call it, a signal handler may not, unless the function says otherwise.
 */
#ifndef FIFOLOCK_REQUEST_H
#define FIFOLOCK_REQUEST_H

#include <fifolock/fifolock.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One request, in the caller's memory; private.  It must stay there, unmoved, until
 * the request has ended: granted and called back, granted and found so by wait or
 * poll, turned away and told so, cancelled; and until a cancel under way has returned.
 * Then it may be used again. */
typedef struct fifolock_request {
	fifolock_t *lock;
	void *slot;
	void (*done)(void *ctx, int status);
	void *ctx;
	uint32_t state;
	uint32_t mode;
	uint32_t n;
	uint64_t since;
} fifolock_request_t;

/* Ask for n holds of mode.
 *
 *	0	    held now; done is not called
 *	EINPROGRESS in line; done will be called once: with 0, holding, or with ECANCELED,
 *		    holding nothing, when the lock is closed.  done NULL: nobody is called,
 *		    see wait and poll
 *	ECANCELED   the lock is closed
 *	EAGAIN	    as many are in line as fifolock_limit_waiters allows
 *	EINVAL	    no such mode; request NULL
 *	ERANGE	    a weight of 0, or over the mode's capacity
 *	ENOMEM	    no memory for a place in line; cannot happen to the first 64 in the process
 *
 * In a child after fork() a request of the parent's is in line, too, if its lock is one that
 * goes on there (see fifolock.h): then both processes are called back. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_request(fifolock_t *lock, unsigned mode, uint32_t n, fifolock_request_t *request,
		 void (*done)(void *ctx, int status), void *ctx);

/* Leave the line.  0: it has left, will not be granted, and nobody will be called;
 * whom it was holding up is let in at once.  EALREADY: it has been granted or turned
 * away, or is about to be: done is, was, or will be called; without done, poll
 * says which.  Requests may be cancelled by any thread, once each. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_cancel(fifolock_request_t *request);

/* Wait for a request made without done, until the deadline (CLOCK_MONOTONIC;
 * NULL: for as long as it takes).  0: held.  ECANCELED: the lock was closed.
 * ETIMEDOUT: it is still in line, and may be waited for again or cancelled.  EINVAL:
 * it has a callback, or was never made; a time on the wrong clock, as in fifolock.h.  One
 * thread at a time waits for, polls or cancels one request. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_wait(fifolock_request_t *request,
							const struct timespec *deadline);

/* How is it?  EINPROGRESS: in line.  0: granted.  ECANCELED: turned away because
 * the lock was closed, or cancelled.  EINVAL: it was never made, or that was refused.  With a
 * callback too, while its memory is there. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_request_poll(fifolock_request_t *request);

/* How many are in line before it; UINT32_MAX: it is not in line, or another thread has been
 * in the middle of granting for a tenth of a second, so that it cannot be told.  A moment's
 * truth.  Looks at the line, one after the other. */
FIFOLOCK_API uint32_t fifolock_request_position(fifolock_request_t *request);

/* Run the callbacks that others have handed over on the lock (see above), as this thread's
 * unlock would: how many it has run. 0 also inside a callback: then they run after it. For
 * a program that has nothing else to do, and may have no thread that comes to the lock. Also
 * in a signal handler. */
FIFOLOCK_API uint32_t fifolock_request_run_due(fifolock_t *lock);

/* Ready to be used as done: adds 1 to the eventfd whose descriptor is in ctx, as
 * (void *)(intptr_t)fd; who reads it asks poll.  The descriptor must not be blocking,
 * and must stay open until the request is over and the unlock or other call that
 * ended it has returned. */
FIFOLOCK_API void fifolock_done_eventfd(void *ctx, int status);

/* Run section(arg) while mode is held, in this thread's turn: exactly once, in this
 * thread or in another that is in fifolock_run on the same lock at that time, and
 * return when it has run.  What section did is seen after the call, and by all who
 * hold the lock later.  The order is the one line's, together with plain lockers.
 *
 * With a mode that nothing fits beside (EXCLUSIVE) the sections of all who wait are run
 * by the one who has just run its own: that saves the hand-over, which for short
 * sections is most of the cost.  One call runs at most 256 sections of others, and takes
 * no more of them once the system's coarse clock is 2 ms further; it takes them one, two,
 * four, and then up to 16 at a time.  In other modes each runs its own, side by side.
 *
 * As it may run in another thread, section must not depend on thread-local storage,
 * errno of its caller, thread ids, priorities or stacks; it must not take or give
 * back the same lock, end or cancel its thread, jump or throw out.  It may wait, but
 * all in line wait with it.
 *
 * 0: it has run.  Otherwise it has not and will not: ECANCELED the lock is closed,
 * EAGAIN, EINVAL.  Not a cancellation point unless section is one, which it
 * must not be. */
FIFOLOCK_API int fifolock_run(fifolock_t *lock, unsigned mode, void (*section)(void *arg),
			      void *arg);

/* A section to be run later; in the caller's memory, private, to be left there until
 * done is called.  fifolock_request_cancel(&later->request) takes it back. */
typedef struct fifolock_section {
	fifolock_request_t request;
	void (*section)(void *arg);
	void *arg;
	void (*done)(void *ctx, int status);
	void *ctx;
} fifolock_section_t;

/* The same without waiting.  0: section has run already, done is not called.
 * EINPROGRESS: it will be run in its turn, where a callback would be (see above),
 * and then done(ctx, 0) called, with the lock given back; or done(ctx, ECANCELED),
 * and section has not run.  done may be NULL: then later is to be left there until
 * section begins. ECANCELED, EAGAIN, EINVAL as for fifolock_run; ENOMEM as for a
 * request. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		   void (*section)(void *arg), void *arg,
		   void (*done)(void *ctx, int status), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
