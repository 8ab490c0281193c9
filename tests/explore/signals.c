/* SPDX-License-Identifier: MIT
 *
 * signals.c - a handler that runs in one thread, in each of its windows in turn.
 */
#include "inside.h"

static struct {
	unsigned thread, window, points;
	bool (*ready)(void);
	void (*handler)(void);
	bool now; /* it comes while the thread sleeps */
	bool ran;
	bool ever; /* in its window, in any execution */
} handling;

void ex_signal(unsigned thread, unsigned window, bool (*ready)(void),
	       void (*handler)(void))
{
	handling.thread = thread;
	handling.window = window;
	handling.ready = ready;
	handling.handler = handler;
	handling.ever = false;
}

bool ex_signal_ran(void)
{
	return handling.ever;
}

bool signal_pending(unsigned thread)
{
	return handling.handler && thread == handling.thread && !handling.ran &&
	       handling.ready();
}

bool signal_due(unsigned thread)
{
	return signal_pending(thread) &&
	       (handling.points++ == handling.window || handling.now);
}

void signal_comes(void)
{
	handling.ran = true;
	handling.ever |= handling.points > handling.window && !handling.now;
	handling.handler();
}

/* Nothing else wakes the thread. */
void signal_wakes(void)
{
	handling.now = true;
}

void signals_begin(void)
{
	handling.ran = handling.now = false;
	handling.points = 0;
}
