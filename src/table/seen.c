/* SPDX-License-Identifier: MIT
 *
 * seen.c - the records of a table, looked at twice: those that are the same again existed together, at
 * the moment between.
 */
#include "seen.h"
#include "find.h"
#include "memory.h"
#include "stripe.h"

static bool make_room(struct fl_seen_all *all, size_t more)
{
	size_t room = all->pinned + more + more / 8 + 16;
	void *seen = fl_memory(all->seen, room * sizeof(*all->seen));

	if (!seen)
		return false;
	all->seen = seen;
	all->room = room;
	return true;
}

/* The record's own user keeps the entry until it is off the list. */
static void see(struct fl_stripe *stripe, struct fl_seen_all *all)
{
	for (struct fl_record *record = stripe->first; record; record = record->next) {
		if (record->claim.refused || !fl_use_again(record->claim.entry))
			continue;
		record->pins++;
		all->seen[all->pinned++] = (struct fl_seen){record, record->claim};
	}
}

/* Memory is asked for while no guard is held. */
static int see_stripe(struct fl_stripe *stripe, struct fl_seen_all *all)
{
	size_t need;

	fl_stripe_lock(stripe);
	while (all->room - all->pinned < (need = stripe->count)) {
		fl_stripe_unlock(stripe);
		if (!make_room(all, need))
			return ENOMEM;
		fl_stripe_lock(stripe);
	}
	see(stripe, all);
	fl_stripe_unlock(stripe);
	return 0;
}

int fl_records_see(struct fl_records *records, struct fl_seen_all *all)
{
	int error = 0;

	*all = (struct fl_seen_all){.seen = NULL};
	for (unsigned i = 0; i < FL_STRIPES && !error; i++)
		error = see_stripe(&records->stripes[i], all);
	all->count = all->pinned;
	return error;
}

static bool is_as_it_was(const struct fl_seen *seen)
{
	const struct fl_claim *is = &seen->record->claim;

	return is->serial == seen->was.serial && !is->refused;
}

/* They stand stripe after stripe: from this one on, up to which of another? */
static size_t see_stripe_again(struct fl_stripe *stripe, struct fl_seen_all *all,
			       size_t from, size_t *kept)
{
	for (; from < all->pinned && fl_stripe_of(all->seen[from].record) == stripe;
	     from++) {
		struct fl_seen one = all->seen[from];

		if (!is_as_it_was(&one))
			continue;
		all->seen[from] = all->seen[*kept];
		all->seen[(*kept)++] = one;
	}
	return from;
}

void fl_records_see_again(struct fl_records *records, struct fl_seen_all *all)
{
	size_t kept = 0, at = 0;

	for (unsigned i = 0; i < FL_STRIPES; i++) {
		struct fl_stripe *stripe = &records->stripes[i];

		fl_stripe_lock(stripe);
		at = see_stripe_again(stripe, all, at, &kept);
		fl_stripe_unlock(stripe);
	}
	all->count = kept;
}

bool fl_records_conversions(struct fl_records *records, uint64_t *begun)
{
	size_t joining = 0;

	*begun = 0;
	for (unsigned i = 0; i < FL_STRIPES; i++) {
		struct fl_stripe *stripe = &records->stripes[i];

		fl_stripe_lock(stripe);
		*begun += stripe->conversions;
		joining += stripe->joining;
		fl_stripe_unlock(stripe);
	}
	return !joining;
}

void fl_records_forget(struct fl_seen_all *all)
{
	for (size_t i = 0; i < all->pinned; i++) {
		struct fl_seen *seen = &all->seen[i];
		fifolock_table_t *table = seen->record->table;

		fl_record_unpin(seen->record);
		fl_put(table, seen->was.entry);
	}
	free(all->seen);
}

bool fl_record_rival(const struct fl_record *record, struct fl_claim *rival)
{
	struct fl_stripe *stripe = fl_stripe_enter(record);
	const struct fl_record *other = stripe->first;

	while (other &&
	       (other == record || other->claim.state != FL_RECORD_WAITS ||
		other->claim.from < 0 || other->claim.entry != record->claim.entry))
		other = other->next;
	if (other)
		*rival = other->claim;
	fl_stripe_unlock(stripe);
	return other;
}

bool fl_seen_report(const struct fl_seen *seen)
{
	struct fl_stripe *stripe = fl_stripe_enter(seen->record);
	bool first = is_as_it_was(seen) && !seen->record->claim.reported;

	if (first)
		seen->record->claim.reported = true;
	fl_stripe_unlock(stripe);
	return first;
}

bool fl_seen_refuse(const struct fl_seen *seen)
{
	struct fl_stripe *stripe = fl_stripe_enter(seen->record);
	bool first = is_as_it_was(seen);

	if (first)
		seen->record->claim.refused = true;
	fl_stripe_unlock(stripe);
	return first;
}
