/* SPDX-License-Identifier: MIT
 *
 * stats.c - tables that count: booking, by any thread and any handler.
 *
 * A counted table is a copy of another of whose modes none is granted at once (at_once is
 * 0): so the check that the fast paths make of a mode anyway fails, and what follows, which costs no
 * other table anything, looks why.
 *
 * How long holds last is known without remembering any of them: all the moments at
 * which they ended, added up, less all those at which they began; those that last
 * end now.
 *
 *	row       released by                  acquired by                 what it carries
 *	[DOOR]    close_bank (stats_read.c)    enter                       that it is empty
 *	[LEFT]    leave                        drain (stats_read.c)        what was booked
 *
 *	relaxed   because
 *	[TALLY]   Numbers that are added up by a thread that has entered; leave carries
 *	          them.
 *	[OPEN]    A closing that is not seen had not been when the clock was read.
 *	[GUESS]   A first look.  The compare-and-swap after it decides.
 */
#include "stats.h"
#include "book.h"
#include "core/role.h"

#include <fifolock/request.h>

uint64_t fl_book_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void leave(struct bank *bank)
{
	uint64_t left = fl_load_relaxed(&bank->left); /* [GUESS] */

	/* [LEFT] release */
	while (!fl_cas_release(&bank->left, &left, left + 1))
		;
}

/* The look follows the clock: its address depends on that, in the top bit, which is 0. */
static bool still_open(const struct book *book, uint64_t door, uint64_t now)
{
	const uint64_t *at = &book->door + (now >> 63);

	return FL_DOOR_WHICH(fl_load_relaxed(at)) == FL_DOOR_WHICH(door); /* [OPEN] */
}

/* And the time.  Begins anew only because a reader has begun to read. */
static struct bank *enter(struct book *book, uint64_t *now)
{
	for (;;) {
		uint64_t door = fl_load_relaxed(&book->door); /* [GUESS] */
		struct bank *bank;

		/* [DOOR] acquire */
		while (!fl_cas_acquire(&book->door, &door, door + 1))
			;
		bank = &book->banks[FL_DOOR_WHICH(door)];
		*now = fl_book_now();
		if (still_open(book, door, *now))
			return bank;
		leave(bank);
	}
}

void fl_book_add(uint64_t *count, uint64_t n)
{
	fl_add_relaxed(count, n); /* [TALLY] */
}

void fl_book_add_wide(struct wide *sum, wide_t n)
{
	uint64_t low = (uint64_t)n, high = (uint64_t)(n >> 64);

	if (fl_add_relaxed(&sum->low, low) > UINT64_MAX - low) /* [TALLY] */
		high++;
	if (high)
		fl_book_add(&sum->high, high);
}

void fl_book_raise(uint64_t *most, uint64_t n)
{
	uint64_t now = fl_load_relaxed(most); /* [TALLY] */

	while (now < n && !fl_cas_relaxed(most, &now, n)) /* [TALLY] */
		;
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned bits = ns ? 64 - (unsigned)__builtin_clzll(ns) : 0;

	return bits < WAITS ? bits : WAITS - 1;
}

static void waited(struct bank *bank, uint64_t ns)
{
	fl_book_add(&bank->waited, 1);
	fl_book_add_wide(&bank->waits_ns, ns);
	fl_book_add(&bank->waits[bucket_of(ns)], 1);
	fl_book_raise(&bank->longest_wait, ns);
}

static void begins(struct bank *bank, uint32_t n, uint64_t at)
{
	fl_book_add(&bank->held, n);
	fl_book_add_wide(&bank->ended, -((wide_t)at * n));
	fl_book_raise(&bank->last, at);
}

static void ends(struct bank *bank, uint32_t n, uint64_t at)
{
	fl_book_add(&bank->held, -(uint64_t)n);
	fl_book_add_wide(&bank->ended, (wide_t)at * n);
	fl_book_raise(&bank->last, at);
}

uint64_t fl_stats_now(const fifolock_modes_t *modes)
{
	return fl_counted(modes) ? fl_book_now() : 0;
}

void fl_stats_count_end(const fifolock_modes_t *modes, unsigned mode, enum fl_end end)
{
	uint64_t now;
	struct bank *bank = enter(fl_book_of(modes, mode), &now);

	fl_book_add(&bank->ends[end], 1);
	leave(bank);
}

void fl_stats_count_took(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			 uint64_t since)
{
	uint64_t now;
	struct bank *bank = enter(fl_book_of(modes, mode), &now);

	fl_book_add(&bank->grants, 1);
	fl_book_add_wide(&bank->taken, n);
	begins(bank, n, now);
	if (since)
		waited(bank, now - since);
	leave(bank);
}

uint64_t fl_stats_count_gives(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	uint64_t now;
	struct bank *bank = enter(fl_book_of(modes, mode), &now);

	ends(bank, n, now);
	leave(bank);
	return now;
}

/* As if it had not been given. */
void fl_stats_count_keeps(const fifolock_modes_t *modes, unsigned mode, uint32_t n,
			  uint64_t gave)
{
	uint64_t now;
	struct bank *bank = enter(fl_book_of(modes, mode), &now);

	begins(bank, n, gave);
	leave(bank);
}

/* A request that calls back has the time in the caller's memory, which is there until it
 * is told. */
static uint64_t asked_at(const struct fl_slot *slot)
{
	return slot->how & FL_CALLS ? ((const fifolock_request_t *)slot->ctx)->since
				    : fl_slot_note(slot) & ~FL_NOTE_SINCE;
}

void fl_stats_count_slot(const fifolock_modes_t *modes, const struct fl_slot *slot)
{
	if (slot->how & FL_CONVERTS)
		fl_stats_count_gives(modes, slot->from, 1);
	fl_stats_count_took(modes, slot->mode, slot->weight, asked_at(slot));
}
