/* SPDX-License-Identifier: MIT
 *
 * handed.c - how many callbacks one call runs, and which thread runs the others.
 *
 * Requests that joined after the call began can go on coming for ever, each made by the
 * callback of the one before.  So the call runs some of them; the rest is handed over: it
 * is put where the thread that gets in line for that lock next, or scans it, takes it over.
 *
 * They wait in one of several stacks, found by the lock's address.  A stack is of runs
 * (callbacks.h), linked by stack_next of their first; since says which lock, in short.  It is
 * one word:
 *
 *	63 ... 33   32       31 ... 0
 *	changes     INTENT   the newest run, 0: none
 *
 * A thread that hands over must not miss one that sleeps in the line already, and may not look
 * at the lock any more once the run is others', because they may be the last to use it.
 * So it says what it is about to do (INTENT), writes the lock's word and looks at the line
 * (fl_awaited), and then puts the run there, if the stack has not changed.  A thread that comes
 * looks at the stack after its own write of the lock's word, and takes INTENT away.  One of the
 * two writes came first: either the thread that came was in line, or it sees INTENT or the run.
 *
 *	row       released by         acquired by         what it carries
 *	[DUE]     change              change, take_over   the slots of the runs, and what
 *	                                                  every earlier holder wrote
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[ORDER]   The lock's word, see above: both threads have written it, and by coherence
 *	          the second thread sees what the first one has done to the stack.
 *	[CARRIED] Before the push, which carries it; or compared, and discarded if the stack
 *	          has changed since.
 */
#include "callbacks.h"
#include "atomic.h"
#include "lock.h"
#include "queue.h"

/* How many younger requests one call serves, and for how long by the coarse clock; as
 * in run.c. */
#ifndef FL_SERVES_MOST
#define FL_SERVES_MOST 256
#endif
#define SERVES_NS 2000000

#define TRIES 4 /* to hand over, while others come and go */

#define TOP    ((uint64_t)UINT32_MAX)
#define INTENT (UINT64_C(1) << 32)
#define CHANGE (UINT64_C(1) << 33)

static struct {
	uint64_t word;
} __attribute__((aligned(64))) buckets[FL_PLACES];

static uint64_t *bucket_of(const fifolock_t *lock)
{
	return &buckets[fl_place_of(lock)].word;
}

/* Equal for equal locks. */
static uint32_t in_short(const fifolock_t *lock)
{
	return (uint32_t)((uintptr_t)lock >> 3);
}

/* ---- turns ---- */

void fl_turn_begin(struct fl_turn *turn)
{
	turn->began = fl_since_now();
	turn->locks = 0;
	turn->called = 0;
	fl_turn_renew(turn);
}

void fl_turn_renew(struct fl_turn *turn)
{
	turn->served = 0;
	turn->left = FL_SERVES_MOST;
}

/* How many tickets of the lock were drawn when this turn first came to it; false: it has come
 * to too many locks. */
static bool drawn_before(struct fl_turn *turn, const fifolock_t *lock, uint32_t *drawn)
{
	const unsigned most = sizeof(turn->seen) / sizeof(turn->seen[0]);
	unsigned i = 0;

	while (i < turn->locks && turn->seen[i].lock != lock)
		i++;
	if (i == most)
		return false;
	if (i == turn->locks) {
		turn->seen[i].lock = lock;
		turn->seen[i].drawn = fl_line_drawn(lock);
		turn->locks++;
	}
	*drawn = turn->seen[i].drawn;
	return true;
}

/* Did it join after the call had begun?  The clock is coarse: of requests that joined in the
 * same tick the ticket decides. */
static bool is_younger(struct fl_turn *turn, const struct fl_slot *slot)
{
	uint32_t since = fl_load_relaxed(&slot->since); /* [CARRIED] */
	uint32_t drawn = 0;
	bool known = drawn_before(turn, fl_lock_of(slot), &drawn);

	if (since != turn->began)
		return (int32_t)(since - turn->began) > 0;
	return known && (int32_t)(slot->ticket - drawn) >= 0;
}

