/* SPDX-License-Identifier: MIT
 *
 * role.c - which slot keeps the scanner's role, see role.h.
 *
 *	row       released by           acquired by            what it carries
 *	[ROLE]    fl_role_change,       the same two,          head, dequeued, links; and all that
 *	          fl_role_set           fl_role_find, fl_role_orphan           a message is about
 *	[JOIN]    fl_line_join (queue.c)  walk                 that there is a slot
 *	[GONE]    entrust, fl_serve_next (pass.c),  fl_role_dequeued     the notes before
 *	          prepare_keeper (scan.c), fl_slot_set_stack_next (slot.c)
 *	[BED]     asleep                asleep                 what was told before, by stores
 *
 *	relaxed   because
 *	[HINT]    Where to look first.  What is found there says itself whether it is right.
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[CHAIN]   Perhaps an old link: every slot on the way says itself what it is.
 *	[COUNT]   Right if it is the same before and after, and the note speaks of the lock.
 */
#include "role.h"
#include "atomic.h"
#include "observe/detector.h"

#include <stddef.h>

FL_ALL_MY const fifolock_t *fl_kept_lock;
FL_ALL_MY struct fl_slot *fl_kept_slot;
FL_ALL_MY uintptr_t fl_met;

/* By the lock's address: {ticket, slot} of the last grant.  Locks may share one, so these are hints,
 * and may be lost. */
static struct board {
	uint64_t last;
} __attribute__((aligned(64))) boards[FL_PLACES];

/* Threads that are asleep, or about to be, and whose sections others run, by the lock's address,
 * too. The line is with the thread that runs sections, as long as no owner falls asleep. */
static struct {
	uint32_t count;
} __attribute__((aligned(64))) dormitories[FL_PLACES];

static struct board *board_of(const fifolock_t *lock)
{
	return &boards[fl_place_of(lock)];
}

void fl_role_hide(void)
{
	fl_watch_hide(boards, sizeof(boards));
	fl_watch_hide(dormitories, sizeof(dormitories));
}

void fl_role_publish(const fifolock_t *lock, uint32_t ticket, uint32_t slot)
{
	/* [HINT] */
	fl_store_relaxed(&board_of(lock)->last, (uint64_t)ticket << 32 | slot);
}

uint32_t fl_role_reached(const fifolock_t *lock)
{
	return (uint32_t)(fl_load_relaxed(&board_of(lock)->last) >> 32); /* [HINT] */
}

/* To keep it takes as long as to scan, and to end that without an heir twice as long: with two
 * threads and short sections the heir comes too late, mostly.  So a thread that had none does not keep it
 * in its next waits there, unless one is in line behind it.  It keeps that to itself: on a common line each scan
 * would wait for what the other thread wrote. */
#define SKIPS 15

FL_MY uintptr_t vain; /* the lock, and how many more waits */

static uintptr_t many_more(const fifolock_t *lock, unsigned waits)
{
	return (uintptr_t)lock << 4 | waits;
}

bool fl_role_pays(const fifolock_t *lock)
{
	uintptr_t skips = vain - many_more(lock, 0);

	if (skips == 0 || skips > SKIPS)
		return true;
	vain--;
	return false;
}

void fl_role_in_vain(const fifolock_t *lock)
{
	vain = many_more(lock, SKIPS);
}

/* count -> count + n */
static uint32_t asleep(const fifolock_t *lock, uint32_t n)
{
	uint32_t *count = &dormitories[fl_place_of(lock)].count;
	uint32_t was = fl_load_relaxed(count); /* [GUESS] */

	/* [BED] release, [BED] acquire */
	while (!fl_cas_acq_rel(count, &was, was + n))
		;
	return was;
}

void fl_role_lies_down(const fifolock_t *lock)
{
	asleep(lock, 1);
}

void fl_role_gets_up(const fifolock_t *lock)
{
	asleep(lock, (uint32_t)-1);
}

