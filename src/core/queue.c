/* SPDX-License-Identifier: MIT
 *
 * queue.c - the line: arrivals, departures, conversions before the chain.
 *
 *	row       released by             acquired by                  what it carries
 *	[JOIN]    fl_line_join            fl_line_touch; chain.c       the slot's request
 *	[EMPTY]   pull_back (chain.c),    fl_line_join                 that the word says SCANNING;
 *	          fl_line_touch                                        what the owner of the role
 *	                                                               did before
 *	[LEAVE]   fl_line_leave           fl_line_settle               the owner's last use of it; the
 *	                                                               request of a conversion
 *	[OVER]    stand_behind            heir_of (scanner.c)          the keepers' notes before
 *	[SURE]    fl_line_link (chain.c),  fl_line_is_sure            how the arrival of the slot before
 *	          fl_set_older (chain.h)                               has become known
 *	[GONE]    fl_line_count_dequeued  length_settled (length.c)    the tickets that it counts
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.
 *	[CARRIED]  The release after it carries the write; the acquire before it, the read.
 *	[TOLD]     A request that the scanner must not miss has been announced to it ([NEWS], lock.c,
 *	           scanner.c); one that it misses has still to be announced.
 *	[TAKEN]    A thread that has pushed its slot and then sees none has been taken off the line.
 *	           Of tickets, those of all slots that this thread has taken off are seen.
 *
 * That a scanner cannot miss an arrival or a departure is not decided here but by
 * the announcement on the state word that follows each (lock.c).
 */
#include "queue.h"
#include "atomic.h"
#include "chain.h"
#include "observe/events.h"
#include "role.h"

#include <errno.h>

/* {t, newest} -> {t + 1, me}, to be.  Counts in 32 bits and may wrap: tickets are only
 * ever compared by their difference. */
static uint64_t stand_behind(struct fl_slot *slot, uint64_t line)
{
	uint32_t pred = FL_NEWEST(line);

	slot->ticket = FL_TICKET(line);
	/* [OVER] release */
	fl_store_release(&slot->older, pred | FL_UNSURE);
	return (uint64_t)(FL_TICKET(line) + 1) << 32 | slot->id;
}

void fl_line_ready(struct fl_slot *slot)
{
	slot->verdict = 0;
	fl_store_relaxed(&slot->hint, 0); /* [CARRIED] */
}

int fl_line_join(fifolock_t *lock, struct fl_slot *slot, uint32_t limit,
		 struct fl_place *place)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */
	uint64_t next;

	fl_line_ready(slot);
	do {
		if (limit != UINT32_MAX && fl_line_is_full(lock, FL_TICKET(line), limit))
			return EAGAIN;
		next = stand_behind(slot, line);
		/* [JOIN] release, [EMPTY] acquire */
	} while (!fl_cas_acq_rel(&lock->arrivals, &line, next));
	*place = (struct fl_place){FL_TICKET(line), FL_NEWEST(line)};
	return 0;
}

void fl_line_push(fifolock_t *lock, struct fl_slot *slot, struct fl_place *place)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */
	uint64_t next;

	do
		next = stand_behind(slot, line);
	/* [JOIN] release, [EMPTY] acquire */
	while (!fl_cas_acq_rel(&lock->arrivals, &line, next));
	*place = (struct fl_place){FL_TICKET(line), FL_NEWEST(line)};
}

bool fl_line_is_sure(uint32_t id)
{
	/* [SURE] acquire */
	return !(fl_load_acquire(&fl_slot_at(id)->older) & FL_UNSURE);
}

/* A conversion has its place before the chain, and its ticket once it has that. */
void fl_line_join_ahead(fifolock_t *lock, struct fl_slot *slot)
{
	slot->verdict = 0;
	fl_line_leave(lock, slot);
}

/* top -> me */
void fl_line_leave(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t top = fl_load_relaxed(&lock->departed); /* [GUESS] */

	do {
		fl_slot_set_stack_next(slot, top);
		/* [LEAVE] release */
	} while (!fl_cas_release(&lock->departed, &top, slot->id));
}

bool fl_line_is_empty(const fifolock_t *lock)
{
	return FL_NEWEST(fl_load_relaxed(&lock->arrivals)) == 0; /* [TAKEN] */
}

bool fl_line_is_newest(const fifolock_t *lock, const struct fl_slot *slot)
{
	return FL_NEWEST(fl_load_relaxed(&lock->arrivals)) == slot->id; /* [GUESS] */
}

