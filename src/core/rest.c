/* SPDX-License-Identifier: MIT
 *
 * rest.c - see rest.h.
 */
#include "rest.h"

/* It rests by stretches of so many yields ... */
#define STRETCH_MOST 1024

static uint32_t stretch(void)
{
	uint32_t yields = fl_run_poll_yields();

	return yields < STRETCH_MOST ? yields : STRETCH_MOST;
}

/* ... up to so many; and so many milliseconds for each at the most: a thread that does not wait may have the
 * processor for some at each yield. */
#define LONGEST 8
#define BLIND	4

static bool may_go_on(const struct fl_rest *rest)
{
	return rest->stretches < LONGEST &&
	       fl_since_now() - rest->began <= BLIND * (rest->stretches + 1);
}

/* Since the last stretch so many yields were of threads that wait for a grant. */
static bool is_crowded(struct fl_rest *rest, uint32_t yields)
{
	return fl_turns_since(&rest->seen, rest->lock) >= yields;
}

static uint32_t many(void)
{
	return (stretch() + 1) / 2;
}

/* False: it must not yield. */
static bool go_on(struct fl_rest *rest)
{
	rest->stretches++;
	for (uint32_t left = stretch(); left; left--)
		if (!fl_yield())
			return false;
	return true;
}

static void begin_again(struct fl_rest *rest)
{
	rest->began = fl_since_now();
	rest->stretches = 0;
}

struct fl_rest fl_rest_begin(const fifolock_t *lock)
{
	struct fl_rest rest = {.lock = lock};

	(void)fl_turns_since(&rest.seen, lock);
	begin_again(&rest);
	return rest;
}

void fl_rest_until_told(struct fl_rest *rest, const struct fl_slot *slot, uint32_t yields)
{
	for (uint32_t left = yields / stretch(); left; left--) {
		if (!go_on(rest))
			return;
		if (is_crowded(rest, many()) && may_go_on(rest))
			continue;
		if (fl_outcome(slot))
			return;
		begin_again(rest);
	}
}

void fl_rest_once_told(struct fl_rest *rest)
{
	begin_again(rest);
	for (uint32_t some = 1; is_crowded(rest, some) && may_go_on(rest); some = many())
		if (!go_on(rest))
			return;
}
