/* SPDX-License-Identifier: MIT
 *
 * awake.c - see awake.h.
 * Nothing here decides which request is granted or when; only which threads are awake.
 *
 *	spin	A waiter looks at its slot for a moment; for some more where no other that is before it in
 *		line wants this processor: its grant is about to come.
 *	yield	While the line moves, waiters stay awake and yield.  A yield costs a
 *		fraction of sleeping and being woken, most of all where a processor has
 *		gone idle meanwhile; and threads that take turns on a processor come
 *		back in the order in which they joined, if that has once been put right
 *		(turns.h), so that one yield leads from one grant to the next.  Far from the
 *		head only one on each processor does, to keep it from going idle.
 *		No thread that has work is kept from a processor.
 *	doze	Every other waiter sleeps on the slot's word.
 *
 *	relaxed   because
 *	[HINT]    Decides which threads are awake, nothing else; what is old costs a turn.
 */
#include "awake.h"
#include "atomic.h"
#include "observe/detector.h"
#include "park.h"
#include "processors.h"
#include "rest.h"
#include "role.h"
#include "turns.h"

/* How many per processor yield before the rest is far: and where waiters for several locks take turns, so that no
 * order is right for all; and for how many times the turns that a line may stand still any thread yields at
 * all. */
#define YIELD_DEPTH   32
#define MIXED_DEPTH   3
#define YIELD_LONGEST 16

/* So few processors are another matter: a thread that looks, or spins, is in the way of the one it waits for. */
#define FEW 2

/* The threads that yield far from the head, one on each processor; those beyond share.  A seat
 * guards nothing: all is relaxed, and a thread that moves on keeps its seat. */
#define SEATS 256
static struct {
	uint32_t taken;
} __attribute__((aligned(64))) seats[SEATS];

void fl_seats_hide(void)
{
	fl_watch_hide(seats, sizeof(seats));
}

static bool seat_take(uint32_t *seat)
{
	uint32_t no = 0;

	return !fl_load_relaxed(seat) && fl_cas_relaxed(seat, &no, 1); /* [HINT] */
}

/* Look at the slot for a while.  True: told. */
static bool spin(const struct fl_slot *slot)
{
	for (uint32_t turns = fl_spin_count(); turns; turns--) {
		if (fl_outcome(slot))
			return true;
		fl_relax();
	}
	return false;
}

/* How many are before it in line, or a little less: departures count, too; or, where two locks share a
 * board (role.c), any number. */
static int32_t ahead(const struct fl_slot *slot, uint32_t reached)
{
	return slot->how & FL_CONVERTS ? 0 : (int32_t)(slot->ticket - reached - 1);
}

/* So many spins a waiter looks at its own slot before it looks at how far the line has come: that is written by
 * each thread that passes the hold on, and comes late where many look at it.  Where others that wait for it
 * have yielded, that a turn comes too early costs more than where a thread may want the processor that does not
 * wait. */
#define CALM	   32
#define CALM_ALONE 8

/* So many of them count like a yield, where the line stands still. */
#define TURN 8

/* So many places from the head a waiter spins though it is alone on its processor: others may want that, which
 * do not wait.  With half of the processors for threads that spin, the others are left for those that come
 * near, and for the holder.  A thread that found fewer before it than there are processors takes it that
 * each may have one: then those that yield far from the head only get in the way of the others, as they
 * look how far the line has come (16 processors, 16 threads: a tenth to a sixth fewer operations a second). */
static int32_t near_places(bool few)
{
	uint32_t processors = fl_processors();

	if (few && processors > FEW)
		return (int32_t)processors;
	return processors > 1 ? (int32_t)processors / 2 : 1;
}

/* For how many spins it had better not yield. */
static uint32_t calm(enum fl_my_turn turn, int32_t place, bool few)
{
	bool close = place < near_places(few);

	if (turn == FL_TURN_NEXT)
		return CALM;
	if (turn == FL_TURN_ALONE && close)
		return CALM_ALONE;
	return turn == FL_TURN_MIXED && close;
}

/* A thread that waits awake. */
struct vigil {
	const struct fl_slot *slot;
	const struct fl_deadline *deadline;
	struct fl_waiter self;
	uint32_t reached; /* so far has the line come */
	uint32_t left;	  /* so many turns it may stand still */
	bool few;	  /* found fewer before it than there are processors */
	bool yielded;
};

/* Has the line moved since? */
static bool has_moved(struct vigil *vigil)
{
	uint32_t before = vigil->reached;

	vigil->reached = fl_role_reached(vigil->self.lock);
	if (vigil->reached == before)
		return false;
	vigil->left = fl_yield_count();
	return true;
}

static bool is_late(const struct fl_deadline *deadline)
{
	return deadline && fl_deadline_passed(deadline);
}

/* True: told, or late. */
static bool spin_on(const struct vigil *vigil, uint32_t spins)
{
	for (; spins; spins--)
		if (spin(vigil->slot) || is_late(vigil->deadline))
			return true;
	return fl_outcome(vigil->slot) || is_late(vigil->deadline);
}

/* False: that is all. */
static bool yield(struct vigil *vigil, uint32_t spins)
{
	uint32_t turns = 1 + spins / TURN;

	fl_turn_yields(&vigil->self);
	if (!fl_yield() || fl_outcome(vigil->slot))
		return false;
	vigil->yielded = true;
	if (!has_moved(vigil))
		vigil->left = vigil->left > turns ? vigil->left - turns : 0;
	return vigil->left;
}

