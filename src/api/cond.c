/* SPDX-License-Identifier: MIT
 *
 * cond.c - conditions.
 *
 * The waiters of a condition are a list under a guard, which is a fifolock itself:
 * the first waiter is the thread that took the guard first. A waiter has its slot already while it
 * waits for the signal, and sleeps on it; the signal joins the lock's line with that
 * slot on the waiter's behalf, and the grant wakes it. So between signal and grant
 * no thread runs that would only queue up again.
 *
 * The signal joins while it holds the guard, and a waiter that was signalled takes
 * the guard once more before it returns: then the signal is done with the waiter's
 * stack and with its lock. What that joining makes due is called back after the
 * guard is given back, because a callback may signal, too.
 *
 * Closing a lock turns away the threads that wait at conditions with it. The lock does not
 * know them, but every slot is in the pool: a slot whose owner waits at a condition says
 * with which lock in its note, and the closing looks at all slots there are. The note
 * decides what ends the wait:
 *
 *	lock -> 0	a signal, under the guard: moved to the line. Or the waiter, under the
 *			guard: its deadline has passed, or the hold was not there
 *	lock -> lock|1	a closing, which rouses the waiter then: not held, ECANCELED
 *
 * That a wait which begins beside the closing is not missed: the waiter writes its note and
 * then reads, by a read-modify-write, whether the lock is closed; the closing writes
 * that by a read-modify-write, and then reads the notes. One of the two comes first.
 *
 *	relaxed   because
 *	[NOTE]    Its owner's, before the list or the read-modify-write of the lock's rules
 *	          makes it known ([SHUT], control.c); or a first look, decided by the
 *	          compare-and-swap after it; or read under the guard by a waiter that has been roused.
 */
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "core/wait.h"

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

/* No thread that has the guard waits for anything else, and while a thread waits for it or has it,
 * no callback runs in it: one could want what its caller holds. */
static void guard_take(fifolock_cond_t *cond)
{
	const struct fl_want want = fl_want(&fl_default_modes.rows[FIFOLOCK_EXCLUSIVE],
					    FIFOLOCK_EXCLUSIVE, 1);

	fl_account_guards(cond, sizeof(*cond));
	fl_callbacks_defer();
	if (!fl_take(&cond->guard, &want))
		fl_wait_held(&cond->guard, &want);
	fl_account_guarded(cond);
}

static void guard_give(fifolock_cond_t *cond)
{
	const struct fifolock_row *row = &fl_default_modes.rows[FIFOLOCK_EXCLUSIVE];

	fl_account_unguards(cond);
	fl_release(&cond->guard, row->field, row->unit);
	fl_callbacks_resume();
}

/* ---- the note ---- */

#define TURNED_AWAY 1u

static uint64_t note_of(const fifolock_t *lock)
{
	return (uintptr_t)lock;
}

/* lock -> 0. False: turned away by a closing. */
static bool note_take(const struct fl_waiter *waiter)
{
	uint64_t note = note_of(waiter->lock);

	/* [NOTE] */
	return fl_cas_relaxed(&waiter->slot->note, &note, 0);
}

static bool is_turned_away(const struct fl_waiter *waiter)
{
	return fl_load_relaxed(&waiter->slot->note) & TURNED_AWAY; /* [NOTE] */
}

/* lock -> lock|1 */
static void turn_away(struct fl_slot *slot, const fifolock_t *lock)
{
	uint64_t note = note_of(lock);

	if (fl_load_relaxed(&slot->note) == note && /* [NOTE] */
	    /* [NOTE] */
	    fl_cas_relaxed(&slot->note, &note, note | TURNED_AWAY))
		fl_slot_rouse(slot);
}

void fl_cond_closed(const fifolock_t *lock)
{
	const uint32_t made = fl_slots_made();

	for (uint32_t id = 1; id <= made; id++)
		turn_away(fl_slot_at(id), lock);
}

/* ---- the list ---- */

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

/* Off the list, and what ends the wait. 0: nothing else, and it never will: the note is
 * taken. EINPROGRESS: it has been signalled, and is in the lock's line or granted. */
