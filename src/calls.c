/* SPDX-License-Identifier: MIT
 *
 * calls.c - see calls.h.  All of it belongs to one thread and the handlers that
 * interrupt it.
 *
 * inbox is a stack of slots that both push on, by compare-and-swap; held is written
 * by a handler only between two instructions of the thread, and is then what it was.
 * The queue is touched by whoever has made held non-zero: a handler that finds it so
 * leaves it alone.
 *
 *	relaxed   because
 *	[MINE]    One thread: program order is all there is to keep.  Atomic, because a
 *	          handler may come between.
 */
#include "calls.h"
#include "atomic.h"
#include "thread.h"

#include <errno.h>
#include <stddef.h>

FL_MY uint32_t inbox;	       /* newest first, linked by newer */
FL_MY uint32_t first, last;    /* the queue, oldest first, linked by newer */
FL_MY unsigned held;	       /* how many have said fl_calls_hold */
FL_MY struct fl_slot *expects; /* its grant is not to be called back */
FL_MY bool expected;

/* The slot may have been told, freed and taken by another thread's request since: then it
 * says that other thread's name. */
static bool is_expected(const struct fl_slot *slot)
{
	return slot == fl_load_relaxed(&expects) && /* [MINE] */
	       fl_slot_note(slot) == (uintptr_t)&expects;
}

void fl_call_later(struct fl_slot *slot)
{
	uint32_t top = fl_load_relaxed(&inbox); /* [MINE] */

	if (is_expected(slot)) {
		fl_store_relaxed(&expected, true); /* [MINE] */
		return;
	}
	do {
		slot->newer = top;
		/* [MINE] */
	} while (!fl_cas_relaxed(&inbox, &top, slot->id));
}

/* All that is in the inbox, oldest first, and its newest. */
static uint32_t take_inbox(uint32_t *newest)
{
	uint32_t id = fl_load_relaxed(&inbox); /* [MINE] */
	uint32_t oldest = 0;

	/* [MINE] */
	while (!fl_cas_relaxed(&inbox, &id, 0))
		;
	*newest = id;
	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = slot->newer;
		slot->newer = oldest;
		oldest = slot->id;
	}
	return oldest;
}

/* The inbox to the end of the queue. */
static void sort(void)
{
	uint32_t newest, oldest = take_inbox(&newest);

	if (!oldest)
		return;
	if (fl_load_relaxed(&first))				    /* [MINE] */
		fl_slot_at(fl_load_relaxed(&last))->newer = oldest; /* [MINE] */
	else
		fl_store_relaxed(&first, oldest); /* [MINE] */
	fl_store_relaxed(&last, newest);	  /* [MINE] */
}

static bool any_due(void)
{
	return fl_load_relaxed(&inbox) || fl_load_relaxed(&first); /* [MINE] */
}

/* With held made non-zero: the queue is this caller's. */
static void run_due(void)
{
	int saved = errno;

	while (any_due()) {
		struct fl_slot *slot;

		sort();
		slot = fl_slot_at(fl_load_relaxed(&first)); /* [MINE] */
		fl_store_relaxed(&first, slot->newer);	    /* [MINE] */
		slot->call(slot);
	}
	errno = saved;
}

static void set_held(unsigned n)
{
	fl_handler_fence();
	fl_store_relaxed(&held, n); /* [MINE] */
	fl_handler_fence();
}

void fl_calls_run(void)
{
	while (!fl_load_relaxed(&held) && any_due()) { /* [MINE] */
		set_held(1);
		run_due();
		set_held(0);
	}
}

void fl_calls_hold(void)
{
	set_held(fl_load_relaxed(&held) + 1); /* [MINE] */
}

void fl_calls_let(void)
{
	set_held(fl_load_relaxed(&held) - 1); /* [MINE] */
	fl_calls_run();
}

unsigned fl_calls_wait(void)
{
	unsigned before = fl_calls_set(0);

	fl_calls_run();
	return before;
}

void fl_calls_waited(unsigned before)
{
	set_held(before);
	fl_calls_run();
}

unsigned fl_calls_held(void)
{
	return fl_load_relaxed(&held); /* [MINE] */
}

unsigned fl_calls_set(unsigned n)
{
	unsigned before = fl_calls_held();

	set_held(n);
	return before;
}

void fl_calls_expect(struct fl_slot *slot)
{
	fl_slot_set_note(slot, (uintptr_t)&expects);
	fl_store_relaxed(&expected, false); /* [MINE] */
	fl_store_relaxed(&expects, slot);   /* [MINE] */
}

bool fl_calls_expected(void)
{
	fl_store_relaxed(&expects, (struct fl_slot *)NULL); /* [MINE] */
	fl_handler_fence();
	return fl_load_relaxed(&expected); /* [MINE] */
}
