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
#include "account.h"
#include "calls.h"
#include "fast.h"

#include <fifolock/request.h>
#include <stddef.h>

/* How many sections of others one call runs, how many of them under one hold at
 * most, and for how long by the coarse clock it goes on taking more. */
#define SERVES_MOST 256
#define GROUP_MOST  16
#define SERVES_NS   2000000

/* What one call of fifolock_run does for others. */
struct service {
	fifolock_t *lock;
	struct fl_group group; /* to run, its mode held */
	struct fl_group ran;   /* to be told, after the release */
	uint32_t left;
	unsigned held; /* callbacks, as the caller found it */
	uint64_t began;
};

static struct service service_on(fifolock_t *lock)
{
	return (struct service){.lock = lock,
				.group.most = 1,
				.left = SERVES_MOST,
				.held = fl_calls_held()};
}

static struct fl_slot *next_of(const struct fl_slot *slot)
{
	return fl_slot_at(slot->newer);
}

static void run_group(const struct service *service)
{
	const struct fl_slot *slot = service->group.oldest;
	unsigned held = fl_calls_set(service->held);
	int saved = errno;
	uint64_t gave;

	for (uint32_t left = service->group.count; left; left--) {
		const void *site =
			FL_SITE_CALLBACK("a section of fifolock_run", slot->call);

		fl_account_receives(slot);
		fl_account_served(service->lock, slot, site);
		slot->call(slot->ctx);
		(void)fl_account_gives(service->lock, slot->mode, 1, &gave, site);
		fl_account_sends(slot);
		slot = left > 1 ? next_of(slot) : NULL;
	}
	errno = saved;
	fl_calls_set(held);
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

/* How many sections the next scan may take: first one, as it may be long, then more. */
static uint32_t allowance(struct service *service)
{
	uint32_t most = 2 * service->ran.count;

	if (fl_now_coarse() - service->began >= SERVES_NS)
		return 0;
	most = most < GROUP_MOST ? most : GROUP_MOST;
	return service->left < most ? service->left : most;
}

/* Run what this thread has been given to run, and what its releases bring. */
static void serve(struct service *service)
{
	struct fl_group *group = &service->group;

	if (group->count && !service->began)
		service->began = fl_now_coarse();
	while (group->count) {
		run_group(service);
		service->ran = *group;
		service->left -= group->count;
		group->most = allowance(service);
		group->count = 0;
		fl_release_to(service->lock, service->ran.field, service->ran.unit,
			      group);
		tell_group(&service->ran);
	}
}

/* Give one's own hold back and run the sections that are next. */
static void release_and_serve(struct service *service, const struct fifolock_row *row)
{
	fl_calls_hold();
	fl_release_to(service->lock, row->field, row->unit, &service->group);
	serve(service);
	fl_calls_let();
}

/* Granted: the section, and the hold given back if nobody is in line. */
static bool run_own(fifolock_t *lock, const fifolock_modes_t *modes, unsigned mode,
		    bool in_line, void (*section)(void *arg), void *arg, const void *site)
{
	const struct fifolock_row *row = &modes->rows[mode];
	uint64_t gave;

	fl_account_took(lock, mode, 1, in_line, true, site);
	section(arg);
	(void)fl_account_gives(lock, mode, 1, &gave, site);
	return fl_give_at_once(lock, row->field, row->unit);
}

/* Who may be run by another looks at its slot now and then only.  Who is certain to be
 * granted, because others go beside it, is waited for. */
static int await_turn(const fifolock_t *lock, struct fl_slot *slot, bool alone)
{
	return alone ? fl_await_section(slot) : fl_await(lock, slot, NULL);
}

/* Join, run what the joining has brought (sections of others, or one's own), and
 * wait: what the slot was told. */
static int join_and_wait(struct service *service, struct fl_slot *slot,
			 const struct fl_want *want)
{
	/* Afterwards the lock may be gone. */
	bool alone = fl_modes_of(service->lock)->flags & FL_MODES_ALONE(want->mode);
	struct fl_calls_wait wait;
	int error;

	fl_calls_wait(&wait, service->lock);
	fl_account_sends(slot);
	fl_calls_hold();
	error = fl_join_to_run(service->lock, slot, want, &service->group);
	if (!error)
		serve(service);
	fl_calls_let();
	if (!error)
		error = await_turn(service->lock, slot, alone);
	fl_calls_waited(&wait);
	return error;
}

static int run_with_slot(fifolock_t *lock, struct fl_slot *slot,
			 const struct fl_want *want, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct service service = service_on(lock);
	void (*section)(void *arg) = slot->call;
	void *arg = slot->ctx;
	int error;
	bool granted;

	error = join_and_wait(&service, slot, want);
	granted = !error && (fl_told(slot) & FL_GRANTED);
	fl_account_receives(slot);
	fl_slot_waited(slot);
	if (!granted) /* nothing but the answer: the lock may be gone */
		return error;
	if (!run_own(lock, modes, want->mode, true, section, arg, site))
		release_and_serve(&service, &modes->rows[want->mode]);
	return 0;
}

FL_NOT_INLINE static void release_slow(fifolock_t *lock, const struct fifolock_row *row)
{
	struct service service = service_on(lock);

	release_and_serve(&service, row);
}

/* A slot to get in line with, unless there is a reason not to. */
static int run_slot(fifolock_t *lock, const struct fl_want *want, struct fl_slot **slot,
		    const void *site)
{
	int error = fl_closed(lock) ? ECANCELED : 0;

	if (!error)
		error = fl_account_may_wait(lock, want->mode, 1, site);
	return error ? error : fl_slot_to_wait(lock, NULL, slot);
}

static int run_in_line(fifolock_t *lock, struct fl_want *want, void (*section)(void *arg),
		       void *arg, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_slot *slot;
	int error = run_slot(lock, want, &slot, site);

	if (error) {
		fl_account_refused(lock, modes, want->mode, error);
		return error;
	}
	slot->call = section;
	slot->ctx = arg;
	want->since = fl_account_asks(lock, want->mode, true);
	error = run_with_slot(lock, slot, want, site);
	if (error)
		fl_account_waited(lock, modes, want->mode, error);
	return error;
}

FL_NOT_INLINE static int run_slow(fifolock_t *lock, unsigned mode,
				  void (*section)(void *arg), void *arg, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = section ? fl_check_any(modes, mode, 1) : EINVAL;
	struct fl_want want;

	if (error)
		return error;
	want = fl_want(&modes->rows[mode], mode, 1);
	if (!fl_take(lock, &want))
		return run_in_line(lock, &want, section, arg, site);
	if (!run_own(lock, modes, mode, false, section, arg, site))
		release_slow(lock, &modes->rows[mode]);
	return 0;
}

int fifolock_run(fifolock_t *lock, unsigned mode, void (*section)(void *arg), void *arg)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	const struct fifolock_row *row;
	uint64_t seen;

	if (fl_unlikely(!section) || fl_unlikely(fl_check(modes, mode, 1)) ||
	    fl_unlikely(!fl_take_free(lock, modes, mode, 1, &seen)))
		return fl_account_answer(lock, mode, 1,
					 run_slow(lock, mode, section, arg, FL_SITE),
					 FL_SITE);
	fl_account_took_at_once(lock, mode, 1, FL_SITE);
	section(arg);
	(void)fl_account_gives_at_once(lock, mode, 1, FL_SITE);
	row = &modes->rows[mode];
	if (!fl_give_at_once(lock, row->field, row->unit))
		release_slow(lock, row);
	return 0;
}

