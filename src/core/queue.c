/* SPDX-License-Identifier: MIT
 *
 * queue.c - the line: arrivals, departures, and the chain between.
 *
 *	older		  means						written by
 *	pred|UNSURE	  about to be pushed behind pred, or just pushed	its owner
 *	pred		  stands directly behind pred, or pred is the keeper	its owner, once (link);
 *								the role's owner
 *	0		  is the oldest, or in no line			the role's owner
 *
 * Whoever takes a slot out of the chain makes its older 0, and before that gives the slot behind it
 * another older.  So if a slot's older is x, without UNSURE, then it stands behind x now, whatever is
 * left over in x's hint from another time: that is why a hint can be believed if both agree.
 *
 * The chain is emptied by one compare-and-swap on the line, {t, x} -> {t, none}: a push that comes
 * before it makes it fail, one that comes after sees none.  By then the word says SCANNING, and
 * the push acquires that.  So only a push that finds none has to announce itself in any case (lock.c).
 *
 *	row       released by      acquired by            what it carries
 *	[JOIN]    fl_line_join     walk, bottom           the slot's request
 *	[NEXT]    link             fl_line_follows        the same: older says which one the
 *	                                                  slot is now, hint may be of another time
 *	[EMPTY]   pull_back,       fl_line_join           that the word says SCANNING;
 *	          fl_line_touch                           what the owner of the role did before
 *	[LEAVE]   fl_line_leave    fl_line_settle         the owner's last use of it; the request of
 *	                                                  a conversion
 *	[GONE]    count_gone       fl_line_length         the tickets that it counts
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.
 *	[HINT]     Believed only if the other slot's older says the same.
 *	[CARRIED]  The release after it carries the write; the acquire before it, the read.
 *	[MINE]     Only the owner of the role changes it, and has it in hand; an owner's own change
 *	           (link) makes no difference.
 *	[TOLD]     Whom the scanner must not miss has been announced to it ([NEWS], lock.c, scanner.c);
 *	           whom it misses has still to announce itself.
 *	[TAKEN]    Who has pushed itself and then sees none has been taken.  Of tickets, those of all whom this thread has taken are seen.
 *
 * That a scanner cannot miss an arrival or a departure is not decided here but by
 * the announcement on the state word that follows each (lock.c).
 */
#include "queue.h"
#include "atomic.h"
#include "observe/events.h"
#include "role.h"

#include <errno.h>

#define NEWEST(line) ((uint32_t)(line))
#define TICKET(line) ((uint32_t)((line) >> 32))

/* How many have gone: not fewer than when this is called, as the last word is read by
 * read-modify-writes, which see the newest value there is. */
static uint32_t gone_by_now(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint32_t gone;

	for (;;) {
		/* [GONE] acquire, no release */
		if (!fl_cas_acq_rel(&lock->word, &word, word))
			continue;
		if (!fl_word_kept(word))
			return fl_load_acquire(&lock->dequeued); /* [GONE] acquire */
		if (fl_role_dequeued_now(lock, &gone))
			return gone;
	}
}

/* Are as many in line as may be?  The exact way is only asked to refuse. */
static bool full(fifolock_t *lock, uint32_t ticket, uint32_t limit)
{
	return limit != UINT32_MAX &&
	       ticket - fl_load_relaxed(&lock->dequeued) >= limit && /* [GUESS] */
	       fl_line_length(lock) >= limit && ticket - gone_by_now(lock) >= limit;
}

static uint32_t older_of(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->older) & ~FL_UNSURE; /* [MINE] */
}

static void set_older(struct fl_slot *slot, uint32_t older)
{
	fl_store_relaxed(&slot->older, older); /* [MINE] */
}

static void set_hint(uint32_t older, const struct fl_slot *slot)
{
	fl_store_relaxed(&fl_slot_at(older)->hint, slot->id); /* [HINT] */
}

/* pred|UNSURE -> pred, unless it has been taken off or given another one: then it has been found
 * without a hint. */
static void link(struct fl_slot *slot, uint32_t pred)
{
	uint32_t unsure = pred | FL_UNSURE;

	/* [NEXT] release */
	if (fl_cas_release(&slot->older, &unsure, pred))
		set_hint(pred, slot);
}

/* {t, newest} -> {t + 1, me}.  Counts in 32 bits and may wrap: tickets are only
 * ever compared by their difference. */
