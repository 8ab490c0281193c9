/* SPDX-License-Identifier: MIT
 *
 * pass.c - the scanner's role goes from holder to holder.
 * See role.h for the states.
 *
 * Passing: x keeps, s is behind it and wants the same mode, one beside which nothing fits; a thread
 * waits for it, which may have to run its section.
 * The word need not change, as one hold goes and the same one comes.  So it is
 *
 *	x: KEPT -> GIVING	against a thread that would take the role
 *	s: claimed		against its leaving, if it may
 *	s: KEPT			it can be taken from s now, and is found there
 *	x: GIVING -> 0		by a store: news are not left here, but with s (role.h)
 *	s: told			unless there are NEWS: these are announced first, as long as no
 *				thread can have freed the lock.  From here on it is not touched (G5)
 *
 * Serving is the same between two rows of sections: the thread keeps the role with a slot of its own,
 * the server, and between two rows the line moves on behind it, by all of the next row but its last.  That
 * one stays in line until then, or until the role is taken; newer of the server says which it is.
 *
 *	row      released by        acquired by            what it carries
 *	[ROLE]   entrust            fl_role_change (role.c) dequeued; that the note before is 0
 *	[OVER]   entrust            heir_of (scanner.c)     that the keeper's note is 0
 *	[GONE]   entrust            leave_with_heir (scanner.c)  the notes before
 *	[JOIN]   fl_line_join (queue.c)  newest_behind      the heir's request
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[HINT]    Believed only if the other slot's older says the same (queue.c).
 *	[MINE]    The role is this thread's, or the slot, or both.
 */
#include "pass.h"
#include "atomic.h"
#include "callbacks.h"
#include "chain.h"
#include "observe/events.h"
#include "queue.h"
#include "role.h"
#include "scan.h"

#include <stddef.h>

/* Behind that slot, perhaps. */
static struct fl_slot *hinted(const struct fl_slot *slot)
{
	uint32_t hint = fl_load_relaxed(&slot->hint); /* [HINT] */

	return hint ? fl_slot_at(hint) : NULL;
}

/* The newest, if it stands behind that slot: it has been pushed, and has not left its hint yet.  With
 * two threads and short sections that is so most of the time.  Both lines are about to be written. */
static struct fl_slot *newest_behind(const fifolock_t *lock, struct fl_slot *slot)
{
	const uint32_t id = slot->id; /* its line may go to the heir, for the hint */
	/* [JOIN] acquire */
	uint32_t newest = FL_NEWEST(fl_load_acquire(&lock->arrivals)), older;
	struct fl_slot *heir = newest && newest != id ? fl_slot_at(newest) : NULL;

	if (!heir)
		return NULL;
	fl_prefetch_write(slot);
	fl_prefetch_write(heir);
	older = fl_load_relaxed(&heir->older) & ~FL_UNSURE; /* [GUESS] */
	return older == id ? heir : NULL;
}

/* Behind that slot; NULL: none, or it takes a scanner to tell.  Its line is about to be written. */
static struct fl_slot *heir_of(const fifolock_t *lock, struct fl_slot *slot)
{
	struct fl_slot *heir = hinted(slot);

	if (heir)
		fl_prefetch_write(heir);
	return heir && fl_line_follows(heir, slot) ? heir : newest_behind(lock, slot);
}

/* Does it want that mode, and its grant to do that?  Only with the role: otherwise it may be gone,
 * and its slot used again. */
static bool wants(const struct fl_slot *slot, unsigned mode, unsigned deeds)
{
	return slot->mode == mode && (slot->how & FL_DEEDS) == deeds;
}

/* Not to that one.  What news there are, the scan that follows will find. */
static void keep_on(const fifolock_t *lock, struct fl_slot *keeper)
{
	fl_role_set(keeper, fl_role_note(lock, FL_KEPT));
}

/* Hold and role are with the heir.  No other thread writes its note as long as that does
 * not speak of a lock, and what is left in the keeper's does not count any more; so stores are enough,
 * and this thread goes on while the line is on its way.  In this order: at each moment one of both
 * notes is there, and as long as the keeper's is, older says which slot is the heir. */
static void entrust(const fifolock_t *lock, struct fl_slot *keeper, struct fl_slot *heir)
{
	uint32_t gone = fl_load_relaxed(&keeper->dequeued); /* [MINE] */

	fl_store_release(&heir->dequeued, gone + 1); /* [GONE] release */
	heir->newer = 0;
	/* [ROLE] release */
	fl_store_release(&heir->note, fl_role_note(lock, FL_KEPT));
	/* [ROLE] release */
	fl_store_release(&keeper->note, UINT64_C(0));
	/* [OVER] release */
	fl_store_release(&heir->older, 0u);
}

