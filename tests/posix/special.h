/* SPDX-License-Identifier: MIT
 *
 * special.h - mutexes that the C library serves: robust ones, those that processes share, and those
 * that have to do with priorities.
 */
#ifndef SPECIAL_H
#define SPECIAL_H

#include "conds.h"

static inline void init_special(pthread_mutex_t *mutex, int type, int pshared, int robust,
				int protocol)
{
	pthread_mutexattr_t attr;

	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutexattr_settype(&attr, type), 0);
	returns(pthread_mutexattr_setpshared(&attr, pshared), 0);
	returns(pthread_mutexattr_setrobust(&attr, robust), 0);
	returns(pthread_mutexattr_setprotocol(&attr, protocol), 0);
	memset(mutex, 0xa5, sizeof(*mutex));
	returns(pthread_mutex_init(mutex, &attr), 0);
	returns(pthread_mutexattr_destroy(&attr), 0);
}

#define SHARED_BETWEEN PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE
#define ROBUST	       PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE
#define SHARED_ROBUST  PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE
#define INHERITS       PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT

#endif
