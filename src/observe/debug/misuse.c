/* SPDX-License-Identifier: MIT
 *
 * misuse.c - calls that could never have been right, for the debug build: what is wrong, and
 * what to do.
 */
#include "debug.h"
#include "core/queue.h"
#include "records.h"
#include "report.h"

#include <errno.h>
#include <stddef.h>

/* "0 exclusive, 1 shared" */
static void add_modes(struct fl_text *text, const fifolock_t *lock)
{
	for (unsigned m = 0; m < fl_modes_of(lock)->count; m++) {
		fl_text_add(text, m ? ", " : "");
		fl_text_number(text, m);
		if (fl_modes_of(lock)->names[m]) {
			fl_text_add(text, " ");
			fl_text_mode(text, lock, m);
		}
	}
}

static const char *table_name(const fifolock_t *lock)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	if (modes == &fl_default_modes)
		return "shared/exclusive, as of every lock of zero bytes";
	if (modes == &fifolock_mutex_modes)
		return "fifolock_mutex_modes";
	if (modes == &fifolock_update_modes)
		return "fifolock_update_modes";
	return modes == &fifolock_intent_modes ? "fifolock_intent_modes" : "its own";
}

/* A mode that the table lacks. */
static void add_no_mode(struct fl_text *text, const fifolock_t *lock, unsigned mode)
{
	const char *known = mode < fifolock_intent_modes.count
				    ? fifolock_intent_modes.names[mode]
				    : NULL;

	fl_text_add(text, ": there is no mode ");
	fl_text_number(text, mode);
	if (known) {
		fl_text_add(text, " (");
		fl_text_add(text, known);
		fl_text_add(text, " of the ready-made tables)");
	}
	fl_text_add(text, " in this lock's table, which is ");
	fl_text_add(text, table_name(lock));
	fl_text_add(text, ", and has ");
	add_modes(text, lock);
	if (!known)
		return;
	fl_text_add(text,
		    "\n    Give the lock a table that has it, before its first use: "
		    "fifolock_t lock = FIFOLOCK_INIT(&");
	fl_text_add(text, mode == FIFOLOCK_SHARED   ? "fifolock_shared_exclusive_modes"
			  : mode == FIFOLOCK_UPDATE ? "fifolock_update_modes"
						    : "fifolock_intent_modes");
	fl_text_add(text, "); or fifolock_init(&lock, ...)");
}

static void add_weight(struct fl_text *text, const fifolock_t *lock, unsigned mode,
		       uint32_t n)
{
	fl_text_add(text, ": a weight of ");
	fl_text_number(text, n);
	fl_text_add(text, " in mode ");
	fl_text_mode(text, lock, mode);
	fl_text_add(text, ", which may be from 1 to ");
	fl_text_number(text, fl_modes_of(lock)->capacity[mode]);
}

static void add_destroyed(struct fl_text *text)
{
	fl_text_add(text,
		    ": it has been destroyed, and not been initialised since"
		    "\n    Call fifolock_destroy when no thread can use the lock any "
		    "more, or fifolock_init before it is used again");
}

static void add_held(struct fl_text *text, const fifolock_t *lock, unsigned mode)
{
	fl_text_add(text, ": ");
	fl_text_mode(text, lock, mode);
	fl_text_add(text, " given, of which there are ");
	fl_text_number(text, fifolock_holds(lock, mode));
	fl_text_add(text, " holds by any thread");
}

static void add_in_use(struct fl_text *text, const fifolock_t *lock)
{
	const char *before = ": destroyed while it is in use: ";

	for (unsigned m = 0; m < fl_modes_of(lock)->count; m++) {
		uint32_t n = fifolock_holds(lock, m);

		if (!n)
			continue;
		fl_text_add(text, before);
		fl_text_number(text, n);
		fl_text_add(text, " ");
		fl_text_mode(text, lock, m);
		before = ", ";
	}
	fl_text_add(text, before);
	fl_text_number(text, fl_line_length(lock));
	fl_text_add(text, " in line");
	fl_debug_add_holders(text, lock);
}

static const char *kind_of(int error)
{
	switch (error) {
	case ERANGE:
		return "ERANGE";
	case EPERM:
		return "EPERM";
	case EBUSY:
		return "EBUSY";
	default:
		return "EINVAL";
	}
}

static void explain(struct fl_text *text, const fifolock_t *lock, unsigned mode,
		    uint32_t n, int error)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	if (modes == &fl_no_modes)
		add_destroyed(text);
	else if (error == EBUSY)
		add_in_use(text, lock);
	else if (mode >= modes->count)
		add_no_mode(text, lock, mode);
	else if (error == ERANGE)
		add_weight(text, lock, mode, n);
	else if (error == EPERM)
		add_held(text, lock, mode);
	else
		fl_text_add(text,
			    ": an argument that cannot be right: a pointer that is NULL, "
			    "a deadline whose tv_nsec is not 0 to 999999999, or a clock "
			    "other than CLOCK_MONOTONIC and CLOCK_REALTIME");
}

/* A thread that gives what it has not, where that is followed: debug.c has said so. */
static bool is_said(const fifolock_t *lock, unsigned mode, int error)
{
	const fifolock_modes_t *modes = lock ? fl_modes_of(lock) : NULL;

	return error == EPERM && (modes->flags & FL_MODES_OWNER_CHECKED) &&
	       mode < modes->count && !fl_hold_lost(lock);
}

void fl_debug_wrong(const fifolock_t *lock, unsigned mode, uint32_t n, int error,
		    const void *at)
{
	struct fl_report report = {.kind = kind_of(error), .lock = lock, .site = at};
	struct fl_text *text;

	if (is_said(lock, mode, error) || !(text = fl_report_begin(&report)))
		return;
	fl_text_here(text, report.site);
	if (lock) {
		fl_text_lock(text, lock);
		explain(text, lock, mode, n, error);
	} else {
		fl_text_add(text, "the lock is NULL");
	}
	fl_report_end(&report);
}
