/* SPDX-License-Identifier: MIT
 *
 * debug.c - what the debug build notices about holds.
 *
 * Only owner-checked tables are followed: elsewhere a hold may be given back by any
 * thread, so a record would prove nothing.  Where a record could not be made no thread is
 * accused.
 *
 * A lock that is made anew by being zeroed, or whose memory is used for another one, tells
 * the debug build nothing.  So each lock that has been seen has a bit set in its rules; one
 * without it begins a new life, whatever is known of its address.
 *
 *	relaxed   because
 *	[MET]     A thread that finds it set finds nothing to forget.  One that finds it
 *		  clear forgets what is no younger than a serial read before that, and the
 *		  one that has set it takes a serial after that: so no record of the new
 *		  life is forgotten.
 */
#define _GNU_SOURCE
#include "debug.h"
#include "core/atomic.h"
#include "core/control.h"
#include "core/scan.h"
#include "core/walk.h"
#include "order.h"
#include "records.h"
#include "report.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool followed(const fifolock_t *lock)
{
	return fl_modes_of(lock)->flags & FL_MODES_OWNER_CHECKED;
}

static void forget(const fifolock_t *lock, uint64_t born)
{
	fl_hold_forget(lock, born);
	fl_order_forget(lock);
}

bool fl_debug_knows(const fifolock_t *lock)
{
	return fl_load_relaxed(&lock->control) & FL_MET; /* [MET] */
}

static void meet(fifolock_t *lock)
{
	uint64_t born;

	if (fl_likely(fl_debug_knows(lock)))
		return;
	born = fl_serial_now();
	if (fl_debug_knows(lock))
		return;
	forget(lock, born);
	fl_or_relaxed(&lock->control, FL_MET); /* [MET] */
}

void fl_debug_forget(fifolock_t *lock)
{
	forget(lock, fl_serial_now());
}

/* ---- which threads hold ---- */

static void add_hold(struct fl_text *text, const struct fl_hold *hold, uint32_t count)
{
	fl_text_add(text, hold->name);
	if (!hold->name[0]) {
		fl_text_add(text, "mode ");
		fl_text_number(text, hold->mode);
	}
	if (count != 1) {
		fl_text_add(text, " x ");
		fl_text_number(text, count);
	}
	fl_text_add(text, " since ");
	fl_text_call(text, (const char *)(uintptr_t)hold->call,
		     (const void *)(uintptr_t)hold->at);
}

static void add_thread(struct fl_text *text, const struct fl_hold *hold)
{
	const struct fl_thread *self = fl_thread_seen();

	if (self && hold->owner == self->serial) {
		fl_text_add(text, "this thread");
		return;
	}
	fl_text_add(text, "thread ");
	fl_text_number(text, hold->tid);
	if (hold->born < fl_serial_forked())
		fl_text_add(text, " of the parent process");
}

/* Up to four, one a line. */
void fl_debug_add_holders(struct fl_text *text, const fifolock_t *lock)
{
	const struct fl_cell *cell = NULL;
	struct fl_hold hold;
	uint64_t state;

	for (unsigned n = 0; n < 4 && fl_debug_knows(lock) &&
			     (cell = fl_hold_next(lock, cell, &hold, &state));
	     n++) {
		fl_text_add(text, "\n    ");
		add_thread(text, &hold);
		fl_text_add(text, " holds ");
		add_hold(text, &hold, fl_cell_count(state));
	}
}

/* "fifolock_lock at PLACE: lock 0x4040a0" */
static void add_call(struct fl_text *text, const struct fl_report *report)
{
	fl_text_here(text, report->site);
	fl_text_lock(text, report->lock);
}

/* ---- took, gives ---- */

void fl_debug_took(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	if (!followed(lock))
		return;
	meet(lock);
	fl_order_meets(lock);
	fl_order_asks(lock, mode, site);
	fl_hold_add(lock, mode, n, site);
}