bool fl_turn_is_over(struct fl_turn *turn, const struct fl_slot *slot)
{
	uint64_t now;

	if (!is_younger(turn, slot))
		return false;
	now = fl_now_coarse();
	if (!turn->served)
		turn->served = now;
	if (!turn->left || now - turn->served >= SERVES_NS)
		return true;
	turn->left--;
	return false;
}

/* ---- handing over ---- */

/* *word -> next, and one more change. */
static bool change(uint64_t *bucket, uint64_t *word, uint64_t next)
{
	next += CHANGE;
	/* [DUE] release, [DUE] acquire */
	if (!fl_cas_acq_rel(bucket, word, next))
		return false;
	*word = next;
	return true;
}

static bool push(uint64_t *bucket, uint64_t *word, struct fl_slot *run)
{
	fl_slot_set_stack_next(run, (uint32_t)*word);
	return change(bucket, word, (*word & ~(TOP | INTENT)) | run->id);
}

static uint64_t intend(uint64_t *bucket)
{
	uint64_t word = fl_load_relaxed(bucket); /* [GUESS] */

	while (!change(bucket, &word, word | INTENT))
		;
	return word;
}

bool fl_hand_over(struct fl_slot *run, bool at_any_rate)
{
	fifolock_t *lock = fl_lock_of(run);
	uint64_t *bucket = bucket_of(lock);

	fl_store_relaxed(&run->since, in_short(lock)); /* [CARRIED] */
	for (unsigned tries = TRIES; tries || at_any_rate; tries--) {
		uint64_t word = intend(bucket);

		if (!at_any_rate && fl_awaited(lock))
			return false;
		if (push(bucket, &word, run))
			return true;
	}
	return false;
}

/* ---- taking over ---- */

/* Is there a run on this lock in the stack?  If in doubt, yes.  Whatever others do to it
 * meanwhile: the change that follows finds that out. */
static bool is_there(uint32_t id, const fifolock_t *lock)
{
	for (unsigned n = 0; id; n++) {
		const struct fl_slot *run = fl_slot_at(id);

		/* [CARRIED] */
		if (fl_load_relaxed(&run->since) == in_short(lock) || n == FL_PLACES)
			return true;
		id = fl_load_relaxed(&run->stack_next); /* [CARRIED] */
	}
	return false;
}

/* Due here, as old as can be. */
static void take(struct fl_slot *run)
{
	const uint32_t long_ago = fl_since_now() - (UINT32_C(1) << 30);
	uint32_t last = fl_load_relaxed(&run->older), id = run->id, next; /* [CARRIED] */

	do {
		struct fl_slot *slot = fl_slot_at(id);

		next = slot->newer;
		fl_store_relaxed(&slot->since, long_ago); /* [CARRIED] */
		fl_take_due(slot);
	} while (id != last && (id = next));
}

/* Those on the lock; others are handed over again, or if need be taken, too. */
static void sort_out(uint32_t id, const fifolock_t *lock)
{
	while (id) {
		struct fl_slot *run = fl_slot_at(id);

		id = fl_load_relaxed(&run->stack_next); /* [CARRIED] */
		if (fl_lock_of(run) == lock || !fl_hand_over(run, false))
			take(run);
	}
}

static void take_over(uint64_t *bucket, const fifolock_t *lock)
{
	/* [DUE] acquire */
	uint64_t word = fl_load_acquire(bucket), next;
	uint32_t top;
	bool mine;

	do {
		top = (uint32_t)word;
		mine = !fl_callbacks_deep() && is_there(top, lock);
		next = word & ~(mine ? TOP | INTENT : INTENT);
	} while (!change(bucket, &word, next));
	if (mine)
		sort_out(fl_slots_turn_round(top), lock);
}

void fl_take_over(const fifolock_t *lock)
{
	uint64_t *bucket = bucket_of(lock);

	if (fl_likely(!(fl_load_relaxed(bucket) & (TOP | INTENT)))) /* [ORDER] */
		return;
	fl_callbacks_defer();
	take_over(bucket, lock);
	fl_callbacks_resume();
}
