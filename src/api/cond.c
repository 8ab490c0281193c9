/* SPDX-License-Identifier: MIT
 *
 * cond.c - conditions: a thread waits, a thread signals.
 *
 * The waiters are a list under a guard (waiters.h). A waiter has its slot already while it waits
 * for the signal, and sleeps on it; the signal joins the lock's line with that slot on the waiter's
 * behalf, and the grant wakes it. So between signal and grant no thread runs that would only queue
 * up again.
 *
 * A waiter that was signalled does not touch the condition any more, which may be freed as soon as
 * no thread waits. But it returns only when the thread that signals has said so in the slot's
 * word (JOINED): then that is done with the waiter's stack, with its lock, and, as it has given the
 * guard back before, with the condition. What the joining makes due is called back after all
 * that, because a callback may signal, too, or wait for one that was signalled.
 *
 *	row       released by            acquired by   what it carries
 *	[HOLD]    fl_release (lock.c)    fl_cond_end   the last use of the condition
 *
 *	relaxed   because
 *	[LISTED]  Changed under the guard. A thread that looks without it, and has had the lock
 *	          after a waiter gave that back, sees that waiter.
 */
#include "observe/account.h"
#include "core/callbacks.h"
#include "fast.h"
#include "core/awake.h"
#include "core/wait.h"
#include "waiters.h"

#include <fifolock/cond.h>
#include <stddef.h>

/* Until told, turned away, or the deadline has passed. True: told. A closing may rouse a slot that
 * has had another owner meanwhile: then that is forgotten. */
static bool sleep_listed(struct fl_waiter *waiter, const struct fl_deadline *deadline)
{
	struct fl_slot *slot = waiter->slot;
	uint32_t word;

	do {
		word = fl_sleep_until(slot, FL_DONE | FL_ROUSED, deadline);
		if (!word || (word & FL_DONE))
			return word;
		/* Before the look: what comes after it rouses again. */
		fl_slot_calm(slot);
	} while (!fl_waiter_is_turned_away(waiter) && !fl_has_ended(deadline));
	return false;
}

/* Signalled: until the grant, and until the thread that signals has joined. Meanwhile the rest of
 * the slot is that one's. */
static int wait_moved(struct fl_waiter *waiter)
{
	int error = fl_sleep(waiter->slot, NULL);

	fl_sleep_until(waiter->slot, FL_JOINED, NULL);
	fl_account_receives(waiter->slot);
	return error;
}

/* In the list, the hold given back: until the grant, or until the deadline and the grant. */
static int wait_listed(fifolock_cond_t *cond, struct fl_waiter *waiter,
		       const struct fl_deadline *deadline)
{
	int error = sleep_listed(waiter, deadline) ? EINPROGRESS
						   : fl_waiter_unlist(cond, waiter);

	if (error == ECANCELED)
		return error;
	if (error == EINPROGRESS)
		return wait_moved(waiter);
	fl_join(waiter->lock, waiter->slot, &waiter->want, FL_NO_LIMIT);
	error = fl_await(waiter->lock, waiter->slot, NULL);
	return error ? error : ETIMEDOUT;
}

static int give_and_wait(fifolock_cond_t *cond, struct fl_waiter *waiter,
			 const struct fl_deadline *deadline)
{
	const fifolock_modes_t *modes = fl_modes_of(waiter->lock);
	const struct fifolock_row *row = &modes->rows[waiter->want.mode];
	int error = 0;

	fl_waiter_begin(cond, waiter);
	/* Another thread has given it back. But a signal may have come first. */
	if (fl_release(waiter->lock, row->field, row->unit) != 0)
		error = EPERM;
	else if (waiter->gives)
		error = waiter->gives(waiter->lock);
	if (!error)
		return wait_listed(cond, waiter, deadline);
	return fl_waiter_unlist(cond, waiter) == EINPROGRESS ? wait_moved(waiter) : error;
}

static int check(fifolock_t *lock, unsigned mode, const struct fl_deadline *deadline,
		 const void *site)
{
	int error = fl_check(fl_modes_of(lock), mode, 1);

	if (!error && deadline)
		error = fl_deadline_check(deadline);
	if (!error && deadline && fl_deadline_astray(deadline))
		error = EINVAL;
	if (!error)
		error = fl_account_holds(lock, mode, 1, site);
	if (!error && fifolock_holds(lock, mode) == 0)
		error = EPERM;
	if (!error)
		fl_account_asks_again(lock, mode, site);
	return error;
}

