/* SPDX-License-Identifier: MIT
 *
 * mutexes.h - a mutex of each type, made in each way.
 */
#ifndef MUTEXES_H
#define MUTEXES_H

#include "posix.h"

enum { NORMAL, RECURSIVE, ERRORCHECK, ADAPTIVE, MUTEX_KINDS };

static const int mutex_types[MUTEX_KINDS] = {
	PTHREAD_MUTEX_NORMAL,
	PTHREAD_MUTEX_RECURSIVE,
	PTHREAD_MUTEX_ERRORCHECK,
	PTHREAD_MUTEX_ADAPTIVE_NP,
};

static const pthread_mutex_t mutex_initial[MUTEX_KINDS] = {
	PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
	PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
	PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
};

static inline void init_mutex(pthread_mutex_t *mutex, unsigned kind)
{
	pthread_mutexattr_t attr;

	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutexattr_settype(&attr, mutex_types[kind]), 0);
	memset(mutex, 0xa5, sizeof(*mutex));
	returns(pthread_mutex_init(mutex, &attr), 0);
	memset(&attr, 0xff, sizeof(attr)); /* it is not needed any more */
}

/* Each kind, by its static initialiser and by pthread_mutex_init. */
#define each_mutex(kind, mutex)                                                        \
	for (unsigned way_ = 0, kind = 0; kind < MUTEX_KINDS; kind += way_, way_ ^= 1) \
		for (bool once_ = (made_mutex(mutex, kind, way_), true); once_;        \
		     once_ = (returns(pthread_mutex_destroy(mutex), 0), false))

static inline void made_mutex(pthread_mutex_t *mutex, unsigned kind, unsigned way)
{
	if (way == 0)
		*mutex = mutex_initial[kind];
	else
		init_mutex(mutex, kind);
}

/* ---- the ways to wait no longer than until a moment ---- */

struct timed_mutex {
	pthread_mutex_t *mutex;
	unsigned way;
	struct timespec deadline;
};

static inline int timed_lock(pthread_mutex_t *mutex, unsigned way,
			     const struct timespec *deadline)
{
	if (way == TIMED)
		return pthread_mutex_timedlock(mutex, deadline);
	return pthread_mutex_clocklock(mutex, clock_of(way), deadline);
}

static inline int timed_visit(void *arg)
{
	struct timed_mutex *timed = arg;
	int rc = timed_lock(timed->mutex, timed->way, &timed->deadline);

	return rc ? rc : pthread_mutex_unlock(timed->mutex);
}

#endif