const uint32_t *fl_role_dormitory(const fifolock_t *lock)
{
	return &dormitories[fl_place_of(lock)].count;
}

bool fl_role_sleepers(const fifolock_t *lock)
{
	/* [GUESS] Only "there are none" must be certain. */
	return fl_load_relaxed(fl_role_dormitory(lock)) || asleep(lock, 0);
}

static bool speaks_of(const struct fl_slot *slot, const fifolock_t *lock, uint64_t *note)
{
	/* [ROLE] acquire */
	*note = fl_load_acquire(&slot->note);
	return (*note & ~FL_ROLE_MASK) == (uintptr_t)lock &&
	       (*note & FL_ROLE_MASK) >= FL_KEPT;
}

/* From the newest down.  Meanwhile the line moves: what is followed may lead elsewhere. */
static struct fl_slot *walk(const fifolock_t *lock, uint64_t *note)
{
	/* [JOIN] acquire */
	uint32_t id = (uint32_t)fl_load_acquire(&lock->arrivals);

	for (uint32_t left = fl_slots_made(); id && left; left--) {
		struct fl_slot *slot = fl_slot_at(id);

		if (speaks_of(slot, lock, note))
			return slot;
		id = fl_load_relaxed(&slot->older) & ~FL_UNSURE; /* [CHAIN] */
	}
	return NULL;
}

struct fl_slot *fl_role_find(const fifolock_t *lock, uint64_t *note)
{
	uint32_t id;

	if (fl_kept_lock == lock && fl_kept_slot && speaks_of(fl_kept_slot, lock, note))
		return fl_kept_slot;
	id = (uint32_t)fl_load_relaxed(&board_of(lock)->last); /* [HINT] */
	if (id && speaks_of(fl_slot_at(id), lock, note))
		return fl_slot_at(id);
	return walk(lock, note);
}

bool fl_role_dequeued(const fifolock_t *lock, uint32_t *gone)
{
	uint64_t before, after;
	struct fl_slot *slot = fl_role_find(lock, &before);

	if (!slot)
		return false;
	/* [GONE] acquire: before the note again */
	*gone = fl_load_acquire(&slot->dequeued);
	return speaks_of(slot, lock, &after) &&
	       fl_load_relaxed(&slot->dequeued) == *gone; /* [COUNT] */
}

bool fl_role_dequeued_now(const fifolock_t *lock, uint32_t *gone)
{
	uint64_t note;
	struct fl_slot *slot = fl_role_find(lock, &note);

	return slot && fl_role_change(slot, &note, note) && fl_role_dequeued(lock, gone);
}

bool fl_role_change(struct fl_slot *slot, uint64_t *note, uint64_t to)
{
	/* [ROLE] release, [ROLE] acquire */
	return fl_cas_acq_rel(&slot->note, note, to);
}

uint64_t fl_role_set(struct fl_slot *slot, uint64_t to)
{
	uint64_t note = fl_load_relaxed(&slot->note); /* [GUESS] */

	while (!fl_role_change(slot, &note, to))
		;
	return note;
}

bool fl_role_done(struct fl_slot *slot, const fifolock_t *lock)
{
	return fl_role_set(slot, 0) != fl_role_note(lock, FL_TAKEN_ORPHAN);
}

bool fl_role_orphan(struct fl_slot *slot)
{
	/* [ROLE] acquire: the thread that took the role from it is done with it */
	uint64_t note = fl_load_acquire(&slot->note), to;

	do {
		if ((note & FL_ROLE_MASK) < FL_KEPT || (note & FL_NOTE_SINCE))
			return false;
		to = (note & ~FL_ROLE_MASK) |
		     ((note & FL_ROLE_MASK) == FL_KEPT ? FL_KEPT_ORPHAN
						       : FL_TAKEN_ORPHAN);
	} while (!fl_role_change(slot, &note, to));
	return true;
}
