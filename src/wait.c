/* SPDX-License-Identifier: MIT
 *
 * wait.c - what a thread does between joining the line and its grant.  Layer 3.
 * Nothing here decides who is granted or when; it only decides who is awake.
 *
 *	spin	Who is next looks at its slot for a moment: its grant is about to come.
 *	hover	While the line moves, waiters stay awake and yield.  A yield costs a
 *		fraction of sleeping and being woken, most of all where a processor has
 *		gone idle meanwhile; and threads that take turns on a processor come
 *		back in the order in which they joined, so that mostly one yield leads
 *		from one grant to the next.  With too many it does not: one that came
 *		too early yields again, and is then too late.  So, far from the head,
 *		only one on each processor hovers, to keep it from going idle.
 *		Nobody who wants to work is kept from a processor.
 *	doze	Everybody else sleeps on the slot's word.
 *
 *	row       released by               acquired by                what it carries
 *	[GRANT]   grant (lock.c)            await                      see lock.c
 *
 *	relaxed   because
 *	[HINT]    Decides who is awake, nothing else; what is old costs a turn.
 *	[EITHER]  Falling asleep or the grant: both change one word, so one came first.
 */
#include "lock.h"
#include "atomic.h"
#include "events.h"

#include <errno.h>

/* How many per processor hover before the rest is far; and for how many times the turns
 * that a line may stand still anybody hovers at all. */
#define HOVER_DEPTH   8
#define HOVER_LONGEST 16

/* Who hovers far from the head, one on each processor; those beyond share.  A seat
 * guards nothing: all is relaxed, and a thread that moves on keeps its seat. */
#define SEATS 256
static struct {
	uint32_t taken;
} __attribute__((aligned(64))) seats[SEATS];

static bool seat_take(uint32_t *seat)
{
	uint32_t no = 0;

	return !fl_load_relaxed(seat) && fl_cas_relaxed(seat, &no, 1); /* [HINT] */
}

/* Look at the slot for a while.  True: granted. */
static bool spin(const struct fl_slot *slot)
{
	for (uint32_t turns = fl_spin_turns(); turns; turns--) {
		if (fl_granted(slot))
			return true;
		fl_relax();
	}
	return false;
}

/* How many are before it in line, or a little less: departures count, too. */
static int32_t ahead(const struct fl_slot *slot, uint32_t gone)
{
	return (int32_t)(slot->ticket - gone);
}

/* Until granted (true), or the line stands still, or the deadline has passed. */
static bool hover(const fifolock_t *lock, const struct fl_slot *slot,
		  const struct fl_deadline *deadline)
{
	const uint32_t patience = fl_hover_turns();
	uint32_t gone = fl_load_relaxed(&lock->gone), before; /* [HINT] */
	uint32_t left = patience;

	for (uint32_t turns = patience * HOVER_LONGEST; left && turns; turns--) {
		if (ahead(slot, gone) <= 0 && spin(slot))
			return true;
		fl_yield();
		if (fl_granted(slot))
			return true;
		if (deadline && fl_deadline_passed(deadline))
			return false;
		before = gone;
		gone = fl_load_relaxed(&lock->gone); /* [HINT] */
		left = gone == before ? left - 1 : patience;
	}
	return false;
}

/* Stay awake for a while, if that is this thread's to do.  True: granted. */
static bool stay_awake(const fifolock_t *lock, const struct fl_slot *slot,
		       const struct fl_deadline *deadline)
{
	const int32_t depth = HOVER_DEPTH * (int32_t)fl_processors();
	uint32_t *seat;
	bool granted;

	if (ahead(slot, fl_load_relaxed(&lock->gone)) <= depth) /* [HINT] */
		return hover(lock, slot, deadline);
	seat = &seats[fl_processor() % SEATS].taken;
	if (!seat_take(seat))
		return false;
	granted = hover(lock, slot, deadline);
	fl_store_relaxed(seat, 0); /* [HINT] */
	return granted;
}

/* Sleep until the slot's word changes.  Whoever is CLAIMED can leave no more
 * and waits for the outcome without a deadline. */
static int doze(struct fl_slot *slot, uint32_t word, const struct fl_deadline *deadline)
{
	/* [EITHER] */
	if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))
		return 0;
	fl_event_sleep(slot);
	return fl_park(&slot->word, word | FL_ASLEEP,
		       word & FL_CLAIMED ? NULL : deadline);
}

/* Wait until granted, or leave at the deadline. */
static int await(fifolock_t *lock, struct fl_slot *slot,
		 const struct fl_deadline *deadline)
{
	if (stay_awake(lock, slot, deadline))
		return 0;
	for (;;) {
		/* [GRANT] acquire */
		uint32_t word = fl_load_acquire(&slot->word);

		if (word & FL_GRANTED)
			return 0;
		if (doze(slot, word, deadline) == ETIMEDOUT && fl_leave(lock, slot))
			return ETIMEDOUT;
	}
}

int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline)
{
	struct fl_slot *slot;

	if (deadline && fl_deadline_passed(deadline))
		return ETIMEDOUT;
	slot = fl_slot_for_wait();
	if (!slot)
		return ENOMEM;
	fl_join(lock, slot, want, deadline != NULL);
	if (await(lock, slot, deadline) != 0) {
		fl_slot_abandoned(slot);
		return ETIMEDOUT;
	}
	fl_slot_waited(slot);
	return 0;
}
