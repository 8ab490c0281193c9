/* SPDX-License-Identifier: MIT
 *
 * lock.c - the algorithm.  Layer 3: the only place where the word, the line and
 * parking meet.
 *
 * A request takes its hold with one compare-and-swap on the word if nobody is in
 * line and it fits (fl_take).  Otherwise it joins the line and announces that on the
 * word (announce); this is the step by which it counts as in line.  Whoever then
 * makes a grant possible becomes the scanner: takes SCANNING, brings the line up to
 * date, takes from its head whom the word has room for, and commits (scan).  One
 * compare-and-swap on the word is the commit: granted units in, the scanner's own
 * release out, SCANNING off.  It is the scanner's last touch of the lock; the slots
 * are told after it.
 *
 * Why the release is part of the commit: until then a releasing scanner still has
 * its hold, so no other holder can be the last one, and free the lock, while the
 * scanner looks at it (G5).
 *
 * Why a claim comes before the commit: a request with a deadline can leave at any
 * moment.  Claiming its slot decides the matter before its units are in, so no hold
 * ever exists that nobody wants and nobody has to give one back after the last touch
 * (G4, G5).
 *
 * Why no wake-up is lost (G3): whatever can let the head in (a unit out, an arrival,
 * a departure) is followed by a successful compare-and-swap on the word by the same
 * thread.  Either that step found no scanner and makes one; or it changes the word
 * under the scanner, whose commit then fails and who looks again.  Only an arrival
 * at an empty line that does not fit makes no scanner: a hold is in its way, and the
 * release of that comes later in the order of the word, and sees QUEUED.
 *
 * Why a release stays O(granted): an arrival that finds QUEUED and no scanner scans
 * itself, so it is linked by its own thread.  What a release has to link is the
 * first in line and those arriving at that very moment.
 *
 * What else may happen to a request: it is turned away because the lock is closed or
 * because it waits for itself; it is called back (calls.h); its section is run by the
 * scanner's thread (struct fl_group, run.c).  A conversion waits with what it holds,
 * ahead of those who hold nothing.  docs/design.md has the reasons.
 *
 * Order of memory.  Every write to the word is a read-modify-write, so each release
 * below heads a release sequence that runs through all later values.
 *
 *	row      released by               acquired by              what it carries
 *	[HOLD]   release, exchange,        take, exchange,          the holder's writes
 *	         scan commit               scan commit
 *	[SCAN]   scan commit               release, exchange,       first, gone, links
 *	                                   announce, look
 *	[NEWS]   announce, fl_confirm      clear_rescan, release,   the pushes before it
 *	                                   announce
 *	[GRANT]  fl_tell                   fl_told, fl_sleep        every earlier holder's
 *	                                                            writes
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.  A
 *	           refusal needs none: the word never lacks the caller's own holds.
 *	[EITHER]   Claim or leave: both are read-modify-writes of one word, so one came
 *	           first.  It carries nothing; what the leaver wrote goes with its push.
 *	[CARRIED]  The slot is still its owner's; the push that follows carries it.
 *	[RULES]    Open or closed, and the bound.  Closing is followed by an announcement, which
 *	           carries it to scanners; all others find it out in their own time.
 *
 * "no release", "no acquire": that half of the operation carries nothing.  The whole
 * argument, pair by pair, is in docs/memory-orders.md.
 */
#include "lock.h"
#include "atomic.h"
#include "calls.h"
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

/* Requests taken off the line, oldest first, linked by newer. */
struct batch {
	struct fl_slot *oldest;
	struct fl_slot *newest;
	uint64_t units;
	uint32_t count;
};

/* One scan.  Whom it takes off the line it grants, turns away (refused), or runs the
 * section of (chain): all of it after the commit. */
struct scan {
	fifolock_t *lock;
	const fifolock_modes_t *modes;
	uint64_t word;	 /* as last seen */
	uint64_t field;	 /* what a releasing scanner still has to give back */
	uint64_t units;	 /* ... */
	uint64_t fitted; /* the word for which the batches were found to fit */
	struct batch granted;
	struct batch chain;
	struct batch refused;
	struct fl_group *group;
	int error;
};

