/* SPDX-License-Identifier: MIT
 *
 * chain.c - see chain.h.
 *
 * The chain is emptied by one compare-and-swap on the line, {t, x} -> {t, none}: a push that comes
 * before it makes it fail, one that comes after sees none.  By then the word says SCANNING, and
 * the push acquires that.  So only a push that finds none has to announce itself in any case
 * (lock.c).
 *
 *	row       released by                acquired by               what it carries
 *	[JOIN]    fl_line_join (queue.c)     walk, fl_chain_bottom     the slot's request
 *	[NEXT]    fl_line_link              fl_line_follows           the same: older says which one the
 *	                                                               slot is now, hint may be of
 *	                                                               another time
 *	[SURE]    fl_line_link              fl_line_is_sure (queue.c)  how the arrival of the slot became known
 *	[EMPTY]   pull_back                  fl_line_join (queue.c)    that the word says SCANNING
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides, and orders.
 *	[HINT]     Believed only if the other slot's older says the same.
 */
#include "chain.h"
#include "atomic.h"

#include <stddef.h>

/* pred|UNSURE -> pred, unless it has been taken off or given another one: then it has been found
 * without a hint.  pred 0: behind none. */
void fl_line_link(struct fl_slot *slot, uint32_t pred)
{
	uint32_t unsure = pred | FL_UNSURE;

	/* [NEXT] [SURE] release */
	if (fl_cas_release(&slot->older, &unsure, pred) && pred)
		fl_set_hint(pred, slot);
}

/* Does it stand directly behind that one? */
bool fl_line_follows(const struct fl_slot *slot, const struct fl_slot *older)
{
	/* [NEXT] acquire */
	return fl_load_acquire(&slot->older) == older->id;
}

/* One step down, which sees to it that no thread has to walk there again, and that it is sure. */
static uint32_t step_down(struct fl_slot *slot)
{
	uint32_t older = fl_older_of(slot);

	fl_set_older(slot, older);
	if (older)
		fl_set_hint(older, slot);
	return older;
}

/* From the newest down to the slot behind that one; NULL: it is the newest. */
static struct fl_slot *walk(const fifolock_t *lock, const struct fl_slot *slot)
{
	/* [JOIN] acquire */
	uint32_t id = FL_NEWEST(fl_load_acquire(&lock->arrivals));
	struct fl_slot *next = NULL;

	while (id && id != slot->id) {
		next = fl_slot_at(id);
		id = step_down(next);
	}
	return next;
}

uint32_t fl_chain_bottom(const fifolock_t *lock)
{
	/* [JOIN] acquire */
	uint32_t id = FL_NEWEST(fl_load_acquire(&lock->arrivals)), older;

	while (id && (older = step_down(fl_slot_at(id))))
		id = older;
	return id;
}

struct fl_slot *fl_chain_behind(const fifolock_t *lock, struct fl_slot *slot)
{
	uint32_t hint = fl_load_relaxed(&slot->hint); /* [HINT] */

	if (fl_likely(hint) && fl_likely(fl_line_follows(fl_slot_at(hint), slot)))
		return fl_slot_at(hint);
	return walk(lock, slot);
}

/* {t, slot} -> {t, older}, unless a request has come behind. */
static bool pull_back(fifolock_t *lock, const struct fl_slot *slot, uint32_t older)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	do {
		if (FL_NEWEST(line) != slot->id)
			return false;
		/* [EMPTY] release */
	} while (!fl_cas_release(&lock->arrivals, &line,
				 (line & ~(uint64_t)UINT32_MAX) | older));
	return true;
}

struct fl_slot *fl_chain_out(fifolock_t *lock, struct fl_slot *slot, uint32_t older)
{
	struct fl_slot *next = fl_chain_behind(lock, slot);

	if (!next && !pull_back(lock, slot, older))
		next = walk(lock, slot);
	if (next) {
		fl_set_older(next, older);
		if (older)
			fl_set_hint(older, next);
	}
	fl_set_older(slot, 0);
	return next;
}

bool fl_chain_push_back(fifolock_t *lock, const struct fl_slot *slot)
{
	uint64_t line = fl_load_relaxed(&lock->arrivals); /* [GUESS] */

	do {
		if (FL_NEWEST(line))
			return false;
		/* [JOIN] release */
	} while (!fl_cas_release(&lock->arrivals, &line, line | slot->id));
	return true;
}
