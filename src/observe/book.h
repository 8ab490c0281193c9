/* SPDX-License-Identifier: MIT
 *
 * book.h - where a counted table counts.
 *
 * What is read is of one moment.  Each mode has two banks.  A thread that books enters the
 * one that is open, and leaves it when all of it is booked; no thread that books waits for
 * another.  A reader opens the other one, in one step that tells it how many had entered,
 * waits until so many have left, and has what was booked up to then and nothing else.  What
 * it has read is added to a third bank, which is the readers'.
 *
 * That moment is one by the clock, too: a thread that has read the clock looks whether its
 * bank is still open, and begins anew if not.  So all that is in a closed bank was before
 * the closing, and all that is not was after it.  What holds that last have lasted is told
 * as of the latest moment that is known to lie before the closing.
 */
#ifndef FL_BOOK_H
#define FL_BOOK_H

#include "stats.h"
#include "core/atomic.h"

#include <fifolock/inspect.h>

__extension__ typedef unsigned __int128 wide_t;

/* Modulo 2^128, in two steps that are one for a reader of a closed bank. */
struct wide {
	uint64_t low, high;
};

#define WAITS 40

struct bank {
	uint64_t left; /* how many have left it since it was opened */
	uint64_t grants, waited, held;
	uint64_t ends[4];
	struct wide taken, waits_ns;
	struct wide ended; /* all ends less all beginnings, each as often as it is held */
	uint64_t longest_wait; /* at most */
	uint64_t last;	       /* moment booked */
	uint64_t waits[WAITS];
};

struct book {
	uint64_t door; /* {which bank is open: 1 bit, how many have entered it} */
	uint32_t read; /* 1: a thread is reading */
	/* The reader's. */
	bool closing;	  /* the closed bank has still to be waited for, */
	uint64_t awaited; /* by so many */
	uint64_t held_ns; /* as it was read last */
	struct bank sum;
	struct bank banks[2];
};

_Static_assert(sizeof(struct book) <= sizeof(((fifolock_stats_t *)0)->counts[0]),
	       "there is room");
_Static_assert(sizeof(((struct fifolock_counts *)0)->waits) == WAITS * sizeof(uint64_t),
	       "as many");

#define FL_DOOR_WHICH(door)   ((door) >> 63)
#define FL_DOOR_ENTERED(door) ((door) & (UINT64_MAX >> 1))

/* Of a copy of a counted table, too. */
static inline struct book *fl_book_of(const fifolock_modes_t *modes, unsigned mode)
{
	fifolock_stats_t *stats = modes->stats;

	return (struct book *)&stats->counts[mode];
}

uint64_t fl_book_now(void);

/* Into a bank that the caller may write to. */
void fl_book_add(uint64_t *count, uint64_t n);
void fl_book_add_wide(struct wide *sum, wide_t n);
void fl_book_raise(uint64_t *most, uint64_t n);

#endif
