/* SPDX-License-Identifier: MIT
 *
 * lock.c - the algorithm: where the word and the line meet.  How a thread becomes the
 * scanner is in scanner.c, what a scanner does in scan.c.
 *
 * A request takes its hold with one compare-and-swap on the word if no request is in
 * line and it fits (fl_take).  Otherwise it joins the line and announces that on the
 * word (announce_arrival); this is the step by which it counts as in line.  The thread
 * that then makes a grant possible becomes the scanner: takes SCANNING, brings the line up to
 * date, takes from its head the requests that the word has room for, and commits (scan.c).  One
 * compare-and-swap on the word is the commit: granted units in, the scanner's own
 * release out, SCANNING off.  It is the scanner's last touch of the lock; except that where the
 * role goes along, news that were left meanwhile are announced before the new holder is told.
 * The slots are told after it.
 *
 * Why the release is part of the commit: until then a releasing scanner still has
 * its hold, so no other holder can be the last one, and free the lock, while the
 * scanner looks at it (G5).
 *
 * Why a claim comes before the commit: a request with a deadline can leave at any
 * moment.  Claiming its slot decides the matter before its units are in, so no hold
 * ever exists that no thread wants, and none has to be given back after the last touch
 * (G4, G5).
 *
 * Why no wake-up is lost (G3): whatever can let the head in (a unit out, an arrival,
 * a departure) is followed by a successful compare-and-swap on the word by the same
 * thread.  Either that step found no scanner and makes one; or it changes the word
 * under the scanner, whose commit then fails, so that it looks again.  Only an arrival behind
 * another one changes nothing there: it has that one's grant to wait for, which finds it.
 *
 * Why a release stays O(granted): an arrival links itself to the one before it, and one that finds
 * none before it, and no scanner, scans, so that it is named as the head.  What a release has to
 * link are those arriving at that very moment.
 *
 * What else may happen to a request: it is turned away because the lock is closed or
 * because it waits for itself; it is called back (callbacks.h); its section is run by the
 * scanner's thread (struct fl_service, run.c).  A conversion waits with what it holds,
 * ahead of the requests without a hold.  docs/design.md has the reasons.
 *
 * Order of memory.  Every write to the word is a read-modify-write, so each release
 * below heads a release sequence that runs through all later values.
 *
 *	row      released by               acquired by              what it carries
 *	[HOLD]   release, exchange,        take, exchange           the holder's writes
 *	         commit (scan.c)
 *	[SCAN]   commit (scan.c)           release, exchange,       head, dequeued, links
 *	                                   announce_arrival; fl_news
 *	                                   (scanner.c), walk.c
 *	[NEWS]   announce_arrival,         the same, and            the pushes before it
 *	         fl_confirm; fl_news       clear_rescan (scan.c)
 *	         (scanner.c)
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.  A
 *	           refusal needs none: the word never lacks the caller's own holds.
 *	[CARRIED]  The slot is still its owner's; the push that follows carries it.
 *
 * "no release", "no acquire": that half of the operation carries nothing.  The whole
 * argument, pair by pair, is in docs/memory-orders.md.
 */
#include "lock.h"
#include "observe/account.h"
#include "atomic.h"
#include "callbacks.h"
#include "control.h"
#include "observe/events.h"
#include "queue.h"
#include "role.h"
#include "scan.h"
#include "scanner.h"

#include <errno.h>
#include <stddef.h>

_Static_assert(sizeof(fifolock_t) == 40, "the lock is 40 bytes");

const fifolock_modes_t fl_no_modes = {.count = 0};

bool fl_take(fifolock_t *lock, const struct fl_want *want)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */

	do {
		if ((word & FL_QUEUED) || !fl_want_fits(modes, want, word))
			return false;
		/* [HOLD] acquire */
	} while (!fl_cas_acquire(&lock->word, &word, word + want->unit));
	return true;
}

/* Behind another request an arrival is known already, once that one's is: the thread that takes that one off the line
 * finds it (chain.c), and until then the word does not lose QUEUED.  With no thread scanning that is
 * so in any case.  With one it is so if the slot before is sure (chain.h): another scanner may have emptied the line, and
 * be about to clear QUEUED, while that one has still to be announced. */
static bool is_known(uint64_t word, uint32_t behind)
{
	return fl_word_kept(word) ||
	       (behind && (fl_word_lacks_scanner(word) ||
			   ((word & FL_SCANNING) && fl_line_is_sure(behind))));
}

/* Make an arrival known.  True: the caller has become the scanner, and the word is what it made of it.  In no line
 * any more it has been granted, and must not keep others from the lock. */
static bool announce_arrival(fifolock_t *lock, uint64_t *word, uint32_t behind)
{
	uint64_t next;

	do {
		if (is_known(*word, behind) || fl_line_is_empty(lock))
			return false;
		next = fl_word_with_news(*word);
		/* [NEWS] release, [SCAN] [NEWS] acquire */
	} while (!fl_cas_acq_rel(&lock->word, word, next));
	if (*word & FL_SCANNING)
		return false;
	*word = next;
	return true;
}

