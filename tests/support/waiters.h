/* SPDX-License-Identifier: MIT
 *
 * waiters.h - a thread that calls once, stands in line, and is asked for its answer:
 *
 *	lines_up(&waiter, &lock, LOCKS, X, 1);
 *	cr_assert_eq(fifolock_close(&lock), 0);
 *	cr_assert_eq(answer(&waiter), ECANCELED);
 */
#ifndef WAITERS_H
#define WAITERS_H

#include "common.h"

enum deed {
	LOCKS,
	LOCKS_UNTIL,
	CONVERTS,
	CONVERTS_UNTIL,
	VISITS, /* locks, and gives back what it got */
	VISITS_UNTIL,
	RUNS,
};

struct waiter {
	pthread_t thread;
	fifolock_t *lock;
	enum deed deed;
	unsigned mode, to;
	uint32_t n;
	struct timespec deadline;
	unsigned ran;
	int rc;
};

static inline void counts_up(void *arg)
{
	++*(unsigned *)arg;
}

static inline int waiter_does(struct waiter *waiter)
{
	fifolock_t *lock = waiter->lock;
	unsigned mode = waiter->mode;

	switch (waiter->deed) {
	case LOCKS:
		return fifolock_lock_n(lock, mode, waiter->n);
	case LOCKS_UNTIL:
		return fifolock_timedlock_n(lock, mode, waiter->n, &waiter->deadline);
	case CONVERTS:
		return fifolock_convert(lock, mode, waiter->to);
	case CONVERTS_UNTIL:
		return fifolock_timedconvert(lock, mode, waiter->to, &waiter->deadline);
	case VISITS:
		return fifolock_lock(lock, mode);
	case VISITS_UNTIL:
		return fifolock_timedlock(lock, mode, &waiter->deadline);
	default:
		return fifolock_run(lock, mode, counts_up, &waiter->ran);
	}
}

static inline void *waits(void *arg)
{
	struct waiter *waiter = arg;
	bool visits = waiter->deed == VISITS || waiter->deed == VISITS_UNTIL;

	waiter->rc = waiter_does(waiter);
	if (visits && waiter->rc == 0 && fifolock_unlock(waiter->lock, waiter->mode))
		waiter->rc = -1;
	return NULL;
}

/* to: the mode of a conversion; else how many holds. */
static inline struct waiter waiter_with(fifolock_t *lock, enum deed deed, unsigned mode,
					unsigned to)
{
	return (struct waiter){.lock = lock,
			       .deed = deed,
			       .mode = mode,
			       .to = to,
			       .n = to,
			       .deadline = in_an_hour()};
}

static inline void starts(struct waiter *waiter)
{
	pthread_create(&waiter->thread, NULL, waits, waiter);
}

/* And is in line when this returns. */
static inline void lines_up(struct waiter *waiter, fifolock_t *lock, enum deed deed,
			    unsigned mode, unsigned to)
{
	uint32_t before = fifolock_waiting(lock);

	*waiter = waiter_with(lock, deed, mode, to);
	starts(waiter);
	while (fifolock_waiting(lock) == before)
		sched_yield();
}

static inline int answer(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	return waiter->rc;
}

#endif
