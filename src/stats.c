/* SPDX-License-Identifier: MIT
 *
 * stats.c - tables that count. Layer 4.
 *
 * A counted table is a copy of another in which the number of modes is 0: so the
 * first check of every function fails, and its error path, which costs nobody else
 * anything, looks whether the table counts. The number is in flags, where
 * fl_modes_count finds it.
 *
 * How long holds last is known without remembering any of them: all the moments at
 * which they ended, added up, less all those at which they began; those that last
 * end now.
 *
 *	relaxed   because
 *	[TALLY]   Numbers that are added up; each is right by itself, and orders nothing.
 */
#include "stats.h"
#include "atomic.h"
#include "detector.h"

#include <errno.h>
#include <fifolock/inspect.h>
#include <stddef.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct fifolock_counts *counts_of(const fifolock_modes_t *modes, unsigned mode)
{
	fifolock_stats_t *stats =
		(fifolock_stats_t *)((char *)modes - offsetof(fifolock_stats_t, modes));

	return &stats->counts[mode];
}

static void add(uint64_t *count, uint64_t n)
{
	fl_add_relaxed(count, n); /* [TALLY] */
}

static void raise_to(uint64_t *most, uint64_t n)
{
	uint64_t now = fl_load_relaxed(most); /* [TALLY] */

	while (now < n && !fl_cas_relaxed(most, &now, n)) /* [TALLY] */
		;
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned bits = ns ? 64 - (unsigned)__builtin_clzll(ns) : 0;

	return bits < 40 ? bits : 39;
}

uint64_t fl_stats_now(const fifolock_modes_t *modes)
{
	return fl_counted(modes) ? now_ns() : 0;
}

static void waited(struct fifolock_counts *counts, uint64_t ns)
{
	add(&counts->waited, 1);
	add(&counts->wait_ns, ns);
	add(&counts->waits[bucket_of(ns)], 1);
	raise_to(&counts->wait_max_ns, ns);
}

void fl_stats_count_asked(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			  int error, uint64_t since)
{
	struct fifolock_counts *counts = counts_of(modes, mode);
	uint64_t now = now_ns();

	if (error) {
		add(error == ETIMEDOUT ? &counts->timed_out : &counts->refused, 1);
		return;
	}
	add(&counts->grants, 1);
	add(&counts->taken, n);
	add(&counts->held, n);
	add(&counts->held_ns, -(now * n));
	if (since)
		waited(counts, now - since);
}

void fl_stats_count_gives(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	struct fifolock_counts *counts = counts_of(modes, mode);

	add(&counts->held, -(uint64_t)n);
	add(&counts->held_ns, now_ns() * n);
}

void fl_stats_count_keeps(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	struct fifolock_counts *counts = counts_of(modes, mode);

	add(&counts->held, n);
	add(&counts->held_ns, -(now_ns() * n));
}

int fifolock_stats_init(fifolock_stats_t *stats, const char *name,
			const fifolock_modes_t *modes)
{
	if (!modes)
		modes = &fl_default_modes;
	if (!stats || fl_counted(modes))
		return EINVAL;
	*stats = (fifolock_stats_t){.modes = *modes, .name = name};
	fl_modes_book(&stats->modes, FL_MODES_COUNTED);
	fl_watch_hide(stats->counts, sizeof(stats->counts));
	return 0;
}

int fifolock_stats_read(const fifolock_stats_t *stats, unsigned mode,
			struct fifolock_counts *out)
{
	const uint64_t *from;
	uint64_t *to = (uint64_t *)out;

	if (!stats || !out || mode >= fl_modes_count(&stats->modes))
		return EINVAL;
	from = (const uint64_t *)&stats->counts[mode];
	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = fl_load_relaxed(&from[i]); /* [TALLY] */
	out->held_ns += now_ns() * out->held;
	return 0;
}