/* It has been pushed, and that is the word since. */
static void arrive(fifolock_t *lock, struct fl_slot *slot, uint64_t word, uint32_t behind,
		   struct fl_service *service)
{
	bool scans = announce_arrival(lock, &word, behind);

	fl_line_link(slot, behind);
	if (scans)
		fl_scan(&(struct scan){.lock = lock, .word = word, .service = service});
}

/* After the push. */
static uint64_t look(const fifolock_t *lock)
{
	/* [NEWS] acquire: what was done before QUEUED was set */
	return fl_load_acquire(&lock->word);
}

/* What the slot is to say, before it is in line. */
static void fill(const fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		 unsigned how)
{
	slot->mode = (uint8_t)want->mode;
	slot->weight = want->weight;
	slot->how = (uint8_t)how;
	fl_slot_set_target(slot, lock);
	if (!(how & FL_CALLS))
		fl_slot_set_note(slot, want->since ? want->since | FL_NOTE_SINCE : 0);
	if (how & FL_CONVERTS)
		slot->shift = (uint8_t)__builtin_ctzll(
			fl_modes_of(lock)->rows[slot->from].unit);
	/* [CARRIED] */
	fl_store_relaxed(&slot->since, how & FL_NO_THREAD ? fl_since_now() : 0);
}

static int join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		unsigned how, struct fl_service *service)
{
	uint32_t limit = how & FL_NO_LIMIT ? UINT32_MAX : fl_limit_of(lock);
	struct fl_place place;

	fill(lock, slot, want, how);
	if (how & FL_CONVERTS) {
		fl_line_join_ahead(lock, slot);
		fl_event_ahead(lock, slot);
		fl_announce(lock);
	} else {
		if (fl_line_join(lock, slot, limit, &place) != 0)
			return EAGAIN;
		fl_event_join(lock, slot, want, place.ticket);
		arrive(lock, slot, look(lock), place.behind, service);
	}
	if ((how & (FL_NO_THREAD | FL_SAID_LATER)) == FL_NO_THREAD)
		fl_slot_joined(slot);
	fl_take_over(lock);
	return 0;
}

int fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	    unsigned how)
{
	return join(lock, slot, want, how, NULL);
}

static unsigned vain(const fifolock_t *lock)
{
	return fl_role_pays(lock) ? 0 : FL_IN_VAIN;
}

int fl_join_to_run(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   struct fl_service *service)
{
	return join(lock, slot, want, FL_RUNS | vain(lock), service);
}

void fl_ready_to_join(const fifolock_t *lock, struct fl_slot *slot, unsigned mode,
		      unsigned how)
{
	const struct fl_want want = {.mode = mode, .weight = 1};

	fill(lock, slot, &want, how);
	fl_line_ready(slot);
}

/* The word is looked at once more while the line is here; the link comes when the arrival is known
 * (arrive). */
bool fl_join_behind(fifolock_t *lock, struct fl_slot *slot, struct fl_service *service)
{
	struct fl_place place;
	uint64_t word;

	word = fl_load_relaxed(&lock->word); /* [GUESS] */
	if (!(word & FL_QUEUED) || !fl_unruled(lock))
		return false;
	slot->how = (uint8_t)(slot->how | vain(lock));
	fl_line_push(lock, slot, &place);
	word = look(lock);
	fl_event_join(lock, slot, slot, place.ticket);
	arrive(lock, slot, word, place.behind, service);
	fl_take_over(lock);
	return true;
}

/* A conversion that no scanner has taken in yet is in the stack of those with news already. */
static bool leave(fifolock_t *lock, struct fl_slot *slot)
{
	bool ahead = slot->how & FL_CONVERTS, admitted;

	if (!fl_slot_leave(slot, &admitted))
		return false;
	fl_event_leave(lock, slot);
	if (!ahead || admitted)
		fl_line_leave(lock, slot);
	return true;
}

bool fl_leave(fifolock_t *lock, struct fl_slot *slot)
{
	if (!leave(lock, slot))
		return false;
	fl_announce(lock);
	return true;
}

/* The lock is there until the announcement. */
bool fl_cancel(fifolock_t *lock, struct fl_slot *slot, unsigned mode)
{
	if (!leave(lock, slot))
		return false;
	fl_account_cancelled(fl_modes_of(lock), mode);
	fl_announce(lock);
	return true;
}

/* An observer may have seen an arrival that is pushed but not yet announced.  Once
 * this has written the word, a thread that could clear QUEUED looks at the arrivals again:
 * a scanner because of RESCAN, a later one because it has acquired this write. */
bool fl_confirm(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;

	do {
		if (!(word & FL_QUEUED))
			return false;
		next = word & FL_SCANNING ? word | FL_RESCAN : word;
		/* [NEWS] release, no acquire */
	} while (!fl_cas_acq_rel(&lock->word, &word, next));
	return true;
}

