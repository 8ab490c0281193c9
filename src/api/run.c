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
 * Those of others are run in serve.c.
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.
 */
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "core/pass.h"
#include "core/role.h"
#include "serve.h"
#include "core/awake.h"
#include "core/wait.h"

#include <fifolock/request.h>
#include <stddef.h>

/* A thread that has met others there looks first, as with a lock (fast.h). */
FL_ALWAYS bool give_plainly(fifolock_t *lock, const struct fifolock_row *row,
			    unsigned mode)
{
	if (fl_unlikely(fl_has_met(lock, mode))) {
		fl_prefetch_write(&lock->word);
		return fl_give_seen(lock, row->field, row->unit,
				    fl_load_relaxed(&lock->word)); /* [GUESS] */
	}
	return fl_give_at_once(lock, row->field, row->unit);
}

/* Given back if no request is in line, or if the role has come with the hold and goes on with it: to
 * the owner of a section only if this thread is not to run that. */
static bool give_back(struct fl_serving *serving, const fifolock_modes_t *modes,
		      unsigned mode)
{
	const struct fifolock_row *row = &modes->rows[mode];
	fifolock_t *lock = serving->lock;

	if (fl_kept_lock != lock)
		return give_plainly(lock, row, mode);
	return fl_service_of(serving) ? fl_pass_to_lock(lock, mode) : fl_pass(lock, mode);
}

/* Granted: the section, and the hold given back, if that is simple. */
static bool run_own(struct fl_serving *serving, const fifolock_modes_t *modes,
		    unsigned mode, bool in_line, void (*section)(void *arg), void *arg,
		    const void *site)
{
	uint64_t gave;

	if (fl_unlikely(serving->booked))
		fl_account_took(serving->lock, mode, 1, in_line, true, site);
	section(arg);
	if (fl_unlikely(serving->booked))
		(void)fl_account_gives(serving->lock, mode, 1, &gave, site);
	return give_back(serving, modes, mode);
}

/* A thread whose section another one may run looks at its slot now and then only.  One that is
 * certain to be granted, because others go beside it, waits as for a lock. */
static int await_turn(const fifolock_t *lock, struct fl_slot *slot, bool alone)
{
	return alone ? fl_await_section(lock, slot) : fl_await(lock, slot, NULL);
}

/* Wait, when what the joining has brought has been run, and all that this brings: what the slot was
 * told. */
static int wait_and_serve(struct fl_serving *serving, struct fl_slot *slot, bool alone,
			  struct fl_callbacks_wait *wait)
{
	int error;

	fl_serve(serving);
	fl_callbacks_resume();
	fl_serving_joined(serving, slot);
	error = await_turn(serving->lock, slot, alone);
	fl_callbacks_wait_end(wait);
	return error;
}

static bool runs_alone(const fifolock_modes_t *modes, unsigned mode)
{
	return modes->flags & FL_MODES_ALONE(mode);
}

/* Join, run what the joining has brought (sections of others, or one's own), and
 * wait: what the slot was told. */
static int join_and_wait(struct fl_serving *serving, struct fl_slot *slot,
			 const struct fl_want *want)
{
	/* Afterwards the lock may be gone. */
	bool alone = runs_alone(fl_modes_of(serving->lock), want->mode);
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, serving->lock);
	fl_account_sends(slot);
	fl_callbacks_defer();
	error = fl_join_to_run(serving->lock, slot, want, fl_service_of(serving));
	if (!error)
		return wait_and_serve(serving, slot, alone, &wait);
	fl_callbacks_resume();
	fl_callbacks_wait_end(&wait);
	return error;
}

/* The section has been run, or is to be run now, or it was refused. */
static int conclude(struct fl_serving *serving, struct fl_slot *slot,
		    const fifolock_modes_t *modes, int error, const void *site)
{
	bool granted = !error && (fl_outcome(slot) & FL_GRANTED);
	void (*section)(void *arg) = slot->call;
	unsigned mode = slot->mode;
	void *arg = slot->ctx;

	fl_account_receives(slot);
	fl_slot_waited(slot);
	if (!granted) /* nothing but the answer: the lock may be gone */
		return error;
	if (!run_own(serving, modes, mode, true, section, arg, site))
		fl_release_and_serve(serving, &modes->rows[mode]);
	return 0;
}

static bool is_booked(const fifolock_t *lock)
{
	return FL_HOOKED || fl_booked(fl_modes_of(lock));
}

static int run_with_slot(fifolock_t *lock, struct fl_slot *slot,
			 const struct fl_want *want, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_serving serving = fl_serving_on(lock, is_booked(lock));

	return conclude(&serving, slot, modes, join_and_wait(&serving, slot, want), site);
}

/* Where others are in line its line of memory is what all wait for: it is touched when all else is
 * ready, and as briefly as can be.  False: they are not, or something is to be looked at more closely;
 * nothing has happened. */
