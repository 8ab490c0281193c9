/* SPDX-License-Identifier: MIT
 *
 * cond.c - conditions. Layer 4.
 *
 * The waiters of a condition are a list under a guard, which is a fifolock itself:
 * first come is who took the guard first. A waiter has its slot already while it
 * waits for the signal, and sleeps on it; the signal joins the lock's line with that
 * slot on the waiter's behalf, and the grant wakes it. So between signal and grant
 * nobody runs who would only queue up again.
 *
 * The signal joins while it holds the guard, and a waiter that was signalled takes
 * the guard once more before it returns: then the signal is done with the waiter's
 * stack and with its lock. What that joining makes due is called back after the
 * guard is given back, because a callback may signal, too.
 */
#include "account.h"
#include "calls.h"
#include "fast.h"

#include <fifolock/cond.h>
#include <stddef.h>

/* On its thread's stack. Everything in it is written under the guard, or before it
 * is listed. */
struct fl_waiter {
	struct fl_waiter *older, *newer;
	fifolock_t *lock;
	struct fl_slot *slot;
	struct fl_want want;
	bool listed;
};

/* Nobody who has the guard waits for anything else, and while a thread waits for it or has it,
 * no callback runs in it: one could want what its caller holds. */
static int guard_take(fifolock_cond_t *cond)
{
	const struct fl_want want = fl_want(&fl_default_modes.rows[FIFOLOCK_EXCLUSIVE],
					    FIFOLOCK_EXCLUSIVE, 1);
	int error = 0;

	fl_calls_hold();
	if (!fl_take(&cond->guard, &want))
		error = fl_wait_held(&cond->guard, &want);
	if (error)
		fl_calls_let();
	return error;
}

/* It must be had: without memory to wait in line with, by trying. */
static void guard_take_for_certain(fifolock_cond_t *cond)
{
	while (guard_take(cond) != 0)
		fl_yield();
}

static void guard_give(fifolock_cond_t *cond)
{
	const struct fifolock_row *row = &fl_default_modes.rows[FIFOLOCK_EXCLUSIVE];

	fl_release(&cond->guard, row->field, row->unit);
	fl_calls_let();
}

static void list_add(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	waiter->older = cond->last;
	waiter->newer = NULL;
	if (cond->last)
		cond->last->newer = waiter;
	else
		cond->first = waiter;
	cond->last = waiter;
	waiter->listed = true;
}

static void list_remove(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	if (waiter->older)
		waiter->older->newer = waiter->newer;
	else
		cond->first = waiter->newer;
	if (waiter->newer)
		waiter->newer->older = waiter->older;
	else
		cond->last = waiter->older;
	waiter->listed = false;
}

/* Under the guard. False: it has been signalled. */
static bool unlist(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	bool listed;

	guard_take_for_certain(cond);
	listed = waiter->listed;
	if (listed)
		list_remove(cond, waiter);
	guard_give(cond);
	return listed;
}

static int begin(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	int error = guard_take(cond);

	if (error)
		return error;
	list_add(cond, waiter);
	guard_give(cond);
	return 0;
}

/* In the list, the hold given back: until the grant, or until the deadline and the grant. */
static int wait_listed(fifolock_cond_t *cond, struct fl_waiter *waiter,
		       const struct fl_deadline *deadline)
{
	int error = fl_sleep(waiter->slot, deadline);

	if (!unlist(cond, waiter))
		return error == ETIMEDOUT ? fl_await(waiter->lock, waiter->slot, NULL)
					  : error;
	fl_join(waiter->lock, waiter->slot, &waiter->want, FL_UNBOUND);
	error = fl_await(waiter->lock, waiter->slot, NULL);
	return error ? error : ETIMEDOUT;
}

static int give_and_wait(fifolock_cond_t *cond, struct fl_waiter *waiter,
			 const struct fl_deadline *deadline)
{
	const fifolock_modes_t *modes = fl_modes_of(waiter->lock);
	const struct fifolock_row *row = &modes->rows[waiter->want.mode];
	int error = begin(cond, waiter);

	if (error)
		return error;
	if (fl_release(waiter->lock, row->field, row->unit) != 0 && unlist(cond, waiter))
		return EPERM;
	return wait_listed(cond, waiter, deadline);
}

static int check(fifolock_t *lock, unsigned mode, const struct fl_deadline *deadline,
		 const void *site)
{
	int error = fl_check_any(fl_modes_of(lock), mode, 1);

	if (!error && deadline)
		error = fl_deadline_check(deadline);
	if (!error)
		error = fl_account_holds(lock, mode, 1, site);
	if (!error && fifolock_holds(lock, mode) == 0)
		error = EPERM;
	return error;
}

/* The books: the hold is gone before it is given back, and there again after the grant. */
static int wait_booked(fifolock_cond_t *cond, struct fl_waiter *waiter,
		       const struct fl_deadline *deadline, const void *site)
{
	unsigned mode = waiter->want.mode, held;
	int error;

	(void)fl_account_gives(waiter->lock, mode, 1, site);
	held = fl_calls_wait();
	error = give_and_wait(cond, waiter, deadline);
	fl_calls_waited(held);
	if (error == ECANCELED)
		return error;
	if (error && error != ETIMEDOUT)
		fl_account_keeps(waiter->lock, mode, 1, site);
	else
		fl_account_took(waiter->lock, mode, 1, 0, site);
	return error;
}

static int cond_wait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
		     const struct fl_deadline *deadline, const void *site)
{
	struct fl_waiter waiter = {.lock = lock};
	int error = check(lock, mode, deadline, site);

	if (error)
		return error;
	waiter.want = fl_want(&fl_modes_of(lock)->rows[mode], mode, 1);
	waiter.slot = fl_slot_for_wait();
	if (!waiter.slot)
		return ENOMEM;
	error = wait_booked(cond, &waiter, deadline, site);
	fl_slot_waited(waiter.slot);
	return error;
}

int fifolock_cond_wait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode)
{
	return cond_wait(cond, lock, mode, NULL, FL_SITE);
}

int fifolock_cond_timedwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, CLOCK_MONOTONIC};

	return cond_wait(cond, lock, mode, &until, FL_SITE);
}

int fifolock_cond_clockwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    clockid_t clock, const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, clock};

	return cond_wait(cond, lock, mode, &until, FL_SITE);
}

/* Under the guard: into the lock's line with the oldest. */
static void move_first(fifolock_cond_t *cond)
{
	struct fl_waiter *waiter = cond->first;

	list_remove(cond, waiter);
	fl_join(waiter->lock, waiter->slot, &waiter->want, FL_UNBOUND | FL_DATED);
}

static int move(fifolock_cond_t *cond, bool all)
{
	int error = guard_take(cond);

	if (error)
		return error;
	while (cond->first) {
		move_first(cond);
		if (!all)
			break;
	}
	guard_give(cond);
	return 0;
}

int fifolock_cond_signal(fifolock_cond_t *cond)
{
	return move(cond, false);
}

int fifolock_cond_broadcast(fifolock_cond_t *cond)
{
	return move(cond, true);
}