static void batch_add(struct batch *batch, struct fl_slot *slot, uint64_t units)
{
	if (batch->newest)
		batch->newest->newer = slot->id;
	else
		batch->oldest = slot;
	batch->newest = slot;
	batch->units += units;
	batch->count++;
}

/* 0 -> CLAIMED, unless LEFT came first.  Who cannot leave needs no claim. */
static bool claim(struct fl_slot *slot)
{
	/* [EITHER] */
	return !(slot->how & FL_LEAVES) ||
	       !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);
}

/* CLAIMED -> 0.  The owner may be waiting for the claim's outcome. */
static void unclaim(struct fl_slot *slot)
{
	/* [EITHER] */
	if ((slot->how & FL_LEAVES) &&
	    (fl_and_relaxed(&slot->word, ~FL_CLAIMED) & FL_ASLEEP))
		fl_unpark(&slot->word);
}

static struct fl_want want_of(const fifolock_modes_t *modes, const struct fl_slot *slot)
{
	return fl_want(&modes->rows[slot->mode], slot->mode, slot->weight);
}

/* What a conversion gives for what it wants. */
static uint64_t given_for(const fifolock_modes_t *modes, const struct fl_slot *slot)
{
	return slot->how & FL_AHEAD ? modes->rows[slot->from].unit : 0;
}

bool fl_slot_fits(const fifolock_modes_t *modes, const struct fl_slot *slot,
		  uint64_t word)
{
	const struct fl_want want = want_of(modes, slot);

	return fl_want_fits(modes, &want, word);
}

/* The word as it would be if the scan committed now. */
static uint64_t outcome(const struct scan *scan)
{
	return scan->word - scan->units + scan->granted.units + scan->chain.units;
}

/* Off the line and turned away, unless it has left. */
static void refuse(struct scan *scan, struct fl_slot *slot, int error)
{
	fl_line_cut(scan->lock, slot);
	if (claim(slot)) {
		slot->verdict = (uint8_t)error;
		batch_add(&scan->refused, slot, 0);
	} else {
		slot->verdict = FL_OUT; /* its departure is about to be announced */
	}
}

/* Of the conversions from the head to last, would one wait for ever?  Each waits for the
 * holds of those behind it, who wait for it. */
static bool wait_for_each_other(const struct scan *scan, const struct fl_slot *last)
{
	const struct fl_slot *head = fl_line_head(scan->lock), *slot;
	uint64_t stuck = 0;

	for (slot = head; slot != last; slot = fl_line_after(slot))
		stuck += given_for(scan->modes, slot);
	stuck += given_for(scan->modes, last);
	for (slot = head; slot != last; slot = fl_line_after(slot)) {
		stuck -= given_for(scan->modes, slot);
		if (!fl_slot_fits(scan->modes, slot, stuck))
			return true;
	}
	return false;
}

/* Of two conversions that wait for each other the later one is turned away. */
static void refuse_deadlocks(struct scan *scan)
{
	struct fl_slot *head = fl_line_head(scan->lock), *slot, *newer;

	if (!head || !(head->how & FL_AHEAD))
		return;
	for (slot = fl_line_after(head); slot && (slot->how & FL_AHEAD); slot = newer) {
		newer = fl_line_after(slot);
		if (wait_for_each_other(scan, slot))
			refuse(scan, slot, EDEADLK);
	}
}

/* Why the head is not to be granted, whether it fits or not; 0: nothing is wrong. */
static int objection(const struct scan *scan, const struct fl_slot *head)
{
	const struct fifolock_row *from = &scan->modes->rows[head->from];

	if (fl_closed(scan->lock))
		return ECANCELED;
	if ((head->how & FL_AHEAD) &&
	    !fl_word_has(outcome(scan), from->field, from->unit))
		return EPERM; /* somebody else gave it back */
	return 0;
}

/* Is its section one that this thread runs?  Only where nobody could be granted beside
 * it: then nobody waits because it is run here and not there. */
