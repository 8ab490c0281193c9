/* SPDX-License-Identifier: MIT
 *
 * queue.c - the line: arrivals, departures, and the list between.  Layer 2.
 *
 *	row       released by      acquired by            what it carries
 *	[JOIN]    fl_line_join     take_arrivals          the slot's request
 *	[LEAVE]   fl_line_leave    reap                   the owner's last use of it
 *	[GONE]    count_gone       fl_line_length         the tickets that it counts
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.
 *	[CARRIED]  The release after it carries the write; the acquire before it, the read.
 *	[TOLD]     Whom the scanner must not miss has been announced to it ([NEWS], lock.c);
 *	           whom it misses has still to announce itself.
 *	[TAKEN]    Who has pushed itself and then sees none has been taken.  Some may be an
 *	           old answer, and costs a scan.  Of tickets, those of all whom this thread
 *	           has taken are seen.
 *
 *	[NOTE]     Its owner's, and goes with the push as call and ctx do.  Atomic, because a
 *	           closing looks at the notes of all slots (cond.c).
 *
 * That a scanner cannot miss an arrival or a departure is not decided here but by
 * the announcement on the state word that follows each (lock.c).
 */
#include "queue.h"
#include "atomic.h"

#include <errno.h>

#define NEWEST(line) ((uint32_t)(line))
#define TICKET(line) ((uint32_t)((line) >> 32))

uint64_t fl_slot_note(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->note); /* [NOTE] */
}

void fl_slot_set_note(struct fl_slot *slot, uint64_t note)
{
	fl_store_relaxed(&slot->note, note); /* [NOTE] */
}

/* Are as many in line as may be? */
static bool full(const fifolock_t *lock, uint32_t ticket, uint32_t bound)
{
	/* Who has gone since is counted by the exact way, which is only asked to
	 * refuse. */
	return bound != UINT32_MAX &&
	       ticket - fl_load_relaxed(&lock->gone) >= bound && /* [GUESS] */
	       fl_line_length(lock) >= bound;
}

/* {t, top} -> {t + 1, me}.  Counts in 32 bits and may wrap: tickets are only
 * ever compared by their difference. */
int fl_line_join(fifolock_t *lock, struct fl_slot *slot, uint32_t bound, uint32_t *ticket)
{
	uint64_t line = fl_load_relaxed(&lock->line); /* [GUESS] */
	uint64_t next;

	slot->verdict = 0;
	slot->newer = 0;
	do {
		if (full(lock, TICKET(line), bound))
			return EAGAIN;
		slot->ticket = TICKET(line);
		slot->older = NEWEST(line);
		next = (uint64_t)(TICKET(line) + 1) << 32 | slot->id;
		/* [JOIN] release */
	} while (!fl_cas_release(&lock->line, &line, next));
	*ticket = TICKET(line);
	return 0;
}

/* top -> me */
void fl_line_leave(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t top = fl_load_relaxed(&lock->left); /* [GUESS] */

	do {
		/* [CARRIED] */
		fl_store_relaxed(&slot->below, top);
		/* [LEAVE] release */
	} while (!fl_cas_release(&lock->left, &top, slot->id));
}

bool fl_line_has_arrivals(const fifolock_t *lock)
{
	return NEWEST(fl_load_relaxed(&lock->line)) != 0; /* [TAKEN] */
}

uint32_t fl_line_drawn(const fifolock_t *lock)
{
	return TICKET(fl_load_relaxed(&lock->line)); /* [TAKEN] */
}

/* {t, top} -> {t, none}: the newest arrival, whose older links lead to the rest. */
static struct fl_slot *take_arrivals(fifolock_t *lock)
{
	uint64_t line = fl_load_relaxed(&lock->line); /* [TOLD] */

	do {
		if (!NEWEST(line))
			return NULL;
		/* [JOIN] acquire */
	} while (!fl_cas_acquire(&lock->line, &line, line & ~(uint64_t)UINT32_MAX));
	return fl_slot_at(NEWEST(line));
}

struct fl_slot *fl_line_head(const fifolock_t *lock)
{
	return lock->first ? fl_slot_at(lock->first) : NULL;
}