static bool thread_in_line(const fifolock_t *lock)
{
	struct fl_slot *slot = fl_line_head(lock);

	while (slot && (slot->how & FL_CALLS))
		slot = fl_line_after(lock, slot);
	return slot;
}

/* A thread that scans will see RESCAN before its commit, and looks at what is handed over
 * after it.  One that joins, and writes nothing but the line, comes before this touches
 * the line, and is seen, or after it. */
bool fl_awaited(fifolock_t *lock)
{
	uint64_t word;
	bool found;

	if (!fl_news(lock, false, &word))
		return false;
	fl_line_touch(lock);
	fl_line_settle(lock);
	found = thread_in_line(lock);
	fl_scan(&(struct scan){.lock = lock, .word = word, .hands_over = true});
	return found;
}

/* The caller has a hold, and is about to change the word.  If the role is kept, then with that
 * hold.  FL_TAKER: it is with a scanner, or about to be, which will see the change: so a hold that a
 * thread gives back by mistake, and with which another keeps the role, does not leave the line alone. */
static enum fl_took role_of_holder(fifolock_t *lock, uint64_t *word)
{
	enum fl_took took;

	if (!fl_word_kept(*word))
		return FL_TAKER;
	took = fl_take_role(lock, word, false);
	if (took == FL_MISSED)
		*word = fl_load_relaxed(&lock->word); /* [GUESS] */
	return took;
}

/* No request in line: the units out, and that is all.  A thread scanning: the units out,
 * and the scanner sees it.  Otherwise become the scanner, units still in. */
int fl_release_to(fifolock_t *lock, uint64_t field, uint64_t units,
		  struct fl_service *service)
{
	struct scan scan = {
		.lock = lock, .field = field, .units = units, .service = service};
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	bool scans;

	for (;;) {
		if (!fl_word_has(word, field, units))
			return EPERM;
		switch (role_of_holder(lock, &word)) {
		case FL_TOOK:
			if (!fl_word_has(word, field, units)) {
				scan.units = 0;
				scan.error = EPERM;
			}
			scan.word = word;
			return fl_scan(&scan);
		case FL_MISSED:
			continue;
		case FL_PASSER:
			return EPERM; /* another thread is giving back this very hold */
		default:
			break;
		}
		scans = fl_word_lacks_scanner(word);
		scan.word = scans ? word | FL_SCANNING : word - units;
		/* [HOLD] release, [SCAN] [NEWS] acquire */
		if (fl_cas_acq_rel(&lock->word, &word, scan.word))
			return scans ? fl_scan(&scan) : 0;
	}
}

int fl_release(fifolock_t *lock, uint64_t field, uint64_t units)
{
	return fl_release_to(lock, field, units, NULL);
}

/* The word after an exchange; 0: it is not possible, and why not. */
static int exchanged(const fifolock_t *lock, uint64_t word,
		     const struct fifolock_row *from, const struct fl_want *want,
		     uint64_t *next)
{
	if (!fl_word_has(word, from->field, from->unit))
		return EPERM;
	if (!fl_want_fits(fl_modes_of(lock), want, word - from->unit))
		return EBUSY;
	*next = word - from->unit + want->unit;
	return 0;
}

/* With the role in hand.  In one step with the commit: others that fit then must not find
 * QUEUED and no request in line. */
static int exchange_and_scan(fifolock_t *lock, uint64_t word,
			     const struct fifolock_row *from, const struct fl_want *want)
{
	struct scan scan = {.lock = lock, .word = word};
	uint64_t next;
	int error = exchanged(lock, word, from, want, &next);

	if (!error) {
		scan.field = from->field;
		scan.units = from->unit;
		scan.gained = want->unit;
	}
	fl_scan(&scan);
	return error ? error : scan.error;
}

/* Goes past the line, as it holds already; the requests that it lets in it grants, or a scanner
 * sees that the word has changed. */
int fl_exchange(fifolock_t *lock, const struct fifolock_row *from,
		const struct fl_want *want)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;
	int error;

	for (;;) {
		error = exchanged(lock, word, from, want, &next);
		if (error)
			return error;
		switch (role_of_holder(lock, &word)) {
		case FL_TOOK:
			return exchange_and_scan(lock, word, from, want);
		case FL_MISSED:
			continue;
		case FL_PASSER:
			return EPERM;
		default:
			break;
		}
		next |= fl_word_lacks_scanner(word) ? FL_SCANNING : 0;
		/* [HOLD] release, [HOLD] [SCAN] [NEWS] acquire */
		if (fl_cas_acq_rel(&lock->word, &word, next))
			break;
	}
	if (fl_word_lacks_scanner(word))
		fl_scan(&(struct scan){.lock = lock, .word = next});
	return 0;
}

/* Only closing and opening need the scanner. */
void fl_control_change(fifolock_t *lock, uint32_t mask, uint32_t value)
{
	fl_control_set(lock, mask, value);
	if (mask & FL_CLOSED)
		fl_announce(lock);
}
