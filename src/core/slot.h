/* SPDX-License-Identifier: MIT
 *
 * slot.h - a waiting request: a slot, what its word says, and where slots come from.
 *
 * A slot is one cache line from a process-wide pool whose memory is never given back, named
 * by a 32-bit id, 0 for none.  So an id or an address that has become stale still names a
 * slot, and a late wake-up or hint on it is harmless: every wait looks at its word again.
 */
#ifndef FL_SLOT_H
#define FL_SLOT_H

#include "park.h"
#include "word.h"

/* Slot word: what has become of the request.
 *
 *	0 -> ASLEEP		owner, about to park
 *	0 -> CLAIMED		scanner: will be granted, can no longer leave
 *	CLAIMED -> 0		scanner: not after all (see put_back in scan.c)
 *	any but LEFT -> GRANTED	scanner, after its commit; the slot is the owner's
 *	any but LEFT -> REFUSED	the same, and verdict says why
 *	any but LEFT -> RAN	the thread that ran the section
 *	0 -> LEFT		owner gave up; the slot is the scanner's
 *	any -> any|ADMITTED	scanner: a conversion is in the line now
 *	any -> any|JOINED	joining thread: it does not touch the slot of a request any more
 *	any -> any|FREED	the thread that is done with the slot of a request; the second of the two
 *				gives it back
 *	any -> any|NEWS		a thread with news for the scanner, where the role is being given
 *				to this slot (role.h): the thread that gives it finds them before it
 *				tells.  It may hit a slot that has moved on: harmless
 *	any -> any|ROUSED	a closing: the owner, if it waits at a condition, looks at its
 *				note.  It may hit a slot that has moved on: harmless
 */
#define FL_ASLEEP   1u
#define FL_CLAIMED  2u
#define FL_GRANTED  4u
#define FL_LEFT	    8u
#define FL_REFUSED  16u
#define FL_RAN	    32u
#define FL_ROUSED   64u
#define FL_ADMITTED 128u
#define FL_JOINED   256u
#define FL_FREED    512u
#define FL_NEWS	    1024u
#define FL_DONE	    (FL_GRANTED | FL_REFUSED | FL_RAN)

/* How a request waits, and what its grant does.  None: it waits to the end, and
 * its grant wakes a thread. */
#define FL_LEAVES     1u /* may leave: a grant must claim it first */
#define FL_CONVERTS   2u /* a conversion: goes before all requests without a hold */
#define FL_CALLS      4u /* the grant calls back; the slot is then the granter's */
#define FL_RUNS	      8u /* wants its section run: call(ctx), by the thread that comes to it */
#define FL_NO_LIMIT   16u /* the limit on the line is not for it */
#define FL_NO_THREAD  32u /* no thread sleeps for it: it says itself since when it waits */
#define FL_SAID_LATER 64u  /* that it has joined: not by joining, but by fl_slot_joined */
#define FL_IN_VAIN    128u /* its thread kept the role for no heir lately (fl_role_pays) */

/* What a grant may have to do besides telling a thread. */
#define FL_DEEDS (FL_CONVERTS | FL_CALLS | FL_RUNS | FL_NO_THREAD)

/* In older: it may not be so yet.  Ids have 28 bits. */
#define FL_UNSURE (UINT32_C(1) << 31)

/* What has become of it, where that is not in the word: 0, an errno, or */
#define FL_OUT 255u /* unlinked, its departure not yet announced */

struct fl_slot {
	uint32_t word;	/* above */
	uint32_t id;	/* constant */
	uint32_t older; /* the slot before it in line, see queue.c; atomic */
	uint32_t hint;	/* the slot behind it, if that one says the same; atomic */
	/* Link of lists of slots that are off the chain; the list's owner. */
	uint32_t newer;
	/* Atomic. */
	union {
		/* In a stack: of departed, of free, of handed-over slots. */
		uint32_t stack_next;
		/* A keeper's: what the lock's would be (role.h). */
		uint32_t dequeued;
	};
	uint32_t ticket;
	/* The request: owner until pushed, constant while in line. */
	uint32_t weight;
	uint8_t mode;
	uint8_t from; /* a conversion: the mode it holds */
	uint8_t how;
	uint8_t verdict; /* the scanner's */
	uint32_t since;	 /* when it began to sleep, see fl_since; 0: awake; atomic */
	union {
		struct {
			void (*call)(void *ctx);
			void *ctx;
		};
		/* A conversion.  The scanner's, in the first of them in line: what all of
		 * them keep, which is the last, and the modes that they wait for, a bit
		 * each; perhaps some more.  shift is the owner's: it keeps 1 << shift. */
		struct {
			uint64_t kept;
			uint32_t last;
			uint16_t awaited;
			uint8_t shift;
		};
	};
	/* One word for what the slot is in besides a line; one use at a time, told apart by its
	 * bits, as others look at the notes of all slots.  Atomic.
	 *
	 *	since|FL_NOTE_SINCE	in line: since when, if the table counts
	 *	&expects		in line: the grant is caught by its thread (callbacks.c)
	 *	lock, lock|1		at a condition with that lock; turned away (waiters.c)
	 *	lock|KEPT and so on	it keeps the role of that lock's scanner (role.h) */
	uint64_t note;
};

/* What a conversion keeps while it waits: one hold, as a word counts it. */
static inline uint64_t fl_slot_keeps(const struct fl_slot *slot)
{
	return UINT64_C(1) << slot->shift;
}

