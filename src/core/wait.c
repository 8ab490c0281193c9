/* SPDX-License-Identifier: MIT
 *
 * wait.c - what a thread does between joining the line and its grant.
 * Nothing here decides which request is granted or when; only which threads are awake.
 *
 *	spin	The thread that is next looks at its slot for a moment: its grant is about to come.
 *	yield	While the line moves, waiters stay awake and yield.  A yield costs a
 *		fraction of sleeping and being woken, most of all where a processor has
 *		gone idle meanwhile; and threads that take turns on a processor come
 *		back in the order in which they joined, so that mostly one yield leads
 *		from one grant to the next.  With too many it does not: one that came
 *		too early yields again, and is then too late.  So, far from the head,
 *		only one on each processor does, to keep it from going idle.
 *		No thread that has work is kept from a processor.
 *	doze	Every other waiter sleeps on the slot's word.
 *
 *	relaxed   because
 *	[HINT]    Decides which threads are awake, nothing else; what is old costs a turn.
 *	[EITHER]  Read-modify-writes of one word: see FL_ENDED (park.h).
 */
#include "wait.h"
#include "observe/account.h"
#include "atomic.h"
#include "callbacks.h"
#include "control.h"
#include "observe/detector.h"
#include "observe/events.h"
#include "lock.h"
#include "role.h"

#include <errno.h>

/* How many per processor yield before the rest is far; and for how many times the turns
 * that a line may stand still any thread yields at all. */
#define YIELD_DEPTH   8
#define YIELD_LONGEST 16

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

/* So many places from the head a waiter spins, as its grant is about to come, and yields only
 * after as many spins in which the line has stood still: a thread before it may want this
 * very processor.  With half of the processors for threads that spin, the others are left for
 * those that yield to come near, and for the holder. */
static uint32_t near_places(void)
{
	uint32_t half = fl_processors() / 2;

	return half ? half : 1;
}

/* Has the line moved since? */
static bool has_moved(const fifolock_t *lock, uint32_t *reached)
{
	uint32_t before = *reached;

	*reached = fl_role_reached(lock);
	return *reached != before;
}

/* Until told, or the line stands still, or the deadline has passed.  A thread that is near looks at
 * its own slot, and only before it would yield at how far the line has come: that is written by
 * each thread that passes the hold on, and comes late where many look at it. */
static void yield_in_line(const fifolock_t *lock, const struct fl_slot *slot,
			  const struct fl_deadline *deadline)
{
	const uint32_t patience = fl_yield_count(), near = near_places();
	uint32_t reached = fl_role_reached(lock), left = patience;

	for (uint32_t turns = patience * YIELD_LONGEST; left && turns; turns--) {
		bool close = ahead(slot, reached) < (int32_t)near;

		if (close && spin(slot))
			return;
		if (deadline && fl_deadline_passed(deadline))
			return;
		if (close && (patience - left) % near != near - 1) {
			left--;
		} else if (close && has_moved(lock, &reached)) {
			left = patience;
		} else {
			if (!fl_yield() || fl_outcome(slot))
				return;
			left = has_moved(lock, &reached) ? patience : left - 1;
		}
	}
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

#define FEW 2

/* With more processors than these a hold that goes on to the next owner costs less than what a server
 * does between two rows, as long as rows are short (16 simulated processors, sections of 20 ns, 3, 4, 5
 * threads: 0.8, 2.1, 3.0 million operations a second if one serves, 3.0, 4.0, 4.0 if none does). */
#define LONG 4

bool fl_sections_pay(const fifolock_t *lock, const struct fl_slot *slot)
{
	return fl_processors() <= FEW ||
	       (slot && ahead(slot, fl_role_reached(lock)) >= LONG);
}

/* A look at the slot takes its line from the thread that runs sections, and a thread that
 * goes on asks again: with few processors, looking every 16 yields, about 4 us, doubles
 * what two threads get done compared with looking after each.  It is still less than
 * sleeping and waking up.  With many, others ask meanwhile, and the yields would be what
 * all wait for.  The lock may be gone: only its address is used. */
int fl_await_section(const fifolock_t *lock, struct fl_slot *slot)
{
	const uint32_t looks = fl_run_poll_yields();

	if (fl_processors() > FEW) {
		yield_in_line(lock, slot, NULL);
		return told_of_section(lock, slot);
	}

	for (uint32_t turns = fl_yield_count() * YIELD_LONGEST; turns; turns--) {
		if (turns % looks == 0 && fl_outcome(slot))
			break;
		if (!fl_yield())
			break;
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
			if (fl_outcome(slot) ||
			    (deadline && fl_deadline_passed(deadline)))
				break;
			fl_yield();
		}
		fl_store_relaxed(seat, 0); /* [HINT] */
	}
	return fl_sleep(slot, deadline);
}

