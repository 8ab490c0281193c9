/* SPDX-License-Identifier: MIT
 *
 * scan.c - what a scanner does: take from the head of the line the requests that the word
 * has room for, commit, tell.  lock.c has the algorithm as a whole.
 *
 *	row      released by            acquired by               what it carries
 *	[HOLD]   commit                 commit                    the holders' writes
 *	[SCAN]   commit                 new scanner (lock.c)      head, dequeued, links
 *	[NEWS]   fl_news (scanner.c)    clear_rescan              the pushes before it
 *	[GONE]   prepare_keeper         leave_with_heir (scanner.c)  the notes before
 *
 *	relaxed    because
 *	[OLDER]    Only to find out that the commit will fail; a push that was taken brings
 *	           what its owner did to the word before.
 */
#include "scan.h"
#include "observe/account.h"
#include "atomic.h"
#include "callbacks.h"
#include "control.h"
#include "observe/events.h"
#include "queue.h"
#include "role.h"
#include "scanner.h"

#include <errno.h>
#include <stddef.h>

static struct fl_want want_of(const fifolock_modes_t *modes, const struct fl_slot *slot)
{
	return fl_want(&modes->rows[slot->mode], slot->mode, slot->weight);
}

bool fl_slot_fits(const fifolock_modes_t *modes, const struct fl_slot *slot,
		  uint64_t word)
{
	const struct fl_want want = want_of(modes, slot);

	return fl_want_fits(modes, &want, word);
}

/* The word as it would be if the scan committed now. */
static uint64_t word_after(const struct scan *scan)
{
	return scan->word - scan->units + scan->gained + scan->granted.units +
	       scan->served_units;
}

/* Why the head is not to be granted, whether it fits or not; 0: nothing is wrong. */
static int objection(const struct scan *scan, const struct fl_slot *head)
{
	const struct fifolock_row *from = &scan->modes->rows[head->from];

	if (scan->closed)
		return ECANCELED;
	if ((head->how & FL_CONVERTS) &&
	    !fl_word_has(word_after(scan), from->field, from->unit))
		return EPERM; /* another thread gave it back */
	return 0;
}

/* Is the word still the one that this scan goes by?  A request that joined after changing
 * it may be taken with the older word in hand. */
static bool is_current(const struct scan *scan)
{
	return fl_load_relaxed(&scan->lock->word) == scan->word; /* [OLDER] */
}

/* May the role be kept while that mode is held?  It must be the only hold, beside which nothing
 * fits. */
static bool is_alone(const struct scan *scan, unsigned mode)
{
	return !scan->closed && (scan->modes->flags & FL_MODES_ALONE(mode)) &&
	       !(word_after(scan) & FL_HOLDS);
}

/* May it rest with the slot, once that is granted?  Not if the table counts, as its note is
 * needed for that; nor if the lock's address has bits where the note has its own, as programs that
 * pack their structures give the pthread face. */
static bool may_keep(const struct scan *scan, const struct fl_slot *head)
{
	return !(head->how & FL_DEEDS & ~FL_RUNS) && is_alone(scan, head->mode) &&
	       !((uintptr_t)scan->lock & FL_ROLE_MASK) && !fl_account_counts(scan->modes);
}

/* Is it to?  A request is in line behind it, or is likely to be before it gives back. */
static bool is_to_keep(const struct scan *scan, const struct fl_slot *head)
{
	return may_keep(scan, head) &&
	       (!(head->how & FL_IN_VAIN) || !fl_line_is_newest(scan->lock, head));
}

/* Is its section one that this thread runs?  Only where no request could be granted beside
 * it: then none waits because it is run here and not there. */
static bool to_be_run(const struct scan *scan, const struct fl_slot *head)
{
	struct fl_service *service = scan->service;

	if (!service || !(head->how & FL_RUNS) || !is_alone(scan, head->mode))
		return false;
	if (!service->server)
		service->server = fl_slot_for_wait();
	return service->server;
}

/* It stays in line, behind the server. */
static void serve(struct scan *scan, struct fl_slot *head)
{
	scan->keeper = scan->service->server;
	scan->served = head;
	scan->served_units = scan->modes->rows[head->mode].unit;
}

static void serve_not(struct scan *scan)
{
	scan->keeper = scan->served = NULL;
	scan->served_units = 0;
}

