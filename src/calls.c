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

#define MY static _Thread_local __attribute__((tls_model("initial-exec")))

MY uint32_t inbox;	    /* newest first, linked by newer */
MY uint32_t first, last;    /* the queue, oldest first, linked by newer */
MY unsigned held;	    /* how many have said fl_calls_hold */
MY struct fl_slot *expects; /* its grant is not to be called back */
MY bool expected;

void fl_call_later(struct fl_slot *slot)
{
	uint32_t top = fl_load_relaxed(&inbox); /* [MINE] */

	if (slot == expects) {
		expected = true;
		return;
	}
	do {
		slot->newer = top;
		/* [MINE] */
	} while (!fl_cas_relaxed(&inbox, &top, slot->id));
}

/* The inbox, oldest first, to the end of the queue. */
static void sort(void)
{
	uint32_t id = fl_load_relaxed(&inbox); /* [MINE] */
	uint32_t oldest = 0, newest;

	/* [MINE] */
	while (!fl_cas_relaxed(&inbox, &id, 0))
		;
	newest = id;
	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = slot->newer;
		slot->newer = oldest;
		oldest = slot->id;
	}
	if (!oldest)
		return;
	if (first)
		fl_slot_at(last)->newer = oldest;
	else
		first = oldest;
	last = newest;
}

static bool any_due(void)
{
	return fl_load_relaxed(&inbox) || first; /* [MINE] */
}

/* With held made non-zero: the queue is this caller's. */
static void run_due(void)
{
	while (any_due()) {
		struct fl_slot *slot;

		sort();
		slot = fl_slot_at(first);
		first = slot->newer;
		slot->call(slot);
	}
}

void fl_calls_run(void)
{
	while (any_due() && !fl_load_relaxed(&held)) { /* [MINE] */
		fl_store_relaxed(&held, 1);	       /* [MINE] */
		run_due();
		fl_store_relaxed(&held, 0); /* [MINE] */
	}
}

void fl_calls_hold(void)
{
	fl_store_relaxed(&held, held + 1); /* [MINE] */
}

void fl_calls_let(void)
{
	fl_store_relaxed(&held, held - 1); /* [MINE] */
	fl_calls_run();
}

unsigned fl_calls_wait(void)
{
	unsigned before = held;

	fl_store_relaxed(&held, 0); /* [MINE] */
	fl_calls_run();
	return before;
}

void fl_calls_waited(unsigned before)
{
	fl_store_relaxed(&held, before); /* [MINE] */
}

void fl_calls_expect(struct fl_slot *slot)
{
	expects = slot;
	expected = false;
}

bool fl_calls_expected(void)
{
	expects = NULL;
	return expected;
}
