/* SPDX-License-Identifier: MIT
 *
 * events.c - the library's events -> each lock's log of grants.
 *
 * The log is exact: scan and commit events of one lock never overlap, and the last commit
 * before the next scan is the one that succeeded.  Its requests stay pending until then.
 */
#include "torture.h"
#include "torture_events.h"

_Thread_local struct seat *me;

/* One more moment of this lock.  The counter is the only thing that all its users share;
 * it must not order them where a race detector looks on, and must where none does. */
uint32_t stamp(struct target *target, uint32_t count)
{
	uint32_t first;

	if (!target->stamped || !count)
		return 0;
#ifdef UNDER_TSAN
	first = __atomic_fetch_add(&target->clock, count, __ATOMIC_RELAXED);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	first = __atomic_fetch_add(&target->clock, count, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
	return first + 1;
}

void torture_on_join(const fifolock_t *lock, const struct fl_slot *slot, uint32_t ticket)
{
	struct entry *entry = me->now;

	if (entry->joined)
		violation("lock %u: one request joined twice", entry->target);
	entry->pushed = stamp(target_of(lock), 1);
	entry->ticket = ticket;
	entry->joined = true;
	relaxed_store(&me->slot, slot->id);
	me->joined_ns = now_ns();
}

void torture_on_leave(const fifolock_t *lock)
{
	struct entry *entry = me->now;

	if (entry->left)
		violation("lock %u: ticket %u left twice", entry->target, entry->ticket);
	entry->left = stamp(target_of(lock), 1);
	if (!entry->left)
		entry->left = 1;
}

/* Whoever sleeps has announced itself: it is certainly in line. */
void torture_on_sleep(void)
{
	struct entry *entry = me->now;

	entry->slept_last = stamp(&the_round->targets[entry->target], 1);
	if (!entry->slept)
		entry->slept = entry->slept_last;
	me->sleeps++;
}

/* A new scanner: the last one's commit has succeeded. */
void torture_on_scan(const fifolock_t *lock)
{
	struct target *target = target_of(lock);

	target->logged += target->pending;
	if (target->pending > target->biggest)
		target->biggest = target->pending;
	target->pending = 0;
	target->scans++;
	if (me && me->slow_scan) /* while it scans, others come to the end */
		pause_ns(me->slow_scan);
}

void torture_on_commit(const fifolock_t *lock, const struct fl_slot *oldest,
		       uint32_t count)
{
	struct target *target = target_of(lock);
	uint32_t at = stamp(target, count);
	const struct fl_slot *slot = oldest;

	if (target->logged + count > target->log_room)
		violation("lock %u: more grants than requests", target->index);
	for (uint32_t i = 0; i < count; i++) {
		target->log[target->logged + i] = (struct granted){
			.ticket = slot->ticket,
			.stamp = target->stamped ? at + i : 0,
			.weight = (uint16_t)slot->weight,
			.mode = slot->mode,
		};
		if (i + 1 < count)
			slot = fl_slot_at(slot->newer);
	}
	target->pending = count;
	target->tries++;
}
