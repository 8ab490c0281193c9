/* SPDX-License-Identifier: MIT
 *
 * turns.h - in which order waiters take turns on a processor, and whether that is the line's.
 *
 * Where more threads wait than there are processors, those that yield come back in the order in which
 * they yielded.  If that is the order in which they stand in line, then each yield leads from one grant to
 * the next.  If it is not it stays so, as each grant moves its thread to the end of both:
 * with eight waiters on each processor, in an order by chance, there were 3.5 switches for each grant, and
 * every processor's waiters made the others' wait.  A thread that leaves the processor's queue, by falling
 * asleep, and runs next when its grant wakes it, as is mostly so, is behind its predecessor from then on: so a few
 * that sleep once put all in order.  Which these are is seen from a list of the yields on each processor.
 *
 * All here is hints: which thread yields, and which sleeps, and when.
 */
#ifndef FL_TURNS_H
#define FL_TURNS_H

#include "park.h"
#include "word.h"

enum fl_my_turn {
	FL_TURN_ALONE, /* no other waiter has yielded here */
	FL_TURN_MIXED, /* waiters for other locks have yielded here, too */
	FL_TURN_NEXT, /* none before it in line wants this processor, as far as is known */
	FL_TURN_LATER, /* there is one: with a yield this thread comes behind it */
	FL_TURN_WRONG, /* and behind more that are not to go before it than will have yielded with it */
};

/* The calling thread: its slot, and the place of that in line. */
struct fl_waiter {
	const fifolock_t *lock; /* only its address is used */
	uint32_t slot, ticket;
};

/* Where the line has come to that ticket. */
enum fl_my_turn fl_turn_of(const struct fl_waiter *self, uint32_t reached);

/* It is about to yield. */
void fl_turn_yields(const struct fl_waiter *self);

/* Is it to sleep, to get into order?  Not too many, as that pays off later.  If so it must, now. */
bool fl_turn_mend(const struct fl_waiter *self);

/* A look at the yields on this processor. */
struct fl_turns_seen {
	const void *here;
	uint32_t turns;
};

/* About how many there have been since that look, which is made anew, by threads that wait for a grant of that lock; 0: it
 * was none, or on another processor. */
uint32_t fl_turns_since(struct fl_turns_seen *before, const fifolock_t *lock);

void fl_turns_hide(void); /* from a race detector */

#endif
