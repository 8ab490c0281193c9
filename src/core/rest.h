/* SPDX-License-Identifier: MIT
 *
 * rest.h - the owner of a section rests: it yields, though its section may have been run.
 *
 * With few processors it looks at its slot now and then only.  A look takes the slot's line from the thread that
 * runs sections, and a thread that goes on asks again: looking every 16 yields, about 4 us, doubles what two threads
 * get done compared with looking after each.  It is still less than sleeping and waking up.
 *
 * With more threads than processors, where some wait for grants, as for shared ones, rests decide more, with any number
 * of processors.  Each grant takes a switch of threads there; and an owner that goes on asks again,
 * and stands in that line, too.  So it rests as long as there are many: then fewer stand in line, until mostly
 * none does, and what those get done that are awake takes no switch at all.  Dice, "Malthusian Locks", EuroSys
 * 2017, has the principle; here it changes no order, as the section has had its turn.  2 processors, nine of
 * ten shared, 16, 32, 64, 128 threads: 5.1, 4.9, 4.2, 2.9 million operations a second; with rests of 16 yields 6.0,
 * 0.42, 0.24, 0.18.
 *
 * All here is hints: when a thread looks, and when it returns.
 */
#ifndef FL_REST_H
#define FL_REST_H

#include "slot.h"
#include "turns.h"

struct fl_rest {
	const fifolock_t *lock; /* only its address is used */
	struct fl_turns_seen seen;
	uint32_t began;
	uint32_t stretches; /* since then */
};

/* A thread begins to wait for its section. */
struct fl_rest fl_rest_begin(const fifolock_t *lock);

/* Until it is told, or for so many yields, or so long as it may yield. */
void fl_rest_until_told(struct fl_rest *rest, const struct fl_slot *slot,
			uint32_t yields);

/* Its section has been run, and it has waited awake. */
void fl_rest_once_told(struct fl_rest *rest);

#endif
