/* SPDX-License-Identifier: MIT
 *
 * rows_libc.c - the locks of the C library.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#if defined(__SANITIZE_THREAD__)
#define TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN
#endif
#endif

SIZE(mutex, pthread_mutex_t)

void row_mutex_init(void *lock)
{
	must(pthread_mutex_init(lock, NULL));
}

void row_mutex_adaptive_init(void *lock)
{
	pthread_mutexattr_t kind;

	must(pthread_mutexattr_init(&kind));
	must(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP));
	must(pthread_mutex_init(lock, &kind));
	must(pthread_mutexattr_destroy(&kind));
}

void row_mutex_lock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_mutex_lock(lock));
}

void row_mutex_unlock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_mutex_unlock(lock));
}

void row_mutex_destroy(void *lock)
{
	must(pthread_mutex_destroy(lock));
}

PAIRS(mutex)

static void rwlock_of_kind(void *lock, int preferred)
{
	pthread_rwlockattr_t kind;

	must(pthread_rwlockattr_init(&kind));
	must(pthread_rwlockattr_setkind_np(&kind, preferred));
	must(pthread_rwlock_init(lock, &kind));
	must(pthread_rwlockattr_destroy(&kind));
}

SIZE(rwlock, pthread_rwlock_t)

void row_rwlock_init(void *lock)
{
	rwlock_of_kind(lock, PTHREAD_RWLOCK_PREFER_READER_NP);
}

/* Its manual page says that glibc ignores this kind, but its unlock does not: a writer
 * hands over to another before readers.  Readers still pass a writer that waits. */
void row_rwlock_writer_init(void *lock)
{
	rwlock_of_kind(lock, PTHREAD_RWLOCK_PREFER_WRITER_NP);
}

void row_rwlock_nonrecursive_init(void *lock)
{
	rwlock_of_kind(lock, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
}

void row_rwlock_lock(void *lock, enum mode mode)
{
	must(mode == SHARED ? pthread_rwlock_rdlock(lock) : pthread_rwlock_wrlock(lock));
}

void row_rwlock_unlock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_rwlock_unlock(lock));
}

void row_rwlock_destroy(void *lock)
{
	must(pthread_rwlock_destroy(lock));
}

PAIRS(rwlock)

SIZE(semaphore, sem_t)

void row_semaphore_init(void *lock)
{
	must(sem_init(lock, 0, 1));
}

void row_semaphore_lock(void *lock, enum mode mode)
{
	(void)mode;
	while (__builtin_expect(sem_wait(lock) != 0, 0))
		must(errno != EINTR);
}

void row_semaphore_unlock(void *lock, enum mode mode)
{
	(void)mode;
	must(sem_post(lock));
}

void row_semaphore_destroy(void *lock)
{
	must(sem_destroy(lock));
}

PAIRS(semaphore)

/* ThreadSanitizer knows the mutex of POSIX, not the one of C11. */
#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_acquire(lock) ((void)0)
#define __tsan_release(lock) ((void)0)
#endif

SIZE(c11, mtx_t)

void row_c11_init(void *lock)
{
	must(mtx_init(lock, mtx_plain) != thrd_success);
}

void row_c11_lock(void *lock, enum mode mode)
{
	(void)mode;
	must(mtx_lock(lock) != thrd_success);
	__tsan_acquire(lock);
}

void row_c11_unlock(void *lock, enum mode mode)
{
	(void)mode;
	__tsan_release(lock);
	must(mtx_unlock(lock) != thrd_success);
}

void row_c11_destroy(void *lock)
{
	mtx_destroy(lock);
}

PAIRS(c11)
