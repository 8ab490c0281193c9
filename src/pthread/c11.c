/* SPDX-License-Identifier: MIT
 *
 * c11.c - mtx_* and cnd_*: the C library's are the same objects, and call its own functions
 * directly.
 */
#include "face.h"

#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) &&
		       sizeof(cnd_t) == sizeof(pthread_cond_t),
	       "the same objects");

static pthread_mutex_t *mutex_in(mtx_t *mutex)
{
	return (pthread_mutex_t *)(void *)mutex;
}

static pthread_cond_t *cond_in(cnd_t *cond)
{
	return (pthread_cond_t *)(void *)cond;
}

static int answer(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	case ENOMEM:
		return thrd_nomem;
	default:
		return thrd_error;
	}
}

FL_FACE int mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attributes;

	if (type & ~(mtx_timed | mtx_recursive))
		return thrd_error;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type & mtx_recursive
						       ? PTHREAD_MUTEX_RECURSIVE
						       : PTHREAD_MUTEX_NORMAL);
	return answer(pthread_mutex_init(mutex_in(mutex), &attributes));
}

FL_FACE int mtx_lock(mtx_t *mutex)
{
	return answer(pthread_mutex_lock(mutex_in(mutex)));
}

FL_FACE int mtx_trylock(mtx_t *mutex)
{
	return answer(pthread_mutex_trylock(mutex_in(mutex)));
}

FL_FACE int mtx_timedlock(mtx_t *mutex, fl_time at)
{
	return answer(pthread_mutex_timedlock(mutex_in(mutex), at));
}

FL_FACE int mtx_unlock(mtx_t *mutex)
{
	return answer(pthread_mutex_unlock(mutex_in(mutex)));
}

FL_FACE void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy(mutex_in(mutex));
}

FL_FACE int cnd_init(cnd_t *cond)
{
	return answer(pthread_cond_init(cond_in(cond), NULL));
}

FL_FACE int cnd_signal(cnd_t *cond)
{
	return answer(pthread_cond_signal(cond_in(cond)));
}

FL_FACE int cnd_broadcast(cnd_t *cond)
{
	return answer(pthread_cond_broadcast(cond_in(cond)));
}

FL_FACE int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	return answer(pthread_cond_wait(cond_in(cond), mutex_in(mutex)));
}

FL_FACE int cnd_timedwait(cnd_t *cond, mtx_t *mutex, fl_time at)
{
	return answer(pthread_cond_timedwait(cond_in(cond), mutex_in(mutex), at));
}

FL_FACE void cnd_destroy(cnd_t *cond)
{
	pthread_cond_destroy(cond_in(cond));
}
