/* SPDX-License-Identifier: MIT
 *
 * stripe.h - where records are listed.
 *
 * They are in stripes by their entry, so that those of a key are in one: there one guard orders what
 * happens to them.  The guards are mutexes of pthreads, as a thread that waits for a fifolock_t may run
 * callbacks, and these may come here.
 */
#ifndef FL_STRIPE_H
#define FL_STRIPE_H

#include "records.h"

#include <pthread.h>

#define FL_STRIPES 64

struct fl_stripe {
	pthread_mutex_t guard;
	struct fl_record *first;
	size_t count;
	uint64_t serial;
	uint64_t conversions; /* that have begun to get in line */
	size_t joining;	      /* that are about to */
} __attribute__((aligned(64)));

struct fl_records {
	struct fl_stripe stripes[FL_STRIPES];
};

static inline struct fl_stripe *fl_stripe_at(const fifolock_table_t *table,
					     const void *entry)
{
	uint64_t at = (uintptr_t)entry * UINT64_C(0x9e3779b97f4a7c15);

	return &table->records->stripes[at >> 58];
}

static inline struct fl_stripe *fl_stripe_of(const struct fl_record *record)
{
	return fl_stripe_at(record->table, record->claim.entry);
}

static inline void fl_stripe_lock(struct fl_stripe *stripe)
{
	pthread_mutex_lock(&stripe->guard);
}

static inline void fl_stripe_unlock(struct fl_stripe *stripe)
{
	pthread_mutex_unlock(&stripe->guard);
}

/* Locked, and returned. */
static inline struct fl_stripe *fl_stripe_enter(const struct fl_record *record)
{
	struct fl_stripe *stripe = fl_stripe_of(record);

	fl_stripe_lock(stripe);
	return stripe;
}

#endif