uint32_t fl_line_drawn(const fifolock_t *lock)
{
	return FL_TICKET(fl_load_relaxed(&lock->arrivals)); /* [TAKEN] */
}

void fl_line_touch(fifolock_t *lock)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	/* [EMPTY] release, [JOIN] acquire */
	while (!fl_cas_acq_rel(&lock->arrivals, &line, line))
		;
}

/* ---- conversions, before the chain ---- */

struct fl_slot *fl_line_head(const fifolock_t *lock)
{
	return lock->head ? fl_slot_at(lock->head) : NULL;
}

/* The first of the conversions; NULL: there are none. */
static struct fl_slot *first_ahead(const fifolock_t *lock)
{
	struct fl_slot *head = fl_line_head(lock);

	return head && (head->how & FL_CONVERTS) ? head : NULL;
}

static struct fl_slot *last_ahead(const fifolock_t *lock)
{
	struct fl_slot *first = first_ahead(lock);

	return first ? fl_slot_at(first->last) : NULL;
}

/* Where the oldest of the chain is named. */
static uint32_t *front_of(fifolock_t *lock)
{
	struct fl_slot *last = last_ahead(lock);

	return last ? &last->newer : &lock->head;
}

struct fl_slot *fl_line_after(const fifolock_t *lock, struct fl_slot *slot)
{
	if (slot->how & FL_CONVERTS)
		return slot->newer ? fl_slot_at(slot->newer) : NULL;
	return fl_chain_behind(lock, slot);
}

/* The conversion behind a conversion. */
static struct fl_slot *next_ahead(const struct fl_slot *slot)
{
	struct fl_slot *next = slot->newer ? fl_slot_at(slot->newer) : NULL;

	return next && (next->how & FL_CONVERTS) ? next : NULL;
}

/* older NULL: before all. */
static void insert(fifolock_t *lock, struct fl_slot *slot, struct fl_slot *older)
{
	uint32_t *place = older ? &older->newer : &lock->head;
	struct fl_slot *next;

	slot->newer = *place;
	fl_set_older(slot, older ? older->id : 0);
	next = next_ahead(slot);
	if (next)
		fl_set_older(next, slot->id);
	*place = slot->id;
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
	struct fl_slot *first = fl_line_head(lock), *next = next_ahead(slot);

	first->kept -= fl_slot_keeps(slot);
	if (first->last == slot->id)
		first->last = fl_older_of(slot);
	if (slot == first && next)
		hand_on(first, next);
}

static void cut_ahead(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t older = fl_older_of(slot);
	struct fl_slot *next = next_ahead(slot);

	forget_ahead(lock, slot);
	*(older ? &fl_slot_at(older)->newer : &lock->head) = slot->newer;
	if (next)
		fl_set_older(next, older);
	fl_set_older(slot, 0);
}

/* ---- on and off ---- */

/* Only the owner of the role writes dequeued; fl_line_length may be reading it. */
void fl_line_count_dequeued(fifolock_t *lock, uint32_t n)
{
	/* [GONE] release */
	fl_store_release(&lock->dequeued, lock->dequeued + n);
}

void fl_line_cut(fifolock_t *lock, struct fl_slot *slot)
{
	if (slot->how & FL_CONVERTS) {
		cut_ahead(lock, slot);
	} else {
		uint32_t *front = front_of(lock);
		struct fl_slot *next = fl_chain_out(lock, slot, fl_older_of(slot));

		if (*front == slot->id)
			*front = next ? next->id : 0;
	}
	fl_line_count_dequeued(lock, 1);
}

/* Below the chain stands the server, and next above it: the slot that it serves.  Only
 * newer counts, which says how far the line has come; that next stands behind the server is
 * for a thread that walks down to it, and may be said when the role has gone on: until next
 * is told, no thread reads anything else into it. */
void fl_line_serve(struct fl_slot *server, struct fl_slot *next)
{
	server->newer = next->id;
	fl_set_older(server, 0);
	fl_set_hint(server->id, next);
}

void fl_line_stand(struct fl_slot *next, const struct fl_slot *server)
{
	fl_set_older(next, server->id);
}

/* It has been served, and is about to be told so. */
void fl_line_served(struct fl_slot *slot)
{
	fl_set_older(slot, 0);
}

