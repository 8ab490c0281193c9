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
 *	           old answer, and costs a scan.
 *
 * That a scanner cannot miss an arrival or a departure is not decided here but
 * by the announcement on the state word that follows each (lock.c).
 */
#include "queue.h"
#include "atomic.h"

#define NEWEST(line) ((uint32_t)(line))
#define TICKET(line) ((uint32_t)((line) >> 32))

/* {t, top} -> {t + 1, me}.  Counts in 32 bits and may wrap: tickets are only
 * ever compared by their difference. */
void fl_line_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want)
{
	uint64_t line = fl_load_relaxed(&lock->line); /* [GUESS] */
	uint64_t next;

	slot->unit = want->unit;
	slot->bias = want->bias;
	slot->guard = want->guard;
	slot->weight = want->weight;
	slot->mode = (uint8_t)want->mode;
	slot->out = false;
	slot->newer = 0;
	do {
		slot->ticket = TICKET(line);
		slot->older = NEWEST(line);
		next = (uint64_t)(TICKET(line) + 1) << 32 | slot->id;
		/* [JOIN] release */
	} while (!fl_cas_release(&lock->line, &line, next));
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

static void admit(fifolock_t *lock)
{
	struct fl_slot *newest = take_arrivals(lock);
	struct fl_slot *slot = newest;

	if (!newest)
		return;
	while (slot->older) {
		struct fl_slot *older = fl_slot_at(slot->older);

		older->newer = slot->id;
		slot = older;
	}
	append(lock, slot, newest);
}

/* Only the scanner writes gone; fl_line_length may be reading it. */
static void count_gone(fifolock_t *lock, uint32_t n)
{
	/* [GONE] release */
	fl_store_release(&lock->gone, lock->gone + n);
}

void fl_line_take_head(fifolock_t *lock, struct fl_slot *head)
{
	lock->first = head->newer;
	if (head->newer)
		fl_slot_at(head->newer)->older = head->older;
	count_gone(lock, 1);
}

/* Put the count requests oldest..newest, just taken off and still linked by newer,
 * back at the front. */
void fl_line_put_back(fifolock_t *lock, struct fl_slot *oldest, struct fl_slot *newest,
		      uint32_t count)
{
	struct fl_slot *head = fl_line_head(lock);

	for (struct fl_slot *slot = oldest; slot != newest;
	     slot = fl_slot_at(slot->newer))
		fl_slot_at(slot->newer)->older = slot->id;
	newest->newer = lock->first;
	oldest->older = head ? last_of(head) : newest->id;
	if (head)
		head->older = newest->id;
	lock->first = oldest->id;
	count_gone(lock, -count);
}

static void cut(fifolock_t *lock, struct fl_slot *slot)
{
	if (slot->id == lock->first) {
		fl_line_take_head(lock, slot);
		return;
	}
	fl_slot_at(slot->older)->newer = slot->newer;
	if (slot->newer)
		fl_slot_at(slot->newer)->older = slot->older;
	else
		fl_slot_at(lock->first)->older = slot->older;
	count_gone(lock, 1);
}

static void reap(fifolock_t *lock, uint32_t id)
{
	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = fl_load_relaxed(&slot->below); /* [CARRIED] */
		if (!slot->out)
			cut(lock, slot);
		fl_slot_free(slot);
	}
}

/* Bring the line up to date.  Departures are taken first: whoever announced one
 * had joined before, so it is in the line once the arrivals are. */
void fl_line_settle(fifolock_t *lock)
{
	uint32_t departed = 0;

	if (fl_load_relaxed(&lock->left)) /* [TOLD] */
		/* [LEAVE] acquire */
		departed = fl_swap_acquire(&lock->left, 0);
	admit(lock);
	reap(lock, departed);
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
