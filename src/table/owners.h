/* SPDX-License-Identifier: MIT
 *
 * owners.h - the owners of a key's holds and requests, as text.
 */
#ifndef FL_OWNERS_H
#define FL_OWNERS_H

#include "seen.h"

#include <stdio.h>

struct fl_owners {
	const fifolock_modes_t *modes;
	struct fl_seen_all all; /* by entry */
	uint64_t at;		/* CLOCK_MONOTONIC */
};

/* Of a table without records: none.  ENOMEM.  In any case free them. */
int fl_owners_read(struct fl_owners *owners, const fifolock_table_t *table);
void fl_owners_free(struct fl_owners *owners);

/* Behind what has been printed of the key.  Nothing, if none is known. */
void fl_owners_print(const struct fl_owners *owners, const struct fl_entry *entry,
		     FILE *out);
void fl_owners_print_json(const struct fl_owners *owners, const struct fl_entry *entry,
			  FILE *out);

#endif