struct fl_slot *fl_line_after(const struct fl_slot *slot)
{
	return slot->newer ? fl_slot_at(slot->newer) : NULL;
}

/* The last in line.  The head's older link leads to it; a head that is alone may have
 * none, as it was pushed: then a hand-over to the only one in line writes nothing in its
 * slot, which it is watching. */
static uint32_t last_of(const struct fl_slot *head)
{
	return head->older ? head->older : head->id;
}

/* Hang the chain oldest..newest, linked both ways, on the end of the line. */
static void append(fifolock_t *lock, struct fl_slot *oldest, struct fl_slot *newest)
{
	struct fl_slot *head = fl_line_head(lock);

	if (head) {
		uint32_t last = last_of(head);

		oldest->older = last;
		fl_slot_at(last)->newer = oldest->id;
		head->older = newest->id;
	} else {
		lock->first = oldest->id;
		if (oldest != newest)
			oldest->older = newest->id;
	}
}

static void insert_first(fifolock_t *lock, struct fl_slot *slot)
{
	struct fl_slot *head = fl_line_head(lock);

	slot->newer = lock->first;
	slot->older = head ? last_of(head) : 0;
	if (head)
		head->older = slot->id;
	lock->first = slot->id;
}

static void insert_after(fifolock_t *lock, struct fl_slot *slot, struct fl_slot *older)
{
	slot->newer = older->newer;
	slot->older = older->id;
	if (older->newer)
		fl_slot_at(older->newer)->older = slot->id;
	else
		fl_line_head(lock)->older = slot->id;
	older->newer = slot->id;
}

/* older NULL: before all. */
static void insert(fifolock_t *lock, struct fl_slot *slot, struct fl_slot *older)
{
	if (older)
		insert_after(lock, slot, older);
	else
		insert_first(lock, slot);
}

/* The first of the conversions; NULL: there are none. */
static struct fl_slot *first_ahead(const fifolock_t *lock)
{
	struct fl_slot *head = fl_line_head(lock);

	return head && (head->how & FL_AHEAD) ? head : NULL;
}

static struct fl_slot *last_ahead(const fifolock_t *lock)
{
	struct fl_slot *first = first_ahead(lock);

	return first ? fl_slot_at(first->last) : NULL;
}

/* What the first of the conversions says of them all is said by another now. */
static void hand_on(const struct fl_slot *first, struct fl_slot *slot)
{
	slot->kept = first->kept;
	slot->last = first->last;
	slot->awaited = first->awaited;
}

/* A conversion, behind another one or before all. */
static void insert_ahead(fifolock_t *lock, struct fl_slot *slot, struct fl_slot *older)
{
	struct fl_slot *first = first_ahead(lock);

	insert(lock, slot, older);
	slot->kept = 0;
	slot->awaited = 0;
	slot->last = slot->id;
	if (first && !older)
		hand_on(first, slot);
	if (!first || !older)
		first = slot;
	else if (first->last == older->id)
		first->last = slot->id;
	first->kept += fl_slot_keeps(slot);
	first->awaited = (uint16_t)(first->awaited | 1u << slot->mode);
}

/* It is about to be unlinked. */
static void forget_ahead(fifolock_t *lock, struct fl_slot *slot)
{
	struct fl_slot *first = fl_line_head(lock), *newer = fl_line_after(slot);

	first->kept -= fl_slot_keeps(slot);
	if (first->last == slot->id)
		first->last = slot->older;
	if (slot == first && newer && (newer->how & FL_AHEAD))
		hand_on(first, newer);
}

static void unlink_slot(fifolock_t *lock, struct fl_slot *slot)
{
	if (slot->how & FL_AHEAD)
		forget_ahead(lock, slot);
	if (slot->id == lock->first) {
		lock->first = slot->newer;
		if (slot->newer)
			fl_slot_at(slot->newer)->older = slot->older;
		return;
	}
	fl_slot_at(slot->older)->newer = slot->newer;
	if (slot->newer)
		fl_slot_at(slot->newer)->older = slot->older;
	else
		fl_slot_at(lock->first)->older = slot->older;
}

/* The chain oldest.. one by one, conversions behind those that there are: the first of
 * them. */
