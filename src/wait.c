/* SPDX-License-Identifier: MIT
 *
 * wait.c - what a thread does between joining the line and its grant.  Layer 3.
 * Nothing here decides who is granted or when; it only decides who is awake.
 *
 *	spin	The head of a line that was empty looks at its slot for a moment: with
 *		no more threads than processors the grant comes while it looks.
 *	hover	One waiter on each processor stays awake while the line moves, but
 *		yields at every turn.  It costs the others nothing: it runs only when
 *		nothing else wants its processor.  It keeps that from going idle,
 *		and an idle processor is what makes a hand-over slow: waking a
 *		thread there takes several times as long as on a busy one (on a
 *		virtual machine, ten times), and the kernel prefers to wake threads
 *		there.
 *	doze	Everybody else sleeps on the slot's word.
 *
 *	row       released by               acquired by                what it carries
 *	[GRANT]   grant (lock.c)            await                      see lock.c
 */
#include "lock.h"
#include "atomic.h"

#include <errno.h>

#define SEATS 256 /* processors beyond that share them */

/* Who hovers on a processor; a seat that is left is free at once.  Relaxed: the seat
 * guards nothing, and a wrong guess costs a nap. */
static struct {
	uint32_t taken;
} __attribute__((aligned(64))) seats[SEATS];

static bool seat_take(uint32_t *seat)
{
	uint32_t no = 0;

	return !fl_load_relaxed(seat) && fl_cas_relaxed(seat, &no, 1);
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

/* Yield for as long as the line moves and the deadline has not passed. */
static bool watch(const fifolock_t *lock, const struct fl_slot *slot,
		  const struct fl_deadline *deadline)
{
	uint32_t gone = fl_load_relaxed(&lock->gone), before;

	for (uint32_t turns = fl_hover_turns(); turns; turns--) {
		fl_yield();
		if (fl_granted(slot))
			return true;
		if (deadline && fl_deadline_passed(deadline))
			return false;
		before = gone;
		gone = fl_load_relaxed(&lock->gone);
		if (gone != before)
			turns = fl_hover_turns();
	}
	return false;
}

static bool hover(const fifolock_t *lock, const struct fl_slot *slot,
		  const struct fl_deadline *deadline)
{
	uint32_t *seat = &seats[fl_processor() % SEATS].taken;
	bool granted;

	if (!fl_hover_turns() || !seat_take(seat))
		return false;
	granted = watch(lock, slot, deadline);
	fl_store_relaxed(seat, 0);
	return granted;
}

/* Sleep until the slot's word changes.  Whoever is CLAIMED can leave no more
 * and waits for the outcome without a deadline. */
static int doze(struct fl_slot *slot, uint32_t word, const struct fl_deadline *deadline)
{
	if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))
		return 0;
	return fl_park(&slot->word, word | FL_ASLEEP,
		       word & FL_CLAIMED ? NULL : deadline);
}

/* Wait until granted, or leave at the deadline. */
static int await(fifolock_t *lock, struct fl_slot *slot, bool head,
		 const struct fl_deadline *deadline)
{
	if ((head && spin(slot)) || hover(lock, slot, deadline))
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
	bool head;

	if (deadline && fl_deadline_passed(deadline))
		return ETIMEDOUT;
	slot = fl_slot_for_wait();
	if (!slot)
		return ENOMEM;
	head = fl_join(lock, slot, want, deadline != NULL);
	if (await(lock, slot, head, deadline) != 0) {
		fl_slot_abandoned(slot);
		return ETIMEDOUT;
	}
	fl_slot_waited(slot);
	return 0;
}