/* A thread has left news.  Callbacks run when the heir has been told: they may wait for it. */
static void announce_and_tell(fifolock_t *lock, struct fl_slot *heir)
{
	fl_callbacks_defer();
	fl_announce(lock);
	fl_complete(heir, FL_GRANTED);
	fl_callbacks_resume();
}

/* What is published is so after the heir has been told, as that would wait for the line to
 * come on which it is published. */
static void pass(fifolock_t *lock, struct fl_slot *keeper, struct fl_slot *heir)
{
	uint32_t ticket = heir->ticket, id = heir->id;

	fl_event_pass(lock, heir);
	fl_kept_lock = NULL;
	entrust(lock, keeper, heir);
	if (fl_unlikely(!fl_complete_without_news(heir)))
		announce_and_tell(lock, heir);
	fl_role_publish(lock, ticket, id);
}

/* Does it want that mode, for a thread that waits, or for its section, too? */
static bool may_follow(const struct fl_slot *slot, unsigned mode, bool sections)
{
	return wants(slot, mode, 0) || (sections && wants(slot, mode, FL_RUNS));
}

static bool pass_on(fifolock_t *lock, unsigned mode, bool sections)
{
	struct fl_slot *keeper = fl_kept_slot, *heir;
	uint64_t note = fl_role_note(lock, FL_KEPT);

	if (!keeper)
		return false;
	fl_prefetch_write(keeper);
	if (fl_load_relaxed(&keeper->note) != note) { /* [GUESS] */
		fl_kept_lock = NULL;
		return false;
	}
	if (keeper->mode != mode)
		return false;
	heir = heir_of(lock, keeper);
	if (!heir)
		fl_role_in_vain(lock);
	if (!heir || !fl_role_change(keeper, &note, fl_role_note(lock, FL_GIVING)))
		return false;
	if (!may_follow(heir, mode, sections) || !fl_claim(heir)) {
		keep_on(lock, keeper);
		return false;
	}
	pass(lock, keeper, heir);
	return true;
}

bool fl_pass(fifolock_t *lock, unsigned mode)
{
	return pass_on(lock, mode, true);
}

bool fl_pass_to_lock(fifolock_t *lock, unsigned mode)
{
	return pass_on(lock, mode, false);
}

struct fl_slot *fl_serve_behind(const struct fl_slot *slot)
{
	return hinted(slot);
}

void fl_serve_stand(struct fl_slot *server, struct fl_slot *first, struct fl_slot *last)
{
	fl_line_stand(last, server);
	fl_handler_fence(); /* a handler finds one or the other at the bottom */
	fl_line_served(first);
}

static void begins(struct fl_slot *next)
{
	if (next)
		fl_set_older(next, 0);
}

void fl_serve_complete(struct fl_slot *served, struct fl_slot *next)
{
	begins(next);
	fl_line_served(served);
	fl_complete(served, FL_RAN);
}

void fl_serve_complete_awake(struct fl_slot *served, struct fl_slot *next)
{
	begins(next);
	fl_complete_awake(served, FL_RAN);
}

/* How many of them stand one behind the other, and want to be run.  With the role. */
static unsigned stand(struct fl_slot *const row[], unsigned mode, unsigned most)
{
	unsigned count = 0;

	while (count < most && fl_line_follows(row[count + 1], row[count]) &&
	       wants(row[count + 1], mode, FL_RUNS))
		count++;
	return count;
}

/* The role is not needed for longer than it takes to move the line on, so that a thread that wants
 * it need not wait for a section to end.  Until it is given back only the server's own line is
 * written: a read-modify-write waits for all that was written before it. */
unsigned fl_serve_next(fifolock_t *lock, struct fl_slot *server,
		       struct fl_slot *const row[], unsigned most)
{
	uint64_t note = fl_role_note(lock, FL_KEPT);
	uint32_t gone = fl_load_relaxed(&server->dequeued); /* [MINE] */
	unsigned count;

	if (!most || !fl_line_follows(row[1], row[0]) ||
	    !fl_role_change(server, &note, fl_role_note(lock, FL_PASSING)))
		return 0;
	count = stand(row, server->mode, most);
	if (!count) {
		keep_on(lock, server);
		return 0;
	}
	for (unsigned i = 1; i <= count; i++)
		fl_event_run(lock, row[i]);
	fl_line_serve(server, row[count]);
	fl_store_release(&server->dequeued, gone + count); /* [GONE] release */
	if (fl_unlikely(fl_role_set(server, fl_role_note(lock, FL_KEPT)) ==
			fl_role_note(lock, FL_RECALLED)))
		fl_announce(lock);
	return count;
}