static bool to_be_run(const struct scan *scan, const struct fl_slot *head)
{
	return scan->group && scan->chain.count < scan->group->most &&
	       (head->how & FL_RUNS) && (scan->modes->flags & FL_MODES_ALONE(head->mode));
}

/* The head fits: off the line.  Sections in a row, all of one mode, take one hold
 * together. */
static void take(struct scan *scan, struct fl_slot *head)
{
	uint64_t units = scan->modes->rows[head->mode].unit * head->weight;
	bool run = to_be_run(scan, head);

	fl_line_take_head(scan->lock, head);
	if (!claim(head))
		head->verdict = FL_OUT; /* its departure is about to be announced */
	else if (!run)
		batch_add(&scan->granted, head, units - given_for(scan->modes, head));
	else
		batch_add(&scan->chain, head, scan->chain.count ? 0 : units);
}

/* The next of those who are run in a row. */
static bool continues(const struct scan *scan, const struct fl_slot *head)
{
	return scan->chain.count && head->mode == scan->chain.newest->mode &&
	       to_be_run(scan, head);
}

/* Take off the line, from the head on, whom the word has room for. */
static void collect(struct scan *scan)
{
	struct fl_slot *head;
	int error;

	refuse_deadlocks(scan);
	while ((head = fl_line_head(scan->lock))) {
		error = objection(scan, head);
		if (error)
			refuse(scan, head, error);
		else if (continues(scan, head) ||
			 fl_slot_fits(scan->modes, head,
				      outcome(scan) - given_for(scan->modes, head)))
			take(scan, head);
		else
			break;
	}
	scan->fitted = scan->word;
}

/* Back to the front of the line, those to be run first: they are the later ones. */
static void put_back_batch(fifolock_t *lock, struct batch *batch)
{
	struct fl_slot *slot = batch->oldest;

	if (!batch->count)
		return;
	for (uint32_t left = batch->count; left; left--) {
		unclaim(slot);
		slot = left > 1 ? fl_slot_at(slot->newer) : NULL;
	}
	fl_line_put_back(lock, batch->oldest, batch->newest, batch->count);
	*batch = (struct batch){0};
}

static void put_back(struct scan *scan)
{
	put_back_batch(scan->lock, &scan->chain);
	put_back_batch(scan->lock, &scan->granted);
}

/* The word has changed: is what was taken off the line for the old one still right?  A
 * predicate may allow less when a hold is gone; a conversion may have put more in; and a
 * release that is refused takes its room back. */
static void check_again(struct scan *scan)
{
	bool refused = !fl_word_has(scan->word, scan->field, scan->units);

	if (refused) {
		scan->units = 0;
		scan->error = EPERM;
	}
	if (refused || scan->modes->compatible ||
	    fl_word_grew(scan->modes, scan->fitted, scan->word))
		put_back(scan);
}

void fl_tell(struct fl_slot *slot, uint32_t what)
{
	fl_event_grant(slot);
	/* [GRANT] release */
	if (fl_swap_release(&slot->word, what) & FL_ASLEEP)
		fl_unpark(&slot->word);
}

/* any -> GRANTED or REFUSED.  From here on the owner may return and use its slot
 * again: what follows may use its address, never its contents; unless it is to be
 * called back. */
static void grant(struct fl_slot *slot, uint32_t what)
{
	bool calls = slot->how & FL_CALLS;

	fl_tell(slot, what);
	if (calls)
		fl_call_later(slot);
}