static struct fl_slot *sort_in(fifolock_t *lock, struct fl_slot *oldest)
{
	struct fl_slot *slot, *newer, *first = NULL;

	for (slot = oldest; slot; slot = newer) {
		newer = fl_line_after(slot);
		slot->older = slot->newer = 0;
		if (slot->how & FL_AHEAD) {
			insert_ahead(lock, slot, last_ahead(lock));
			first = first ? first : slot;
		} else {
			append(lock, slot, slot);
		}
	}
	return first;
}

/* The arrivals to the end of the line: the first of the conversions among them. */
static struct fl_slot *admit(fifolock_t *lock)
{
	struct fl_slot *newest = take_arrivals(lock);
	struct fl_slot *slot = newest;
	unsigned how;

	if (!newest)
		return NULL;
	how = slot->how;
	while (slot->older) {
		struct fl_slot *older = fl_slot_at(slot->older);

		older->newer = slot->id;
		slot = older;
		how |= slot->how;
	}
	if (how & FL_AHEAD)
		return sort_in(lock, slot);
	append(lock, slot, newest);
	return NULL;
}

/* Only the scanner writes gone; fl_line_length may be reading it. */
static void count_gone(fifolock_t *lock, uint32_t n)
{
	/* [GONE] release */
	fl_store_release(&lock->gone, lock->gone + n);
}

void fl_line_take_head(fifolock_t *lock, struct fl_slot *head)
{
	if (head->how & FL_AHEAD)
		forget_ahead(lock, head);
	lock->first = head->newer;
	if (head->newer)
		fl_slot_at(head->newer)->older = head->older;
	count_gone(lock, 1);
}

void fl_line_cut(fifolock_t *lock, struct fl_slot *slot)
{
	unlink_slot(lock, slot);
	count_gone(lock, 1);
}

/* Put the count requests, oldest first, just taken off and still linked by newer, back to
 * the front: but a conversion that has come meanwhile stays before those who hold
 * nothing. */
void fl_line_put_back(fifolock_t *lock, struct fl_slot *oldest, uint32_t count)
{
	struct fl_slot *ahead = NULL, *other = NULL, *slot = oldest, *newer;

	for (uint32_t left = count; left; left--, slot = newer) {
		newer = left > 1 ? fl_slot_at(slot->newer) : NULL;
		if (slot->how & FL_AHEAD) {
			insert_ahead(lock, slot, ahead);
			ahead = slot;
		} else {
			insert(lock, slot, other ? other : last_ahead(lock));
			other = slot;
		}
	}
	count_gone(lock, -count);
}

/* Those who left, out of the line.  first: of the conversions that have just come, now the
 * first that is still there. */
static struct fl_slot *reap(fifolock_t *lock, uint32_t id, struct fl_slot *first)
{
	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = fl_load_relaxed(&slot->below); /* [CARRIED] */
		if (slot == first)
			first = fl_line_after(slot);
		if (slot->verdict != FL_OUT)
			fl_line_cut(lock, slot);
		fl_slot_free(slot);
	}
	return first && (first->how & FL_AHEAD) ? first : NULL;
}

/* Bring the line up to date.  Departures are taken first: whoever announced one
 * had joined before, so it is in the line once the arrivals are. */
struct fl_slot *fl_line_settle(fifolock_t *lock)
{
	uint32_t departed = 0;
	struct fl_slot *first;

	if (fl_load_relaxed(&lock->left)) /* [TOLD] */
		/* [LEAVE] acquire */
		departed = fl_swap_acquire(&lock->left, 0);
	first = admit(lock);
	return reap(lock, departed, first);
}

/* Tickets given less requests gone.  The count may move while it is read; it is taken
 * anew until it stood still.  Neither may be read before the other: an older line
 * would count too few, an older gone too many. */
uint32_t fl_line_length(const fifolock_t *lock)
{
	/* [GONE] acquire */
	uint32_t gone = fl_load_acquire(&lock->gone);
	uint32_t before, length;

	do {
		before = gone;
		/* [JOIN] acquire */
		length = TICKET(fl_load_acquire(&lock->line)) - gone;
		/* [GONE] acquire */
		gone = fl_load_acquire(&lock->gone);
	} while (gone != before);
	return length;
}
