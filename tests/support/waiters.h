/* SPDX-License-Identifier: MIT
 *
 * waiters.h - a puppet that calls once, stands in line, and is asked for its answer:
 *
 *	lines_up(&waiter, &lock, ASKS, X, 1);
 *	cr_assert_eq(fifolock_close(&lock), 0);
 *	cr_assert_eq(answer(&waiter), ECANCELED);
 */
#ifndef WAITERS_H
#define WAITERS_H

#include "puppet.h"

static inline void calls(void *arg)
{
	struct puppet *puppet = arg;

	puppet->rc = does(puppet);
}

/* to: the mode of a conversion; else how many holds. */
static inline struct puppet waiter_with(fifolock_t *lock, enum deed deed, unsigned mode,
					unsigned to)
{
	return (struct puppet){.lock = lock,
			       .deed = deed,
			       .mode = mode,
			       .to = to,
			       .n = to,
			       .deadline = in_an_hour()};
}

static inline void starts(struct puppet *waiter)
{
	follower_starts(&waiter->thread, calls, waiter);
	follower_acts(&waiter->thread);
}

/* And is in line when this returns. */
static inline void lines_up(struct puppet *waiter, fifolock_t *lock, enum deed deed,
			    unsigned mode, unsigned to)
{
	uint32_t before = fifolock_waiting(lock);

	*waiter = waiter_with(lock, deed, mode, to);
	starts(waiter);
	while (fifolock_waiting(lock) == before)
		sched_yield();
}

static inline int answer(struct puppet *waiter)
{
	follower_ends(&waiter->thread);
	return waiter->rc;
}

#endif
