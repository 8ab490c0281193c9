/* SPDX-License-Identifier: MIT
 *
 * lock.c - the algorithm.  Layer 3: the only place where the word, the line and
 * parking meet.
 *
 * A request takes its hold with one compare-and-swap on the word if nobody is in
 * line and it fits (fl_take).  Otherwise it joins the line and announces that on
 * the word (announce); this is the step by which it counts as in line.  Whoever
 * then makes a grant possible becomes the scanner: takes SCANNING, brings the
 * line up to date, takes from its head whom the word has room for, and
 * commits (scan).  One compare-and-swap on the word is the commit: granted units in,
 * the scanner's own release out, SCANNING off.  It is the scanner's last touch
 * of the lock; the slots are told after it.
 *
 * Why the release is part of the commit: until then a releasing scanner still
 * has its hold, so no other holder can be the last one, and free the
 * lock, while the scanner looks at it (G5).
 *
 * Why a claim comes before the commit: a request with a deadline can leave at
 * any moment.  Claiming its slot decides the matter before its units are in,
 * so no hold ever exists that nobody wants and nobody has to give one back
 * after the last touch (G4, G5).
 *
 * Why no wake-up is lost (G3): whatever can let the head in (a unit out, an
 * arrival, a departure) is followed by a successful compare-and-swap on the
 * word by the same thread.  Either that step found no scanner and makes one; or it
 * changes the word under the scanner, whose commit then fails and who looks
 * again.  Only an arrival at an empty line that does not fit makes no scanner:
 * a hold is in its way, and the release of that comes later in the order of
 * the word, and sees QUEUED.
 *
 * Why a release stays O(granted): an arrival that finds QUEUED and no scanner
 * scans itself, so it is linked by its own thread.  What a release has to
 * link is the first in line and those arriving at that very moment.
 *
 * Order of memory.  Every write to the word is a read-modify-write, so each
 * release below heads a release sequence that runs through all later values.
 *
 *	row      released by               acquired by              what it carries
 *	[HOLD]   release, scan commit      take, scan commit        the holder's writes
 *	[SCAN]   scan commit               release, announce        first, gone, links
 *	[NEWS]   announce, fl_confirm      clear_rescan, release,   the pushes before it
 *	                                   announce
 *	[GRANT]  grant                     fl_granted, await        every earlier holder's
 *	                                                            writes
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.  A
 *	           refusal needs none: the word never lacks the caller's own holds.
 *	[EITHER]   Claim or leave: both are read-modify-writes of one word, so one came
 *	           first.  It carries nothing; what the leaver wrote goes with its push.
 *	[CARRIED]  The slot is still its owner's; the push that follows carries it.
 *
 * "no release", "no acquire": that half of the operation carries nothing.  The whole
 * argument, pair by pair, is in docs/memory-orders.md.
 */
#include "lock.h"
#include "atomic.h"
#include "events.h"

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

/* What a releasing scanner still has to give back. */
struct give {
	uint64_t field;
	uint64_t units;
};

/* Requests taken off the line, oldest first, linked by newer. */
struct batch {
	struct fl_slot *oldest;
	struct fl_slot *newest;
	uint64_t units;
	uint32_t count;
};

static void batch_add(struct batch *batch, struct fl_slot *slot)
{
	if (batch->newest)
		batch->newest->newer = slot->id;
	else
		batch->oldest = slot;
	batch->newest = slot;
	batch->units += slot->unit;
	batch->count++;
}

/* 0 -> CLAIMED, unless LEFT came first.  Who cannot leave needs no claim. */
static bool claim(struct fl_slot *slot)
{
	/* [EITHER] */
	return !slot->can_leave || !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);
}

/* CLAIMED -> 0.  The owner may be waiting for the claim's outcome. */
static void unclaim(struct fl_slot *slot)
{
	/* [EITHER] */
	if (slot->can_leave && (fl_and_relaxed(&slot->word, ~FL_CLAIMED) & FL_ASLEEP))
		fl_unpark(&slot->word);
}

static bool fits(const fifolock_modes_t *modes, const struct fl_slot *slot, uint64_t word)
{
	const struct fl_want want = {
		.unit = slot->unit,
		.bias = slot->bias,
		.guard = slot->guard,
		.weight = slot->weight,
		.mode = slot->mode,
	};

	return fl_want_fits(modes, &want, word);
}

/* Take off the line, from the head on, whom the word has room for. */
static void collect(fifolock_t *lock, const fifolock_modes_t *modes, uint64_t word,
		    struct batch *batch)
{
	struct fl_slot *head;

	while ((head = fl_line_head(lock)) && fits(modes, head, word + batch->units)) {
		fl_line_take_head(lock, head);
		if (claim(head))
			batch_add(batch, head);
		else
			head->out = true; /* its departure is about to be announced */
	}
}

/* The word that this batch was collected for is no more, and nothing says that it fits
 * the new one: a predicate may allow less when a hold is gone, and a release that was
 * refused takes its room back. */
static void put_back(fifolock_t *lock, struct batch *batch)
{
	if (!batch->count)
		return;
	fl_line_put_back(lock, batch->oldest, batch->newest, batch->count);
	for (struct fl_slot *slot = batch->oldest; batch->count; batch->count--) {
		unclaim(slot);
		slot = fl_line_after(slot);
	}
	*batch = (struct batch){0};
}

/* any -> GRANTED.  From here on the owner may return and use its slot again: what
 * follows may use its address, never its contents. */
static void grant(struct fl_slot *slot)
{
	fl_event_grant(slot);
	/* [GRANT] release */
	if (fl_swap_release(&slot->word, FL_GRANTED) & FL_ASLEEP)
		fl_unpark(&slot->word);
}

