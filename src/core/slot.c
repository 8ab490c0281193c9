/* SPDX-License-Identifier: MIT
 *
 * slot.c - the slot's word: what becomes of a request is decided here, against its owner
 * that gives up, and told here, to its owner that sleeps.
 *
 * Every step but one (fl_complete_awake) is a read-modify-write of the one word, so any two of them
 * come one after the other, whatever the order in which threads see other things:
 *
 *	claim or leave		Each looks for the other's bit in what it finds.  So either the
 *				request has left, and nothing was ever granted to it; or it will
 *				be told, even if its deadline passes at that very moment.
 *	told or falling asleep	Either the owner finds what it was told, instead of falling
 *				asleep; or the thread that tells it finds ASLEEP, and wakes it.
 *	rouse or falling asleep	the same
 *	admit or leave		Either the scanner finds that the conversion has left; or its
 *				owner finds ADMITTED, and tells the scanner that it leaves.
 *	told or left news	Either the thread that tells finds NEWS; or the one that leaves them
 *				sees what came before that was told.
 *	retire or joined	The second of the two gives the slot back.
 *
 * That is EITHER in the table: which came first is all that there is to know, and it needs no
 * order.  What the owner must see of others goes with what it is told (GRANT): all that earlier
 * holders wrote, and that the scanner is done with the slot.  What the scanner must see of an
 * owner that leaves goes with the departure's push (queue.c), or with LEFT itself for a
 * conversion that is not in line yet (LEAVE).
 *
 *	row       released by         acquired by              what it carries
 *	[GRANT]   fl_complete,            fl_outcome, fl_sleep_until, every earlier holder's writes;
 *	          fl_complete_awake,      fl_await_claim,             that the keeper's note is 0
 *	          fl_complete_without_news fl_slot_leave_news
 *	[LEAVE]   fl_slot_leave       fl_slot_admit            the owner's last use of the slot
 *	[JOINED]  let_go              let_go                   that no thread uses the slot
 *	[NEWS]    fl_slot_leave_news  fl_complete_without_news what the news are about
 *	[LIFE]    new_life (pool.c)   fl_slot_leave_news       that the slot has moved on
 *	[ROUSED]  fl_slot_rouse       fl_sleep_until,          the note (waiters.c)
 *	                              fl_slot_calm
 *	[GONE]    fl_slot_set_stack_next  fl_role_dequeued (role.c)  the notes before
 *
 *	relaxed   because
 *	[EITHER]  See above.
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[ROLE]    Only the scanner sets it, and the scanner looks.
 *	[HINT]    Only says how long it has waited.
 *	[ENDED]   Written before the slot is roused, and read after its word (ROUSED).
 *	[NOTE]    Its owner's, and goes with the push as call and ctx do.  Atomic, because a
 *	          closing looks at the notes of all slots (waiters.c), and a thread that looks
 *	          for the keeper does (role.c).
 */
#include "slot.h"
#include "atomic.h"
#include "observe/detector.h"
#include "observe/events.h"

#include <errno.h>

/* ---- told ---- */

/* The slot of a request remembers whether the thread that joined is done with it. */
static uint32_t say(struct fl_slot *slot, uint32_t what)
{
	uint32_t word;

	if (!(slot->how & FL_NO_THREAD))
		/* [GRANT] release */
		return fl_swap_release(&slot->word, what);
	word = fl_load_relaxed(&slot->word); /* [GUESS] */
	/* [GRANT] release */
	while (!fl_cas_release(&slot->word, &word, word | what))
		;
	return word;
}

/* A thread that is told before the one that joined is done (FL_SAID_LATER) would only sleep again:
 * the second of the two wakes it. */
void fl_complete(struct fl_slot *slot, uint32_t what)
{
	uint32_t wakes = slot->how & FL_SAID_LATER ? FL_ASLEEP | FL_JOINED : FL_ASLEEP;

	fl_event_grant(slot, what);
	if ((say(slot, what) & wakes) == wakes)
		fl_unpark(&slot->word);
}

/* A thread that is awake has 0 there, or CLAIMED: a guess that is mostly right. */
bool fl_complete_without_news(struct fl_slot *slot)
{
	uint32_t word = slot->how & FL_LEAVES ? FL_CLAIMED : 0;

	fl_event_grant(slot, FL_GRANTED);
	/* [GRANT] release, [NEWS] acquire */
	while (!fl_cas_acq_rel(&slot->word, &word, word | FL_GRANTED))
		if (word & FL_NEWS)
			return false;
	if (word & FL_ASLEEP)
		fl_unpark(&slot->word);
	return true;
}

void fl_slot_leave_news(struct fl_slot *slot)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	/* [NEWS] release, [GRANT] [LIFE] acquire */
	while (!fl_cas_acq_rel(&slot->word, &word, word | FL_NEWS))
		;
}

void fl_complete_awake(struct fl_slot *slot, uint32_t what)
{
	fl_event_grant(slot, what);
	/* [GRANT] release */
	fl_store_release(&slot->word, what);
}

uint32_t fl_outcome(const struct fl_slot *slot)
{
	/* [GRANT] acquire */
	return fl_load_acquire(&slot->word) & FL_DONE;
}

bool fl_granted(const struct fl_slot *slot)
{
	return fl_outcome(slot) & FL_GRANTED;
}

/* ---- claimed, or left ---- */

bool fl_claim(struct fl_slot *slot)
{
	/* [EITHER] */
	return !(slot->how & FL_LEAVES) ||
	       !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);
}

void fl_unclaim(struct fl_slot *slot)
{
	/* [EITHER] */
	if ((slot->how & FL_LEAVES) &&
	    (fl_and_relaxed(&slot->word, ~FL_CLAIMED) & FL_ASLEEP))
		fl_unpark(&slot->word);
}

