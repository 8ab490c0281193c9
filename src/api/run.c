/* SPDX-License-Identifier: MIT
 *
 * run.c - sections run in turn, by the thread that holds the mode: delegation in ticket
 * order.
 *
 * The idea is that of flat combining (Hendler, Incze, Shavit, Tzafrir, "Flat
 * Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010) and of
 * CC-Synch (Fatourou, Kallimanis, "Revisiting the Combining Synchronization
 * Technique", PPoPP 2012): moving a hold from one processor to another takes longer
 * than a short section, so one thread runs the sections of all that wait. Here they
 * wait in the lock's own line, so plain lockers and callbacks keep their turns
 * between them.
 *
 * A scan by a thread that is in fifolock_run itself takes, where the section of another is next,
 * the hold for it, and keeps the scanner's role with that hold (role.h), in a slot of its own.
 * The thread runs the section, and the next one and the next, as long as the line has them in
 * a row: from slot to slot, without a touch of the lock's line, and without waiting for any line
 * that others look at: an owner is told by a store, which is on its way while the next section
 * runs.  An owner is told when the section behind its own is about to be run; the last one after
 * the hold has been given back: the owner that is told may be the last to use the lock, and free
 * it (G5), but not while another waits for its section. Any other scan grants the head to its
 * owner, which wakes up and runs its own section. So unlock stays short, and safe in signal
 * handlers.
 */
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "core/pass.h"
#include "core/role.h"
#include "core/wait.h"

#include <fifolock/request.h>
#include <stddef.h>

/* How many sections of others one call runs, and for how long by the coarse clock. */
#define SERVES_MOST 256
#define SERVES_NS   2000000

/* What one call of fifolock_run does for others. */
struct service {
	fifolock_t *lock;
	struct fl_service on;
	struct fl_slot *told; /* by a store: perhaps it sleeps */
	uint32_t left;
	bool booked;   /* a listener is to hear of what is run */
	unsigned held; /* callbacks, as the caller found it */
	uint64_t began;
};

static struct service service_on(fifolock_t *lock)
{
	return (struct service){.lock = lock,
				.left = SERVES_MOST,
				.booked = FL_HOOKED || fl_booked(fl_modes_of(lock)),
				.held = fl_callbacks_deferred()};
}

static void run_booked(const struct service *service, const struct fl_slot *slot)
{
	const void *site = FL_SITE_CALLBACK("a section of fifolock_run", slot->call);
	uint64_t gave;

	fl_account_receives(slot);
	fl_account_served(service->lock, slot, site);
	slot->call(slot->ctx);
	(void)fl_account_gives(service->lock, slot->mode, 1, &gave, site);
	fl_account_sends(slot);
}

/* The slot is in line, and its owner waits to be told: nothing of it changes meanwhile.  Where
 * no listener is to hear of it, nothing of the lock is looked at. */
static void run_section(const struct service *service, const struct fl_slot *slot)
{
	unsigned held = fl_callbacks_set_deferred(service->held);
	int saved = errno;

	if (fl_unlikely(service->booked))
		run_booked(service, slot);
	else
		service->on.call(service->on.ctx);
	errno = saved;
	fl_callbacks_set_deferred(held);
}

/* Enough for one call? */
static bool is_over(const struct service *service)
{
	return service->left == 0 || fl_now_coarse() - service->began >= SERVES_NS;
}

/* How far the line has come, for the threads that wait: not each time, as the line on which it
 * stands has to come for that. */
static void publish(const struct service *service, const struct fl_slot *slot)
{
	if (service->left % 4 == 0)
		fl_role_publish(service->lock, slot->ticket, service->on.server->id);
}

/* By now what was told is seen by a thread that looks before falling asleep.  Are there any that
 * have not looked, or have looked before?  Then one of them may be the one that was told. */
static bool has_sleepers(struct service *service)
{
	bool sleepers = fl_role_sleepers(service->lock);

	if (sleepers && service->told)
		fl_unpark(&service->told->word);
	service->told = NULL;
	return sleepers;
}

/* The section behind it is next.  As mostly no owner sleeps, and the next one's end is soon
 * enough to look again, its line is not waited for. */
