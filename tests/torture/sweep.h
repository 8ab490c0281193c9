/* SPDX-License-Identifier: MIT
 *
 * sweep.h - one lock's time, along which the sweep goes: what certainly and what possibly
 * was then.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "torture.h"

#define OPENS (2 * SEATS + WATCHERS + 2)

/* A call that has begun and not ended. */
struct open {
	struct entry *entry;
	uint32_t barrier; /* it may not return before */
	bool asleep;
	bool in_line;
	bool announced;
	bool in_hi;  /* what it wants may be held */
	bool had;    /* what it gives may still be held */
	bool kept;   /* a conversion asleep: what it gives certainly is */
	bool listed; /* certainly waits for its condition, though it may not sleep yet */
	bool alone;  /* no other has been at work since it began */
	bool saw_closed; /* the lock may have been closed */
	bool wants_room, wants_cause, wants_full, wants_deadlock, wants_nobody;
	bool asking;	      /* for its position */
	uint32_t most;	      /* in line at a time, or before it, while it looked */
	uint32_t limit_least; /* that there may have been since it began: it looks once */
	struct sight *sight;
};

struct sweep {
	struct round *round;
	struct target *target;
	uint32_t *marks; /* by stamp: entry << MOMENT_BITS | moment */
	uint32_t now;
	uint32_t lo[FIFOLOCK_MAX_MODES], hi[FIFOLOCK_MAX_MODES];
	struct open open[OPENS];
	unsigned opened;
	unsigned running; /* of these: they may be doing something */
	unsigned in_line; /* of these: they join */
	unsigned looking; /* of these: they see the line, or signal */
	uint32_t ghosts;  /* until then a departed request may not be out of the line */
	uint32_t barrier; /* one that was certainly in line is there until */
	uint32_t pushed;  /* one that has a ticket is in line until */
	bool closed_maybe;
	uint32_t closed_since;		  /* certainly; 0: it may be open */
	uint32_t limit_least, limit_most; /* what limits there may be */
	uint32_t limit_since;
	uint64_t judged, quiet;
};

/* Asleep in line, and not told yet what has become of it. */
static inline bool sleeps_in_line(const struct open *open)
{
	return open->asleep && open->in_line && !open->in_hi;
}

/* In line for certain, and known to be: one that is turned away is told so later. */
static inline bool lies_in_line(const struct open *open)
{
	return sleeps_in_line(open) && open->announced && !open->entry->refused;
}

void announced(struct sweep *sweep, struct open *open);

/* ---- judge.c ---- */

bool fits_beside(const struct sweep *sweep, const uint32_t holds[],
		 const struct entry *entry);
bool kept_out_by(const struct sweep *sweep, const struct open *open, unsigned mode,
		 uint32_t holds);
void judge(struct sweep *sweep); /* after more has become possible */
void needs_cause(const struct sweep *sweep, const struct open *open);
void needs_room(const struct sweep *sweep, const struct open *open);
void check_return(const struct sweep *sweep, const struct open *open);
void check_limit(const struct sweep *sweep, const struct open *open);
void listen(struct sweep *sweep);

/* ---- wait.c ---- */

void note_listed(struct sweep *sweep, const struct open *holder);
void check_signalled(const struct sweep *sweep, const struct open *waiter);
void watch_signals(struct sweep *sweep);
void signal_ends(struct sweep *sweep, const struct open *open);

/* ---- sight.c ---- */

void begin_sight(struct sweep *sweep, struct open *open);
void watch_sights(struct sweep *sweep);
void check_sight(const struct sweep *sweep, const struct open *open);
void check_contended(const struct sweep *sweep, const struct open *open, bool said);
void begin_position(struct sweep *sweep, struct open *open);
void check_position(const struct sweep *sweep, struct open *open);

#endif