/* Join, wait until told, or leave at the deadline. */
static int wait_as(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   unsigned how, const struct fl_deadline *deadline)
{
	int error;

	how |= deadline ? FL_LEAVES : 0;
	how |= fl_role_pays(lock) ? 0 : FL_IN_VAIN;
	error = fl_join(lock, slot, want, how);

	if (!error)
		error = fl_await(lock, slot, deadline);
	while (error == ETIMEDOUT) {
		if (fl_leave(lock, slot))
			return ETIMEDOUT; /* the slot is the scanner's */
		error = fl_sleep(slot, deadline);
	}
	fl_slot_waited(slot);
	return error;
}

/* How long a thread for whose slot there is no memory waits before it tries again. */
#define NO_SLOT_NAP_NS 1000000

int fl_slot_to_wait(const fifolock_t *lock, const struct fl_deadline *deadline,
		    struct fl_slot **slot)
{
	while (!(*slot = fl_slot_for_wait())) {
		if (fl_closed(lock))
			return ECANCELED;
		if (deadline && fl_deadline_passed(deadline))
			return ETIMEDOUT;
		fl_nap(NO_SLOT_NAP_NS);
	}
	if (deadline && deadline->ended)
		(void)fl_or_relaxed(deadline->ended, (*slot)->id); /* [EITHER] */
	return 0;
}

/* Taken after all, by a request that has no place in line yet?  With two threads the holder often gives
 * back at this very moment; a request that joins the line of a free lock scans, to be granted, and
 * meets the next arrival on the lock's line of memory, again and again (16 simulated processors,
 * sections of 20 ns, 150 outside: 1.3 million operations a second, 3.1 with this look).  A table that
 * counts counts what was granted. */
static bool is_given_back(fifolock_t *lock, const struct fl_want *want, unsigned how)
{
	return !(how & FL_CONVERTS) && !fl_account_counts(fl_modes_of(lock)) &&
	       fl_take(lock, want);
}

/* The same around: a slot, and callbacks that are due before it is in line. */
static int wait_with_slot(fifolock_t *lock, const struct fl_want *want, unsigned from,
			  unsigned how, const struct fl_deadline *deadline)
{
	struct fl_slot *slot;
	int error;

	if (deadline && fl_deadline_passed(deadline))
		return ETIMEDOUT;
	if (deadline && fl_deadline_astray(deadline))
		return EINVAL;
	error = fl_slot_to_wait(lock, deadline, &slot);
	if (error == ECANCELED)
		fl_account_refused(lock, fl_modes_of(lock), want->mode, error);
	if (error)
		return error;
	slot->from = (uint8_t)from;
	if (is_given_back(lock, want, how)) {
		fl_slot_waited(slot);
		return 0;
	}
	return wait_as(lock, slot, want, how, deadline);
}

int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline)
{
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, lock);
	error = wait_with_slot(lock, want, 0, 0, deadline);
	fl_callbacks_wait_end(&wait);
	return error;
}

bool fl_expects_to_wait(const fifolock_modes_t *modes, unsigned mode)
{
	return mode < modes->at_once && (modes->flags & FL_MODES_ALONE(mode));
}

bool fl_wait_behind(fifolock_t *lock, unsigned mode, int *error)
{
	struct fl_callbacks_wait wait;
	struct fl_slot *slot;
	bool joined = false;

	fl_callbacks_wait_begin(&wait, lock);
	slot = fl_slot_for_wait();
	if (slot) {
		fl_ready_to_join(lock, slot, mode, 0);
		joined = fl_expects_to_wait(fl_modes_of(lock), mode) &&
			 fl_join_behind(lock, slot, NULL);
		if (joined)
			*error = fl_await(lock, slot, NULL);
		fl_slot_waited(slot);
	}
	fl_callbacks_wait_end(&wait);
	return joined;
}

int fl_wait_ahead(fifolock_t *lock, const struct fl_want *want, unsigned from,
		  const struct fl_deadline *deadline)
{
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, lock);
	error = wait_with_slot(lock, want, from, FL_CONVERTS | FL_NO_LIMIT, deadline);
	fl_callbacks_wait_end(&wait);
	return error;
}

/* Of a lock that no thread closes: it cannot fail. */
void fl_wait_held(fifolock_t *lock, const struct fl_want *want)
{
	(void)wait_with_slot(lock, want, 0, 0, NULL);
}
