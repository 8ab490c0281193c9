/* SPDX-License-Identifier: MIT
 *
 * stats.h - what a counted table counts (fifolock/inspect.h).  With a table
 * that is not counted each of these is a test of one bit; the fast paths do without it
 * (fl_at_once).
 *
 * A request that had a place in line is booked by the scanner, when it is decided and
 * before any owner is told: so a hold begins with its grant, whenever its owner comes to
 * look for it.  All others are booked by the thread that asked.
 */
#ifndef FL_STATS_H
#define FL_STATS_H

#include "core/slot.h"

#include <errno.h>

static inline bool fl_counted(const fifolock_modes_t *modes)
{
	return __builtin_expect((modes->flags & FL_MODES_COUNTED) != 0, 0);
}

/* The time, for a request that may have to wait; 0 if the table does not count. */
uint64_t fl_stats_now(const fifolock_modes_t *modes);

/* For counted tables only. */
enum fl_end {
	FL_ENDS_REFUSED,
	FL_ENDS_TIMED_OUT,
	FL_ENDS_TURNED_AWAY,
	FL_ENDS_CANCELLED
};
void fl_stats_count_end(const fifolock_modes_t *modes, unsigned mode, enum fl_end end);
void fl_stats_count_took(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			 uint64_t since);
uint64_t fl_stats_count_gives(const fifolock_modes_t *modes, unsigned mode, uint32_t n);
void fl_stats_count_keeps(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			  uint64_t gave);
void fl_stats_count_slot(const fifolock_modes_t *modes, const struct fl_slot *slot);

/* Granted; since when it had waited, 0: it did not. */
static inline void fl_stats_took(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
				 uint64_t since)
{
	if (fl_counted(modes))
		fl_stats_count_took(modes, mode, n, since);
}

/* What it was when it was given, for keeps. */
static inline uint64_t fl_stats_gives(const fifolock_modes_t *modes, unsigned mode,
				      uint32_t n)
{
	return fl_counted(modes) ? fl_stats_count_gives(modes, mode, n) : 0;
}

/* Not after all. */
static inline void fl_stats_keeps(const fifolock_modes_t *modes, unsigned mode,
				  uint32_t n, uint64_t gave)
{
	if (fl_counted(modes))
		fl_stats_count_keeps(modes, mode, n, gave);
}

static inline void fl_stats_ends(const fifolock_modes_t *modes, unsigned mode,
				 enum fl_end end)
{
	if (fl_counted(modes))
		fl_stats_count_end(modes, mode, end);
}

/* The scanner: it is granted, the commit done. */
static inline void fl_stats_granted(const fifolock_modes_t *modes,
				    const struct fl_slot *slot)
{
	if (fl_counted(modes))
		fl_stats_count_slot(modes, slot);
}

#endif
