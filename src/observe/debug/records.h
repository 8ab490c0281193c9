/* SPDX-License-Identifier: MIT
 *
 * records.h - the debug build's threads and their holds (records.c, threads.c).
 */
#ifndef FL_RECORDS_H
#define FL_RECORDS_H

#include "cells.h"
#include "debug.h"

#define FL_MODE_NAME 16

/* A thread that has held something.  Its own but for used; never given back, used again. */
struct fl_thread {
	struct fl_thread *next;
	uint64_t serial; /* another one for each thread there has been */
	uint32_t used;
	uint32_t tid;
	uint32_t busy;	 /* it is changing what follows; its handlers keep away */
	uint32_t rounds; /* of destructors at its end */
	uint32_t top, room;
	uint64_t *order; /* what it holds, the oldest first: {life, cell} */
	bool reporting;
};

/* The calling thread; NULL: there is no memory, or (seen) it has never held anything. */
struct fl_thread *fl_thread_self(void);
struct fl_thread *fl_thread_seen(void);

/* Ever higher; a thread that has read one sees what was done before it was made. */
uint64_t fl_serial_new(void);
uint64_t fl_serial_now(void);

/* What was made before the last fork, in a child. */
uint64_t fl_serial_forked(void);

/* count holds of one mode by one thread, since when, and how.  Nothing in it is the lock's:
 * that may be gone. */
struct fl_hold {
	uint64_t lock;
	uint64_t owner; /* fl_thread.serial */
	uint64_t born;	/* a serial */
	uint64_t since; /* ns of CLOCK_MONOTONIC */
	uint64_t call, at;
	uint32_t tid;
	uint16_t mode;
	uint8_t waited; /* how it was asked for: fl_site.waits */
	uint8_t alone;	/* no other thread can hold this mode meanwhile */
	char name[FL_MODE_NAME];
};

/* The next of a lock's records behind after (NULL: the first), in no order.  The state of its
 * cell has the count. */
struct fl_cell *fl_hold_next(const fifolock_t *lock, const struct fl_cell *after,
			     struct fl_hold *hold, uint64_t *state);

/* The thread's i-th oldest hold, for i below thread->top.  False: it is over. */
bool fl_hold_nth(const struct fl_thread *thread, uint32_t i, struct fl_hold *hold,
		 uint32_t *count);

void fl_hold_add(fifolock_t *lock, unsigned mode, uint32_t n, const struct fl_site *site);
uint32_t fl_hold_count(const fifolock_t *lock, unsigned mode);

/* False: there are not that many, and nothing has changed. */
bool fl_hold_take(const fifolock_t *lock, unsigned mode, uint32_t n);

/* Has a record of this lock been lost for want of memory? */
bool fl_hold_lost(const fifolock_t *lock);

/* All records of the lock that are not younger. */
void fl_hold_forget(const fifolock_t *lock, uint64_t born);

/* In a child: what the forking thread holds is its own, under its new number. */
void fl_hold_forked(struct fl_thread *thread);

/* Is what is known of a lock of this address known of this one? */
bool fl_debug_knows(const fifolock_t *lock);

/* For reports: up to four holders of a lock, one a line. */
struct fl_text;
void fl_debug_add_holders(struct fl_text *text, const fifolock_t *lock);

/* At its end. */
void fl_debug_thread_ends(const struct fl_thread *thread);

#endif
