/* SPDX-License-Identifier: MIT
 *
 * seen.h - all records of a table, as they were at one moment.
 */
#ifndef FL_SEEN_H
#define FL_SEEN_H

#include "records.h"

/* A record as it was; pinned, with a user more of its entry. */
struct fl_seen {
	struct fl_record *record;
	struct fl_claim was;
};

struct fl_seen_all {
	struct fl_seen *seen;
	size_t count;
	size_t pinned; /* these, and behind them such as have changed */
	size_t room;
};

/* All that wait and hold, stripe after stripe.  ENOMEM.  In any case forget them. */
int fl_records_see(struct fl_records *records, struct fl_seen_all *all);
void fl_records_forget(struct fl_seen_all *all);

/* Leave out those that are not as they were.  What is left existed, all of it, at one moment: between
 * the two calls. */
void fl_records_see_again(struct fl_records *records, struct fl_seen_all *all);

/* How many conversions have begun to get in line.  False: one is about to, at this moment. */
bool fl_records_conversions(struct fl_records *records, uint64_t *begun);

/* Of a conversion: another one of the same key that waits. */
bool fl_record_rival(const struct fl_record *record, struct fl_claim *rival);

/* One that waits as it did: the first caller that says so gets true. */
bool fl_seen_report(const struct fl_seen *seen);
bool fl_seen_refuse(const struct fl_seen *seen);

/* For qsort: of two numbers. */
static inline int fl_order(uint64_t one, uint64_t other)
{
	return one < other ? -1 : one > other;
}

#endif
