/* SPDX-License-Identifier: MIT
 *
 * parks.c - park.h: sleeping and waking as steps.
 */
#include "core/park.h"
#include "core/turns.h"
#include "explore.h"

#include <errno.h>

static unsigned spin, yields;
static uint32_t processors = 1;

void parks_begin(unsigned how_often_spun, unsigned how_often_yielded)
{
	spin = how_often_spun;
	yields = how_often_yielded;
}

void parks_processors(unsigned how_many)
{
	processors = how_many;
}

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

/* ---- what is not a step ---- */

int fl_deadline_check(const struct fl_deadline *deadline)
{
	return deadline->at ? 0 : EINVAL;
}

bool fl_deadline_passed(const struct fl_deadline *deadline)
{
	(void)deadline;
	return false;
}

bool fl_deadline_astray(const struct fl_deadline *deadline)
{
	(void)deadline;
	return false;
}

uint32_t fl_spin_count(void)
{
	return spin;
}

uint32_t fl_yield_count(void)
{
	return yields;
}

/* Which thread runs when is the schedule's to say; what turns.c remembers of other executions is not. */
enum fl_my_turn fl_turn_of(const struct fl_waiter *self, uint32_t reached)
{
	(void)self;
	(void)reached;
	return FL_TURN_ALONE;
}

void fl_turn_yields(const struct fl_waiter *self)
{
	(void)self;
}

bool fl_turn_mend(const struct fl_waiter *self)
{
	(void)self;
	return false;
}

uint32_t fl_turns_since(struct fl_turns_seen *before, const fifolock_t *lock)
{
	(void)before;
	(void)lock;
	return 0;
}

void fl_turns_hide(void)
{
}

uint32_t fl_since_now(void)
{
	return 1;
}

uint64_t fl_now_coarse(void)
{
	return 1;
}

uint32_t fl_run_poll_yields(void)
{
	return 1;
}

void fl_relax(void)
{
}

bool fl_yield(void)
{
	ex_yield();
	return true;
}

void fl_nap(uint32_t ns)
{
	(void)ns;
	ex_nap();
}

uint32_t fl_processors(void)
{
	return processors;
}

void fl_processors_hide(void)
{
}

void fl_processors_look(void)
{
}

unsigned fl_processor(void)
{
	return 0;
}
