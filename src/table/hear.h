/* SPDX-License-Identifier: MIT
 *
 * hear.h - what a race detector hears of keys, and what it is not to see.
 *
 * A key's lock is new each time, and may be at another place.  So the order between holders is
 * told of the key, as watch.c tells that of a lock: a release of mode a happens before a later
 * grant of mode b if b waits for a.  Tables whose locks have a listener only (heard).
 */
#ifndef FL_HEAR_H
#define FL_HEAR_H

#include "table.h"

/* Does a detector hear of locks with these modes? */
bool fl_hears(const fifolock_modes_t *modes);

void fl_hear_granted(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode);
void fl_hear_release(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode);

/* The thread has a hold. */
static inline void fl_hear_took(const fifolock_table_t *table,
				const struct fl_entry *entry, unsigned mode)
{
	if (__builtin_expect(table->heard, 0))
		fl_hear_granted(table, entry, mode);
}

/* Before it gives it back. */
static inline void fl_hear_gives(const fifolock_table_t *table,
				 const struct fl_entry *entry, unsigned mode)
{
	if (__builtin_expect(table->heard, 0))
		fl_hear_release(table, entry, mode);
}

#endif
