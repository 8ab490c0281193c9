/* SPDX-License-Identifier: MIT
 *
 * run.c - sections run in turn, by whoever holds the mode: delegation in ticket
 * order. Layer 4.
 *
 * The idea is that of flat combining (Hendler, Incze, Shavit, Tzafrir, "Flat
 * Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010) and of
 * CC-Synch (Fatourou, Kallimanis, "Revisiting the Combining Synchronization
 * Technique", PPoPP 2012): moving a hold from one processor to another takes longer
 * than a short section, so one thread runs the sections of all who wait. Here they
 * wait in the lock's own line, so plain lockers and callbacks keep their turns
 * between them.
 *
 * A scan by a thread that is in fifolock_run itself takes, besides whom it grants,
 * sections from the head in a row and one hold for them all (struct fl_group). The
 * thread runs them after the commit, gives the hold back, and only then tells their
 * owners: who is told may be the last to use the lock, and free it (G5). Any other
 * scan grants the head to its owner, who wakes up and runs its own section. So
 * unlock stays short, and safe in signal handlers.
 */
#include "calls.h"
#include "debug.h"
#include "fast.h"
#include "stats.h"

#include <fifolock/request.h>
#include <stddef.h>

/* How many sections of others one call runs, how many of them under one hold, and for how
 * many ticks of the coarse clock. */
#define SERVES_MOST 256
#define GROUP_MOST  16
#define TICKS_MOST  2

struct service {
	fifolock_t *lock;
	struct fl_group group; /* to run, its mode held */
	struct fl_group ran;   /* to be told, after the release */
	uint32_t left;
	uint32_t ticks;
	uint64_t now;
};

static struct fl_slot *next_of(const struct fl_slot *slot)
{
	return fl_slot_at(slot->newer);
}

static void run_group(const fifolock_modes_t *modes, const struct fl_group *group)
{
	struct fl_slot *slot = group->oldest;

	for (uint32_t left = group->count; left; left--) {
		if (fl_counted(modes))
			fl_stats_asked(modes, slot->mode, 1, 0, 0);
		slot->call(slot->ctx);
		if (fl_counted(modes))
			fl_stats_gives(modes, slot->mode, 1);
		slot = left > 1 ? next_of(slot) : NULL;
	}
}

static void tell_group(const struct fl_group *group)
{
	struct fl_slot *slot = group->oldest;

	for (uint32_t left = group->count; left; left--) {
		struct fl_slot *newer = left > 1 ? next_of(slot) : NULL;

		fl_tell(slot, FL_RAN);
		slot = newer;
	}
}

/* How many sections the next scan may take for this thread. */
static uint32_t allowance(struct service *service)
{
	uint64_t now = fl_now_coarse();

	service->ticks += now != service->now;
	service->now = now;
	if (service->ticks >= TICKS_MOST)
		return 0;
	return service->left < GROUP_MOST ? service->left : GROUP_MOST;
}

/* Run what this thread has been given to run, and what its releases bring. */
static void serve(struct service *service)
{
	struct fl_group *group = &service->group;

	while (group->count) {
		uint64_t field = group->field, unit = group->unit;

		run_group(fl_modes_of(service->lock), group);
		service->ran = *group;
		service->left -=
			group->count < service->left ? group->count : service->left;
		group->most = allowance(service);
		group->count = 0;
		fl_release_to(service->lock, field, unit, group);
		tell_group(&service->ran);
	}
}

/* Give the hold back and run the sections that are next. */
FL_NOT_INLINE static void release_and_serve(fifolock_t *lock, uint64_t field,
					    uint64_t units)
{
	struct service service = {
		.lock = lock, .left = SERVES_MOST, .now = fl_now_coarse()};

	service.group.most = GROUP_MOST;
	fl_calls_hold();
	fl_release_to(lock, field, units, &service.group);
	serve(&service);
	fl_calls_let();
}

/* With the mode held: the section, and the hold given back. */
static void run_own(fifolock_t *lock, const fifolock_modes_t *modes, unsigned mode,
		    void (*section)(void *arg), void *arg, const void *site)
{
	const struct fifolock_row *row = &modes->rows[mode];

	fl_debug_took(lock, mode, 1, site);
	section(arg);
	(void)fl_debug_gives(lock, mode, 1, site);
	if (fl_counted(modes))
		fl_stats_gives(modes, mode, 1);
	if (!fl_give_at_once(lock, row->field, row->unit))
		release_and_serve(lock, row->field, row->unit);
}

/* Join, and run what the joining has brought: sections of others, or one's own. */
static int join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want)
{
	struct service service = {
		.lock = lock, .left = SERVES_MOST, .now = fl_now_coarse()};
	int error;

	service.group.most = GROUP_MOST;
	fl_calls_hold();
	error = fl_join_to_run(lock, slot, want, &service.group);
	if (!error)
		serve(&service);
	fl_calls_let();
	return error;
}

FL_NOT_INLINE static int run_in_line(fifolock_t *lock, const struct fl_want *want,
				     void (*section)(void *arg), void *arg,
				     const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t since = fl_stats_now(modes);
	struct fl_slot *slot;
	int error;

	if (fl_closed(lock))
		return ECANCELED;
	error = fl_debug_may_wait(lock, want->mode, 1, site);
	if (error)
		return error;
	slot = fl_slot_for_wait();
	if (!slot)
		return ENOMEM;
	slot->call = section;
	slot->ctx = arg;
	error = join(lock, slot, want);
	if (!error)
		error = fl_await_section(slot);
	if (!error && (fl_told(slot) & FL_GRANTED)) {
		if (fl_counted(modes))
			fl_stats_asked(modes, want->mode, 1, 0, since);
		fl_slot_waited(slot);
		run_own(lock, modes, want->mode, section, arg, site);
		return 0;
	}
	fl_slot_waited(slot);
	return error;
}

int fifolock_run(fifolock_t *lock, unsigned mode, void (*section)(void *arg), void *arg)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = fl_check(modes, mode, 1);
	struct fl_want want;

	if (fl_unlikely(error) && (error = fl_check_any(modes, mode, 1)))
		return error;
	want = fl_want(&modes->rows[mode], mode, 1);
	if (!(fl_likely(fl_take_at_once(lock, modes, mode, 1)) || fl_take(lock, &want)))
		return run_in_line(lock, &want, section, arg, FL_SITE);
	if (fl_counted(modes))
		fl_stats_asked(modes, mode, 1, 0, 0);
	run_own(lock, modes, mode, section, arg, FL_SITE);
	return 0;
}

/* Held: the section, the hold given back. */
static void run_later(fifolock_section_t *later)
{
	later->section(later->arg);
	(void)fifolock_unlock(later->request.lock, later->request.mode);
}

static void granted(void *ctx, int status)
{
	fifolock_section_t *later = ctx;
	void (*done)(void *ctx, int status) = later->done;
	void *done_ctx = later->ctx;

	if (status == 0)
		run_later(later);
	if (done)
		done(done_ctx, status);
}

int fifolock_run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		       void (*section)(void *arg), void *arg,
		       void (*done)(void *ctx, int status), void *ctx)
{
	int error;

	if (!later || !section)
		return EINVAL;
	later->section = section;
	later->arg = arg;
	later->done = done;
	later->ctx = ctx;
	error = fifolock_request(lock, mode, 1, &later->request, granted, later);
	if (error == 0)
		run_later(later);
	return error;
}