static int report_not_held(const fifolock_t *lock, unsigned mode, uint32_t n,
			   const struct fl_site *site)
{
	struct fl_report report = {.kind = "EPERM", .lock = lock, .site = site};
	struct fl_text *text = fl_report_begin(&report);

	if (!text)
		return EPERM;
	add_call(text, &report);
	fl_text_add(text, ": ");
	fl_text_number(text, n);
	fl_text_add(text, " ");
	fl_text_mode(text, lock, mode);
	fl_text_add(text, " of a thread that holds ");
	fl_text_number(text, fl_debug_knows(lock) ? fl_hold_count(lock, mode) : 0);
	fl_debug_add_holders(text, lock);
	fl_text_add(
		text,
		"\n    A hold is given back by the thread that has it, in the mode that "
		"it has.  Where holds move between threads, say so: "
		"fifolock_modes_owner_checked(&modes, false)");
	fl_report_end(&report);
	return EPERM;
}

int fl_debug_holds(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	if (!followed(lock))
		return 0;
	if ((fl_debug_knows(lock) && fl_hold_count(lock, mode) >= n) ||
	    fl_hold_lost(lock))
		return 0;
	return report_not_held(lock, mode, n, site);
}

int fl_debug_gives(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	if (!followed(lock))
		return 0;
	if ((fl_debug_knows(lock) && fl_hold_take(lock, mode, n)) || fl_hold_lost(lock))
		return 0;
	return report_not_held(lock, mode, n, site);
}

void fl_debug_asks_again(fifolock_t *lock, unsigned mode, const void *site)
{
	if (followed(lock))
		fl_order_asks(lock, mode, site);
}

/* ---- a thread that waits for itself ---- */

/* This thread's holds as a word, and one of them. */
static uint64_t own_word(const fifolock_t *lock, struct fl_hold *one)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	const struct fl_thread *self = fl_thread_seen();
	const struct fl_cell *cell = NULL;
	struct fl_hold hold;
	uint64_t state, word = 0;

	while (self && (cell = fl_hold_next(lock, cell, &hold, &state)))
		if (hold.owner == self->serial) {
			word += modes->rows[hold.mode].unit * fl_cell_count(state);
			*one = hold;
		}
	return word;
}

static int report_deadlock(const fifolock_t *lock, unsigned mode,
			   const struct fl_site *site, const struct fl_hold *held,
			   const char *because)
{
	struct fl_report report = {
		.kind = "EDEADLK", .lock = lock, .site = site, .other = held->at};
	struct fl_text *text = fl_report_begin(&report);

	if (!text)
		return EDEADLK;
	add_call(text, &report);
	fl_text_add(text, ": ");
	fl_text_mode(text, lock, mode);
	fl_text_add(text, " asked for by a thread that holds ");
	add_hold(text, held, 1);
	fl_text_add(text, ": ");
	fl_text_add(text, because);
	fl_text_add(text,
		    "\n    It would wait for ever.  The lock is not reentrant: give back "
		    "first, or fifolock_convert");
	fl_report_end(&report);
	return EDEADLK;
}

struct search {
	const fifolock_modes_t *modes;
	uint64_t own;
	bool found;
};

static bool waits_for_own(const struct fl_slot *slot, void *ctx)
{
	struct search *search = ctx;

	search->found = !(slot->how & FL_LEAVES) &&
			!fl_slot_fits(search->modes, slot, search->own);
	return !search->found;
}

/* Is a request in line, for good, that can never be granted while the holds in own
 * exist? */
static bool line_waits_for(fifolock_t *lock, uint64_t own)
{
	struct search search = {fl_modes_of(lock), own, false};
	struct fl_walk look = {.visit = waits_for_own, .ctx = &search};

	(void)fl_walk(lock, &look); /* what it could not see it does not accuse */
	return search.found;
}

static bool has_ended(const struct fl_hold *hold)
{
	return hold->born > fl_serial_forked() &&
	       syscall(SYS_tgkill, getpid(), (int)hold->tid, 0) != 0 && errno == ESRCH;
}

