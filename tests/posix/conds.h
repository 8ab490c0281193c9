/* SPDX-License-Identifier: MIT
 *
 * conds.h - threads that wait on a condition, and ways to wait.
 */
#ifndef CONDS_H
#define CONDS_H

#include "mutexes.h"

/* The condition's clock; then the clock that each wait says. */
enum { FOREVER, UNTIL_ITS_CLOCK, UNTIL_REALTIME, UNTIL_MONOTONIC, WAIT_WAYS };

struct waiting {
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
	unsigned way;
	clockid_t clock; /* of the condition */
	struct timespec deadline;
	bool passed; /* what is waited for: the mutex guards it */
	unsigned *order, place;
};

static inline void init_cond(pthread_cond_t *cond, clockid_t clock)
{
	pthread_condattr_t attr;

	memset(cond, 0xa5, sizeof(*cond));
	returns(pthread_condattr_init(&attr), 0);
	returns(pthread_condattr_setclock(&attr, clock), 0);
	returns(pthread_cond_init(cond, &attr), 0);
	returns(pthread_condattr_destroy(&attr), 0);
	memset(&attr, 0xff, sizeof(attr));
}

static inline clockid_t clock_of_wait(const struct waiting *waiting)
{
	switch (waiting->way) {
	case UNTIL_REALTIME:
		return CLOCK_REALTIME;
	case UNTIL_MONOTONIC:
		return CLOCK_MONOTONIC;
	default:
		return waiting->clock;
	}
}

static inline int wait_once(struct waiting *waiting)
{
	switch (waiting->way) {
	case FOREVER:
		return pthread_cond_wait(waiting->cond, waiting->mutex);
	case UNTIL_ITS_CLOCK:
		return pthread_cond_timedwait(waiting->cond, waiting->mutex,
					      &waiting->deadline);
	default:
		return pthread_cond_clockwait(waiting->cond, waiting->mutex,
					      clock_of_wait(waiting), &waiting->deadline);
	}
}

/* Until it has passed, or an error. */
static inline int waits_for_it(void *arg)
{
	struct waiting *waiting = arg;
	int rc = pthread_mutex_lock(waiting->mutex);

	if (rc)
		return rc;
	while (rc == 0 && !waiting->passed)
		rc = wait_once(waiting);
	if (waiting->order)
		waiting->place = ++*waiting->order;
	returns(pthread_mutex_unlock(waiting->mutex), 0);
	return rc;
}

/* The mutex is free once its holder sleeps on the condition. */
#define waits_on_cond(worker, waiting)                              \
	do {                                                        \
		queues(worker, waits_for_it, waiting);              \
		returns(pthread_mutex_lock((waiting)->mutex), 0);   \
		returns(pthread_mutex_unlock((waiting)->mutex), 0); \
	} while (0)

static inline void passes(struct waiting *waiting)
{
	returns(pthread_mutex_lock(waiting->mutex), 0);
	waiting->passed = true;
	returns(pthread_mutex_unlock(waiting->mutex), 0);
}

/* What it waits for has come, and a signal wakes it. */
#define signalled(worker, waiting)                                \
	do {                                                      \
		passes(waiting);                                  \
		returns(pthread_cond_signal((waiting)->cond), 0); \
		returns(answer(worker), 0);                       \
	} while (0)

#endif