static void hand_over(const struct batch *batch, uint32_t what)
{
	struct fl_slot *slot = batch->oldest;

	for (uint32_t left = batch->count; left; left--) {
		struct fl_slot *newer = left > 1 ? fl_slot_at(slot->newer) : NULL;

		grant(slot, what);
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

/* SCANNING -> 0, the grants and the scanner's own release with it. */
static bool commit(struct scan *scan)
{
	fifolock_t *lock = scan->lock;
	uint64_t next = outcome(scan) & ~FL_SCANNING;

	if (!lock->first && !fl_closed(lock))
		next &= ~FL_QUEUED;
	fl_event_commit(lock, scan->granted.oldest, scan->granted.count);
	/* [SCAN] [HOLD] release, [HOLD] acquire */
	return fl_cas_acq_rel(&lock->word, &scan->word, next);
}

/* After the commit: what the caller is to run, and everybody told. */
static void conclude(struct scan *scan)
{
	struct fl_group *group = scan->group;

	if (group) {
		group->oldest = scan->chain.oldest;
		group->count = scan->chain.count;
	}
	if (scan->chain.count) {
		group->field = scan->modes->rows[scan->chain.oldest->mode].field;
		group->unit = scan->chain.units;
	}
	hand_over(&scan->granted, FL_GRANTED);
	hand_over(&scan->refused, FL_REFUSED);
	fl_calls_run();
}

/* The caller has just set SCANNING; scan->word is what it made of the word.  Grants from
 * the head and commits, the caller's own release with it.  EPERM: while it
 * scanned, somebody else gave back the hold that it was to give back. */
static int scan(struct scan *scan)
{
	fifolock_t *lock = scan->lock;

	scan->modes = fl_modes_of(lock);
	scan->fitted = scan->word;
	fl_event_scan(lock);
	fl_line_settle(lock);
	for (;;) {
		if (scan->word & FL_RESCAN) {
			if (!clear_rescan(lock, &scan->word)) {
				check_again(scan);
				continue;
			}
			fl_line_settle(lock);
		}
		collect(scan);
		if (commit(scan))
			break;
		check_again(scan);
	}
	conclude(scan);
	return scan->error;
}

/* Make an arrival or a departure known: 0 -> SCANNING, or RESCAN under a scanner.
 * Two arrivals need not.  One that a scanner has taken already is in line, or
 * granted: were it to ask whether it fits, its own hold could be in its way.  And
 * one at an empty line that does not fit only sets QUEUED: the answer is true. */
static bool announce(fifolock_t *lock, const struct fl_want *arrival,
		     struct fl_group *group)
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
		scan(&(struct scan){.lock = lock, .word = next, .group = group});
	return !(next & FL_SCANNING);
}

static inline uint32_t rules(const fifolock_t *lock)
{
	return fl_load_relaxed(&lock->rules); /* [RULES] */
}

static uint32_t bound_of(const fifolock_t *lock)
{
	uint32_t bound = rules(lock) >> FL_BOUND_SHIFT & FL_BOUND_MAX;

	return bound ? bound : UINT32_MAX;
}

static int join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		unsigned how, struct fl_group *group)
{
	bool ahead = how & FL_AHEAD;

	slot->mode = (uint8_t)want->mode;
	slot->weight = want->weight;
	slot->how = (uint8_t)how;
	/* [CARRIED] */
	fl_store_relaxed(&slot->since, how & FL_DATED ? fl_now_coarse() : 0);
	if (fl_line_join(lock, slot, how & FL_UNBOUND ? UINT32_MAX : bound_of(lock)) != 0)
		return EAGAIN;
	fl_event_join(lock, slot);
	/* Taken right after QUEUED was set: by a scanner that QUEUED has called, or
	 * before, and the word has since become again what it was.  Nobody would
	 * clear it then.  This second look cannot be older than that: announce has
	 * acquired that commit. */
	if (announce(lock, ahead ? NULL : want, group) && !fl_line_has_arrivals(lock))
		announce(lock, NULL, group);
	return 0;
}

int fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	    unsigned how)
{
	return join(lock, slot, want, how, NULL);
}

int fl_join_to_run(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   struct fl_group *group)
{
	return join(lock, slot, want, FL_RUNS, group);
}

uint32_t fl_told(const struct fl_slot *slot)
{
	/* [GRANT] acquire */
	return fl_load_acquire(&slot->word) & FL_TOLD;
}

bool fl_granted(const struct fl_slot *slot)
{
	return fl_told(slot) & FL_GRANTED;
}

