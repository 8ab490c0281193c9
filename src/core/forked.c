/* SPDX-License-Identifier: MIT
 *
 * forked.c - see forked.h.  There is one thread, so nothing here is atomic.
 *
 * A slot that has been told nothing, and whose owner has not left, is in a line or at a condition,
 * and says which (fl_slot_set_target).  The locks of all such slots, and those whose role rests
 * with a slot, are made what a lock is without a line: the holds, and no flags.  So a handler
 * that has taken locks before the fork can give them back in the child, whatever threads
 * waited for them in the parent.
 */
#include "forked.h"
#include "chain.h"
#include "role.h"

#include <stdbool.h>
#include <stddef.h>

static void forget_line(fifolock_t *lock)
{
	uint32_t drawn = FL_TICKET(lock->arrivals);

	lock->word &= FL_HOLDS;
	lock->arrivals = (uint64_t)drawn << 32;
	lock->departed = 0;
	lock->head = 0;
	lock->dequeued = drawn;
}

static bool speaks_of_role(const struct fl_slot *slot)
{
	return (slot->note & FL_ROLE_MASK) >= FL_KEPT && !(slot->note & FL_NOTE_SINCE);
}

static void forget_role(struct fl_slot *slot)
{
	unsigned role = slot->note & FL_ROLE_MASK;

	forget_line((fifolock_t *)(uintptr_t)(slot->note & ~FL_ROLE_MASK));
	slot->note = 0;
	if (role == FL_KEPT_ORPHAN || role == FL_TAKEN_ORPHAN)
		fl_slot_free(slot);
}

/* What it waits for is a condition (fl_slot_set_target). */
static bool is_at_condition(const struct fl_slot *slot)
{
	return (uintptr_t)slot->ctx & FL_TARGET_CONDITION;
}

static void forget_wait(struct fl_slot *slot, void (*condition)(void *condition))
{
	if (is_at_condition(slot))
		condition((char *)slot->ctx - FL_TARGET_CONDITION);
	else
		forget_line(slot->ctx);
	slot->note = 0;
	slot->ctx = NULL;
	slot->word = FL_LEFT;
	fl_slot_free(slot);
}

/* A note beside which there is no target: what a thread has written of itself. */
static void forget_note(struct fl_slot *slot)
{
	slot->note = 0;
	slot->weight = 0;
	fl_slot_free(slot);
}

void fl_forget_threads(const struct fl_slot *mine, void (*condition)(void *condition))
{
	const uint32_t made = fl_slots_made();

	for (uint32_t id = 1; id <= made; id++) {
		struct fl_slot *slot = fl_slot_at(id);

		if (slot == mine)
			continue;
		if (speaks_of_role(slot))
			forget_role(slot);
		else if (slot->ctx && !(slot->word & (FL_DONE | FL_LEFT)))
			forget_wait(slot, condition);
		else if (slot->note && !slot->ctx)
			forget_note(slot);
	}
	fl_kept_lock = NULL;
}