/* Held: the section, the hold given back. Without done the section is the last that later
 * is there for. */
static void run_later(const fifolock_section_t *later)
{
	fifolock_t *lock = later->request.lock;
	unsigned mode = later->request.mode;
	void (*section)(void *arg) = later->section;

	section(later->arg);
	(void)fl_unlock(
		lock, mode,
		FL_SITE_CALLBACK("the end of a section of fifolock_run_async", section));
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

const void *fl_callback_of(const fifolock_request_t *request)
{
	const fifolock_section_t *later = request->ctx;

	return (const void *)(request->granted == granted ? (uintptr_t)later->section
							  : (uintptr_t)request->granted);
}

static int run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		     void (*section)(void *arg), void *arg, const void *site)
{
	int error;

	if (!later || !section)
		return EINVAL;
	later->section = section;
	later->arg = arg;
	error = fl_request(lock, mode, 1, &later->request, granted, later, site);
	if (error == 0)
		run_later(later);
	return error;
}

int fifolock_run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		       void (*section)(void *arg), void *arg,
		       void (*done)(void *ctx, int status), void *ctx)
{
	if (later) {
		later->done = done;
		later->ctx = ctx;
	}
	return fl_account_answer(
		lock, mode, 1, run_async(lock, mode, later, section, arg, FL_SITE_BRIEF),
		FL_SITE_BRIEF);
}
