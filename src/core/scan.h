/* SPDX-License-Identifier: MIT
 *
 * scan.h - one scan.
 */
#ifndef FL_SCAN_H
#define FL_SCAN_H

#include "slot.h"

/* The caller of a join or a release is ready to run the sections of others, while it keeps the
 * scanner's role with a slot of its own (server).  If it is to, then which is the first, and which
 * hold it has for them all: of the mode that they are of. */
struct fl_service {
	struct fl_slot *server; /* NULL: none is needed yet */
	struct fl_slot *first;
	uint64_t field;
	uint64_t unit;
};

/* Requests taken off the line, oldest first, linked by newer. */
struct batch {
	struct fl_slot *oldest;
	struct fl_slot *newest;
	uint64_t units;
	uint32_t count;
};

/* One scan.  The requests that it takes off the line it grants, or turns away (refused): after
 * the commit. */
struct scan {
	fifolock_t *lock;
	const fifolock_modes_t *modes;
	uint64_t word;	 /* as last seen */
	uint64_t field;	 /* what a releasing scanner still has to give back */
	uint64_t units;	 /* ... */
	uint64_t gained; /* and what it has for that, which is alone to be held then */
	uint64_t fitted; /* the word for which the batches were found to fit */
	struct batch granted;
	struct batch refused;
	struct fl_slot
		*keeper; /* keeps the role: the only one granted, or the server ... */
	struct fl_slot *served; /* ... of this one, which stays in line */
	bool closed;
	uint64_t served_units;
	bool looks;	 /* there may be news, though RESCAN is not set */
	bool converts;	 /* a granted request gives a hold for it */
	bool hands_over; /* callbacks: it does not take any over */
	struct fl_service *service;
	int error;
};

/* The caller has just set SCANNING; word is what it made of the word, field and units what
 * it still has to give back, service whose sections it is ready to run.  EPERM: while it scanned,
 * another thread gave back the hold that it was to give back. */
int fl_scan(struct scan *scan);

/* As that scan begins, for a look at the line before: bring it up to date (settle.c). */
void fl_scan_settle(struct scan *scan);

/* Off the line and turned away, unless it has left. */
void fl_refuse(struct scan *scan, struct fl_slot *slot, int error);
void fl_batch_add(struct batch *batch, struct fl_slot *slot, uint64_t units);

/* With a table by a function: the head does not fit beside the holds of word.  If these are all kept by
 * conversions in line, so that none is given back before one of them goes, the last of them is turned
 * away. */
bool fl_refuse_last(struct scan *scan, struct fl_slot *head, uint64_t word);

/* There is news for the scanner, besides an arrival: now there is one, or it looks again. */
void fl_announce(fifolock_t *lock);

/* Does the table allow what the slot wants where the holds are those of word? */
bool fl_slot_fits(const fifolock_modes_t *modes, const struct fl_slot *slot,
		  uint64_t word);

#endif
