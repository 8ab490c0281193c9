/* SPDX-License-Identifier: MIT
 *
 * puppet.h - a thread that does one thing at a time to one lock, as told.  One that calls once is
 * in waiters.h; several that are told one after the other are on a stage (stage.h).
 */
#ifndef PUPPET_H
#define PUPPET_H

#include "follower.h"

enum deed {
	ASKS,
	ASKS_UNTIL,
	CONVERTS,
	TRIES,
	CONVERTS_UNTIL,
	BUMPS,
	GIVES_BACK,
	VISITS, /* asks, and gives back what it got */
	VISITS_UNTIL,
	RUNS,
};

struct puppet {
	struct follower thread;
	fifolock_t *lock;
	enum deed deed;
	unsigned mode, to;
	uint32_t n;
	struct timespec deadline;
	unsigned ran; /* sections */
	int rc;
	bool held;
};

static inline void counts_up(void *arg)
{
	++*(unsigned *)arg;
}

/* It got one hold: gives that back. */
static inline int goes_again(const struct puppet *puppet, int rc)
{
	if (rc == 0 && fifolock_unlock(puppet->lock, puppet->mode))
		return -1;
	return rc;
}

static inline int does(struct puppet *puppet)
{
	fifolock_t *lock = puppet->lock;
	unsigned mode = puppet->mode, to = puppet->to;
	const struct timespec *deadline = &puppet->deadline;

	switch (puppet->deed) {
	case ASKS:
		return fifolock_lock_n(lock, mode, puppet->n);
	case ASKS_UNTIL:
		return fifolock_timedlock_n(lock, mode, puppet->n, deadline);
	case CONVERTS:
		return fifolock_convert(lock, mode, to);
	case TRIES:
		return fifolock_tryconvert(lock, mode, to);
	case CONVERTS_UNTIL:
		return fifolock_timedconvert(lock, mode, to, deadline);
	case BUMPS:
		return fifolock_bump(lock, mode);
	case GIVES_BACK:
		return fifolock_unlock(lock, mode);
	case VISITS:
		return goes_again(puppet, fifolock_lock(lock, mode));
	case VISITS_UNTIL:
		return goes_again(puppet, fifolock_timedlock(lock, mode, deadline));
	default:
		return fifolock_run(lock, mode, counts_up, &puppet->ran);
	}
}

#endif
