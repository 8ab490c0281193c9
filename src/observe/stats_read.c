/* SPDX-License-Identifier: MIT
 *
 * stats_read.c - tables that count: making one, and reading, by one thread at a time.
 *
 *	row       released by            acquired by            what it carries
 *	[DOOR]    close_bank             enter (stats.c)        that the bank is empty
 *	[LEFT]    leave (stats.c)        drain                  what was booked
 *	[READER]  fifolock_stats_read    begin_reading          the readers' bank
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, or no other thread
 *	          changes it.
 *	[EMPTY]   No thread is in the bank, and one that comes has seen it opened.
 */
#include "book.h"
#include "detector.h"
#include "core/lock.h"

#include <stddef.h>
#include <string.h>

/* Another thread is in the middle of something short.  It may be off its processor,
 * or stopped: false, when that has lasted a second or so. */
static bool is_patient(unsigned *turns)
{
	static const uint32_t nothing;
	struct timespec at;
	struct fl_deadline soon = {.at = &at, .clock = CLOCK_MONOTONIC};

	if (++*turns <= 100) {
		fl_relax();
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += 200000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	fl_park(&nothing, 0, &soon);
	return *turns <= 4100;
}

static bool begin_reading(struct book *book)
{
	uint32_t no = 0;

	/* [READER] acquire */
	for (unsigned turns = 0; !fl_cas_acquire(&book->read, &no, 1); no = 0)
		if (!is_patient(&turns))
			return false;
	return true;
}

static uint64_t *words_of(struct bank *bank)
{
	return (uint64_t *)bank;
}

static wide_t value_of(const struct wide *sum)
{
	return (wide_t)sum->high << 64 | sum->low;
}

/* The closed bank, left by all, to the readers' one. */
static void settle(struct book *book, struct bank *bank)
{
	struct bank now;

	for (size_t i = 0; i < sizeof(now) / sizeof(uint64_t); i++) {
		words_of(&now)[i] = fl_load_relaxed(&words_of(bank)[i]); /* [EMPTY] */
		fl_store_relaxed(&words_of(bank)[i], 0);		 /* [EMPTY] */
	}
	fl_book_add(&book->sum.grants, now.grants);
	fl_book_add(&book->sum.waited, now.waited);
	fl_book_add(&book->sum.held, now.held);
	for (unsigned i = 0; i < 4; i++)
		fl_book_add(&book->sum.ends[i], now.ends[i]);
	for (unsigned i = 0; i < WAITS; i++)
		fl_book_add(&book->sum.waits[i], now.waits[i]);
	fl_book_add_wide(&book->sum.taken, value_of(&now.taken));
	fl_book_add_wide(&book->sum.waits_ns, value_of(&now.waits_ns));
	fl_book_add_wide(&book->sum.ended, value_of(&now.ended));
	fl_book_raise(&book->sum.longest_wait, now.longest_wait);
	fl_book_raise(&book->sum.last, now.last);
	book->closing = false;
}

/* False: a thread has been in the bank all the while; it is still to be waited for. */
static bool drain(struct book *book)
{
	/* Only the reader changes which is open. */
	uint64_t door = fl_load_relaxed(&book->door); /* [GUESS] */
	struct bank *bank = &book->banks[!FL_DOOR_WHICH(door)];
	unsigned turns = 0;

	if (!book->closing)
		return true;
	/* [LEFT] acquire */
	while (fl_load_acquire(&bank->left) != book->awaited)
		if (!is_patient(&turns))
			return false;
	settle(book, bank);
	return true;
}

/* The other bank is the open one. */
static void close_bank(struct book *book)
{
	uint64_t door = fl_load_relaxed(&book->door); /* [GUESS] */

	/* [DOOR] release */
	while (!fl_cas_release(&book->door, &door, (uint64_t)!FL_DOOR_WHICH(door) << 63))
		;
	book->awaited = FL_DOOR_ENTERED(door);
	book->closing = true;
}

static uint64_t at_most(wide_t n)
{
	return n > UINT64_MAX ? UINT64_MAX : (uint64_t)n;
}

/* now: before the bank was closed. */
static void tell(struct book *book, uint64_t now, struct fifolock_counts *out)
{
	struct bank *sum = &book->sum;
	/* One that is given back at once may be booked before it is booked as taken. */
	uint64_t held = sum->held >> 63 ? 0 : sum->held;
	uint64_t at = now > sum->last ? now : sum->last;
	wide_t held_ns = value_of(&sum->ended) + (wide_t)at * held;

	/* Nor does it fall where the processors' clocks differ a little. */
	fl_book_raise(&book->held_ns, held_ns >> 127 ? 0 : at_most(held_ns));
	*out = (struct fifolock_counts){
		.taken = at_most(value_of(&sum->taken)),
		.grants = sum->grants,
		.waited = sum->waited,
		.refused = sum->ends[FL_ENDS_REFUSED],
		.timed_out = sum->ends[FL_ENDS_TIMED_OUT],
		.turned_away = sum->ends[FL_ENDS_TURNED_AWAY],
		.cancelled = sum->ends[FL_ENDS_CANCELLED],
		.wait_ns = at_most(value_of(&sum->waits_ns)),
		.wait_max_ns = sum->longest_wait,
		.held_ns = book->held_ns,
		.held = held,
	};
	memcpy(out->waits, sum->waits, sizeof(out->waits));
}

static int read_book(struct book *book, struct fifolock_counts *out)
{
	uint64_t now;

	/* What an earlier reader has given up is not of this moment. */
	if (!drain(book))
		return EAGAIN;
	now = fl_book_now();
	close_bank(book);
	if (!drain(book))
		return EAGAIN;
	tell(book, now, out);
	return 0;
}

int fifolock_stats_read(const fifolock_stats_t *stats, unsigned mode,
			struct fifolock_counts *out)
{
	struct book *book;
	int error;

	if (!stats || !out || mode >= stats->modes.count)
		return EINVAL;
	book = fl_book_of(&stats->modes, mode);
	if (!begin_reading(book))
		return EAGAIN;
	error = read_book(book, out);
	/* [READER] release */
	fl_store_release(&book->read, 0);
	return error;
}

int fifolock_stats_init(fifolock_stats_t *stats, const char *name,
			const fifolock_modes_t *modes)
{
	if (!modes)
		modes = &fl_default_modes;
	if (!stats || fl_counted(modes))
		return EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->modes = *modes;
	stats->modes.stats = stats;
	stats->name = name;
	fl_modes_book(&stats->modes, FL_MODES_COUNTED);
	fl_watch_hide(stats->counts, sizeof(stats->counts));
	return 0;
}
