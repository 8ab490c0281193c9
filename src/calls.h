/* SPDX-License-Identifier: MIT
 *
 * calls.h - callbacks that a grant has made due, and when a thread runs them.  Layer
 * 2.
 *
 * A scanner does not call: it puts the slot with those that are due in this thread
 * (fl_call_later).  They run, oldest first, when the outermost of the thread's calls
 * into the library is done with its locks (fl_calls_run).  So a callback that
 * releases and grants the next does not call that one, it only makes it due: a
 * million of them need the stack of one.
 *
 * A thread that is about to get in line runs first what is due: what it waits for
 * may depend on it, and what it runs must not find it in line before it.  Who needs
 * none to run for a moment (because it scans, has told half of what happened, or
 * holds something internal) says fl_calls_hold, and fl_calls_let in the end.
 *
 * Signal handlers may release, so they may make something due.  If the thread is
 * running callbacks or holds them up they are left to it, otherwise the handler runs
 * them itself.
 */
#ifndef FL_CALLS_H
#define FL_CALLS_H

#include "queue.h"

void fl_call_later(struct fl_slot *slot);
void fl_calls_run(void); /* unless they are held up, or are running already */

void fl_calls_hold(void);
void fl_calls_let(void);

/* Around a wait, its joining included: runs what is due whatever it is inside of, and
 * lets handlers run theirs until the wait is over. */
unsigned fl_calls_wait(void);
void fl_calls_waited(unsigned held);

/* For as long as somebody else's code runs in between: what is held up goes back to what it
 * was when the library was called.  The answer is for the way back. */
unsigned fl_calls_held(void);
unsigned fl_calls_set(unsigned held);

/* The slot whose grant, if it comes while the caller joins with it, is to be left
 * where it is: then fl_calls_expected says true, and it is not due. */
void fl_calls_expect(struct fl_slot *slot);
bool fl_calls_expected(void);

#endif