/* What it gives for what it wants. */
static inline uint64_t fl_slot_gives(const struct fl_slot *slot)
{
	return slot->how & FL_CONVERTS ? fl_slot_keeps(slot) : 0;
}

uint64_t fl_slot_note(const struct fl_slot *slot);

/* With FL_ONE_TABLE there are no sections and no conversions, and a slot says what it waits for: a
 * lock, or a condition, which is told by the lowest bit; NULL: it does not yet.  For a child of
 * fork(). */
#define FL_TARGET_CONDITION 1u

static inline void fl_slot_set_target(struct fl_slot *slot, const void *target)
{
#ifdef FL_ONE_TABLE
	slot->ctx = (void *)(uintptr_t)target;
#else
	(void)slot;
	(void)target;
#endif
}

void fl_slot_set_note(struct fl_slot *slot, uint64_t note);

/* ---- the word (slot.c) ---- */

/* 0 -> CLAIMED: it can leave no more.  False: it has left.  One that cannot leave needs no
 * claim. */
bool fl_claim(struct fl_slot *slot);

/* CLAIMED -> 0.  The owner may be waiting for the claim's outcome. */
void fl_unclaim(struct fl_slot *slot);

/* any -> what, one of FL_DONE.  From here on the slot is its owner's: its address may be used,
 * never its contents; unless it is to be called back. */
void fl_complete(struct fl_slot *slot, uint32_t what);

/* The same, GRANTED to a thread; false: nothing has happened, as there are NEWS. */
bool fl_complete_without_news(struct fl_slot *slot);

/* any -> any|NEWS.  What the caller did before is seen by the thread that finds them. */
void fl_slot_leave_news(struct fl_slot *slot);

/* The same by a store, for a slot whose owner sleeps only after it has said so (role.h):
 * the thread that tells it sees to it afterwards that it is awake. */
void fl_complete_awake(struct fl_slot *slot, uint32_t what);

/* What the owner has been told: 0 while it is in line. */
uint32_t fl_outcome(const struct fl_slot *slot);
bool fl_granted(const struct fl_slot *slot);

/* 0 -> LEFT.  False: a claim, or what was told, came first.  *admitted: a conversion that the
 * scanner had taken in. */
bool fl_slot_leave(struct fl_slot *slot, bool *admitted);
bool fl_slot_has_left(const struct fl_slot *slot);

/* any -> any|ADMITTED.  False: it had left. */
bool fl_slot_admit(struct fl_slot *slot);
bool fl_slot_is_admitted(const struct fl_slot *slot);

/* Sleep until the slot is told: 0, or why it was refused.  ETIMEDOUT: the deadline has passed,
 * and it is still in line, unless it has been claimed. */
int fl_sleep(struct fl_slot *slot, const struct fl_deadline *deadline);

/* Sleep until one of these bits is in the slot's word: which; 0: the deadline has passed, or the
 * wait has ended otherwise (park.h). */
uint32_t fl_sleep_until(struct fl_slot *slot, uint32_t bits,
			const struct fl_deadline *deadline);

/* For another reason than its deadline: the thread that rouses the slot has noted it. */
bool fl_has_ended(const struct fl_deadline *deadline);

/* A claimed slot will be told, or unclaimed, very soon: wait for either. */
void fl_await_claim(struct fl_slot *slot);

/* any -> any|ROUSED; and back, by the owner, before it looks why. */
void fl_slot_rouse(struct fl_slot *slot);
void fl_slot_calm(struct fl_slot *slot);

/* The slot of a request (FL_NO_THREAD) is not needed any more: said by the thread that is done with
 * it, and by the one that joined, once it does not touch it again.  The second gives it back. */
void fl_slot_retire(struct fl_slot *slot);
void fl_slot_joined(struct fl_slot *slot);

/* ---- the pool (pool.c) ---- */

/* A new slot's word is 0. */
struct fl_slot *fl_slot_at(uint32_t id);
struct fl_slot *fl_slot_new(void);	 /* NULL: out of memory */
void fl_slot_free(struct fl_slot *slot); /* async-signal-safe, lock-free */
void fl_pool_hide(void);		 /* from a race detector */
uint32_t fl_slots_made(void);		 /* how many there are: ids 1 to that */

/* Along slots that are linked by newer: the next one, if as many are left, this one included; NULL:
 * this is the last. */
static inline struct fl_slot *fl_slot_next(const struct fl_slot *slot, uint32_t left)
{
	return left > 1 ? fl_slot_at(slot->newer) : NULL;
}

/* What is below it in a stack.  A thread that found the slot as a keeper long ago may take this for the
 * keeper's count: then it sees that the note does not say so any more (fl_role_dequeued). */
void fl_slot_set_stack_next(struct fl_slot *slot, uint32_t id);

/* A stack linked by stack_next, from its newest: the oldest, which leads to the others. */
uint32_t fl_slots_turn_round(uint32_t id);

/* The slot of the calling thread's wait, NULL: out of memory (fl_slot_to_wait waits for
 * that).  Waits nest: a callback may wait, too.  After the wait it is handed back (told, or
 * never joined), unless it has left the line: then the slot is the scanner's. */
struct fl_slot *fl_slot_for_wait(void);
void fl_slot_waited(struct fl_slot *slot);
void fl_slot_drop(struct fl_slot *slot); /* the same, but the thread does not keep it */

#endif
