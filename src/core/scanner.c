/* SPDX-License-Identifier: MIT
 *
 * scanner.c - see scanner.h.
 *
 * Taking the role: KEPT -> TAKEN, then the word: SCANNING instead of RESCAN, and the keeper out
 * of the chain.  Then the thread is a scanner like any other.
 *
 *	row      released by        acquired by            what it carries
 *	[SCAN]   resume; see lock.c fl_news, see lock.c    dequeued, before the word says that;
 *	                                                   head, links
 *	[NEWS]   fl_news            fl_news, see lock.c    the pushes before it
 *	[JOIN]   fl_line_join (queue.c)  heir_of           the slots in line
 *	[OVER]   entrust (pass.c), fl_set_older (chain.h),  heir_of   that the role has gone on
 *	         stand_behind (queue.c), set_last (callbacks.c)
 *	[GONE]   entrust (pass.c)   leave_with_heir        the notes before
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[MINE]    The role is this thread's, or the slot, or both.
 *	[COUNT]   Right if it is the same before and after, and the note speaks of the lock.
 *	[HINT]    Believed only if the other slot's older says the same.
 */
#include "scanner.h"
#include "atomic.h"
#include "role.h"

#include <stddef.h>

/* The keeper's thread has left it behind; if it served, after it had run the section, whose owner
 * could not be told as long as its slot was in line. */
static void inherit(struct fl_slot *keeper, struct fl_slot *served)
{
	if (served) {
		fl_line_served(served);
		fl_complete(served, FL_RAN);
	}
	fl_slot_free(keeper);
}

/* The role is this thread's, and the word is still kept: a scanner's now. */
static uint64_t resume(fifolock_t *lock, struct fl_slot *keeper)
{
	uint64_t word = fl_load_relaxed(&lock->word);	    /* [GUESS] */
	uint32_t gone = fl_load_relaxed(&keeper->dequeued); /* [MINE] */
	struct fl_slot *served;

	fl_line_count_dequeued(lock, gone - lock->dequeued);
	/* [SCAN] release, [SCAN] acquire */
	while (!fl_cas_acq_rel(&lock->word, &word, fl_word_resumed(word)))
		;
	served = fl_line_resume(lock, keeper);
	if (!fl_role_done(keeper, lock))
		inherit(keeper, served);
	return fl_word_resumed(word);
}

/* Behind that slot, which passes the role on; NULL: there is none, or it does not any more.  As long
 * as it does, the line stands still between the newest and the heir. */
static struct fl_slot *heir_of(const fifolock_t *lock, const struct fl_slot *keeper)
{
	uint32_t hint = fl_load_relaxed(&keeper->hint); /* [HINT] */
	/* [JOIN] acquire */
	uint32_t id = (uint32_t)fl_load_acquire(&lock->arrivals), older;

	if (hint && fl_line_follows(fl_slot_at(hint), keeper))
		return fl_slot_at(hint);
	for (uint32_t left = fl_slots_made(); id && left;
	     left--, id = older & ~FL_UNSURE) {
		/* [OVER] acquire */
		older = fl_load_acquire(&fl_slot_at(id)->older);
		if ((older & ~FL_UNSURE) == keeper->id)
			return fl_slot_at(id);
	}
	return NULL;
}

/* RECALLED or GIVING: see role.h.  The first step of the note says which motion it is: one that ends
 * with a read-modify-write finds it, and a scan follows.  If the second finds the same motion, which dequeued
 * says, as the slot passes the role on once with each number, then the heir is that motion's, and had not been
 * told before the news were left. */
static bool leave_with_heir(const fifolock_t *lock, struct fl_slot *slot, uint64_t note)
{
	/* [GONE] acquire: not of a later motion than the note */
	uint32_t gone = fl_load_acquire(&slot->dequeued);
	struct fl_slot *heir;

	if (!fl_role_change(slot, &note, note))
		return false;
	heir = heir_of(lock, slot);
	if (heir)
		fl_slot_leave_news(heir);
	return fl_role_change(slot, &note, note) &&
	       fl_load_relaxed(&slot->dequeued) == gone; /* [COUNT] */
}

/* Also where the note stays the same: what came before is seen by the thread that changes it. */
static bool leave_news(const fifolock_t *lock, struct fl_slot *slot, uint64_t note)
{
	switch (note & FL_ROLE_MASK) {
	case FL_PASSING:
		return fl_role_change(slot, &note, fl_role_note(lock, FL_RECALLED));
	case FL_RECALLED:
		return leave_with_heir(lock, slot, note);
	default:
		return fl_role_change(slot, &note, note);
	}
}

/* Another thread has it: news for it. */
static enum fl_took leave_word(const fifolock_t *lock, struct fl_slot *slot,
			       uint64_t note, bool news)
{
	enum fl_role role = note & FL_ROLE_MASK;
	bool passes = role == FL_PASSING || role == FL_RECALLED;

	if (!news)
		return passes ? FL_PASSER : FL_TAKER;
	return leave_news(lock, slot, note) ? FL_HEARD : FL_MISSED;
}

enum fl_took fl_take_role(fifolock_t *lock, uint64_t *word, bool news)
{
	uint64_t note = 0;
	struct fl_slot *slot = fl_role_find(lock, &note);
	enum fl_role role = note & FL_ROLE_MASK;

	if (!slot)
		return FL_MISSED;
	if (role != FL_KEPT && role != FL_KEPT_ORPHAN)
		return leave_word(lock, slot, note, news);
	role = role == FL_KEPT ? FL_TAKEN : FL_TAKEN_ORPHAN;
	if (!fl_role_change(slot, &note, fl_role_note(lock, role)))
		return FL_MISSED;
	*word = resume(lock, slot);
	return FL_TOOK;
}

bool fl_news(fifolock_t *lock, bool in_any_case, uint64_t *word)
{
	*word = fl_load_relaxed(&lock->word); /* [GUESS] */
	for (;;) {
		bool looks = in_any_case || (*word & FL_QUEUED);
		uint64_t next = looks ? fl_word_with_news(*word) : *word;
		enum fl_took took;

		if (fl_word_kept(*word)) {
			took = fl_take_role(lock, word, true);
			if (took != FL_MISSED)
				return took == FL_TOOK;
			*word = fl_load_relaxed(&lock->word); /* [GUESS] */
			/* [NEWS] release, [SCAN] [NEWS] acquire */
		} else if (fl_cas_acq_rel(&lock->word, word, next)) {
			looks = looks && !(*word & FL_SCANNING);
			*word = next;
			return looks;
		}
	}
}