/* One turn.  After so long without a move the next on a processor yields, too: a thread before it may want
 * this very processor, though none has yielded here.  False: that is all. */
static bool stay(struct vigil *vigil)
{
	enum fl_my_turn turn = fl_turn_of(&vigil->self, vigil->reached);
	int32_t place = ahead(vigil->slot, vigil->reached);
	uint32_t spins = calm(turn, place, vigil->few);

	if (turn == FL_TURN_MIXED && place > (int32_t)(MIXED_DEPTH * fl_processors()))
		return false;
	if (spin_on(vigil, spins))
		return false;
	if (spins && has_moved(vigil))
		return true;
	if (turn == FL_TURN_WRONG && vigil->yielded && fl_turn_mend(&vigil->self))
		return false;
	return yield(vigil, spins);
}

/* Until told, or the line stands still, or the deadline has passed; or to come back in the order of the line. */
static void yield_in_line(const fifolock_t *lock, const struct fl_slot *slot,
			  const struct fl_deadline *deadline)
{
	uint32_t reached = fl_role_reached(lock), left = fl_yield_count();
	int32_t place = ahead(slot, reached);
	struct vigil vigil = {.slot = slot,
			      .deadline = deadline,
			      .self = {lock, slot->id, reached + 1 + (uint32_t)place},
			      .reached = reached,
			      .left = left,
			      .few = place < (int32_t)fl_processors()};

	for (uint32_t turns = left * YIELD_LONGEST; turns; turns--)
		if (!stay(&vigil))
			return;
}

/* Stay awake for a while, if that is this thread's to do. */
static void stay_awake(const fifolock_t *lock, const struct fl_slot *slot,
		       const struct fl_deadline *deadline)
{
	const int32_t depth = YIELD_DEPTH * (int32_t)fl_processors();
	uint32_t *seat;

	if (ahead(slot, fl_role_reached(lock)) <= depth) {
		yield_in_line(lock, slot, deadline);
		return;
	}
	seat = &seats[fl_processor() % SEATS].taken;
	if (!seat_take(seat))
		return;
	yield_in_line(lock, slot, deadline);
	fl_store_relaxed(seat, 0); /* [HINT] */
}

int fl_await(const fifolock_t *lock, struct fl_slot *slot,
	     const struct fl_deadline *deadline)
{
	/* A handler that runs while a thread yields is not noticed. */
	if (!fl_outcome(slot) && !(deadline && deadline->heeds_signals))
		stay_awake(lock, slot, deadline);
	if (!fl_outcome(slot))
		fl_processors_look();
	return fl_sleep(slot, deadline);
}

/* Asleep as far as the threads that run sections know, see run.c. */
static int sleep_for_section(const fifolock_t *lock, struct fl_slot *slot)
{
	int error;

	if (fl_outcome(slot))
		return fl_sleep(slot, NULL);
	fl_role_lies_down(lock);
	error = fl_sleep(slot, NULL);
	fl_role_gets_up(lock);
	return error;
}

/* Its section has been run, by a thread that has its line now; soon it will be written for the next
 * one. */
static int told_of_section(const fifolock_t *lock, struct fl_slot *slot)
{
	int error = sleep_for_section(lock, slot);

	fl_prefetch_write(slot);
	return error;
}

/* With more processors than these a hold that goes on to the next owner costs less than what a server
 * does between two rows, as long as rows are short (16 simulated processors, sections of 20 ns, 3, 4, 5
 * threads: 0.8, 2.1, 3.0 million operations a second if one serves, 3.0, 4.0, 4.0 if none does). */
#define LONG 4

bool fl_sections_pay(const fifolock_t *lock, const struct fl_slot *slot)
{
	return fl_processors() <= FEW ||
	       (slot && ahead(slot, fl_role_reached(lock)) >= LONG);
}

/* With few processors it looks at its slot now and then only; with many all the time, as it may have been granted, others
 * ask meanwhile, and the yields would be what all wait for.  The lock may be gone: only its address is used. */
int fl_await_section(const fifolock_t *lock, struct fl_slot *slot)
{
	struct fl_rest rest;

	if (fl_outcome(slot))
		return told_of_section(lock, slot);
	rest = fl_rest_begin(lock);
	if (fl_processors() <= FEW) {
		fl_rest_until_told(&rest, slot, fl_yield_count() * YIELD_LONGEST);
	} else {
		yield_in_line(lock, slot, NULL);
		if (fl_outcome(slot) & FL_RAN)
			fl_rest_once_told(&rest);
	}
	return told_of_section(lock, slot);
}

/* Without the lock a thread cannot know how far it is from the head: so one on each
 * processor stays awake for a moment. */
int fl_await_request(struct fl_slot *slot, const struct fl_deadline *deadline)
{
	uint32_t *seat = &seats[fl_processor() % SEATS].taken;

	if (seat_take(seat)) {
		for (uint32_t turns = fl_yield_count(); turns; turns--) {
			if (fl_outcome(slot) || is_late(deadline))
				break;
			fl_yield();
		}
		fl_store_relaxed(seat, 0); /* [HINT] */
	}
	return fl_sleep(slot, deadline);
}
