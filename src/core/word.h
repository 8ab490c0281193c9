/* SPDX-License-Identifier: MIT
 *
 * word.h - the state word, bit by bit.  Pure functions from word to
 * word: nothing here is atomic, so a test can walk every word there is.
 *
 *	63      62        61      60 ............................. 0
 *	QUEUED  SCANNING  RESCAN  | field of mode n | ... | mode 0 |
 *
 * QUEUED    A request is in line: nothing is granted except from its head.
 *	     Legal to leave set when the line has emptied; illegal to clear while
 *	     it has not.
 * SCANNING  One thread owns the line and grants from its head.  Only with
 *	     QUEUED.  Set by the thread that becomes it, cleared by its commit.
 * RESCAN    Arrivals or departures were announced since the scanner last looked.
 *	     Set by any thread, cleared by the scanner only, and before it looks.
 *
 * QUEUED and RESCAN without SCANNING is KEPT: there is one hold, beside which nothing
 * fits, and the role of the scanner rests with it, in the slot of the thread that was
 * granted it (role.h).
 *
 * A mode that can be held c times has a field of w + 1 bits, c <= 2^w; its top
 * bit is the guard.  "Fewer than L hold x" (1 <= L <= 2^w) becomes one addition:
 * with 2^w - L added, the guard of x is set exactly when x is held L times or
 * more, and the sum stays below 2^(w+1), so nothing carries into the next field.
 * The biases of all rules of a mode add up to one number and their guards to
 * one mask; c = 1 is the case w = 0, a plain bit.
 */
#ifndef FL_WORD_H
#define FL_WORD_H

#include <fifolock/fifolock.h>

#define FL_QUEUED   (UINT64_C(1) << 63)
#define FL_SCANNING (UINT64_C(1) << 62)
#define FL_RESCAN   (UINT64_C(1) << 61)
#define FL_HOLDS    (FL_RESCAN - 1)

#define FL_HOLD_BITS 61

static inline bool fl_word_kept(uint64_t word)
{
	return (word & (FL_QUEUED | FL_SCANNING | FL_RESCAN)) == (FL_QUEUED | FL_RESCAN);
}

/* A request is in line, and no thread scans or keeps the role. */
static inline bool fl_word_lacks_scanner(uint64_t word)
{
	return (word & (FL_QUEUED | FL_SCANNING | FL_RESCAN)) == FL_QUEUED;
}

/* 0 -> SCANNING, or RESCAN under a scanner. */
static inline uint64_t fl_word_with_news(uint64_t word)
{
	return word | FL_QUEUED | (word & FL_SCANNING ? FL_RESCAN : FL_SCANNING);
}

/* The role is taken up again: by a scanner. */
static inline uint64_t fl_word_resumed(uint64_t word)
{
	return (word & ~FL_RESCAN) | FL_SCANNING;
}

/* fifolock_modes_t.flags.  A listener keeps books of what is BOOKED, so no fast path may
 * take it: at_once, which these compare a mode with, is 0 then instead of the number of modes.
 * ALONE: a hold of this mode is alone, nothing fits beside.  fifolock/compile.hpp has
 * OWNER_CHECKED and ALONE, too. */
#define FL_MODES_OWNER_CHECKED 1u
#define FL_MODES_COUNTED       2u /* a table inside a fifolock_stats_t (stats.c) */
#define FL_MODES_WATCHED       4u /* a race detector hears of it (watch.c) */
#define FL_MODES_BOOKED	       (FL_MODES_COUNTED | FL_MODES_WATCHED)
#define FL_MODES_ALONE(mode)   (UINT32_C(1) << (16 + (mode)))

extern const fifolock_modes_t fl_no_modes;	/* of a destroyed lock */
extern const fifolock_modes_t fl_default_modes; /* of a lock of zero bytes */

/* With FL_ONE_TABLE all locks have the same table, and the field is not the lock's: so the
 * pthread face has its objects in the room that the C library has for its own. */
