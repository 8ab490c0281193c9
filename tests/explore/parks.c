/* SPDX-License-Identifier: MIT
 *
 * parks.c - park.h: sleeping and waking as steps.
 */
#include "core/park.h"
#include "explore.h"

#include <errno.h>

/* What the kernel compares is the newest value, and neither call orders anything. */
int fl_park(const uint32_t *addr, uint32_t expected, const struct fl_deadline *deadline)
{
	static const struct ex_site parks = {"park", "", 0}, wakes = {"wake", "", 0};
	struct ex_event slept = {.outcome = "sleeps"}, woke = {.outcome = "woken"};
	enum ex_woke how;

	memory_step(&(struct ex_op){.kind = EX_PARK,
				    .at = (uintptr_t)addr,
				    .size = sizeof(*addr),
				    .expected = expected,
				    .site = &parks});
	slept.before = slept.after = *addr;
	if (*addr != expected)
		slept.outcome = "has changed";
	ex_done(&slept);
	if (slept.before != expected)
		return 0;
	memory_step(&(struct ex_op){.kind = EX_WAKE,
				    .at = (uintptr_t)addr,
				    .size = sizeof(*addr),
				    .site = &wakes,
				    .timed = deadline != NULL});
	how = ex_woken();
	woke.before = woke.after = *addr;
	if (how != EX_WOKEN)
		woke.outcome = how == EX_TIMED_OUT ? "time is up" : "for no reason";
	ex_done(&woke);
	return how == EX_TIMED_OUT ? ETIMEDOUT : 0;
}

void fl_unpark(const uint32_t *addr)
{
	static const struct ex_site unparks = {"unpark", "", 0};
	struct ex_event event = {.outcome = "nobody"};

	memory_step(&(struct ex_op){.kind = EX_UNPARK,
				    .at = (uintptr_t)addr,
				    .size = sizeof(*addr),
				    .site = &unparks});
	event.before = event.after = *addr;
	event.woke = ex_wake_one((uintptr_t)addr);
	if (event.woke != EX_THREADS)
		event.outcome = "wakes it";
	ex_done(&event);
}
