/* SPDX-License-Identifier: MIT
 *
 * waiters.c - see waiters.h.
 *
 * Closing a lock turns away the threads that wait at conditions with it. The lock does not
 * know them, but every slot is in the pool: a slot whose owner waits at a condition says
 * with which lock in its note, and the closing looks at all slots there are. The note
 * decides what ends the wait:
 *
 *	lock -> 0	a signal, under the guard: moved to the line. Or the waiter: its
 *			deadline has passed, or the hold was not there
 *	lock -> lock|1	a closing, which rouses the waiter then: not held, ECANCELED
 *
 * A waiter whose wait does not end by a signal takes itself off the list. Until then signals go past
 * it, so that it finds the condition still there: it waits for it, as far as others know.
 *
 * That a wait which begins beside the closing is not missed: the waiter writes its note and
 * then reads, by a read-modify-write, whether the lock is closed; the closing writes
 * that by a read-modify-write, and then reads the notes. One of the two comes first.
 *
 *	row       released by            acquired by   what it carries
 *	[BEGUN]   fl_waiter_begin        turn_away     the slot's new life: what rouses it is not
 *	                                               written over by its beginning
 *
 *	relaxed   because
 *	[NOTE]    Its owner's, before the list or the read-modify-write of the lock's rules
 *	          makes it known ([SHUT], control.c); or a first look, decided by the
 *	          compare-and-swap after it. Which change came first is all that it decides.
 *	[LISTED]  Changed under the guard. A thread that looks without it, and has had the lock
 *	          after a waiter gave that back, sees that waiter.
 */
#include "waiters.h"
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "core/lock.h"
#include "core/wait.h"

#include <stddef.h>

/* No thread that has the guard waits for anything else, and while a thread waits for it or has it,
 * no callback runs in it: one could want what its caller holds. */
void fl_guard_take(fifolock_cond_t *cond)
{
	const struct fl_want want = fl_want(&fl_default_modes.rows[FIFOLOCK_EXCLUSIVE],
					    FIFOLOCK_EXCLUSIVE, 1);

	fl_account_guards(cond, sizeof(*cond));
	fl_callbacks_defer();
	if (!fl_take(&cond->guard, &want))
		fl_wait_held(&cond->guard, &want);
	fl_account_guarded(cond);
}

/* The condition may be gone afterwards. */
void fl_guard_drop(fifolock_cond_t *cond)
{
	const struct fifolock_row *row = &fl_default_modes.rows[FIFOLOCK_EXCLUSIVE];

	fl_account_unguards(cond);
	fl_release(&cond->guard, row->field, row->unit);
}

void fl_guard_give(fifolock_cond_t *cond)
{
	fl_guard_drop(cond);
	fl_callbacks_resume();
}

/* ---- the note ---- */

#define TURNED_AWAY 1u

static uint64_t note_of(const fifolock_t *lock)
{
	return (uintptr_t)lock;
}

/* lock -> 0. False: it is not a signal that ends the wait, or that has come already. */
static bool note_take(const struct fl_waiter *waiter)
{
	uint64_t note = note_of(waiter->lock);

	/* [NOTE] */
	return fl_cas_relaxed(&waiter->slot->note, &note, 0);
}

bool fl_waiter_is_turned_away(const struct fl_waiter *waiter)
{
	return fl_load_relaxed(&waiter->slot->note) & TURNED_AWAY; /* [NOTE] */
}

/* lock -> lock|1 */
static void turn_away(struct fl_slot *slot, const fifolock_t *lock)
{
	uint64_t note = note_of(lock);

	if (fl_load_relaxed(&slot->note) == note && /* [NOTE] */
	    /* [BEGUN] acquire */
	    fl_cas_acquire(&slot->note, &note, note | TURNED_AWAY))
		fl_slot_rouse(slot);
}

void fl_cond_closed(const fifolock_t *lock)
{
	const uint32_t made = fl_slots_made();

	for (uint32_t id = 1; id <= made; id++)
		turn_away(fl_slot_at(id), lock);
}

/* ---- the list ---- */

/* A ring: newer of the last is the first. */
static void list_add(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	struct fl_waiter *last = cond->last ? cond->last : waiter;

	waiter->older = last;
	waiter->newer = cond->last ? last->newer : waiter;
	waiter->newer->older = waiter;
	last->newer = waiter;
	fl_store_relaxed(&cond->last, waiter); /* [LISTED] */
}

static void list_remove(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	struct fl_waiter *older = waiter->older != waiter ? waiter->older : NULL;

	if (cond->last == waiter)
		fl_store_relaxed(&cond->last, older); /* [LISTED] */
	waiter->older->newer = waiter->newer;
	waiter->newer->older = waiter->older;
}

/* Off the list, and what ends the wait. 0: nothing else, and it never will: the note is
 * taken. EINPROGRESS: it has been signalled, and is in the lock's line or granted, or about to be. */
int fl_waiter_unlist(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	int error = 0;

	if (!note_take(waiter)) {
		if (!fl_waiter_is_turned_away(waiter))
			return EINPROGRESS;
		error = ECANCELED;
	}
	fl_guard_take(cond);
	list_remove(cond, waiter);
	fl_slot_set_target(waiter->slot, NULL);
	fl_guard_give(cond);
	return error;
}

/* A lock that is closed by now turns the waiter away itself; it gives its hold back like
 * every other, and finds out. */
void fl_waiter_begin(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	fl_slot_set_target(waiter->slot, (char *)cond + FL_TARGET_CONDITION);
	/* [BEGUN] release */
	fl_store_release(&waiter->slot->note, note_of(waiter->lock));
	fl_guard_take(cond);
	list_add(cond, waiter);
	fl_guard_give(cond);
	if (fl_closed_for_certain(waiter->lock))
		turn_away(waiter->slot, waiter->lock);
}

/* Under the guard, for a signal. False: the wait ends otherwise. */
bool fl_waiter_take(fifolock_cond_t *cond, struct fl_waiter *waiter)
{
	if (!note_take(waiter))
		return false;
	list_remove(cond, waiter);
	return true;
}

/* Under the guard. */
bool fl_cond_is_waited_for(const fifolock_cond_t *cond)
{
	const struct fl_waiter *waiter = cond->last;

	if (!waiter)
		return false;
	do {
		waiter = waiter->newer;
		if (fl_load_relaxed(&waiter->slot->note)) /* [NOTE] */
			return true;
	} while (waiter != cond->last);
	return false;
}