static bool run_behind(fifolock_t *lock, unsigned mode, void (*section)(void *arg),
		       void *arg, int *error, const void *site)
{
	struct fl_serving serving = fl_serving_on(lock, false);
	const fifolock_modes_t *modes;
	struct fl_callbacks_wait wait;
	struct fl_slot *slot;
	bool alone;

	fl_callbacks_wait_begin(&wait, lock);
	slot = fl_slot_for_wait();
	if (slot) {
		slot->call = section;
		slot->ctx = arg;
		fl_ready_to_join(lock, slot, mode, FL_RUNS);
		fl_callbacks_defer();
		modes = fl_modes_of(lock);
		alone = runs_alone(modes, mode);
		if (mode < modes->at_once &&
		    fl_join_behind(lock, slot, fl_service_of(&serving))) {
			*error = wait_and_serve(&serving, slot, alone, &wait);
			*error = conclude(&serving, slot, modes, *error, site);
			return true;
		}
		fl_callbacks_resume();
		fl_slot_waited(slot);
	}
	fl_callbacks_wait_end(&wait);
	return false;
}

/* Taken at once. */
FL_NOT_INLINE static void release_slow(fifolock_t *lock, const struct fifolock_row *row)
{
	struct fl_serving serving = fl_serving_on(lock, is_booked(lock));

	fl_release_and_serve(&serving, row);
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
	fl_meet(lock, want->mode,
		runs_alone(modes, want->mode) ? FL_MET_TO_RUN : FL_MET_BESIDE);
	error = run_with_slot(lock, slot, want, site);
	if (error)
		fl_account_waited(lock, modes, want->mode, error);
	return error;
}

FL_NOT_INLINE static int run_slow(fifolock_t *lock, unsigned mode,
				  void (*section)(void *arg), void *arg, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = section ? fl_check(modes, mode, 1) : EINVAL;
	struct fl_serving serving;
	struct fl_want want;

	if (error)
		return error;
	want = fl_want(&modes->rows[mode], mode, 1);
	if (!fl_take(lock, &want))
		return run_in_line(lock, &want, section, arg, site);
	serving = fl_serving_on(lock, is_booked(lock));
	if (!run_own(&serving, modes, mode, false, section, arg, site))
		fl_release_and_serve(&serving, &modes->rows[mode]);
	return 0;
}

FL_ALWAYS void run_taken(fifolock_t *lock, unsigned mode, void (*section)(void *arg),
			 void *arg, const void *site)
{
	fl_account_took_at_once(lock, mode, 1, site);
	section(arg);
	(void)fl_account_gives_at_once(lock, mode, 1, site);
}

/* The guess was wrong. */
FL_NOT_INLINE static bool take_held(fifolock_t *lock, const fifolock_modes_t *modes,
				    unsigned mode, uint64_t seen)
{
	return fl_take_beside(lock, modes, mode, 1, seen);
}

/* Its last section there had to wait, or others are in line now. */
static bool expects_to_wait(const fifolock_t *lock)
{
	return fl_met_how != FL_MET_BESIDE ||
	       (fl_load_relaxed(&lock->word) & FL_QUEUED); /* [GUESS] */
}

/* It has met others there. */
FL_NOT_INLINE static int run_again(fifolock_t *lock, unsigned mode,
				   void (*section)(void *arg), void *arg,
				   const void *site)
{
	const fifolock_modes_t *modes;
	int error;

	if (expects_to_wait(lock) && section && !FL_HOOKED && !fl_account_listens() &&
	    run_behind(lock, mode, section, arg, &error, site))
		return error;
	modes = fl_modes_of(lock);
	if (!section || !fl_at_once(modes, mode, 1) ||
	    !fl_take_beside(lock, modes, mode, 1,
			    fl_load_relaxed(&lock->word))) /* [GUESS] */
		return fl_account_answer(lock, mode, 1,
					 run_slow(lock, mode, section, arg, site), site);
	run_taken(lock, mode, section, arg, site);
	if (!give_plainly(lock, &modes->rows[mode], mode))
		release_slow(lock, &modes->rows[mode]);
	return 0;
}

int fifolock_run(fifolock_t *lock, unsigned mode, void (*section)(void *arg), void *arg)
{
	const fifolock_modes_t *modes;
	const struct fifolock_row *row;
	uint64_t seen;

	fl_prefetch_write(&lock->word);
	if (fl_unlikely(fl_has_met(lock, mode)))
		return run_again(lock, mode, section, arg, FL_SITE);
	modes = fl_modes_of(lock);
	if (fl_unlikely(!section) || fl_unlikely(!fl_at_once(modes, mode, 1)) ||
	    fl_unlikely(!fl_take_free(lock, modes, mode, 1, &seen) &&
			!take_held(lock, modes, mode, seen)))
		return fl_account_answer(lock, mode, 1,
					 run_slow(lock, mode, section, arg, FL_SITE),
					 FL_SITE);
	run_taken(lock, mode, section, arg, FL_SITE);
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
		return fl_request_refused(later ? &later->request : NULL, EINVAL);
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