/* 0 -> LEFT, unless a claim or a grant came first. */
bool fl_leave(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t word = fl_load_relaxed(&slot->word); /* [GUESS] */

	do {
		if (word & (FL_CLAIMED | FL_TOLD))
			return false;
		/* [EITHER] */
	} while (!fl_cas_relaxed(&slot->word, &word, word | FL_LEFT));
	fl_event_leave(lock, slot);
	fl_line_leave(lock, slot);
	announce(lock, NULL, NULL);
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

/* Somebody is in line, and nobody scans. */
static bool wants_scanner(uint64_t word)
{
	return (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;
}

/* No one in line: the units out, and that is all.  Somebody scanning: the units out,
 * and the scanner sees it.  Otherwise become the scanner, units still in. */
int fl_release_to(fifolock_t *lock, uint64_t field, uint64_t units,
		  struct fl_group *group)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;
	bool scans;

	do {
		if (!fl_word_has(word, field, units))
			return EPERM;
		scans = wants_scanner(word);
		next = scans ? word | FL_SCANNING : word - units;
		/* [HOLD] release, [SCAN] [NEWS] acquire */
	} while (!fl_cas_acq_rel(&lock->word, &word, next));
	if (!scans)
		return 0;
	return scan(&(struct scan){.lock = lock,
				   .word = next,
				   .field = field,
				   .units = units,
				   .group = group});
}

int fl_release(fifolock_t *lock, uint64_t field, uint64_t units)
{
	return fl_release_to(lock, field, units, NULL);
}

/* Goes past the line, as it holds already; whom it lets in it grants, or a scanner sees
 * that the word has changed. */
int fl_exchange(fifolock_t *lock, const struct fifolock_row *from,
		const struct fl_want *want)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t next;
	bool scans;

	do {
		if (!fl_word_has(word, from->field, from->unit))
			return EPERM;
		if (!fl_want_fits(modes, want, word - from->unit))
			return EBUSY;
		scans = wants_scanner(word);
		next = word - from->unit + want->unit;
		next |= scans ? FL_SCANNING : 0;
		/* [HOLD] release, [HOLD] [SCAN] [NEWS] acquire */
	} while (!fl_cas_acq_rel(&lock->word, &word, next));
	if (scans)
		scan(&(struct scan){.lock = lock, .word = next});
	return 0;
}

bool fl_closed(const fifolock_t *lock)
{
	return rules(lock) & FL_CLOSED;
}

/* rules, by compare-and-swap.  Only closing and opening need the scanner. */
void fl_rule(fifolock_t *lock, uint32_t mask, uint32_t value)
{
	uint32_t now = rules(lock);

	/* [RULES] */
	while (!fl_cas_relaxed(&lock->rules, &now, (now & ~mask) | value))
		;
	if (mask & FL_CLOSED)
		announce(lock, NULL, NULL);
}

/* Wait for the scanner, if there is one, and become it.  False: nobody is in line. */
static bool become_scanner(fifolock_t *lock, uint64_t *word)
{
	*word = fl_load_relaxed(&lock->word); /* [GUESS] */
	for (;;) {
		if (!(*word & FL_QUEUED))
			return false;
		if (*word & FL_SCANNING) {
			fl_yield();
			*word = fl_load_relaxed(&lock->word); /* [GUESS] */
			/* [SCAN] [NEWS] acquire, no release */
		} else if (fl_cas_acq_rel(&lock->word, word, *word | FL_SCANNING)) {
			*word |= FL_SCANNING;
			return true;
		}
	}
}

bool fl_look(fifolock_t *lock, struct fl_look *look)
{
	struct fl_slot *slot;
	uint64_t word;
	bool same;

	if (!become_scanner(lock, &look->word))
		return true;
	fl_line_settle(lock);
	for (slot = fl_line_head(lock); slot && look->see(slot, look->ctx);)
		slot = fl_line_after(slot);
	/* [SCAN] acquire */
	word = fl_load_acquire(&lock->word);
	same = word == look->word;
	scan(&(struct scan){.lock = lock, .word = look->word});
	return same;
}
