/* SPDX-License-Identifier: MIT
 *
 * each.h - all keys in use, one after the other.
 */
#ifndef FL_EACH_H
#define FL_EACH_H

#include "table.h"

/* Call look for each that is held or waited for, until it returns false.  Nothing is held
 * meanwhile, and no entry that has been seen goes away.  ENOMEM. */
int fl_each_key(fifolock_table_t *table,
		bool (*look)(struct fl_entry *entry,
			     const struct fifolock_key_state *state, void *ctx),
		void *ctx);

#endif