/* The keeper has been in the chain, at its bottom, whatever older says; or it is a server, and
 * the one that it serves is at the bottom.  That one is taken off the line now, too.  After the
 * word says that it is not kept any more. */
struct fl_slot *fl_line_resume(fifolock_t *lock, struct fl_slot *keeper)
{
	struct fl_slot *served = keeper->newer ? fl_slot_at(keeper->newer) : NULL;
	struct fl_slot *next = fl_chain_out(lock, served ? served : keeper, 0);

	lock->head = next ? next->id : 0;
	if (served)
		fl_line_count_dequeued(lock, 1);
	return served;
}

/* Before the chain again, linked by newer: requests without a hold. */
static void put_before(fifolock_t *lock, struct fl_slot *oldest, struct fl_slot *newest)
{
	uint32_t *front = front_of(lock);

	if (!*front && !fl_chain_push_back(lock, newest))
		*front = fl_chain_bottom(lock);
	if (*front) {
		fl_set_older(fl_slot_at(*front), newest->id);
		fl_set_hint(newest->id, fl_slot_at(*front));
	}
	*front = oldest->id;
}

/* Put the count requests, oldest first, just taken off and still linked by newer, back to
 * the front: but a conversion that has come meanwhile stays before requests
 * without a hold. */
void fl_line_put_back(fifolock_t *lock, struct fl_slot *oldest, uint32_t count)
{
	struct fl_slot *ahead = NULL, *first = NULL, *last = NULL, *slot = oldest, *newer;

	for (uint32_t left = count; left; left--, slot = newer) {
		newer = fl_slot_next(slot, left);
		if (slot->how & FL_CONVERTS) {
			insert_ahead(lock, slot, ahead);
			ahead = slot;
			continue;
		}
		fl_set_older(slot, last ? last->id : 0);
		if (last)
			fl_set_hint(last->id, slot);
		first = first ? first : slot;
		last = slot;
	}
	if (last)
		put_before(lock, first, last);
	fl_line_count_dequeued(lock, -count);
}

static void give_back(struct fl_slot *slot)
{
	if (slot->how & FL_NO_THREAD)
		fl_slot_retire(slot);
	else
		fl_slot_free(slot);
}

/* {t, newest} -> {t + 1, newest} */
static uint32_t draw(fifolock_t *lock)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	/* [CARRIED] */
	while (!fl_cas_relaxed(&lock->arrivals, &line, line + (UINT64_C(1) << 32)))
		;
	return FL_TICKET(line);
}

/* A conversion that has come, behind the others, unless it has left already. */
static bool admit(fifolock_t *lock, struct fl_slot *slot)
{
	if (!fl_slot_admit(slot)) {
		give_back(slot);
		return false;
	}
	slot->ticket = draw(lock);
	fl_event_join(lock, slot, slot, slot->ticket);
	insert_ahead(lock, slot, last_ahead(lock));
	return true;
}

static bool arrives(const struct fl_slot *slot)
{
	return (slot->how & FL_CONVERTS) && !fl_slot_is_admitted(slot);
}

/* Conversions in, departed slots out: the first of the conversions. */
static struct fl_slot *hear(fifolock_t *lock, uint32_t id)
{
	struct fl_slot *first = NULL;

	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = fl_load_relaxed(&slot->stack_next); /* [CARRIED] */
		if (arrives(slot)) {
			if (admit(lock, slot) && !first)
				first = slot;
			continue;
		}
		if (slot->verdict != FL_OUT)
			fl_line_cut(lock, slot);
		give_back(slot);
	}
	return first;
}

/* The oldest of the chain, 0: it is empty.  That there is none is said to those that come, as by the
 * thread that takes the last one out (chain.c): or else one behind another could believe an older word. */
static uint32_t chain_front(fifolock_t *lock)
{
	uint32_t oldest = fl_chain_bottom(lock);

	if (!oldest) {
		fl_line_touch(lock);
		oldest = fl_chain_bottom(lock);
	}
	return oldest;
}

/* Bring the line up to date. */
struct fl_slot *fl_line_settle(fifolock_t *lock)
{
	struct fl_slot *first = NULL;
	uint32_t *front;

	if (fl_load_relaxed(&lock->departed)) /* [TOLD] */
		/* [LEAVE] acquire */
		first = hear(lock,
			     fl_slots_turn_round(fl_swap_acquire(&lock->departed, 0)));
	front = front_of(lock);
	if (!*front)
		*front = chain_front(lock);
	return first;
}