int fl_line_join(fifolock_t *lock, struct fl_slot *slot, uint32_t limit,
		 struct fl_place *place)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */
	uint64_t next;

	slot->verdict = 0;
	fl_store_relaxed(&slot->hint, 0); /* [CARRIED] */
	do {
		uint32_t pred = NEWEST(line);

		if (full(lock, TICKET(line), limit))
			return EAGAIN;
		slot->ticket = TICKET(line);
		/* [CARRIED] */
		fl_store_relaxed(&slot->older, pred ? pred | FL_UNSURE : 0);
		next = (uint64_t)(TICKET(line) + 1) << 32 | slot->id;
		/* [JOIN] release, [EMPTY] acquire */
	} while (!fl_cas_acq_rel(&lock->arrivals, &line, next));
	*place = (struct fl_place){TICKET(line), NEWEST(line)};
	if (place->behind)
		link(slot, NEWEST(line));
	return 0;
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
		/* [CARRIED] */
		fl_store_relaxed(&slot->stack_next, top);
		/* [LEAVE] release */
	} while (!fl_cas_release(&lock->departed, &top, slot->id));
}

bool fl_line_is_empty(const fifolock_t *lock)
{
	return NEWEST(fl_load_relaxed(&lock->arrivals)) == 0; /* [TAKEN] */
}

bool fl_line_is_newest(const fifolock_t *lock, const struct fl_slot *slot)
{
	return NEWEST(fl_load_relaxed(&lock->arrivals)) == slot->id; /* [GUESS] */
}

uint32_t fl_line_drawn(const fifolock_t *lock)
{
	return TICKET(fl_load_relaxed(&lock->arrivals)); /* [TAKEN] */
}

void fl_line_touch(fifolock_t *lock)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	/* [EMPTY] release, [JOIN] acquire */
	while (!fl_cas_acq_rel(&lock->arrivals, &line, line))
		;
}

/* ---- the chain ---- */

/* Does it stand directly behind that one? */
bool fl_line_follows(const struct fl_slot *slot, const struct fl_slot *older)
{
	/* [NEXT] acquire */
	return fl_load_acquire(&slot->older) == older->id;
}

/* One step down, which sees to it that nobody has to walk there again. */
static uint32_t step_down(struct fl_slot *slot)
{
	uint32_t older = older_of(slot);

	if (older) {
		set_older(slot, older);
		set_hint(older, slot);
	}
	return older;
}

/* From the newest down to who is behind that one; NULL: it is the newest. */
static struct fl_slot *walk(const fifolock_t *lock, const struct fl_slot *slot)
{
	/* [JOIN] acquire */
	uint32_t id = NEWEST(fl_load_acquire(&lock->arrivals));
	struct fl_slot *next = NULL;

	while (id && id != slot->id) {
		next = fl_slot_at(id);
		id = step_down(next);
	}
	return next;
}

/* The oldest of the chain, 0: it is empty. */
static uint32_t bottom(const fifolock_t *lock)
{
	/* [JOIN] acquire */
	uint32_t id = NEWEST(fl_load_acquire(&lock->arrivals)), older;

	while (id && (older = step_down(fl_slot_at(id))))
		id = older;
	return id;
}

/* Who is behind a slot of the chain. */
static struct fl_slot *behind(const fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t hint = fl_load_relaxed(&slot->hint); /* [HINT] */

	if (fl_likely(hint) && fl_likely(fl_line_follows(fl_slot_at(hint), slot)))
		return fl_slot_at(hint);
	return walk(lock, slot);
}

/* {t, slot} -> {t, older}, unless somebody has come behind. */
static bool pull_back(fifolock_t *lock, const struct fl_slot *slot, uint32_t older)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	do {
		if (NEWEST(line) != slot->id)
			return false;
		/* [EMPTY] release */
	} while (!fl_cas_release(&lock->arrivals, &line,
				 (line & ~(uint64_t)UINT32_MAX) | older));
	return true;
}

/* Out of the chain: who was behind it. */
static struct fl_slot *unchain(fifolock_t *lock, struct fl_slot *slot, uint32_t older)
{
	struct fl_slot *next = behind(lock, slot);

	if (!next && !pull_back(lock, slot, older))
		next = walk(lock, slot);
	if (next) {
		set_older(next, older);
		if (older)
			set_hint(older, next);
	}
	set_older(slot, 0);
	return next;
}

