/* SPDX-License-Identifier: MIT
 *
 * records.h - which owner holds and waits for which keys; for tables that keep records.
 *
 * A record is one hold, or one request in line.  It is listed while it is, with the others of its
 * key and of some more keys, and what is in it is guarded by their guard.  A search pins records: a pinned
 * one stays memory, and its entry stays the key's, when it is not listed any more.
 *
 *	ASKS	not listed: it is not known yet what becomes of it
 *	WAITS	listed after the request is in line.  So it is in line, or has been
 *		granted or has left a moment ago, which its thread is about to say
 *	HOLDS	listed after the hold is had, and taken off the list before it is given back.  So it
 *		is held
 *	GONE	not listed, and its user has done with it
 */
#ifndef FL_RECORDS_H
#define FL_RECORDS_H

#include "table.h"

enum fl_record_state { FL_RECORD_ASKS, FL_RECORD_WAITS, FL_RECORD_HOLDS, FL_RECORD_GONE };

/* What others may know of it. */
struct fl_claim {
	struct fl_entry *entry;
	uint64_t owner; /* 0: the thread */
	int thread;
	uint64_t alone; /* 0, or of a request that stops no thread: an owner of its own */
	enum fl_record_state state;
	uint32_t mode;
	uint32_t n;
	int from;	/* a conversion; otherwise -1 */
	uint64_t since; /* CLOCK_MONOTONIC */
	/* Of its state: it changes with that, and with the mode.  No two of a stripe are the same. */
	uint64_t serial;
	uint64_t asked; /* a request: before it joined the line, and serial after that */
	bool refused;	/* it is about to leave */
	bool reported;
};

struct fl_record {
	struct fl_claim claim;
	struct fl_record *next;
	struct fl_record **link;
	fifolock_table_t *table;
	uint32_t pins;
	/* A wait, or a request with a callback, in the caller's memory. */
	fifolock_request_t request;
	fifolock_key_request_t *called;
};

struct fl_records *fl_records_new(void); /* NULL: no memory */
void fl_records_free(struct fl_records *records);

/* One that ASKS, of the calling thread's owner.  NULL: no memory. */
struct fl_record *fl_record_new(fifolock_table_t *table, struct fl_entry *entry,
				unsigned mode, uint32_t n);

/* It is for this request, in the caller's memory, that may be cancelled until it has ended.  Then the record
 * may be gone, so only its stripe knows whether it is there: pinned, or NULL. */
void fl_record_call(struct fl_record *record, fifolock_key_request_t *called);
struct fl_record *fl_record_of_request(fifolock_key_request_t *called);

void fl_record_asks(struct fl_record *record); /* it is about to join the line */
/* It has joined; unless another thread says at the same time that it HOLDS. */
void fl_record_waits(struct fl_record *record);
void fl_record_holds(struct fl_record *record);
void fl_record_converted(struct fl_record *record, unsigned to);
/* A hold is about to be given back: -> ASKS. */
void fl_record_ends(struct fl_record *record);
void fl_record_free(
	struct fl_record *record); /* -> GONE, and when it is not pinned, freed */

bool fl_record_is_refused(struct fl_record *record);

void fl_record_pin(struct fl_record *record); /* one that cannot go meanwhile */
void fl_record_unpin(struct fl_record *record);

#endif
