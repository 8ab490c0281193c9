/* SPDX-License-Identifier: MIT
 *
 * owners.c - which owners hold, which wait.
 */
#include "clock.h"
#include "owners.h"
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of an entry the holds first, each in the order in which they came. */
static int compare(const void *one, const void *other)
{
	const struct fl_claim *a = &((const struct fl_seen *)one)->was;
	const struct fl_claim *b = &((const struct fl_seen *)other)->was;

	if (a->entry != b->entry)
		return fl_order((uintptr_t)a->entry, (uintptr_t)b->entry);
	if (a->state != b->state)
		return a->state == FL_RECORD_HOLDS ? -1 : 1;
	return fl_order(a->serial, b->serial);
}

int fl_owners_read(struct fl_owners *owners, const fifolock_table_t *table)
{
	int error;

	*owners = (struct fl_owners){.modes = table->modes};
	if (!table->records)
		return 0;
	owners->at = fl_now();
	error = fl_records_see(table->records, &owners->all);
	if (!error && owners->all.count)
		qsort(owners->all.seen, owners->all.count, sizeof(*owners->all.seen),
		      compare);
	return error;
}

void fl_owners_free(struct fl_owners *owners)
{
	fl_records_forget(&owners->all);
}

static size_t first_of(const struct fl_owners *owners, const struct fl_entry *entry)
{
	size_t low = 0, high = owners->all.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)owners->all.seen[middle].was.entry < (uintptr_t)entry)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t age(const struct fl_owners *owners, const struct fl_claim *claim)
{
	return owners->at > claim->since ? owners->at - claim->since : 0;
}

static void print(const struct fl_owners *owners, const struct fl_claim *claim, FILE *out)
{
	fl_print_owner(out, claim->owner, claim->thread);
	fputs(claim->state == FL_RECORD_HOLDS ? " holds " : " waits for ", out);
	fl_print_claim(out, owners->modes, claim->from, claim->mode, claim->n,
		       age(owners, claim));
}

static void print_json(const struct fl_owners *owners, const struct fl_claim *claim,
		       FILE *out)
{
	fprintf(out, "{\"owner\": %" PRIu64 ", \"thread\": %d, \"%s\": ", claim->owner,
		claim->thread, claim->state == FL_RECORD_HOLDS ? "holds" : "waits_for");
	fl_print_json_mode(out, owners->modes, claim->mode);
	if (claim->from >= 0) {
		fputs(", \"from\": ", out);
		fl_print_json_mode(out, owners->modes, (unsigned)claim->from);
	}
	fprintf(out, ", \"n\": %" PRIu32 ", \"age_ns\": %" PRIu64 "}", claim->n,
		age(owners, claim));
}

void fl_owners_print(const struct fl_owners *owners, const struct fl_entry *entry,
		     FILE *out)
{
	const char *before = "; ";

	for (size_t i = first_of(owners, entry);
	     i < owners->all.count && owners->all.seen[i].was.entry == entry; i++) {
		fputs(before, out);
		before = ", ";
		print(owners, &owners->all.seen[i].was, out);
	}
}

void fl_owners_print_json(const struct fl_owners *owners, const struct fl_entry *entry,
			  FILE *out)
{
	const char *before = ", \"owners\": [";
	bool any = false;

	for (size_t i = first_of(owners, entry);
	     i < owners->all.count && owners->all.seen[i].was.entry == entry; i++) {
		fputs(before, out);
		before = ", ";
		any = true;
		print_json(owners, &owners->all.seen[i].was, out);
	}
	if (any)
		fputc(']', out);
}
