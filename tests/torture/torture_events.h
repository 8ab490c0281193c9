/* SPDX-License-Identifier: MIT
 *
 * torture_events.h - the library's events (src/observe/events.h) as the torture program
 * takes them: it compiles the library's sources once more with this header.
 */
#ifndef TORTURE_EVENTS_H
#define TORTURE_EVENTS_H

#include "core/queue.h"

void torture_on_join(const fifolock_t *lock, const struct fl_slot *slot, uint32_t ticket);
void torture_on_leave(const fifolock_t *lock);
void torture_on_sleep(const struct fl_slot *slot);
void torture_on_scan(const fifolock_t *lock);
void torture_on_commit(const fifolock_t *lock, const struct fl_slot *oldest,
		       uint32_t count);
void torture_on_pass(const fifolock_t *lock, const struct fl_slot *slot);
void torture_on_grant(const struct fl_slot *slot, uint32_t what);

#define fl_event_join(lock, slot, want, ticket) torture_on_join(lock, slot, ticket)
#define fl_event_ahead(lock, slot)		((void)0)
#define fl_event_leave(lock, slot)		torture_on_leave(lock)
#define fl_event_sleep(slot)			torture_on_sleep(slot)
#define fl_event_scan(lock)			torture_on_scan(lock)
#define fl_event_commit(lock, oldest, count)	torture_on_commit(lock, oldest, count)
#define fl_event_run(lock, slot)		torture_on_pass(lock, slot)
#define fl_event_pass(lock, slot)		torture_on_pass(lock, slot)
#define fl_event_grant(slot, what)		torture_on_grant(slot, what)

#endif
