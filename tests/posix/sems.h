/* SPDX-License-Identifier: MIT
 *
 * sems.h - the ways to wait for a semaphore.
 */
#ifndef SEMS_H
#define SEMS_H

#include "posix.h"

/* The ways to wait: sem_wait, and until a moment. */
struct waited {
	sem_t sem;
	unsigned way; /* TIMED_WAYS: sem_wait */
};

static inline int waits(void *arg)
{
	struct waited *waited = arg;
	struct timespec deadline;

	if (waited->way == TIMED_WAYS)
		return sem_wait(&waited->sem) ? errno : 0;
	deadline = test_in_ns(clock_of(waited->way), FOR_LONG);
	if (waited->way == TIMED)
		return sem_timedwait(&waited->sem, &deadline) ? errno : 0;
	return sem_clockwait(&waited->sem, clock_of(waited->way), &deadline) ? errno : 0;
}

static inline int value_of(sem_t *sem)
{
	int value = -1;

	returns(sem_getvalue(sem, &value), 0);
	return value;
}

#define each_way(waited)                                                         \
	for ((waited)->way = 0;                                                  \
	     (waited)->way <= TIMED_WAYS && sem_init(&(waited)->sem, 0, 0) == 0; \
	     returns(sem_destroy(&(waited)->sem), 0), (waited)->way++)

#endif
