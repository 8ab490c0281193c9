/* SPDX-License-Identifier: MIT
 *
 * chain.h - the chain of those in line, from the newest down to the oldest; for queue.c.
 *
 *	older		  means						written by
 *	pred|UNSURE	  about to be pushed behind pred (0: behind none), or	its owner
 *			  pushed, and perhaps not known yet
 *	pred		  stands directly behind pred, or pred is the keeper;	its owner, once (link);
 *			  that it is in line is known (lock.c)			the role's owner
 *	0		  is the oldest, and that is known; or in no line	the same
 *
 * An owner says that its slot is sure when the word says that the slot is in line, by its own step or by
 * what it has seen; the role's owner says it of each slot that it comes by, as it has seen that one. From then on
 * the word keeps QUEUED until the slot has been taken off the line, as a scanner that cuts the last slot off
 * finds what has been pushed behind it meanwhile, and one that knows of a slot does not commit without
 * QUEUED.
 *
 * A slot is taken out of the chain in this order: the slot behind it gets another older, then
 * its own becomes 0.  So if a slot's older is x, without UNSURE, then it stands behind x now,
 * whatever is left over in x's hint from another time: that is why a hint can be believed if
 * both agree.  There is one exception: the slot that a server has in line (queue.c,
 * fl_line_stand) may have the server as its older when it is off the chain, until its owner is told;
 * that is harmless, as the server's hint is not followed then.
 *
 * Each store of it is a release: a thread that walks down the line for the heir of a keeper that passes the
 * role on (scanner.c), and gets lost, finds then that the keeper has done so.
 *
 *	row       released by     acquired by            what it carries
 *	[OVER]    fl_set_older    heir_of (scanner.c)    the keepers' notes before
 *	[SURE]    fl_set_older    fl_line_is_sure (queue.c)  that the role's owner has seen the slot
 *
 *	relaxed    because
 *	[HINT]     Believed only if the other slot's older says the same.
 *	[MINE]     Only the owner of the role changes it, and has it in hand; an owner's own change
 *	           (fl_line_link) makes no difference.
 */
#ifndef FL_CHAIN_H
#define FL_CHAIN_H

#include "queue.h"
#include "atomic.h"

/* lock->arrivals */
#define FL_NEWEST(line) ((uint32_t)(line))
#define FL_TICKET(line) ((uint32_t)((line) >> 32))

static inline uint32_t fl_older_of(const struct fl_slot *slot)
{
	return fl_load_relaxed(&slot->older) & ~FL_UNSURE; /* [MINE] */
}

static inline void fl_set_older(struct fl_slot *slot, uint32_t older)
{
	/* [OVER] [SURE] release */
	fl_store_release(&slot->older, older);
}

static inline void fl_set_hint(uint32_t older, const struct fl_slot *slot)
{
	fl_store_relaxed(&fl_slot_at(older)->hint, slot->id); /* [HINT] */
}

/* ---- the owner of the role ---- */

/* The oldest of the chain, 0: it is empty. */
uint32_t fl_chain_bottom(const fifolock_t *lock);

/* The slot behind a slot of the chain; NULL: it is the newest. */
struct fl_slot *fl_chain_behind(const fifolock_t *lock, struct fl_slot *slot);

/* Out of the chain: the slot that was behind it. */
struct fl_slot *fl_chain_out(fifolock_t *lock, struct fl_slot *slot, uint32_t older);

/* {t, none} -> {t, slot}, unless a request has come. */
bool fl_chain_push_back(fifolock_t *lock, const struct fl_slot *slot);

#endif