bool fl_slot_leave(struct fl_slot *slot, bool *admitted)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	do {
		if (word & (FL_CLAIMED | FL_DONE))
			return false;
		/* [LEAVE] release */
	} while (!fl_cas_release(&slot->word, &word, word | FL_LEFT));
	*admitted = word & FL_ADMITTED;
	return true;
}

bool fl_slot_has_left(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->word) & FL_LEFT; /* [EITHER] */
}

bool fl_slot_admit(struct fl_slot *slot)
{
	/* [EITHER] */
	if (!(fl_or_relaxed(&slot->word, FL_ADMITTED) & FL_LEFT))
		return true;
	(void)fl_load_acquire(&slot->word); /* [LEAVE] acquire */
	return false;
}

bool fl_slot_is_admitted(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->word) & FL_ADMITTED; /* [ROLE] */
}

/* ---- asleep ---- */

/* Say since when it has slept. */
static void stamp(struct fl_slot *slot)
{
	if (!fl_load_relaxed(&slot->since))			/* [HINT] */
		fl_store_relaxed(&slot->since, fl_since_now()); /* [HINT] */
}

static bool defers_signals(void)
{
	return fl_watched() && fl_detector->defers_signals;
}

/* A handler for this thread may have to run before any thread lets it in.  Reading the
 * clock lets the detector run it. */
static int nap(const struct fl_slot *slot, uint32_t word,
	       const struct fl_deadline *deadline)
{
	struct fl_deadline soon = {.clock = CLOCK_MONOTONIC};
	struct timespec at;

	if (deadline && fl_deadline_passed(deadline))
		return ETIMEDOUT;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += 10000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	soon.at = &at;
	fl_park(&slot->word, word, &soon);
	return 0;
}

/* Sleep until the slot's word changes.  An owner whose slot is CLAIMED can
 * leave no more and waits for the outcome without a deadline. */
static int doze(struct fl_slot *slot, uint32_t word, const struct fl_deadline *deadline)
{
	stamp(slot);
	/* [EITHER] */
	if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))
		return 0;
	fl_event_sleep(slot);
	word |= FL_ASLEEP;
	if (word & FL_CLAIMED)
		deadline = NULL;
	return defers_signals() ? nap(slot, word, deadline)
				: fl_park(&slot->word, word, deadline);
}

bool fl_has_ended(const struct fl_deadline *deadline)
{
	/* [ENDED] */
	return deadline && deadline->ended &&
	       (fl_load_relaxed(deadline->ended) & FL_ENDED);
}

/* After a sleep: is that all? */
static bool has_expired(int error, const struct fl_deadline *deadline)
{
	if (error == EINTR)
		(void)fl_or_relaxed(deadline->ended, FL_ENDED_BY_SIGNAL); /* [ENDED] */
	return error == ETIMEDOUT || error == EINTR;
}

uint32_t fl_sleep_until(struct fl_slot *slot, uint32_t bits,
			const struct fl_deadline *deadline)
{
	for (;;) {
		/* [GRANT] [ROUSED] acquire */
		uint32_t word = fl_load_acquire(&slot->word);

		if (word & bits)
			return word & bits;
		if (!(word & FL_CLAIMED) && fl_has_ended(deadline))
			return 0;
		if (has_expired(doze(slot, word, deadline), deadline))
			return 0;
	}
}

int fl_sleep(struct fl_slot *slot, const struct fl_deadline *deadline)
{
	uint32_t told = fl_sleep_until(slot, FL_DONE, deadline);

	if (!told)
		return ETIMEDOUT;
	return told & FL_REFUSED ? slot->verdict : 0;
}

void fl_await_claim(struct fl_slot *slot)
{
	uint32_t word;

	/* [GRANT] acquire */
	while ((word = fl_load_acquire(&slot->word)) & FL_CLAIMED && !(word & FL_DONE))
		doze(slot, word, NULL);
}

void fl_slot_rouse(struct fl_slot *slot)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	/* [ROUSED] release */
	while (!fl_cas_release(&slot->word, &word, word | FL_ROUSED))
		;
	if (word & FL_ASLEEP)
		fl_unpark(&slot->word);
}

void fl_slot_calm(struct fl_slot *slot)
{
	/* [ROUSED] acquire */
	fl_and_acquire(&slot->word, ~FL_ROUSED);
}

/* ---- given back ---- */

/* The second of the two frees it.  The owner of one that waits at a condition does not: it may be
 * asleep until this has been said. */
static void let_go(struct fl_slot *slot, uint32_t mine, uint32_t other)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	/* [JOINED] release, [JOINED] acquire */
	while (!fl_cas_acq_rel(&slot->word, &word, word | mine))
		;
	if (word & other)
		fl_slot_free(slot);
	else if ((word & FL_ASLEEP) && (word & FL_DONE))
		fl_unpark(&slot->word);
}

void fl_slot_retire(struct fl_slot *slot)
{
	let_go(slot, FL_FREED, FL_JOINED);
}

void fl_slot_joined(struct fl_slot *slot)
{
	let_go(slot, FL_JOINED, FL_FREED);
}

void fl_slot_set_stack_next(struct fl_slot *slot, uint32_t id)
{
	/* [GONE] release */
	fl_store_release(&slot->stack_next, id);
}

/* ---- the note ---- */

uint64_t fl_slot_note(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->note); /* [NOTE] */
}

void fl_slot_set_note(struct fl_slot *slot, uint64_t note)
{
	fl_store_relaxed(&slot->note, note); /* [NOTE] */
}
