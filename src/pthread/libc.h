/* SPDX-License-Identifier: MIT
 *
 * libc.h - the C library's own functions, for objects that the face leaves to it.
 */
#ifndef FL_LIBC_H
#define FL_LIBC_H

#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

typedef const struct timespec *fl_time;

/* name here, name there, arguments */
#define FL_LIBC_FUNCTIONS(X)                                                             \
	X(mutex_init, pthread_mutex_init,                                                \
	  (pthread_mutex_t *, const pthread_mutexattr_t *))                              \
	X(mutex_destroy, pthread_mutex_destroy, (pthread_mutex_t *))                     \
	X(mutex_lock, pthread_mutex_lock, (pthread_mutex_t *))                           \
	X(mutex_trylock, pthread_mutex_trylock, (pthread_mutex_t *))                     \
	X(mutex_timedlock, pthread_mutex_timedlock, (pthread_mutex_t *, fl_time))        \
	X(mutex_clocklock, pthread_mutex_clocklock,                                      \
	  (pthread_mutex_t *, clockid_t, fl_time))                                       \
	X(mutex_unlock, pthread_mutex_unlock, (pthread_mutex_t *))                       \
	X(rwlock_init, pthread_rwlock_init,                                              \
	  (pthread_rwlock_t *, const pthread_rwlockattr_t *))                            \
	X(rwlock_destroy, pthread_rwlock_destroy, (pthread_rwlock_t *))                  \
	X(rwlock_rdlock, pthread_rwlock_rdlock, (pthread_rwlock_t *))                    \
	X(rwlock_tryrdlock, pthread_rwlock_tryrdlock, (pthread_rwlock_t *))              \
	X(rwlock_timedrdlock, pthread_rwlock_timedrdlock, (pthread_rwlock_t *, fl_time)) \
	X(rwlock_clockrdlock, pthread_rwlock_clockrdlock,                                \
	  (pthread_rwlock_t *, clockid_t, fl_time))                                      \
	X(rwlock_wrlock, pthread_rwlock_wrlock, (pthread_rwlock_t *))                    \
	X(rwlock_trywrlock, pthread_rwlock_trywrlock, (pthread_rwlock_t *))              \
	X(rwlock_timedwrlock, pthread_rwlock_timedwrlock, (pthread_rwlock_t *, fl_time)) \
	X(rwlock_clockwrlock, pthread_rwlock_clockwrlock,                                \
	  (pthread_rwlock_t *, clockid_t, fl_time))                                      \
	X(rwlock_unlock, pthread_rwlock_unlock, (pthread_rwlock_t *))                    \
	X(cond_init, pthread_cond_init, (pthread_cond_t *, const pthread_condattr_t *))  \
	X(cond_destroy, pthread_cond_destroy, (pthread_cond_t *))                        \
	X(cond_signal, pthread_cond_signal, (pthread_cond_t *))                          \
	X(cond_broadcast, pthread_cond_broadcast, (pthread_cond_t *))                    \
	X(cond_wait, pthread_cond_wait, (pthread_cond_t *, pthread_mutex_t *))           \
	X(cond_timedwait, pthread_cond_timedwait,                                        \
	  (pthread_cond_t *, pthread_mutex_t *, fl_time))                                \
	X(cond_clockwait, pthread_cond_clockwait,                                        \
	  (pthread_cond_t *, pthread_mutex_t *, clockid_t, fl_time))                     \
	X(sem_init, sem_init, (sem_t *, int, unsigned))                                  \
	X(sem_destroy, sem_destroy, (sem_t *))                                           \
	X(sem_wait, sem_wait, (sem_t *))                                                 \
	X(sem_trywait, sem_trywait, (sem_t *))                                           \
	X(sem_timedwait, sem_timedwait, (sem_t *, fl_time))                              \
	X(sem_clockwait, sem_clockwait, (sem_t *, clockid_t, fl_time))                   \
	X(sem_post, sem_post, (sem_t *))                                                 \
	X(sem_getvalue, sem_getvalue, (sem_t *, int *))                                  \
	X(cancel, pthread_cancel, (pthread_t))                                           \
	X(register_atfork, __register_atfork,                                            \
	  (void (*)(void), void (*)(void), void (*)(void), void *))

struct fl_libc {
#define FIELD(here, there, arguments) int(*here) arguments;
	FL_LIBC_FUNCTIONS(FIELD)
#undef FIELD
};

/* Found when the face is loaded; a constructor that is even earlier finds them itself. */
const struct fl_libc *fl_libc(void);

#endif