static void report_ended(const fifolock_t *lock, const struct fl_site *site,
			 const struct fl_hold *hold, uint32_t count)
{
	struct fl_report report = {.kind = "held by a thread that has ended",
				   .lock = lock,
				   .site = site,
				   .other = hold->at};
	struct fl_text *text = fl_report_begin(&report);

	if (!text)
		return;
	add_call(text, &report);
	fl_text_add(text, ": is about to wait for thread ");
	fl_text_number(text, hold->tid);
	fl_text_add(text, ", which has ended, and holds ");
	add_hold(text, hold, count);
	fl_report_end(&report);
}

/* Not only what fl_debug_thread_ends has seen: not every thread's end runs destructors.  A
 * thread that has a deadline is spared the system calls. */
static void look_for_ended(const fifolock_t *lock, const struct fl_site *site)
{
	const struct fl_cell *cell = NULL;
	struct fl_hold hold;
	int saved = errno;
	uint64_t state;

	for (unsigned n = 0; n < 4 && site->waits; n++) {
		cell = fl_hold_next(lock, cell, &hold, &state);
		if (!cell)
			break;
		if (has_ended(&hold))
			report_ended(lock, site, &hold, fl_cell_count(state));
	}
	errno = saved;
}

int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_want want = fl_want(&modes->rows[mode], mode, n);
	struct fl_hold held;
	uint64_t own;

	if (!followed(lock))
		return 0;
	meet(lock);
	look_for_ended(lock, site);
	/* What a predicate refuses now it may allow when others come or go. */
	if (modes->compatible)
		return 0;
	fl_order_asks(lock, mode, site);
	own = own_word(lock, &held);
	if (!own)
		return 0;
	if (!fl_bits_fit(want.bias, want.guard, own))
		return report_deadlock(lock, mode, site, &held,
				       "the two do not fit together");
	if (line_waits_for(lock, own))
		return report_deadlock(lock, mode, site, &held,
				       "a request in line before it waits for that hold");
	return 0;
}

/* What else this thread holds may be in the way of what it wants instead. */
int fl_debug_may_convert(fifolock_t *lock, unsigned from, unsigned to, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	const struct fifolock_row *row = &modes->rows[to];
	struct fl_hold held;
	uint64_t own;

	if (!followed(lock) || modes->compatible)
		return 0;
	fl_order_asks(lock, to, site);
	own = own_word(lock, &held);
	if (!fl_word_has(own, modes->rows[from].field, modes->rows[from].unit) ||
	    fl_bits_fit(row->bias, row->guard, own - modes->rows[from].unit))
		return 0;
	return report_deadlock(lock, to, site, &held,
			       "what it keeps besides does not fit beside it");
}

/* ---- the end of a thread ---- */

static void report_end(const struct fl_hold *hold, uint32_t count)
{
	const struct fl_site site = {(const char *)(uintptr_t)hold->call,
				     (const void *)(uintptr_t)hold->at, false};
	struct fl_report report = {.kind = "a thread ends that holds", .site = &site};
	struct fl_text *text = fl_report_begin(&report);

	if (!text)
		return;
	report.lock = (const fifolock_t *)(uintptr_t)hold->lock;
	fl_text_add(text, "lock "); /* which may be gone */
	fl_text_hex(text, hold->lock);
	fl_text_add(text, ": thread ");
	fl_text_number(text, hold->tid);
	fl_text_add(text, " holds ");
	add_hold(text, hold, count);
	fl_text_add(
		text,
		"\n    No thread can give that back: one that asks for the lock may wait "
		"for ever");
	fl_report_end(&report);
}

void fl_debug_thread_ends(const struct fl_thread *thread)
{
	struct fl_hold hold;
	uint32_t count;

	for (uint32_t i = 0; i < thread->top; i++)
		if (fl_hold_nth(thread, i, &hold, &count))
			report_end(&hold, count);
}