static void tell(struct service *service, struct fl_slot *slot, bool sleepers)
{
	if (sleepers) {
		fl_serve_complete(slot);
		return;
	}
	fl_serve_complete_awake(slot);
	service->told = slot;
}

/* Run the section of the first, and what comes behind it: the last, which is not told. */
static struct fl_slot *serve_row(struct service *service)
{
	struct fl_slot *slot = service->on.first, *next;

	fl_serve_ahead(&service->on, slot);
	for (;;) {
		bool sleepers;

		run_section(service, slot);
		service->left--;
		sleepers = has_sleepers(service);
		next = is_over(service)
			       ? NULL
			       : fl_serve_next(service->lock, &service->on, slot);
		if (!next)
			return slot;
		tell(service, slot, sleepers);
		slot = next;
		publish(service, slot);
	}
}

/* The hold has been given back.  A thread that takes the role at this moment may not have taken
 * it off the line yet: then that tells it. */
static void tell_last(struct fl_service *on, struct fl_slot *last)
{
	if (!on->first && fl_role_orphan(on->server))
		on->server = NULL;
	else
		fl_serve_complete(last);
}

/* Run what this thread has been given to run, and what its releases bring. */
static void serve(struct service *service)
{
	struct fl_service *on = &service->on;

	if (on->first)
		service->began = fl_now_coarse();
	while (on->first) {
		struct fl_slot *last = serve_row(service);
		uint64_t field = on->field, unit = on->unit;

		on->first = NULL;
		fl_release_to(service->lock, field, unit, is_over(service) ? NULL : on);
		tell_last(on, last);
	}
	if (on->server)
		fl_slot_waited(on->server);
	on->server = NULL;
}

/* Give one's own hold back and run the sections that are next. */
static void release_and_serve(struct service *service, const struct fifolock_row *row)
{
	fl_callbacks_defer();
	fl_release_to(service->lock, row->field, row->unit,
		      service->left ? &service->on : NULL);
	serve(service);
	fl_callbacks_resume();
}

/* Granted: the section, and the hold given back if no request is in line. */
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

/* A thread whose section another one may run looks at its slot now and then only.  One that is
 * certain to be granted, because others go beside it, waits as for a lock. */
static int await_turn(const fifolock_t *lock, struct fl_slot *slot, bool alone)
{
	return alone ? fl_await_section(lock, slot) : fl_await(lock, slot, NULL);
}

/* Join, run what the joining has brought (sections of others, or one's own), and
 * wait: what the slot was told. */
static int join_and_wait(struct service *service, struct fl_slot *slot,
			 const struct fl_want *want)
{
	/* Afterwards the lock may be gone. */
	bool alone = fl_modes_of(service->lock)->flags & FL_MODES_ALONE(want->mode);
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, service->lock);
	fl_account_sends(slot);
	fl_callbacks_defer();
	error = fl_join_to_run(service->lock, slot, want, &service->on);
	if (!error)
		serve(service);
	fl_callbacks_resume();
	if (!error)
		error = await_turn(service->lock, slot, alone);
	fl_callbacks_wait_end(&wait);
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
	granted = !error && (fl_outcome(slot) & FL_GRANTED);
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
	const fifolock_modes_t *modes;
	const struct fifolock_row *row;
	uint64_t seen;

	fl_prefetch_write(&lock->word);
	modes = fl_modes_of(lock);
	if (fl_unlikely(!section) || fl_unlikely(fl_check(modes, mode, 1)) ||
	    fl_unlikely(!fl_take_free(lock, modes, mode, 1, &seen) &&
			!fl_take_seen(lock, modes, mode, 1, seen)))
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

static void section_done(void *ctx, int status)
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

	return (const void *)(request->done == section_done ? (uintptr_t)later->section
							    : (uintptr_t)request->done);
}

static int run_async(fifolock_t *lock, unsigned mode, fifolock_section_t *later,
		     void (*section)(void *arg), void *arg, const void *site)
{
	int error;

	if (!later || !section)
		return EINVAL;
	later->section = section;
	later->arg = arg;
	error = fl_request(lock, mode, 1, &later->request, section_done, later, site);
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