static void hand_over(const struct batch *batch)
{
	struct fl_slot *slot = batch->oldest;

	for (uint32_t left = batch->count; left; left--) {
		struct fl_slot *newer = left > 1 ? fl_slot_at(slot->newer) : NULL;

		grant(slot);
		slot = newer;
	}
}

/* RESCAN -> 0, before the scanner looks: news that come later set it again. */
static bool clear_rescan(fifolock_t *lock, uint64_t *word)
{
	/* [NEWS] acquire, no release */
	if (!fl_cas_acq_rel(&lock->word, word, *word & ~FL_RESCAN))
		return false;
	*word &= ~FL_RESCAN;
	return true;
}

/* The caller has just set SCANNING; word is what it made of the word.  Grants from
 * the head and commits, the caller's own release with it.  EPERM: while it
 * scanned, somebody else gave back the hold that it was to give back. */
static int scan(fifolock_t *lock, uint64_t word, struct give give)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct batch batch = {0};
	uint64_t commit;
	int error = 0;

	fl_event_scan(lock);
	fl_line_settle(lock);
	for (;;) {
		if (!fl_word_has(word, give.field, give.units)) {
			give.units = 0;
			error = EPERM;
			put_back(lock, &batch);
		}
		collect(lock, modes, word - give.units, &batch);
		commit = (word - give.units + batch.units) & ~FL_SCANNING;
		if (!lock->first)
			commit &= ~FL_QUEUED;
		fl_event_commit(lock, batch.oldest, batch.count);
		/* [SCAN] [HOLD] release, [HOLD] acquire */
		if (!(word & FL_RESCAN) && fl_cas_acq_rel(&lock->word, &word, commit))
			break;
		if (modes->compatible)
			put_back(lock, &batch);
		if ((word & FL_RESCAN) && clear_rescan(lock, &word))
			fl_line_settle(lock);
	}
	hand_over(&batch);
	return error;
}

/* Make an arrival or a departure known: 0 -> SCANNING, or RESCAN under a scanner.
 * Two arrivals need not.  One that a scanner has taken already is in line, or granted: were
 * it to ask whether it fits, its own hold could be in its way.  And one at an empty
 * line that does not fit only sets QUEUED: the answer is true. */
static bool announce(fifolock_t *lock, const struct fl_want *arrival)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;

	do {
		if (arrival && !fl_line_has_arrivals(lock))
			return false;
		next = word | FL_QUEUED;
		if (word & FL_SCANNING)
			next |= FL_RESCAN;
		else if (!arrival || (word & FL_QUEUED) ||
			 fl_want_fits(modes, arrival, word))
			next |= FL_SCANNING;
		/* [NEWS] release, [SCAN] [NEWS] acquire */
	} while (!fl_cas_acq_rel(&lock->word, &word, next));
	if ((word ^ next) & FL_SCANNING)
		scan(lock, next, (struct give){0, 0});
	return !(next & FL_SCANNING);
}

void fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	     bool can_leave)
{
	fl_store_relaxed(&slot->word, 0); /* [CARRIED] */
	slot->can_leave = can_leave;
	fl_line_join(lock, slot, want);
	fl_event_join(lock, slot);
	/* Taken right after QUEUED was set: by a scanner that QUEUED has called, or before,
	 * and the word has since become again what it was.  Nobody would clear it then.  This
	 * second look cannot be older than that: announce has acquired that commit. */
	if (announce(lock, want) && !fl_line_has_arrivals(lock))
		announce(lock, NULL);
}

bool fl_granted(const struct fl_slot *slot)
{
	/* [GRANT] acquire */
	return fl_load_acquire(&slot->word) & FL_GRANTED;
}

/* 0 -> LEFT, unless a claim or a grant came first. */
bool fl_leave(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	do {
		if (word & (FL_CLAIMED | FL_GRANTED))
			return false;
		/* [EITHER] */
	} while (!fl_cas_relaxed(&slot->word, &word, word | FL_LEFT));
	fl_event_leave(lock, slot);
	fl_line_leave(lock, slot);
	announce(lock, NULL);
	return true;
}

/* An observer may have seen an arrival that is pushed but not yet announced.  Once
 * this has written the word, whoever could clear QUEUED looks at the arrivals again:
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

/* No one in line: the units out, and that is all.  Somebody scanning: the units out,
 * and the scanner sees it.  Otherwise become the scanner, units still in. */
int fl_release(fifolock_t *lock, uint64_t field, uint64_t units)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;
	bool scans;

	do {
		if (!fl_word_has(word, field, units))
			return EPERM;
		scans = (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;
		next = scans ? word | FL_SCANNING : word - units;
		/* [HOLD] release, [SCAN] [NEWS] acquire */
	} while (!fl_cas_acq_rel(&lock->word, &word, next));
	return scans ? scan(lock, next, (struct give){field, units}) : 0;
}

#ifdef FL_CHECKED
bool fl_line_waits_for(fifolock_t *lock, uint64_t own)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_slot *slot;
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	bool waits = false;

	do {
		while (word & FL_SCANNING) {
			fl_relax();
			word = fl_load_relaxed(&lock->word); /* [GUESS] */
		}
		/* [SCAN] [NEWS] acquire, no release */
	} while (!fl_cas_acq_rel(&lock->word, &word, word | FL_QUEUED | FL_SCANNING));
	fl_line_settle(lock);
	for (slot = fl_line_head(lock); slot; slot = fl_line_after(slot))
		waits = waits || (!slot->can_leave && !fits(modes, slot, own));
	scan(lock, word | FL_QUEUED | FL_SCANNING, (struct give){0, 0});
	return waits;
}
#endif