static int unlist(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	bool listed;
	int error;

	guard_take(cond);
	listed = waiter->listed;
	if (listed)
		list_remove(cond, waiter);
	if (listed ? !note_take(waiter) : is_turned_away(waiter))
		error = ECANCELED;
	else
		error = listed ? 0 : EINPROGRESS;
	guard_give(cond);
	return error;
}

/* A lock that is closed by now turns the waiter away itself; it gives its hold back like
 * every other, and finds out. */
static void begin(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	fl_store_relaxed(&waiter->slot->note, note_of(waiter->lock)); /* [NOTE] */
	guard_take(cond);
	list_add(cond, waiter);
	guard_give(cond);
	if (fl_closed_for_certain(waiter->lock))
		turn_away(waiter->slot, waiter->lock);
}

/* Until told, turned away, or the deadline has passed. A closing may rouse a slot that has
 * had another owner meanwhile: then that is forgotten. */
static void sleep_listed(struct fl_waiter *waiter, const struct fl_deadline *deadline)
{
	struct fl_slot *slot = waiter->slot;
	uint32_t word;

	do {
		word = fl_sleep_until(slot, FL_DONE | FL_ROUSED, deadline);
		if (!word || (word & FL_DONE))
			return;
		/* Before the look: what comes after it rouses again. */
		fl_slot_calm(slot);
	} while (!is_turned_away(waiter));
}

/* In the list, the hold given back: until the grant, or until the deadline and the grant. */
static int wait_listed(fifolock_cond_t *cond, struct fl_waiter *waiter,
		       const struct fl_deadline *deadline)
{
	int error;

	sleep_listed(waiter, deadline);
	error = unlist(cond, waiter);
	if (error == ECANCELED)
		return error;
	if (error == EINPROGRESS)
		return fl_await(waiter->lock, waiter->slot, NULL);
	fl_join(waiter->lock, waiter->slot, &waiter->want, FL_NO_LIMIT);
	error = fl_await(waiter->lock, waiter->slot, NULL);
	return error ? error : ETIMEDOUT;
}

static int give_and_wait(fifolock_cond_t *cond, struct fl_waiter *waiter,
			 const struct fl_deadline *deadline)
{
	const fifolock_modes_t *modes = fl_modes_of(waiter->lock);
	const struct fifolock_row *row = &modes->rows[waiter->want.mode];

	begin(cond, waiter);
	/* Another thread has given it back. But a signal may have come first. */
	if (fl_release(waiter->lock, row->field, row->unit) != 0 &&
	    unlist(cond, waiter) != EINPROGRESS)
		return EPERM;
	return wait_listed(cond, waiter, deadline);
}

static int check(fifolock_t *lock, unsigned mode, const struct fl_deadline *deadline,
		 const void *site)
{
	int error = fl_check_any(fl_modes_of(lock), mode, 1);

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
		     const struct fl_deadline *deadline, const void *site)
{
	struct fl_waiter waiter = {.lock = lock};
	int error = check(lock, mode, deadline, site);

	if (error)
		return error;
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

int fifolock_cond_wait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1,
				 cond_wait(cond, lock, mode, NULL, FL_SITE), FL_SITE);
}

int fifolock_cond_timedwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, CLOCK_MONOTONIC};

	return fl_account_answer(
		lock, mode, 1,
		cond_wait(cond, lock, mode, fl_deadline_or_none(&until), FL_SITE),
		FL_SITE);
}

int fifolock_cond_clockwait(fifolock_cond_t *cond, fifolock_t *lock, unsigned mode,
			    clockid_t clock, const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, clock};

	return fl_account_answer(
		lock, mode, 1,
		cond_wait(cond, lock, mode, fl_deadline_or_none(&until), FL_SITE),
		FL_SITE);
}

/* Under the guard: the oldest into its lock's line. False: it has been turned away. */
static bool move_first(fifolock_cond_t *cond)
{
	struct fl_waiter *waiter = cond->first;

	list_remove(cond, waiter);
	if (!note_take(waiter))
		return false;
	fl_join(waiter->lock, waiter->slot, &waiter->want, FL_NO_LIMIT | FL_NO_THREAD);
	return true;
}

static int move(fifolock_cond_t *cond, bool all)
{
	guard_take(cond);
	while (cond->first)
		if (move_first(cond) && !all)
			break;
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
