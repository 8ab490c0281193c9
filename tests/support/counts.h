/* SPDX-License-Identifier: MIT
 *
 * counts.h - a table that counts, and what it should have counted.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include "common.h"
#include <fifolock/inspect.h>

static inline struct fifolock_counts counted(const fifolock_stats_t *stats, unsigned mode)
{
	struct fifolock_counts counts;

	cr_assert_eq(fifolock_stats_read(stats, mode, &counts), 0);
	return counts;
}

static inline uint64_t sum_of_waits(const struct fifolock_counts *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 40; i++)
		sum += counts->waits[i];
	return sum;
}

static inline void counts_are(const fifolock_stats_t *stats, unsigned mode,
			      uint64_t taken, uint64_t grants, uint64_t waited,
			      uint64_t held)
{
	struct fifolock_counts counts = counted(stats, mode);

	cr_assert_eq(counts.taken, taken, "taken %lu", (unsigned long)counts.taken);
	cr_assert_eq(counts.grants, grants, "grants %lu", (unsigned long)counts.grants);
	cr_assert_eq(counts.waited, waited, "waited %lu", (unsigned long)counts.waited);
	cr_assert_eq(counts.held, held, "held %lu", (unsigned long)counts.held);
	cr_assert_eq(sum_of_waits(&counts), waited);
	cr_assert_eq(counts.wait_ns > 0, waited > 0);
}

static inline void refusals_are(const fifolock_stats_t *stats, unsigned mode,
				uint64_t refused, uint64_t timed_out)
{
	struct fifolock_counts counts = counted(stats, mode);

	cr_assert_eq(counts.refused, refused);
	cr_assert_eq(counts.timed_out, timed_out);
}

static inline void counts_as(fifolock_stats_t *stats, const fifolock_modes_t *modes)
{
	cr_assert_eq(fifolock_stats_init(stats, "counted", modes), 0);
	fifolock_modes_owner_checked(&stats->modes, false);
}

#endif
