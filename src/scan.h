/* SPDX-License-Identifier: MIT
 *
 * scan.h - one scan, as lock.c begins it.  Layer 3.
 */
#ifndef FL_SCAN_H
#define FL_SCAN_H

#include "lock.h"

/* Requests taken off the line, oldest first, linked by newer. */
struct batch {
	struct fl_slot *oldest;
	struct fl_slot *newest;
	uint64_t units;
	uint32_t count;
};

/* One scan.  Whom it takes off the line it grants, turns away (refused), or runs the
 * section of (chain): all of it after the commit. */
struct scan {
	fifolock_t *lock;
	const fifolock_modes_t *modes;
	uint64_t word;	 /* as last seen */
	uint64_t field;	 /* what a releasing scanner still has to give back */
	uint64_t units;	 /* ... */
	uint64_t fitted; /* the word for which the batches were found to fit */
	struct batch granted;
	struct batch chain;
	struct batch refused;
	bool closed;
	bool converts;	 /* somebody granted gives a hold for it */
	bool hands_over; /* callbacks: it does not take any over */
	struct fl_group *group;
	int error;
};

/* The caller has just set SCANNING; word is what it made of the word, field and units what
 * it still has to give back, group what it is ready to run.  EPERM: while it scanned,
 * somebody else gave back the hold that it was to give back. */
int fl_scan(struct scan *scan);

/* As that scan begins, for who looks at the line before: bring it up to date. */
void fl_scan_settle(struct scan *scan);

#endif
