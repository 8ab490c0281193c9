/* SPDX-License-Identifier: MIT
 *
 * versions.c - the names of older programs, and names looked up at run time, mean the same
 * functions: what one of them locks another one unlocks.
 */
#include "conds.h"
#include <dlfcn.h>

/* As of a program that was linked with the first glibc of x86-64; most have a second version
 * since libpthread became a part of libc. */
#ifdef __x86_64__
#define HAVE_OLD 1
#define OLD(type, name, ...)          \
	type old_##name(__VA_ARGS__); \
	__asm__(".symver old_" #name ", " #name "@GLIBC_2.2.5")

OLD(int, pthread_cond_init, pthread_cond_t *, const pthread_condattr_t *);
OLD(int, pthread_cond_destroy, pthread_cond_t *);
OLD(int, pthread_cond_wait, pthread_cond_t *, pthread_mutex_t *);
OLD(int, pthread_cond_timedwait, pthread_cond_t *, pthread_mutex_t *,
    const struct timespec *);
OLD(int, pthread_cond_signal, pthread_cond_t *);
OLD(int, pthread_cond_broadcast, pthread_cond_t *);
OLD(int, pthread_mutex_lock, pthread_mutex_t *);
OLD(int, pthread_mutex_trylock, pthread_mutex_t *);
OLD(int, pthread_mutex_timedlock, pthread_mutex_t *, const struct timespec *);
OLD(int, pthread_mutex_unlock, pthread_mutex_t *);
OLD(int, pthread_rwlock_init, pthread_rwlock_t *, const pthread_rwlockattr_t *);
OLD(int, pthread_rwlock_destroy, pthread_rwlock_t *);
OLD(int, pthread_rwlock_rdlock, pthread_rwlock_t *);
OLD(int, pthread_rwlock_wrlock, pthread_rwlock_t *);
OLD(int, pthread_rwlock_tryrdlock, pthread_rwlock_t *);
OLD(int, pthread_rwlock_trywrlock, pthread_rwlock_t *);
OLD(int, pthread_rwlock_timedrdlock, pthread_rwlock_t *, const struct timespec *);
OLD(int, pthread_rwlock_timedwrlock, pthread_rwlock_t *, const struct timespec *);
OLD(int, pthread_rwlock_unlock, pthread_rwlock_t *);
OLD(int, sem_init, sem_t *, int, unsigned);
OLD(int, sem_destroy, sem_t *);
OLD(int, sem_wait, sem_t *);
OLD(int, sem_trywait, sem_t *);
OLD(int, sem_timedwait, sem_t *, const struct timespec *);
OLD(int, sem_post, sem_t *);
OLD(int, sem_getvalue, sem_t *, int *);

/* Names that libraries of that time used inside. */
OLD(int, __pthread_mutex_init, pthread_mutex_t *, const pthread_mutexattr_t *);
OLD(int, __pthread_mutex_lock, pthread_mutex_t *);
OLD(int, __pthread_mutex_trylock, pthread_mutex_t *);
OLD(int, __pthread_mutex_unlock, pthread_mutex_t *);
OLD(int, __pthread_mutex_destroy, pthread_mutex_t *);
OLD(int, __pthread_rwlock_init, pthread_rwlock_t *, const pthread_rwlockattr_t *);
OLD(int, __pthread_rwlock_rdlock, pthread_rwlock_t *);
OLD(int, __pthread_rwlock_wrlock, pthread_rwlock_t *);
OLD(int, __pthread_rwlock_tryrdlock, pthread_rwlock_t *);
OLD(int, __pthread_rwlock_trywrlock, pthread_rwlock_t *);
OLD(int, __pthread_rwlock_unlock, pthread_rwlock_t *);
OLD(int, __pthread_rwlock_destroy, pthread_rwlock_t *);

Test(versions, inner_names_of_mutex_functions_mean_the_same)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(old___pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(old___pthread_mutex_destroy(&mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(old___pthread_mutex_unlock(&mutex), 0);
		returns(old___pthread_mutex_trylock(&mutex), 0);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(old___pthread_mutex_destroy(&mutex), 0);
		returns(old___pthread_mutex_init(&mutex, NULL), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(versions, inner_names_of_read_write_lock_functions_mean_the_same)
{
	pthread_rwlock_t lock;

	returns(old___pthread_rwlock_init(&lock, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		returns(i ? old___pthread_rwlock_wrlock(&lock)
			  : old___pthread_rwlock_trywrlock(&lock),
			0);
		returns(pthread_rwlock_rdlock(&lock), EDEADLK);
		returns(elsewhere(try_read_visit, &lock), EBUSY);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(i ? old___pthread_rwlock_rdlock(&lock)
			  : old___pthread_rwlock_tryrdlock(&lock),
			0);
		returns(elsewhere(try_write_visit, &lock), EBUSY);
		returns(old___pthread_rwlock_unlock(&lock), 0);
		returns(pthread_rwlock_wrlock(&lock), 0);
		returns(old___pthread_rwlock_unlock(&lock), 0);
	}
	returns(old___pthread_rwlock_destroy(&lock), 0);
}

Test(versions, old_and_new_mutex_functions_are_the_same)
{
	const struct timespec past = {.tv_sec = 1};
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(old_pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(old_pthread_mutex_trylock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(old_pthread_mutex_timedlock(&mutex, &past), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(old_pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static void old_lock_new_unlock(pthread_rwlock_t *lock)
{
	const struct timespec past = {.tv_sec = 1};
	int (*const reads[])(pthread_rwlock_t *) = {old_pthread_rwlock_rdlock,
						    old_pthread_rwlock_tryrdlock};
	int (*const writes[])(pthread_rwlock_t *) = {old_pthread_rwlock_wrlock,
						     old_pthread_rwlock_trywrlock};

	for (unsigned i = 0; i < 3; i++) {
		returns(i < 2 ? reads[i](lock)
			      : old_pthread_rwlock_timedrdlock(lock, &past),
			0);
		returns(elsewhere(try_read_visit, lock), 0);
		returns(elsewhere(try_write_visit, lock), EBUSY);
		returns(pthread_rwlock_unlock(lock), 0);
		returns(i < 2 ? writes[i](lock)
			      : old_pthread_rwlock_timedwrlock(lock, &past),
			0);
		returns(elsewhere(try_read_visit, lock), EBUSY);
		returns(pthread_rwlock_rdlock(lock), EDEADLK);
		returns(old_pthread_rwlock_unlock(lock), 0);
	}
	returns(pthread_rwlock_rdlock(lock), 0);
	returns(old_pthread_rwlock_unlock(lock), 0);
	returns(pthread_rwlock_trywrlock(lock), 0);
	returns(pthread_rwlock_unlock(lock), 0);
}

Test(versions, old_and_new_read_write_lock_functions_are_the_same)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	old_lock_new_unlock(&lock);
	returns(old_pthread_rwlock_destroy(&lock), 0);
	returns(old_pthread_rwlock_init(&lock, NULL), 0);
	old_lock_new_unlock(&lock);
	returns(pthread_rwlock_destroy(&lock), 0);
	returns(pthread_rwlock_init(&lock, NULL), 0);
	old_lock_new_unlock(&lock);
}

Test(versions, old_and_new_semaphore_functions_are_the_same)
{
	const struct timespec past = {.tv_sec = 1};
	struct worker worker;
	sem_t sem;
	int value;

	for (unsigned i = 0; i < 2; i++) {
		returns(i ? sem_init(&sem, 0, 2) : old_sem_init(&sem, 0, 2), 0);
		returns(old_sem_wait(&sem), 0);
		returns(sem_getvalue(&sem, &value), 0);
		returns(value, 1);
		returns(old_sem_trywait(&sem), 0);
		fails(sem_trywait(&sem), EAGAIN);
		returns(sem_post(&sem), 0);
		returns(old_sem_timedwait(&sem, &past), 0);
		queues(&worker, wait_sem, &sem);
		returns(old_sem_post(&sem), 0);
		returns(answer(&worker), 0);
		returns(old_sem_getvalue(&sem, &value), 0);
		returns(value, 0);
		returns(i ? old_sem_destroy(&sem) : sem_destroy(&sem), 0);
	}
}

/* ---- the condition of before 2.3.2, of which glibc uses a pointer ---- */

struct old_waiting {
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
	bool timed, passed;
};

static int waits_the_old_way(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);
	struct old_waiting *old = arg;
	int rc = pthread_mutex_lock(old->mutex);

	while (rc == 0 && !old->passed)
		rc = old->timed ? old_pthread_cond_timedwait(old->cond, old->mutex,
							     &deadline)
				: old_pthread_cond_wait(old->cond, old->mutex);
	returns(pthread_mutex_unlock(old->mutex), 0);
	return rc;
}

static void old_condition_works(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	const struct timespec past = {.tv_sec = 1};
	struct old_waiting old;
	struct worker worker;

	for (unsigned i = 0; i < 4; i++) {
		old = (struct old_waiting){.cond = cond, .mutex = mutex, .timed = i % 2};
		queues(&worker, waits_the_old_way, &old);
		returns(pthread_mutex_lock(mutex), 0);
		old.passed = true;
		returns(pthread_mutex_unlock(mutex), 0);
		returns(i / 2 ? old_pthread_cond_signal(cond)
			      : old_pthread_cond_broadcast(cond),
			0);
		returns(answer(&worker), 0);
		returns(pthread_mutex_lock(mutex), 0);
		returns(old_pthread_cond_timedwait(cond, mutex, &past), ETIMEDOUT);
		returns(old_pthread_cond_timedwait(cond, mutex, &bad_times[0]), EINVAL);
		returns(pthread_mutex_unlock(mutex), 0);
	}
}

/* As such a program had it: as large as now, and zero at first. */
struct old_cond {
	pthread_cond_t cond;
	char beyond[64];
};

Test(versions, conditions_of_old_programs_work_with_ordinary_mutexes)
{
	struct old_cond room;
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		memset(&room, 0xa5, sizeof(room));
		if (kind % 2)
			returns(old_pthread_cond_init(&room.cond, NULL), 0);
		else
			memset(&room.cond, 0, sizeof(room.cond));
		old_condition_works(&room.cond, &mutex);
		returns(old_pthread_cond_destroy(&room.cond), 0);
		for (unsigned i = 0; i < sizeof(room.beyond); i++)
			cr_assert_eq((unsigned char)room.beyond[i], 0xa5);
	}
}

/* A thread that is cancelled in an old wait has the mutex again, too. */
static void unlocks(void *mutex)
{
	returns(pthread_mutex_unlock(mutex), 0);
}

static int waits_in_vain(void *arg)
{
	struct old_waiting *old = arg;

	returns(pthread_mutex_lock(old->mutex), 0);
	pthread_cleanup_push(unlocks, old->mutex);
	for (;;)
		returns(old_pthread_cond_wait(old->cond, old->mutex), 0);
	pthread_cleanup_pop(0);
	return 0;
}

Test(versions, a_wait_of_an_old_program_can_be_cancelled)
{
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];
	struct old_cond room = {0};
	struct old_waiting old = {.cond = &room.cond, .mutex = &mutex};
	struct worker worker;
	void *result;

	queues(&worker, waits_in_vain, &old);
	returns(pthread_cancel(worker.thread), 0);
	returns(pthread_join(worker.thread, &result), 0);
	cr_assert(result == PTHREAD_CANCELED);
	returns(elsewhere(try_visit_mutex, &mutex), 0);
}
#endif

/* ---- looked up at run time ---- */

static int (*found_wait)(pthread_cond_t *, pthread_mutex_t *);

static int waits_as_found(void *arg)
{
	struct waiting *waiting = arg;
	int rc = pthread_mutex_lock(waiting->mutex);

	while (rc == 0 && !waiting->passed)
		rc = found_wait(waiting->cond, waiting->mutex);
	returns(pthread_mutex_unlock(waiting->mutex), 0);
	return rc;
}

static void found_wait_works(void *found, const char *where)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];
	struct waiting waiting = {.cond = &cond, .mutex = &mutex};
	struct worker worker;

	cr_assert_not_null(found);
	memcpy(&found_wait, &found, sizeof(found));
	begins(&worker, waits_as_found, &waiting);
	cr_assert(sleeps_(&worker), "the call has not waited: %s", where);
	passes(&waiting);
	returns(pthread_cond_signal(&cond), 0);
	returns(answer(&worker), 0);
}

Test(versions, a_condition_function_that_is_looked_up_is_the_one_that_is_linked)
{
	void *self = dlopen(NULL, RTLD_NOW);

	found_wait_works(dlsym(RTLD_DEFAULT, "pthread_cond_wait"), "dlsym");
	found_wait_works(dlsym(RTLD_NEXT, "pthread_cond_wait"), "RTLD_NEXT");
	found_wait_works(dlsym(self, "pthread_cond_wait"), "dlsym");
#ifdef HAVE_OLD
	found_wait_works(dlvsym(RTLD_DEFAULT, "pthread_cond_wait", "GLIBC_2.3.2"),
			 "dlvsym");
	found_wait_works(dlvsym(self, "pthread_cond_wait", "GLIBC_2.3.2"), "dlvsym");
#endif
	dlclose(self);
}

static int look_up(const char *name, void *on)
{
	void *found = dlsym(RTLD_DEFAULT, name);
	int (*call)(void *);

	cr_assert_not_null(found, "%s", name);
	memcpy(&call, &found, sizeof(found));
	return call(on);
}

Test(versions, functions_that_are_looked_up_are_those_that_are_linked)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];
	sem_t sem;

	returns(look_up("pthread_mutex_lock", &mutex), 0);
	returns(pthread_mutex_lock(&mutex), EDEADLK);
	returns(look_up("pthread_mutex_unlock", &mutex), 0);
	returns(look_up("pthread_mutex_unlock", &mutex), EPERM);
	returns(look_up("pthread_rwlock_wrlock", &lock), 0);
	returns(pthread_rwlock_wrlock(&lock), EDEADLK);
	returns(look_up("pthread_rwlock_unlock", &lock), 0);
	returns(sem_init(&sem, 0, 0), 0);
	returns(look_up("sem_post", &sem), 0);
	returns(sem_wait(&sem), 0);
	returns(sem_post(&sem), 0);
	returns(look_up("sem_wait", &sem), 0);
	fails(look_up("sem_trywait", &sem), EAGAIN);
}
