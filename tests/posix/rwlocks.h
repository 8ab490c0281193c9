/* SPDX-License-Identifier: MIT
 *
 * rwlocks.h - a read-write lock of each kind, made in each way, and ways to wait for it.
 */
#ifndef RWLOCKS_H
#define RWLOCKS_H

#include "posix.h"

enum { PREFERS_READERS, PREFERS_WRITERS, NONRECURSIVE, RWLOCK_KINDS };

static const int rwlock_kinds[RWLOCK_KINDS] = {
	PTHREAD_RWLOCK_PREFER_READER_NP,
	PTHREAD_RWLOCK_PREFER_WRITER_NP,
	PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP,
};

/* There is no initialiser for the second. */
static inline void make_rwlock(pthread_rwlock_t *lock, unsigned kind, unsigned way)
{
	static const pthread_rwlock_t initial = PTHREAD_RWLOCK_INITIALIZER;
	static const pthread_rwlock_t nonrecursive =
		PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
	pthread_rwlockattr_t attr;

	if (way == 0 && kind != PREFERS_WRITERS) {
		*lock = kind == NONRECURSIVE ? nonrecursive : initial;
		return;
	}
	returns(pthread_rwlockattr_init(&attr), 0);
	returns(pthread_rwlockattr_setkind_np(&attr, rwlock_kinds[kind]), 0);
	memset(lock, 0xa5, sizeof(*lock));
	returns(pthread_rwlock_init(lock, &attr), 0);
	returns(pthread_rwlockattr_destroy(&attr), 0);
	memset(&attr, 0xff, sizeof(attr));
}

#define each_rwlock(kind, lock)                                                         \
	for (unsigned way_ = 0, kind = 0; kind < RWLOCK_KINDS; kind += way_, way_ ^= 1) \
		for (bool once_ = (make_rwlock(lock, kind, way_), true); once_;         \
		     once_ = (returns(pthread_rwlock_destroy(lock), 0), false))

#define READS  read_lock, unlock_rwlock
#define WRITES write_lock, unlock_rwlock

struct timed_rwlock {
	pthread_rwlock_t *lock;
	unsigned way;
	bool writes;
	struct timespec deadline;
};

static inline int timed_rdlock(pthread_rwlock_t *lock, unsigned way,
			       const struct timespec *deadline)
{
	if (way == TIMED)
		return pthread_rwlock_timedrdlock(lock, deadline);
	return pthread_rwlock_clockrdlock(lock, clock_of(way), deadline);
}

static inline int timed_wrlock(pthread_rwlock_t *lock, unsigned way,
			       const struct timespec *deadline)
{
	if (way == TIMED)
		return pthread_rwlock_timedwrlock(lock, deadline);
	return pthread_rwlock_clockwrlock(lock, clock_of(way), deadline);
}

static inline int timed_rwlock(const struct timed_rwlock *timed)
{
	if (timed->writes)
		return timed_wrlock(timed->lock, timed->way, &timed->deadline);
	return timed_rdlock(timed->lock, timed->way, &timed->deadline);
}

static inline int timed_rw_visit(void *arg)
{
	struct timed_rwlock *timed = arg;
	int rc = timed_rwlock(timed);

	return rc ? rc : pthread_rwlock_unlock(timed->lock);
}

#endif