/* The books: the hold is gone before it is given back, and there again after the grant. */
static int wait_booked(fifolock_cond_t *cond, struct fl_waiter *waiter,
		       const struct fl_deadline *deadline, const void *site)
{
	unsigned mode = waiter->want.mode;
	struct fl_callbacks_wait wait;
	uint64_t gave;
	int error;

	(void)fl_account_gives(waiter->lock, mode, 1, &gave, site);
	fl_callbacks_wait_begin(&wait, waiter->lock);
	error = give_and_wait(cond, waiter, deadline);
	fl_callbacks_wait_end(&wait);
	if (error == ECANCELED) {
		fl_account_turned_away(waiter->lock, error);
		return error;
	}
	if (error && error != ETIMEDOUT)
		fl_account_keeps(waiter->lock, mode, 1, gave, site);
	else
		fl_account_took(waiter->lock, mode, 1, true, true, site);
	return error;
}

static int cond_wait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
		     const struct fl_deadline *deadline, const void *site,
		     struct fl_waiter waiter)
{
	int error = check(lock, mode, deadline, site);

	if (error)
		return error;
	waiter.lock = lock;
	waiter.want = fl_want(&fl_modes_of(lock)->rows[mode], mode, 1);
	error = fl_slot_to_wait(lock, deadline, &waiter.slot);
	if (error == ECANCELED) /* no memory to wait with, but no thread waits any more */
		return fl_unlock(lock, mode, site) ? EPERM : ECANCELED;
	if (error)
		return error;
	error = wait_booked(cond, &waiter, deadline, site);
	fl_slot_waited(waiter.slot);
	return error;
}

static int wait_with(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
		     const struct fl_deadline *deadline, const void *site)
{
	return cond_wait(cond, lock, mode, deadline, site, (struct fl_waiter){0});
}

int fl_cond_wait_beside(fifolock_cond_t *cond, fifolock_t *lock, fifolock_t *line,
			bool *in_line, const struct fl_deadline *deadline,
			int (*gives)(fifolock_t *lock))
{
	const struct fl_waiter waiter = {
		.gives = gives, .line = line, .in_line = in_line};

	return cond_wait(cond, lock, FIFOLOCK_EXCLUSIVE, deadline, NULL, waiter);
}

int fifolock_cond_wait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1,
				 wait_with(cond, lock, mode, NULL, FL_SITE), FL_SITE);
}

int fifolock_cond_timedwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};

	return fl_account_answer(
		lock, mode, 1,
		wait_with(cond, lock, mode, fl_deadline_or_none(&until), FL_SITE),
		FL_SITE);
}

int fifolock_cond_clockwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    clockid_t clock, const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = clock};

	return fl_account_answer(
		lock, mode, 1,
		wait_with(cond, lock, mode, fl_deadline_or_none(&until), FL_SITE),
		FL_SITE);
}

/* Under the guard: into its lock's line. Not one that is leaving, or has been turned away. */
static bool move_one(fifolock_cond_t *cond, struct fl_waiter *waiter, bool several)
{
	fifolock_t *lock = waiter->lock;

	if (!fl_waiter_take(cond, waiter))
		return false;
	if (several && waiter->line) {
		*waiter->in_line = true;
		lock = waiter->line;
	}
	fl_join(lock, waiter->slot, &waiter->want,
		FL_NO_LIMIT | FL_NO_THREAD | FL_SAID_LATER);
	return true;
}

/* Under the guard, oldest first: those that have been moved, linked by newer. They wait until that
 * is said. */
static struct fl_waiter *move_some(fifolock_cond_t *cond, bool all)
{
	struct fl_waiter *last = cond->last, *waiter, *next = last->newer;
	struct fl_waiter *moved = NULL, **end = &moved;
	const bool several = all && next != last;

	do {
		waiter = next;
		next = waiter->newer;
		if (!move_one(cond, waiter, several))
			continue;
		*end = waiter;
		end = &waiter->newer;
	} while (waiter != last && (all || !moved));
	*end = NULL;
	return moved;
}

/* From here on the waiter may return, and free the condition, too. */
static void say_moved(struct fl_waiter *waiter)
{
	while (waiter) {
		struct fl_slot *slot = waiter->slot;

		waiter = waiter->newer;
		fl_account_sends(slot);
		fl_slot_joined(slot);
	}
}

static int move(fifolock_cond_t *cond, bool all)
{
	struct fl_waiter *moved;

	if (!fl_load_relaxed(&cond->last)) /* [LISTED] */
		return 0;
	fl_guard_take(cond);
	moved = cond->last ? move_some(cond, all) : NULL;
	fl_guard_drop(cond);
	say_moved(moved);
	fl_callbacks_resume(); /* one may wait for a thread that has been moved */
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

#define END_YIELDS 64
#define END_NAP_NS 50000

int fl_cond_end(fifolock_cond_t *cond)
{
	for (unsigned turn = 0;; turn++) {
		bool waits, empty;

		fl_guard_take(cond);
		waits = fl_cond_is_waited_for(cond);
		empty = !cond->last;
		fl_guard_give(cond);
		if (waits)
			return EBUSY;
		/* [HOLD] acquire */
		if (empty && !fl_load_acquire(&cond->guard.word))
			return 0;
		if (turn < END_YIELDS)
			fl_yield();
		else
			fl_nap(END_NAP_NS);
	}
}
