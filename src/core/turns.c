/* SPDX-License-Identifier: MIT
 *
 * turns.c - see turns.h.
 *
 * For each processor a list of the last yields there.  The queue of a processor goes round:
 * so what a thread finds behind its own last yield is all the others, and they will
 * run in that order before it runs again, if it yields now.
 *
 *	its own  | 7  5  2  3  6 |  now: 4
 *
 * 2 is the first of them in line.  7 and 5 will run before 2, too early, and yield once more, as 4 does: with
 * them 4 stays in order.  So it does with 3, which has its turn after 2.  But 6 runs after 2, and will be before 4
 * when 4 should run.  If such are more than the others, 4 is the one that stands wrong; if fewer, then they are,
 * and will find that out.  Thus the fewest sleep.
 *
 * Where a thread runs is asked just before; it may be moved meanwhile.  Threads on one processor may
 * write the same entry, and the two words of an entry may be of two threads.
 *
 *	relaxed   because
 *	[HINT]    Decides which threads are awake, nothing else; what is wrong costs a turn.
 */
#include "turns.h"
#include "atomic.h"
#include "observe/detector.h"

/* With more waiters than these on one processor a thread does not find its own yield, and is
 * not told that it stands wrong. */
#define YIELDS 64

/* Processors; those beyond share. */
#define LISTS 256

/* In the lock's address: it does not yield, it sleeps.  It counts only when it is granted. */
#define SLEEPS 1u

static struct list {
	struct yield {
		uint64_t who;	/* ticket, slot; 0: none */
		uintptr_t lock; /* 0: this one has moved */
	} yields[YIELDS];
	uint32_t next;
	int32_t credit;
} __attribute__((aligned(64))) lists[LISTS];

/* What a thread that sleeps to get into order must have been saved up for, in turns that were not
 * wrong, and how many that may do so at once.  Where it is of no use, since the processor's queue does not go round, or a
 * woken thread does not run next, it costs no more than one sleep in so many turns. */
#define PRICE 8
#define MOST  (PRICE * 16)

void fl_turns_hide(void)
{
	fl_watch_hide(lists, sizeof(lists));
}

static struct list *list_here(void)
{
	return &lists[fl_processor() % LISTS];
}

static struct yield *last(struct list *list, uint32_t back)
{
	uint32_t next = fl_load_relaxed(&list->next); /* [HINT] */

	return &list->yields[(next - back) % YIELDS];
}

static void append(struct list *list, uint64_t who, uintptr_t lock)
{
	uint32_t next = fl_load_relaxed(&list->next); /* [HINT] */
	struct yield *yield = &list->yields[next % YIELDS];

	fl_store_relaxed(&yield->who, who);	 /* [HINT] */
	fl_store_relaxed(&yield->lock, lock);	 /* [HINT] */
	fl_store_relaxed(&list->next, next + 1); /* [HINT] */
}

/* What was seen, from the last yield back. */
struct seen {
	int32_t first;	       /* the place of the first in line that goes before; NONE */
	uint32_t before;       /* how many go before, in line */
	uint32_t behind;       /* and behind */
	uint32_t after, wrong; /* of these, how many run after the first */
	bool strangers;	       /* wait for another lock */
};
#define NONE INT32_MAX

static void see(struct seen *seen, int32_t place, int32_t mine)
{
	if (place > mine) {
		seen->behind++;
		return;
	}
	if (place < seen->first) {
		seen->first = place;
		seen->after = seen->before;
		seen->wrong = seen->behind;
	}
	seen->before++;
}

/* known: up to its own last yield; otherwise the list may be of another time. */
static enum fl_my_turn turn_of(const struct seen *seen, bool known)
{
	if (seen->strangers)
		return FL_TURN_MIXED;
	if (seen->first == NONE)
		return known && seen->behind ? FL_TURN_NEXT : FL_TURN_ALONE;
	return known && seen->wrong > seen->behind - seen->wrong + seen->after
		       ? FL_TURN_WRONG
		       : FL_TURN_LATER;
}

/* Places in line are counted from where it has come to. */
enum fl_my_turn fl_turn_of(const struct fl_waiter *self, uint32_t reached)
{
	struct list *list = list_here();
	struct seen seen = {.first = NONE};

	for (uint32_t back = 1; back <= YIELDS; back++) {
		const struct yield *yield = last(list, back);
		uint64_t who = fl_load_relaxed(&yield->who);	    /* [HINT] */
		uintptr_t its_lock = fl_load_relaxed(&yield->lock); /* [HINT] */
		int32_t place = (int32_t)((uint32_t)(who >> 32) - reached);

		if (!who || (uint32_t)who == self->slot)
			return turn_of(&seen, true);
		if ((its_lock & ~(uintptr_t)SLEEPS) != (uintptr_t)self->lock)
			seen.strangers |= its_lock != 0;
		else if (place == 0 || (place > 0 && !(its_lock & SLEEPS)))
			see(&seen, place, (int32_t)(self->ticket - reached));
	}
	return turn_of(&seen, false);
}

static uint64_t who_is(const struct fl_waiter *self)
{
	return (uint64_t)self->ticket << 32 | self->slot;
}

void fl_turn_yields(const struct fl_waiter *self)
{
	struct list *list = list_here();
	int32_t credit = fl_load_relaxed(&list->credit); /* [HINT] */

	if (credit < MOST)
		fl_store_relaxed(&list->credit, credit + 1); /* [HINT] */
	append(list, who_is(self), (uintptr_t)self->lock);
}

/* Of the last so many. */
static uint32_t waits_for(struct list *list, uint32_t yields, const fifolock_t *lock)
{
	uint32_t count = 0;

	for (uint32_t back = 1; back <= yields; back++)
		count += fl_load_relaxed(&last(list, back)->lock) == /* [HINT] */
			 (uintptr_t)lock;
	return count;
}

uint32_t fl_turns_since(struct fl_turns_seen *before, const fifolock_t *lock)
{
	struct list *list = list_here();
	uint32_t next = fl_load_relaxed(&list->next); /* [HINT] */
	uint32_t turns = list == before->here ? next - before->turns : 0;
	uint32_t known = turns < YIELDS ? turns : YIELDS;

	*before = (struct fl_turns_seen){list, next};
	return known ? (uint32_t)((uint64_t)waits_for(list, known, lock) * turns / known)
		     : 0;
}

/* It is not where it was, for those that look back. */
static void forget(struct list *list, uint32_t slot)
{
	for (uint32_t back = 1; back <= YIELDS; back++) {
		struct yield *yield = last(list, back);

		if ((uint32_t)fl_load_relaxed(&yield->who) == slot) { /* [HINT] */
			fl_store_relaxed(&yield->lock, 0);	      /* [HINT] */
			return;
		}
	}
}

bool fl_turn_mend(const struct fl_waiter *self)
{
	struct list *list = list_here();
	int32_t credit = fl_load_relaxed(&list->credit); /* [HINT] */

	if (credit < PRICE)
		return false;
	fl_store_relaxed(&list->credit, credit - PRICE); /* [HINT] */
	forget(list, self->slot);
	append(list, who_is(self), (uintptr_t)self->lock | SLEEPS);
	return true;
}
