/* SPDX-License-Identifier: MIT
 *
 * find.h - from a key to its entry, which is born if it has none.
 */
#ifndef FL_FIND_H
#define FL_FIND_H

#include "put.h"

/* The entry of the key, with the caller as one user more.  ENOMEM; EAGAIN: it has as many as can be
 * counted.  FL_TAKEN: it is new, and its lock held with these units, if they are not 0. */
#define FL_TAKEN (-1)
int fl_find(fifolock_table_t *table, const struct fl_key *key, uint64_t units,
	    struct fl_entry **entry);

/* Call look for all that are in use, with the caller as one user more of each, which look, or what it
 * leaves them to, has to put; until it says false.  look must not wait. */
void fl_find_each(fifolock_table_t *table,
		  bool (*look)(struct fl_entry *entry, void *ctx), void *ctx);

/* Is there any?  For a thread that is alone with the table. */
bool fl_find_any(fifolock_table_t *table);

#endif
