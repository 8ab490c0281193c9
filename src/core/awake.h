/* SPDX-License-Identifier: MIT
 *
 * awake.h - a thread in line waits to be told: asleep, or awake for a while.
 * Nothing here decides which request is granted or when.
 */
#ifndef FL_AWAKE_H
#define FL_AWAKE_H

#include "slot.h"

/* What is below, in a bracket of fl_callbacks_wait_begin that began before the slot was in line.
 * Wait until a slot is told, or until the deadline: ETIMEDOUT, and it is still in
 * line.  Otherwise 0, or why it was refused.  fl_await_section and fl_await_request touch nothing but the slot. */
int fl_await(const fifolock_t *lock, struct fl_slot *slot,
	     const struct fl_deadline *deadline);
int fl_await_section(const fifolock_t *lock, struct fl_slot *slot);
int fl_await_request(struct fl_slot *slot, const struct fl_deadline *deadline);

/* Is the line so long that one thread had better run the sections of those in it?  slot: of a thread that
 * has just joined; NULL: it found no line.  The lock may be gone: only its address is used. */
bool fl_sections_pay(const fifolock_t *lock, const struct fl_slot *slot);

void fl_seats_hide(void); /* from a race detector */

#endif
