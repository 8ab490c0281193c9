/* SPDX-License-Identifier: MIT
 *
 * records.c - the records of a table: listed, pinned.
 *
 *	row       released by             acquired by             what it carries
 *	[ENDED]   forget_request          fl_record_of_request    nothing but itself
 */
#define _GNU_SOURCE
#include "clock.h"
#include "memory.h"
#include "stripe.h"
#include "core/atomic.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the state of a request in the caller's memory. */
#define ENDED 1u

static __thread uint64_t owner_here;

uint64_t fifolock_table_owner(uint64_t owner)
{
	uint64_t former = owner_here;

	owner_here = owner;
	return former;
}

struct fl_records *fl_records_new(void)
{
	struct fl_records *records = aligned_alloc(64, sizeof(*records));

	if (!records)
		return NULL;
	memset(records, 0, sizeof(*records));
	for (unsigned i = 0; i < FL_STRIPES; i++)
		pthread_mutex_init(&records->stripes[i].guard, NULL);
	return records;
}

void fl_records_free(struct fl_records *records)
{
	for (unsigned i = 0; i < FL_STRIPES; i++)
		pthread_mutex_destroy(&records->stripes[i].guard);
	free(records);
}

/* ---- one of them ---- */

static const struct fl_entry *entry_of(const fifolock_t *lock)
{
	return (const void *)((const char *)lock - offsetof(struct fl_entry, lock));
}

static bool is_listed(const struct fl_record *record)
{
	return record->claim.state == FL_RECORD_WAITS ||
	       record->claim.state == FL_RECORD_HOLDS;
}

static void list(struct fl_stripe *stripe, struct fl_record *record)
{
	record->next = stripe->first;
	record->link = &stripe->first;
	if (stripe->first)
		stripe->first->link = &record->next;
	stripe->first = record;
	stripe->count++;
}

static void unlist(struct fl_stripe *stripe, struct fl_record *record)
{
	*record->link = record->next;
	if (record->next)
		record->next->link = record->link;
	stripe->count--;
}

/* The request has ended: its memory may be gone soon. */
static void forget_request(struct fl_record *record)
{
	fifolock_request_t *request = &record->called->request;

	record->called = NULL;
	request->slot = NULL;
	fl_store_release(&request->state, ENDED); /* [ENDED] release */
}

static void become(struct fl_stripe *stripe, struct fl_record *record,
		   enum fl_record_state state)
{
	bool was = is_listed(record);

	if (record->called && state != FL_RECORD_WAITS)
		forget_request(record);

	if (record->claim.state == FL_RECORD_ASKS && record->claim.asked)
		stripe->joining -= record->claim.from >= 0;
	record->claim.state = state;
	record->claim.serial = ++stripe->serial;
	if (was && !is_listed(record))
		unlist(stripe, record);
	else if (!was && is_listed(record))
		list(stripe, record);
}

struct fl_record *fl_record_new(fifolock_table_t *table, struct fl_entry *entry,
				unsigned mode, uint32_t n)
{
	struct fl_record *record = fl_memory(NULL, sizeof(*record));

	if (!record)
		return NULL;
	*record = (struct fl_record){.table = table};
	record->claim = (struct fl_claim){
		.entry = entry,
		.owner = owner_here,
		.thread = (int)syscall(SYS_gettid),
		.mode = mode,
		.n = n,
		.from = -1,
		.since = fl_now(),
	};
	return record;
}

/* In the core's own request, which is the record's here, there is room. */
void fl_record_call(struct fl_record *record, fifolock_key_request_t *called)
{
	called->request =
		(fifolock_request_t){.lock = &record->claim.entry->lock, .slot = record};
	record->called = called;
}

struct fl_record *fl_record_of_request(fifolock_key_request_t *called)
{
	struct fl_stripe *stripe;
	struct fl_record *record;

	/* [ENDED] acquire: then not even the table is looked at */
	if (fl_load_acquire(&called->request.state) == ENDED)
		return NULL;
	stripe = fl_stripe_at(called->hold.table, entry_of(called->request.lock));
	fl_stripe_lock(stripe);
	record = called->request.slot;
	if (record)
		record->pins++;
	fl_stripe_unlock(stripe);
	return record;
}

void fl_record_asks(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	record->claim.asked = ++stripe->serial;
	stripe->conversions += record->claim.from >= 0;
	stripe->joining += record->claim.from >= 0;
	fl_stripe_unlock(stripe);
}

void fl_record_waits(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	if (record->claim.state == FL_RECORD_ASKS)
		become(stripe, record, FL_RECORD_WAITS);
	fl_stripe_unlock(stripe);
}

void fl_record_holds(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	record->claim.since = fl_now();
	record->claim.refused = record->claim.reported = false;
	become(stripe, record, FL_RECORD_HOLDS);
	fl_stripe_unlock(stripe);
}

void fl_record_converted(struct fl_record *record, unsigned to)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	record->claim.mode = to;
	record->claim.serial = ++stripe->serial;
	fl_stripe_unlock(stripe);
}

void fl_record_ends(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	become(stripe, record, FL_RECORD_ASKS);
	fl_stripe_unlock(stripe);
}

bool fl_record_is_refused(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);
	bool refused = record->claim.refused;

	fl_stripe_unlock(stripe);
	return refused;
}

/* ---- pinned ---- */

void fl_record_pin(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);

	record->pins++;
	fl_stripe_unlock(stripe);
}

static bool is_last(const struct fl_record *record)
{
	return record->claim.state == FL_RECORD_GONE && !record->pins;
}

void fl_record_unpin(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);
	bool last;

	record->pins--;
	last = is_last(record);
	fl_stripe_unlock(stripe);
	if (last)
		free(record);
}

void fl_record_free(struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);
	bool last;

	become(stripe, record, FL_RECORD_GONE);
	last = is_last(record);
	fl_stripe_unlock(stripe);
	if (last)
		free(record);
}
