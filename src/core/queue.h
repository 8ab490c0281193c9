/* SPDX-License-Identifier: MIT
 *
 * queue.h - tickets, the line.  Knows no modes: what a request wants is a number and a
 * weight that are carried along.
 *
 * The line is a chain: lock->arrivals is a {ticket, newest slot} pair, changed by
 * compare-and-swap, and each slot knows the one before it (older).  That is the queue of
 * Craig (1993) and of Magnussen, Landin, Hagersten (1994), without its gap: older is there
 * before the push.  The way forward is a hint that the successor leaves in its
 * predecessor's slot, as in the lock of Mellor-Crummey and Scott (1991), and that is
 * believed only if the successor's older says the same.  Where it is missing, because its
 * thread has not come to it yet, the line is walked down from the newest.
 *
 * Everything else is done by one thread at a time, the owner of the scanner's role
 * (scanner.c): taking slots off, unlinking the departed, moving the newest back.  Departures and
 * conversions reach it through lock->departed, a stack that is only pushed to or taken whole.
 * Conversions stand in a list of their own before the chain; lock->head is the first of all.
 *
 *	may run beside ->	join	leave	settle, take, cut (role owner)
 *	join			yes	yes	yes
 *	leave			yes	yes	yes
 *	settle, take, cut	yes	yes	no: one owner at a time
 */
#ifndef FL_QUEUE_H
#define FL_QUEUE_H

#include "slot.h"

/* Any thread.  EAGAIN: so many are in line already. */
struct fl_place {
	uint32_t ticket; /* when the slot may not be looked at any more */
	uint32_t behind; /* the slot before it; 0: none was in line */
};
int fl_line_join(fifolock_t *lock, struct fl_slot *slot, uint32_t bound,
		 struct fl_place *place);
void fl_line_join_ahead(fifolock_t *lock, struct fl_slot *slot);

/* When its arrival is known: that it is in line, and behind which slot.  Until then it is found more slowly. */
void fl_line_link(struct fl_slot *slot, uint32_t behind);

/* Is the arrival of the slot before known, or has the slot been taken off the line since? */
bool fl_line_is_sure(uint32_t behind);

/* The same as fl_line_join without a limit in two steps, of which only the second touches the lock. */
void fl_line_ready(struct fl_slot *slot);
void fl_line_push(fifolock_t *lock, struct fl_slot *slot, struct fl_place *place);
void fl_line_leave(fifolock_t *lock, struct fl_slot *slot);
uint32_t fl_line_length(const fifolock_t *lock); /* length.c */

/* Are as many in line as may be, with that ticket for the next?  There is a limit. */
bool fl_line_is_full(fifolock_t *lock, uint32_t ticket, uint32_t limit);
uint32_t
fl_line_drawn(const fifolock_t *lock); /* tickets, at least all that are in line */
/* After joining: the slot is not there any more. */
bool fl_line_is_empty(const fifolock_t *lock);
bool fl_line_is_newest(const fifolock_t *lock, const struct fl_slot *slot);
bool fl_line_follows(const struct fl_slot *slot, const struct fl_slot *older);

/* The owner of the role. */
struct fl_slot *fl_line_settle(fifolock_t *lock); /* the first conversion that came */
/* A thread that joins later knows what came before. */
void fl_line_touch(fifolock_t *lock);
struct fl_slot *fl_line_head(const fifolock_t *lock);
struct fl_slot *fl_line_after(const fifolock_t *lock, struct fl_slot *slot);
void fl_line_cut(fifolock_t *lock, struct fl_slot *slot);
void fl_line_put_back(fifolock_t *lock, struct fl_slot *oldest, uint32_t count);
void fl_line_serve(struct fl_slot *server, struct fl_slot *next);
void fl_line_stand(struct fl_slot *next, const struct fl_slot *server);
void fl_line_served(struct fl_slot *slot);
struct fl_slot *fl_line_resume(fifolock_t *lock, struct fl_slot *keeper); /* see role.h */
void fl_line_count_dequeued(fifolock_t *lock, uint32_t n);

#endif