/* {t, none} -> {t, slot}, unless somebody has come. */
static bool push_back(fifolock_t *lock, const struct fl_slot *slot)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	do {
		if (NEWEST(line))
			return false;
		/* [JOIN] release */
	} while (!fl_cas_release(&lock->arrivals, &line, line | slot->id));
	return true;
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
	return behind(lock, slot);
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
	set_older(slot, older ? older->id : 0);
	next = next_ahead(slot);
	if (next)
		set_older(next, slot->id);
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
		first->last = older_of(slot);
	if (slot == first && next)
		hand_on(first, next);
}

static void cut_ahead(fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t older = older_of(slot);
	struct fl_slot *next = next_ahead(slot);

	forget_ahead(lock, slot);
	*(older ? &fl_slot_at(older)->newer : &lock->head) = slot->newer;
	if (next)
		set_older(next, older);
	set_older(slot, 0);
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
		struct fl_slot *next = unchain(lock, slot, older_of(slot));

		if (*front == slot->id)
			*front = next ? next->id : 0;
	}
	fl_line_count_dequeued(lock, 1);
}

/* Below the chain stands the server, and next above it: whom it serves.  Only newer counts, which
 * says how far the line has come; that next stands behind the server is for whoever walks down to
 * it, and may be said when the role has gone on: until next is told, nobody reads anything else
 * into it. */
void fl_line_serve(struct fl_slot *server, struct fl_slot *next)
{
	server->newer = next->id;
	set_older(server, 0);
	set_hint(server->id, next);
}

void fl_line_stand(struct fl_slot *next, const struct fl_slot *server)
{
	set_older(next, server->id);
}

/* It has been served, and is about to be told so. */
void fl_line_served(struct fl_slot *slot)
{
	set_older(slot, 0);
}

/* The keeper has been in the chain, at its bottom, whatever older says; or it is a server, and
 * the one that it serves is at the bottom.  That one is taken off the line now, too.  After the word
 * says that it is not kept any more. */
struct fl_slot *fl_line_resume(fifolock_t *lock, struct fl_slot *keeper)
{
	struct fl_slot *served = keeper->newer ? fl_slot_at(keeper->newer) : NULL;
	struct fl_slot *next = unchain(lock, served ? served : keeper, 0);

	lock->head = next ? next->id : 0;
	if (served)
		fl_line_count_dequeued(lock, 1);
	return served;
}

/* Before the chain again, linked by newer: those who hold nothing. */
static void put_before(fifolock_t *lock, struct fl_slot *oldest, struct fl_slot *newest)
{
	uint32_t *front = front_of(lock);

	if (!*front && !push_back(lock, newest))
		*front = bottom(lock);
	if (*front) {
		set_older(fl_slot_at(*front), newest->id);
		set_hint(newest->id, fl_slot_at(*front));
	}
	*front = oldest->id;
}

/* Put the count requests, oldest first, just taken off and still linked by newer, back to
 * the front: but a conversion that has come meanwhile stays before those who hold
 * nothing. */
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
		set_older(slot, last ? last->id : 0);
		if (last)
			set_hint(last->id, slot);
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
	return TICKET(line);
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
		*front = bottom(lock);
	return first;
}

/* Tickets given less requests gone.  The count may move while it is read; it is taken
 * anew until it stood still.  Neither may be read before the other: an older line
 * would count too few, an older gone too many. */
static uint32_t length_settled(const fifolock_t *lock)
{
	/* [GONE] acquire */
	uint32_t gone = fl_load_acquire(&lock->dequeued);
	uint32_t before, length;

	do {
		before = gone;
		/* [JOIN] acquire */
		length = TICKET(fl_load_acquire(&lock->arrivals)) - gone;
		/* [GONE] acquire */
		gone = fl_load_acquire(&lock->dequeued);
	} while (gone != before);
	return length;
}

static bool is_kept(const fifolock_t *lock)
{
	/* [GONE] acquire: of the word, which is written after dequeued */
	return fl_word_kept(fl_load_acquire(&lock->word));
}

/* While the role is kept, what the keeper says counts. */
uint32_t fl_line_length(const fifolock_t *lock)
{
	for (;;) {
		uint32_t length, gone, again;

		if (!is_kept(lock)) {
			length = length_settled(lock);
			if (!is_kept(lock))
				return length;
		} else if (fl_role_dequeued(lock, &gone)) {
			/* [JOIN] acquire */
			length = TICKET(fl_load_acquire(&lock->arrivals)) - gone;
			if (fl_role_dequeued(lock, &again) && again == gone)
				return length;
		}
	}
}
