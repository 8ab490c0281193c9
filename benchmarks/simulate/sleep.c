/* SPDX-License-Identifier: MIT
 *
 * sleep.c - threads that sleep, and yields.  See machine.h.
 */
#include "machine.h"

#include <stdlib.h>

/* Those that sleep, in the order of falling asleep. */
static struct sleeper {
	struct thread *thread;
	uintptr_t at;
	uint64_t until;
	bool *woken;
} sleepers[THREADS];
static unsigned count;

static void sleeper_off(unsigned which)
{
	count--;
	for (unsigned i = which; i < count; i++)
		sleepers[i] = sleepers[i + 1];
}

bool park(const void *at, uint64_t until)
{
	bool woken = false;

	if (count == THREADS)
		abort();
	sleepers[count++] = (struct sleeper){me(), (uintptr_t)at, until, &woken};
	if (until != UINT64_MAX)
		timer_within();
	path_waits();
	leave_processor();
	return woken;
}

static void wake(unsigned which, uint64_t when)
{
	struct thread *thread = sleepers[which].thread;

	*sleepers[which].woken = true;
	sleeper_off(which);
	path_wakes(thread);
	thread_ready(thread, when);
}

unsigned unpark(const void *at, unsigned most)
{
	unsigned woken = 0;

	for (unsigned i = 0; i < count && woken < most;) {
		if (sleepers[i].at != (uintptr_t)at) {
			i++;
			continue;
		}
		wake(i, now());
		spend(prices.wake);
		woken++;
	}
	return woken;
}

void yield(void)
{
	path_waits();
	spend(prices.yield);
	if (others_here())
		go_behind();
	else
		my_turn();
}

uint64_t timers_next(void)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < count; i++)
		if (sleepers[i].until < next)
			next = sleepers[i].until;
	return next;
}

void timers_fire(uint64_t when)
{
	for (unsigned i = 0; i < count;) {
		struct thread *thread = sleepers[i].thread;

		if (sleepers[i].until > when) {
			i++;
			continue;
		}
		sleeper_off(i);
		thread_ready(thread, when);
	}
}
