/* SPDX-License-Identifier: MIT
 *
 * events.c - the library's events -> each lock's log of grants.
 *
 * The log is exact: scan and commit events of one lock never overlap, and the last commit
 * before the next scan is the one that succeeded.  Its requests stay pending until then.
 */
#include "torture.h"
#include "torture_atomic.h"
#include "torture_events.h"

#define SLOTS (1u << 20)

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

/* ---- whose slots they are ---- */

/* Of the slots of waits and requests: for which call. Written by their owners, before they
 * join. */
static struct entry *owners[SLOTS];

static void own(const struct fl_slot *slot, struct entry *entry)
{
	if (slot->id >= SLOTS)
		violation("%u slots", slot->id);
	owners[slot->id] = entry;
}

/* The linker puts these in the place of the real ones. */
struct fl_slot *__real_fl_slot_for_wait(void);
struct fl_slot *__wrap_fl_slot_for_wait(void);
struct fl_slot *__real_fl_slot_new(void);
struct fl_slot *__wrap_fl_slot_new(void);

/* A conversion has not been granted at once, and is not in line yet. */
static void keep(struct entry *entry)
{
	if (!entry || entry->kind != CONVERT || entry->kept)
		return;
	shadow_add(&the_round->targets[entry->target], entry->from, 1);
	entry->kept = true;
}

struct fl_slot *__wrap_fl_slot_for_wait(void)
{
	struct fl_slot *slot = __real_fl_slot_for_wait();

	keep(my_call);
	if (slot)
		own(slot, my_call);
	return slot;
}

struct fl_slot *__wrap_fl_slot_new(void)
{
	struct fl_slot *slot = __real_fl_slot_new();

	if (slot && my_call)
		own(slot, my_call);
	return slot;
}

/* ---- events ---- */

/* A thread that waits for a condition is put in line by another thread. */
static struct entry *joiner(const struct fl_slot *slot)
{
	struct entry *entry = my_call;

	if (my_call->kind != SIGNAL)
		return my_call;
	if (torture_fuse && my_call->begun % 4 == 0)
		torture_delay(); /* a waiter that did not wait for this would be gone */
	entry = owners[slot->id];
	if (!entry || entry->kind != WAIT || entry->from != my_call->from ||
	    entry->target != my_call->target)
		violation("lock %u: a signal moved one that does not wait for it",
			  my_call->target);
	entry->signalled = true;
	entry->told = (uint32_t)(my_call - the_round->entries);
	my_call->told++;
	return entry;
}

void torture_on_join(const fifolock_t *lock, const struct fl_slot *slot, uint32_t ticket)
{
	struct entry *entry;

	if (!is_target(lock)) { /* the guard of a condition */
		own(slot, NULL);
		return;
	}
	entry = slot->how & FL_CONVERTS ? owners[slot->id] : joiner(slot);
	if (entry->joined)
		violation("lock %u: one request joined twice", entry->target);
	entry->pushed = stamp(target_of(lock), 1);
	entry->ticket = ticket;
	entry->joined = true;
	if (!me || entry != my_call)
		return;
	relaxed_store(&me->slot, slot->id);
	me->joined_ns = now_ns();
}

void torture_on_leave(const fifolock_t *lock)
{
	struct entry *entry = my_call;

	if (entry->left)
		violation("lock %u: ticket %u left twice", entry->target, entry->ticket);
	entry->left = stamp(target_of(lock), 1);
	if (!entry->left)
		entry->left = 1;
}

/* A thread that sleeps has announced itself: it is certainly in line, or in the list. */
void torture_on_sleep(const struct fl_slot *slot)
{
	struct entry *entry = owners[slot->id];

	if (!entry)
		return;
	entry->slept_last = stamp(&the_round->targets[entry->target], 1);
	if (!entry->slept) {
		entry->slept = entry->slept_last;
		entry->slept_last = 0;
	}
	if (me)
		me->sleeps++;
}

/* A new scanner: the last one's commit has succeeded. */
void torture_on_scan(const fifolock_t *lock)
{
	struct target *target;

	if (!is_target(lock))
		return;
	target = target_of(lock);
	target->logged += target->pending;
	if (target->pending > target->biggest)
		target->biggest = target->pending;
	target->pending = 0;
	target->scans++;
	if (me && me->slow_scan) /* while it scans, others come to the end */
		pause_ns(me->slow_scan);
}

/* From the commit on it holds something else. */
static void no_longer_keeps(struct target *target, const struct fl_slot *slot)
{
	struct entry *entry = owners[slot->id];

	if (!(slot->how & FL_CONVERTS) || !entry->kept)
		return;
	shadow_take(target, entry->from, 1);
	entry->kept = false;
}

static void log_batch(struct target *target, const struct fl_slot *slot, uint32_t count)
{
	uint32_t at = stamp(target, count), logged = target->logged + target->pending;

	if (logged + count > target->log_room)
		violation("lock %u: more grants than requests", target->index);
	for (uint32_t i = 0; i < count; i++) {
		target->log[logged + i] = (struct granted){
			.ticket = slot->ticket,
			.stamp = target->stamped ? at + i : 0,
			.weight = (uint16_t)slot->weight,
			.mode = slot->mode,
			.ahead = slot->how & FL_CONVERTS,
		};
		no_longer_keeps(target, slot);
		if (i + 1 < count)
			slot = fl_slot_at(slot->newer);
	}
	target->pending += count;
}

void torture_on_commit(const fifolock_t *lock, const struct fl_slot *oldest,
		       uint32_t count)
{
	struct target *target;

	if (!is_target(lock))
		return;
	target = target_of(lock);
	target->pending = 0;
	log_batch(target, oldest, count);
	target->tries++;
}

/* As a scan that grants one. */
void torture_on_pass(const fifolock_t *lock, const struct fl_slot *slot)
{
	torture_on_scan(lock);
	torture_on_commit(lock, slot, 1);
}

void torture_on_grant(const struct fl_slot *slot, uint32_t what)
{
	struct entry *entry;

	if (what != FL_REFUSED)
		return;
	entry = owners[slot->id];
	if (!entry)
		return;
	entry->refused = stamp(&the_round->targets[entry->target], 1);
	if (!entry->refused)
		entry->refused = 1;
}
