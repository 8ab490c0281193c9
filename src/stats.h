/* SPDX-License-Identifier: MIT
 *
 * stats.h - what a counted table counts (fifolock/inspect.h).  Layer 4.  With a table
 * that is not counted each of these is a test of one bit; the fast paths do without it
 * (fl_check).
 */
#ifndef FL_STATS_H
#define FL_STATS_H

#include "lock.h"

static inline bool fl_counted(const fifolock_modes_t *modes)
{
	return __builtin_expect((modes->flags & FL_MODES_COUNTED) != 0, 0);
}

/* The time, for a request that may have to wait; 0 if nobody counts. */
uint64_t fl_stats_now(const fifolock_modes_t *modes);

/* For counted tables only. */
void fl_stats_count_asked(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			  int error, uint64_t since);
void fl_stats_count_gives(const fifolock_modes_t *modes, unsigned mode, uint32_t n);
void fl_stats_count_keeps(const fifolock_modes_t *modes, unsigned mode, uint32_t n);

/* A request has ended: 0 and since when it had waited (0: it did not), or its errno. */
static inline void fl_stats_asked(const fifolock_modes_t *modes, unsigned mode,
				  uint32_t n, int error, uint64_t since)
{
	if (fl_counted(modes))
		fl_stats_count_asked(modes, mode, n, error, since);
}

static inline void fl_stats_gives(const fifolock_modes_t *modes, unsigned mode,
				  uint32_t n)
{
	if (fl_counted(modes))
		fl_stats_count_gives(modes, mode, n);
}

/* Not after all. */
static inline void fl_stats_keeps(const fifolock_modes_t *modes, unsigned mode,
				  uint32_t n)
{
	if (fl_counted(modes))
		fl_stats_count_keeps(modes, mode, n);
}

#endif