/* The head fits: off the line.  One that is to keep the role stays in the chain, at its
 * bottom. */
static void take(struct scan *scan, struct fl_slot *head)
{
	uint64_t units = scan->modes->rows[head->mode].unit * head->weight;
	bool claimed = fl_claim(head);

	scan->converts = scan->converts || (head->how & FL_CONVERTS);
	if (claimed && is_to_keep(scan, head))
		scan->keeper = head;
	else
		fl_line_cut(scan->lock, head);
	if (claimed)
		fl_batch_add(&scan->granted, head, units - fl_slot_gives(head));
	else
		head->verdict = FL_OUT; /* its departure is about to be announced */
}

/* Not to keep the role after all, though granted. */
static void keep_not(struct scan *scan)
{
	if (scan->served) {
		serve_not(scan);
		return;
	}
	fl_line_cut(scan->lock, scan->keeper);
	scan->keeper = NULL;
}

static void let_in(struct scan *scan, struct fl_slot *head)
{
	if (to_be_run(scan, head))
		serve(scan, head);
	else
		take(scan, head);
}

static bool fits(const struct scan *scan, const struct fl_slot *head)
{
	return fl_slot_fits(scan->modes, head, word_after(scan) - fl_slot_gives(head));
}

/* Take off the line, from the head on, the requests that the word has room for. */
static void collect(struct scan *scan)
{
	struct fl_slot *head;
	int error;

	scan->closed = fl_closed(scan->lock);
	if (scan->keeper && scan->closed)
		keep_not(scan);
	while (!scan->keeper && (head = fl_line_head(scan->lock))) {
		/* A request that has come after an opening has brought that along. */
		scan->closed = scan->closed && fl_closed(scan->lock);
		error = objection(scan, head);
		if (error == EPERM && !is_current(scan))
			break; /* the commit will fail */
		if (error)
			fl_refuse(scan, head, error);
		else if (fits(scan, head))
			let_in(scan, head);
		else if (!scan->modes->compatible || !is_current(scan) ||
			 !fl_refuse_last(scan, head, word_after(scan)))
			break;
	}
	scan->fitted = scan->word;
}

/* Back to the front of the line. */
static void put_back_batch(fifolock_t *lock, struct batch *batch)
{
	struct fl_slot *slot = batch->oldest;

	if (!batch->count)
		return;
	for (uint32_t left = batch->count; left; left--) {
		fl_unclaim(slot);
		slot = fl_slot_next(slot, left);
	}
	fl_line_put_back(lock, batch->oldest, batch->count);
	*batch = (struct batch){0};
}

static void put_back(struct scan *scan)
{
	if (scan->served) {
		serve_not(scan);
	} else if (scan->keeper) {
		fl_unclaim(scan->keeper);
		scan->keeper = NULL; /* never left */
		scan->granted = (struct batch){0};
	}
	put_back_batch(scan->lock, &scan->granted);
	scan->converts = false;
}

/* The word has changed: is what was taken off the line for the old one still right?  A
 * predicate may allow less when a hold is gone; a conversion may have put more in, or
 * a thread has taken away what one in the batch was to give; and a release that is
 * refused takes its room back. */
static void check_again(struct scan *scan)
{
	bool refused = !fl_word_has(scan->word, scan->field, scan->units);

	if (refused) {
		scan->units = scan->gained = 0;
		scan->error = EPERM;
	}
	if (refused || scan->modes->compatible || scan->converts ||
	    fl_word_grew(scan->modes, scan->fitted, scan->word))
		put_back(scan);
}

/* any -> GRANTED or REFUSED.  From here on the owner may return and use its slot
 * again: what follows may use its address, never its contents; unless it is to be
 * called back. */
static void grant(struct fl_slot *slot, uint32_t what)
{
	bool calls = slot->how & FL_CALLS;

	fl_complete(slot, what);
	if (calls)
		fl_call_later(slot);
}