#ifdef FL_ONE_TABLE
extern const fifolock_modes_t fl_one_table;

static inline const fifolock_modes_t *fl_modes_of(const fifolock_t *lock)
{
	(void)lock;
	return &fl_one_table;
}
#else
static inline const fifolock_modes_t *fl_modes_of(const fifolock_t *lock)
{
	return lock->modes ? lock->modes : &fl_default_modes;
}
#endif

/* Where a lock has its place in a table of so many that is found by the lock's address: in the
 * lock itself there is no room.  Locks may share one. */
#define FL_PLACES 64

static inline unsigned fl_place_of(const fifolock_t *lock)
{
	return (unsigned)((uintptr_t)lock * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* From now on a listener keeps books of it. */
static inline void fl_modes_book(fifolock_modes_t *modes, uint32_t flag)
{
	modes->at_once = 0;
	modes->flags |= flag;
}

/* Can as many hold it as a lock can count, because there is no other limit? */
static inline bool fl_modes_open(const fifolock_modes_t *modes, unsigned mode)
{
	return modes->open >> mode & 1;
}

/* May others hold something beside that mode?  False: none may, or the mode is for no first try. */
static inline bool fl_may_be_beside(const fifolock_modes_t *modes, unsigned mode)
{
	return mode < modes->at_once && !(modes->flags & FL_MODES_ALONE(mode));
}

/* What one request adds to the word and what must not be in its way. */
struct fl_want {
	uint64_t unit;	/* weight holds of the mode */
	uint64_t bias;	/* lifts every forbidden count up to its guard bit */
	uint64_t guard; /* the guard bits to look at */
	uint32_t weight;
	uint32_t mode;
	uint64_t since; /* when it was asked for, if the table counts (account.h) */
};

/* n holds at once: as n single ones, the last of which must still fit. */
static inline struct fl_want fl_want(const struct fifolock_row *row, unsigned mode,
				     uint32_t n)
{
	return (struct fl_want){
		.unit = row->unit * n,
		.bias = row->bias + row->unit * (n - 1),
		.guard = row->guard,
		.weight = n,
		.mode = mode,
	};
}

static inline bool fl_bits_fit(uint64_t bias, uint64_t guard, uint64_t word)
{
	return (((word & FL_HOLDS) + bias) & guard) == 0;
}

static inline uint32_t fl_word_holds(const fifolock_modes_t *modes, unsigned mode,
				     uint64_t word)
{
	const struct fifolock_row *row = &modes->rows[mode];

	/* The unit is a power of two, which the compiler cannot know. */
	return (uint32_t)((word & row->field) >> __builtin_ctzll(row->unit));
}

/* At least weight holds are there to be given back?  Fields compare in place. */
static inline bool fl_word_has(uint64_t word, uint64_t field, uint64_t units)
{
	return (word & field) >= units;
}

/* The predicate of the table, asked for weight single holds in a row. */
static inline bool fl_predicate_allows(const fifolock_modes_t *modes, unsigned mode,
				       uint32_t weight, uint64_t word)
{
	uint32_t holds[FIFOLOCK_MAX_MODES];

	for (unsigned m = 0; m < modes->count; m++)
		holds[m] = fl_word_holds(modes, m, word);
	for (uint32_t i = 0; i < weight; i++, holds[mode]++)
		if (!modes->compatible(holds, mode, modes->ctx))
			return false;
	return true;
}

/* Has any mode more holds in now than in then? */
static inline bool fl_word_grew(const fifolock_modes_t *modes, uint64_t then,
				uint64_t now)
{
	for (unsigned m = 0; m < modes->count; m++)
		if ((now & modes->rows[m].field) > (then & modes->rows[m].field))
			return true;
	return false;
}

static inline bool fl_want_fits(const fifolock_modes_t *modes, const struct fl_want *want,
				uint64_t word)
{
	return fl_bits_fit(want->bias, want->guard, word) &&
	       (!modes->compatible ||
		fl_predicate_allows(modes, want->mode, want->weight, word));
}

#endif
