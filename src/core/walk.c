/* SPDX-License-Identifier: MIT
 *
 * walk.c - see walk.h.  The thread that looks at the line is its scanner for that long, and lets
 * the scan go on.
 *
 *	row      released by                 acquired by       what it carries
 *	[SCAN]   commit (scan.c)             try_to_scan,      head, dequeued, links
 *	                                     become_scanner
 *	[NEWS]   fl_news (scanner.c)         try_to_scan       the pushes before it
 *	[CLOSED] fl_control_set (control.c)  is_of_one_moment  what the caller did to the state
 *	                                                       word before
 */
#include "walk.h"
#include "atomic.h"
#include "control.h"
#include "queue.h"
#include "scan.h"
#include "scanner.h"

#include <errno.h>
#include <stddef.h>

/* A thread that scans is done in less than a microsecond for each request, unless it is
 * off its processor; then it takes as long as it pleases the system, or a debugger.  So: a
 * few yields, then naps, so that a thread of real-time priority does not keep it away; and
 * after a tenth of a second no more. */
#define LOOK_YIELDS   16
#define LOOK_NAP_NS   UINT32_C(50000)
#define LOOK_DOUBLES  7
#define LOOK_TOTAL_NS UINT32_C(100000000)

/* Signals cut naps short, so many naps may be no time at all: the clock says so, where there
 * is one (1: there is none). */
static bool waited_for_long(unsigned naps, uint64_t since)
{
	uint64_t now = fl_now_coarse();

	return naps > LOOK_DOUBLES + LOOK_TOTAL_NS / (LOOK_NAP_NS << LOOK_DOUBLES) &&
	       (now == 1 || now - since >= LOOK_TOTAL_NS);
}

/* Naps of 50, 100, ... 6400, 6400 us. */
static bool wait_for_scanner(unsigned turn, uint64_t *since)
{
	unsigned naps = turn - LOOK_YIELDS;

	if (turn < LOOK_YIELDS) {
		fl_yield();
		return true;
	}
	if (naps == 0)
		*since = fl_now_coarse();
	if (waited_for_long(naps, *since))
		return false;
	fl_nap(LOOK_NAP_NS << (naps < LOOK_DOUBLES ? naps : LOOK_DOUBLES));
	return true;
}

/* One try.  EAGAIN: the word has changed.  EBUSY: another thread has the role.  While that is kept
 * the word says QUEUED, but perhaps no request is in line: then it is left alone, as a
 * scanner that outlives the hold would keep others from the lock for no cause. */
static int try_to_scan(fifolock_t *lock, uint64_t *word)
{
	uint64_t next = *word | FL_SCANNING;
	enum fl_took took;

	if (!(*word & FL_QUEUED))
		return ENOENT;
	if (*word & FL_SCANNING)
		return EBUSY;
	if (fl_word_kept(*word)) {
		/* [SCAN] acquire: none of a time when a thread scanned, and had taken requests off */
		if (fl_line_length(lock) == 0)
			return fl_load_acquire(&lock->word) == *word ? ENOENT : EAGAIN;
		took = fl_take_role(lock, word, false);
		return took == FL_TOOK ? 0 : took == FL_MISSED ? EAGAIN : EBUSY;
	}
	/* [SCAN] [NEWS] acquire, no release */
	if (!fl_cas_acq_rel(&lock->word, word, next))
		return EAGAIN;
	*word = next;
	return 0;
}

/* Wait for the scanner, if there is one, and become it.  ENOENT: no request is in line.
 * EBUSY: it has been waited for long enough. */
static int become_scanner(fifolock_t *lock, uint64_t *word)
{
	unsigned turn = 0;
	uint64_t since = 0;
	int error;

	do {
		/* [SCAN] acquire: whether it is closed is read after that (is_of_one_moment) */
		*word = fl_load_acquire(&lock->word);
		error = try_to_scan(lock, word);
	} while (error == EAGAIN || (error == EBUSY && wait_for_scanner(turn++, &since)));
	return error;
}

/* Whether it is closed is read between two looks at the word: of the moment for which the
 * word says the same before and after. */
static bool is_of_one_moment(const fifolock_t *lock, struct fl_walk *look)
{
	/* [CLOSED] acquire: before the next look at the word */
	look->closed = fl_load_acquire(&lock->control) & FL_CLOSED;
	/* [SCAN] acquire */
	return fl_load_acquire(&lock->word) == look->word;
}

int fl_walk(fifolock_t *lock, struct fl_walk *look)
{
	struct scan scan = {.lock = lock};
	int error = become_scanner(lock, &look->word);
	struct fl_slot *slot;

	if (error)
		return error != ENOENT		      ? error
		       : is_of_one_moment(lock, look) ? 0
						      : EAGAIN;
	scan.word = look->word;
	fl_scan_settle(&scan);
	for (slot = fl_line_head(lock);
	     slot && look->visit && look->visit(slot, look->ctx);)
		slot = fl_line_after(lock, slot);
	error = is_of_one_moment(lock, look) ? 0 : EAGAIN;
	fl_scan(&scan);
	return error;
}
