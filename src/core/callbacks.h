/* SPDX-License-Identifier: MIT
 *
 * callbacks.h - callbacks that a grant has made due, and when a thread runs them.
 *
 * A scanner does not call: it puts the slot with those that are due in this thread
 * (fl_call_later).  They run, one after the other and oldest first, when the outermost
 * of the thread's calls into the library is done with its locks (fl_callbacks_run).  So a
 * callback that releases and grants the next does not call that one, it only makes it
 * due: a million of them need the stack of one.
 *
 * A callback that gets in line for a lock would wait for itself if a hold of that lock
 * belonged to one that is due behind it.  So these run first, inside it; all others are
 * set aside until it has got what it waits for (struct fl_callbacks_wait).  How much stack
 * that may take is bounded.  Code beside which none may run for a moment (it scans, has told
 * half of what happened, or holds something internal) says fl_callbacks_defer, and
 * fl_callbacks_resume in the end.
 *
 * Signal handlers may release, so they may make something due.  If the thread is
 * running callbacks or holds them up they are left to it, otherwise the handler runs
 * them itself.
 *
 * Before each call handed.c is asked, which may give it to another thread instead.
 */
#ifndef FL_CALLBACKS_H
#define FL_CALLBACKS_H

#include "slot.h"

void fl_call_later(struct fl_slot *slot);
void fl_callbacks_run(void); /* unless they are held up, or are running already */

void fl_callbacks_defer(void);
void fl_callbacks_resume(void);

/* Slots that are due, oldest first, linked by newer.  Those in a row on the same lock, with
 * the same answer, are a run: older of its first leads to its last. */
struct fl_due {
	uint32_t first;
	uint32_t last;
	uint32_t run; /* the first of the last run */
};

/* Around a wait for lock, its joining included.  What is due is set aside, but for requests
 * that have a hold of that lock, which are called back; so is what the joining makes due, or a
 * handler. */
struct fl_callbacks_wait {
	struct fl_callbacks_wait *outer;
	struct fl_due aside;
	unsigned held;
};

void fl_callbacks_wait_begin(struct fl_callbacks_wait *wait, const fifolock_t *lock);
void fl_callbacks_wait_end(struct fl_callbacks_wait *wait);

/* For as long as the program's code runs in between: what is held up goes back to what it
 * was when the library was called.  The answer is for the way back. */
unsigned fl_callbacks_deferred(void);
unsigned fl_callbacks_set_deferred(unsigned held);

/* The slot whose grant, if it comes while the caller joins with it, is to be left
 * where it is: then fl_callbacks_caught says true, and it is not due. */
void fl_callbacks_catch(struct fl_slot *slot);
bool fl_callbacks_caught(void);

/* One outermost call, and what it has spent on callbacks of requests that are younger than
 * it. */
struct fl_turn {
	uint32_t began;	 /* by fl_since_now */
	uint64_t served; /* the first of the younger ones; 0: none yet */
	uint32_t left;	 /* so many more of them */
	uint32_t called; /* of all */
	uintptr_t base;	 /* where the stack was when it began */
	unsigned locks;
	struct {
		const fifolock_t *lock;
		uint32_t drawn; /* tickets */
	} seen[4];
};

/* handed.c.  Is the slot a younger one, for which the turn has no room left? */
void fl_turn_begin(struct fl_turn *turn);
bool fl_turn_is_over(struct fl_turn *turn, const struct fl_slot *slot);
void fl_turn_renew(struct fl_turn *turn);

/* A run to the thread that comes on its lock next.  False: one has come already, and will wait
 * for it; but at any rate it is given away. */
bool fl_hand_over(struct fl_slot *run, bool at_any_rate);

/* What others have handed over on the lock is due in this thread.  Only its address is used.
 * Async-signal-safe. */
void fl_take_over(const fifolock_t *lock);
void fl_take_due(struct fl_slot *slot);

bool fl_callbacks_deep(void); /* this thread's stack is not to be used for more */

/* The same, and run it at once, unless callbacks are held up or running: how many. */
uint32_t fl_callbacks_take_over(const fifolock_t *lock);

/* The lock of a slot that calls back; it is there if the slot was granted. */
fifolock_t *fl_lock_of(const struct fl_slot *slot);

#endif