static void hand_over(const struct batch *batch, uint32_t what)
{
	struct fl_slot *slot = batch->oldest;

	for (uint32_t left = batch->count; left; left--) {
		struct fl_slot *newer = fl_slot_next(slot, left);

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

/* Before the commit: where it is found by threads that see that the word is kept. */
static void prepare_keeper(const struct scan *scan)
{
	struct fl_slot *keeper = scan->keeper;
	uint32_t gone = scan->lock->dequeued + !scan->served;

	fl_store_release(&keeper->dequeued, gone); /* [GONE] release */
	keeper->newer = 0;
	if (scan->served) {
		keeper->mode = scan->served->mode;
		fl_line_serve(keeper, scan->served);
		fl_line_stand(scan->served, keeper);
	}
	fl_role_set(keeper, fl_role_note(scan->lock, FL_PASSING));
}

/* PASSING -> KEPT, or after all not.  News that were left there meanwhile are announced: it has
 * not been told yet, so the lock is there. */
static void settle_keeper(struct scan *scan, bool committed)
{
	uint64_t to = committed ? fl_role_note(scan->lock, FL_KEPT) : 0;
	uint64_t was = fl_role_set(scan->keeper, to);
	bool news = was == fl_role_note(scan->lock, FL_RECALLED);

	if (!committed && scan->served)
		fl_line_served(scan->served);
	if (committed && news)
		fl_announce(scan->lock);
	else if (news)
		scan->looks = true;
}

/* SCANNING -> 0, the grants and the scanner's own release with it. */
static bool commit(struct scan *scan)
{
	fifolock_t *lock = scan->lock;
	uint64_t next = word_after(scan) & ~FL_SCANNING;
	bool done;

	if (scan->keeper) {
		next |= FL_RESCAN; /* kept */
		prepare_keeper(scan);
	} else if (!lock->head && !scan->closed) {
		next &= ~FL_QUEUED;
	}
	fl_event_commit(lock, scan->served ? scan->served : scan->granted.oldest,
			scan->granted.count + !!scan->served);
	/* [SCAN] [HOLD] release, [HOLD] acquire */
	done = fl_cas_acq_rel(&lock->word, &scan->word, next);
	if (scan->keeper)
		settle_keeper(scan, done);
	return done;
}

/* The holds from now on; before the first owner is told, which may be the last to hold. */
static void book(const struct scan *scan)
{
	const struct fl_slot *slot = scan->granted.oldest;

	if (!scan->granted.count || !fl_account_counts(scan->modes))
		return;
	for (uint32_t left = scan->granted.count; left; left--) {
		fl_account_granted(scan->modes, slot);
		slot = fl_slot_next(slot, left);
	}
}

/* The section that the caller is to run. */
static void hand_to_service(const struct scan *scan)
{
	struct fl_service *service = scan->service;

	service->first = scan->served;
	service->field = scan->modes->rows[scan->served->mode].field;
	service->unit = scan->served_units;
	fl_role_publish(scan->lock, scan->served->ticket, scan->keeper->id);
}

/* All owners are told; then it is published: waiters look there, and telling would wait for the line
 * to come back from them. */
static void tell_all(const struct scan *scan)
{
	const struct fl_slot *newest = scan->granted.newest;
	uint32_t ticket = newest ? newest->ticket : 0, id = newest ? newest->id : 0;

	hand_over(&scan->granted, FL_GRANTED);
	hand_over(&scan->refused, FL_REFUSED);
	if (id)
		fl_role_publish(scan->lock, ticket, id);
}

/* After the commit. */
static void conclude(const struct scan *scan)
{
	if (scan->served)
		hand_to_service(scan);
	book(scan);
	tell_all(scan);
}

/* The caller has just set SCANNING; scan->word is what it made of the word.  Grants from
 * the head and commits, the caller's own release with it.  EPERM: while it
 * scanned, another thread gave back the hold that it was to give back. */
int fl_scan(struct scan *scan)
{
	fifolock_t *lock = scan->lock;

	scan->fitted = scan->word;
	fl_event_scan(lock);
	fl_callbacks_defer();
	fl_scan_settle(scan);
	for (;;) {
		if (scan->word & FL_RESCAN) {
			if (!clear_rescan(lock, &scan->word)) {
				check_again(scan);
				continue;
			}
			scan->looks = true;
		}
		if (scan->looks)
			fl_scan_settle(scan);
		collect(scan);
		if (commit(scan))
			break;
		check_again(scan);
	}
	conclude(scan);
	if (!scan->hands_over)
		fl_take_over(lock);
	fl_callbacks_resume();
	return scan->error;
}

void fl_announce(fifolock_t *lock)
{
	uint64_t word;

	if (fl_news(lock, true, &word))
		fl_scan(&(struct scan){.lock = lock, .word = word});
}
