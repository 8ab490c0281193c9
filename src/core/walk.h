/* SPDX-License-Identifier: MIT
 *
 * walk.h - what a lock looks like, at one moment.
 */
#ifndef FL_WALK_H
#define FL_WALK_H

#include "slot.h"

/* Look at the line, from the head on, until visit says that it has seen enough, and say what
 * the word was.  Waits a while for a scanner to finish, so not in a signal handler.
 *
 *	0	the word was that all the while
 *	EAGAIN	it has changed while the line was looked at
 *	EBUSY	nothing was seen: another thread has been scanning for too long.  It is off
 *		its processor */
struct fl_walk {
	bool (*visit)(const struct fl_slot *slot, void *ctx);
	void *ctx;
	uint64_t word;
	bool closed;
};
int fl_walk(fifolock_t *lock, struct fl_walk *look);

#endif
