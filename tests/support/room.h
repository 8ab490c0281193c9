/* SPDX-License-Identifier: MIT
 *
 * room.h - a room where threads wait for a condition.
 *
 *	joins(&waiter, &room, X);
 *	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
 *	cr_assert_eq(answer(&waiter), 0);
 */
#ifndef ROOM_H
#define ROOM_H

#include "common.h"
#include <fifolock/cond.h>

struct room {
	fifolock_t lock;
	fifolock_cond_t cond;
	unsigned entered;  /* atomic; counted while holding */
	unsigned returned; /* atomic; counted while holding, if held */
	bool stay;	   /* atomic: not before this is false again */
};

struct waiter {
	pthread_t thread;
	struct room *room;
	unsigned mode;
	bool realtime;		   /* by that clock */
	int64_t patience;	   /* 0: waits for ever */
	struct timespec *deadline; /* NULL: as patience says */
	int rc;
	unsigned place; /* among those that have returned */
	bool back;	/* atomic */
};

static inline unsigned now(const unsigned *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static inline unsigned next(unsigned *counter)
{
	return __atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
}

static inline int awaits(struct waiter *waiter)
{
	struct room *room = waiter->room;
	clockid_t clock = waiter->realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	struct timespec deadline = test_in_ns(clock, waiter->patience);

	if (waiter->deadline)
		deadline = *waiter->deadline;
	if (!waiter->patience && !waiter->deadline)
		return fifolock_cond_wait(&room->cond, &room->lock, waiter->mode);
	if (!waiter->realtime)
		return fifolock_cond_timedwait(&room->cond, &room->lock, waiter->mode,
					       &deadline);
	return fifolock_cond_clockwait(&room->cond, &room->lock, waiter->mode, clock,
				       &deadline);
}

/* The hold that it returns with is its own: one of that mode at least. */
static inline void leaves(struct waiter *waiter)
{
	struct room *room = waiter->room;

	if (fifolock_holds(&room->lock, waiter->mode) == 0)
		waiter->rc = -2;
	while (__atomic_load_n(&room->stay, __ATOMIC_ACQUIRE))
		sched_yield();
	if (fifolock_unlock(&room->lock, waiter->mode))
		waiter->rc = -3;
}

static inline void *comes_and_waits(void *arg)
{
	struct waiter *waiter = arg;
	struct room *room = waiter->room;

	waiter->rc = fifolock_lock(&room->lock, waiter->mode);
	if (waiter->rc == 0) {
		next(&room->entered);
		waiter->rc = awaits(waiter);
		waiter->place = next(&room->returned);
		__atomic_store_n(&waiter->back, true, __ATOMIC_RELEASE);
		if (waiter->rc == 0 || waiter->rc == ETIMEDOUT)
			leaves(waiter);
	}
	return NULL;
}

static inline void locks(struct room *room)
{
	quick_check(fifolock_lock(&room->lock, X) == 0, "lock");
}

static inline void unlocks(struct room *room)
{
	quick_check(fifolock_unlock(&room->lock, X) == 0, "unlock");
}

/* A thread that has entered, and lets others hold the lock, waits. */
static inline void until_entered(struct room *room, unsigned count)
{
	for (;;) {
		bool all;

		locks(room);
		all = now(&room->entered) == count;
		unlocks(room);
		if (all)
			return;
		sched_yield();
	}
}

static inline void starts(struct waiter *waiter, struct room *room, unsigned mode)
{
	waiter->room = room;
	waiter->mode = mode;
	pthread_create(&waiter->thread, NULL, comes_and_waits, waiter);
}

/* And waits when this returns. */
static inline void joins(struct waiter *waiter, struct room *room, unsigned mode)
{
	unsigned before = now(&room->entered);

	starts(waiter, room, mode);
	until_entered(room, before + 1);
}

static inline int answer(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	return waiter->rc;
}

static inline bool back(const struct waiter *waiter)
{
	return __atomic_load_n(&waiter->back, __ATOMIC_ACQUIRE);
}

static inline void *locks_once(void *arg)
{
	struct waiter *waiter = arg;
	struct room *room = waiter->room;

	waiter->rc = fifolock_lock(&room->lock, X);
	waiter->place = next(&room->returned);
	if (waiter->rc == 0)
		waiter->rc = fifolock_unlock(&room->lock, X);
	return NULL;
}

static inline void lines_up(struct waiter *locker, struct room *room)
{
	uint32_t before = fifolock_waiting(&room->lock);

	locker->room = room;
	pthread_create(&locker->thread, NULL, locks_once, locker);
	while (fifolock_waiting(&room->lock) == before)
		sched_yield();
}

#endif
