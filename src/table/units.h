/* SPDX-License-Identifier: MIT
 *
 * units.h - holds that are taken and given back with the entry, not with its lock.
 *
 * While an entry is being filled its lock is the thread's alone: it may be made held, with a store
 * instead of a compare-and-swap.  And when the only user of an entry is one hold, no request is in line
 * and no call is under way, so the entry may go, hold and all: the next key makes the lock anew.  So a key
 * that no other thread wants costs three read-modify-writes instead of five.
 *
 * Not where a listener is to hear of each hold, and where the rule is a function.
 */
#ifndef FL_UNITS_H
#define FL_UNITS_H

#include "table.h"
#include "core/word.h"

#include <errno.h>

static inline bool fl_modes_are_plain(const fifolock_modes_t *modes)
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	size_t holders;

	return !(modes->flags & FL_MODES_BOOKED) && !modes->compatible &&
	       fifolock_holders(&lock, NULL, 0, &holders) == ENOTSUP;
}

/* What the word of a lock is with nothing but these holds; 0: such are not to be had so. */
static inline uint64_t fl_units(const fifolock_table_t *table, unsigned mode, uint32_t n)
{
	const fifolock_modes_t *modes = table->modes;

	if (!table->plain || mode >= modes->count || n > modes->capacity[mode])
		return 0;
	return modes->rows[mode].unit * n;
}

#endif
