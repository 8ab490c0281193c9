/* SPDX-License-Identifier: MIT
 *
 * special_mutexes.c - mutexes that are robust, shared by processes, or have to do with
 * priorities: in one program with ordinary ones.
 */
#include "special.h"

/* ---- shared by processes ---- */

struct shared {
	pthread_mutex_t mutex;
	unsigned count;
};

static struct shared *shared_with(int type)
{
	struct shared *shared = shared_page();

	init_special(&shared->mutex, type, SHARED_BETWEEN);
	return shared;
}

Test(special_mutexes, a_shared_mutex_is_waited_for_by_another_process)
{
	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		struct shared *shared = shared_with(mutex_types[kind]);
		pid_t child;

		returns(pthread_mutex_lock(&shared->mutex), 0);
		child = fork();
		if (child == 0) {
			returns(pthread_mutex_trylock(&shared->mutex), EBUSY);
			returns(pthread_mutex_lock(&shared->mutex), 0);
			returns(shared->count, 1);
			shared->count++;
			_exit(pthread_mutex_unlock(&shared->mutex));
		}
		child_sleeps(child);
		shared->count++;
		returns(pthread_mutex_unlock(&shared->mutex), 0);
		child_is_well(child);
		returns(pthread_mutex_lock(&shared->mutex), 0);
		returns(shared->count, 2);
		returns(pthread_mutex_unlock(&shared->mutex), 0);
		returns(pthread_mutex_destroy(&shared->mutex), 0);
	}
}

static void counts_up(struct shared *shared, unsigned times)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

	for (unsigned i = 0; i < times; i++) {
		if (i % 3 == 0)
			returns(pthread_mutex_timedlock(&shared->mutex, &deadline), 0);
		else if (i % 3 == 1 || pthread_mutex_trylock(&shared->mutex))
			returns(pthread_mutex_lock(&shared->mutex), 0);
		shared->count++;
		returns(pthread_mutex_unlock(&shared->mutex), 0);
	}
}

Test(special_mutexes, a_shared_mutex_excludes_other_processes)
{
	enum { TIMES = 20000, CHILDREN = 3 };
	struct shared *shared = shared_with(PTHREAD_MUTEX_NORMAL);
	pid_t child[CHILDREN];

	for (unsigned i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			counts_up(shared, TIMES);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < CHILDREN; i++)
		child_is_well(child[i]);
	returns(shared->count, TIMES * CHILDREN);
}

/* ---- robust ---- */

static void robust_after_death(pthread_mutex_t *mutex, int (*lock)(void *))
{
	returns(elsewhere(lock_mutex, mutex), 0); /* and the thread has ended */
	returns(lock(mutex), EOWNERDEAD);
	returns(pthread_mutex_consistent(mutex), 0);
	returns(pthread_mutex_unlock(mutex), 0);
	returns(elsewhere(visit_mutex, mutex), 0);
}

static int lock_in_time(void *mutex)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

	return pthread_mutex_timedlock(mutex, &deadline);
}

static int lock_in_monotonic_time(void *mutex)
{
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, FOR_LONG);

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline);
}

Test(special_mutexes, a_robust_mutex_outlives_its_owner)
{
	pthread_mutex_t mutex;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_special(&mutex, mutex_types[kind], ROBUST);
		robust_after_death(&mutex, lock_mutex);
		robust_after_death(&mutex, try_mutex);
		robust_after_death(&mutex, lock_in_time);
		robust_after_death(&mutex, lock_in_monotonic_time);
		returns(pthread_mutex_destroy(&mutex), 0);
	}
}

Test(special_mutexes, a_robust_mutex_that_is_not_made_consistent_is_not_recoverable)
{
	pthread_mutex_t mutex;

	init_special(&mutex, PTHREAD_MUTEX_NORMAL, ROBUST);
	returns(elsewhere(lock_mutex, &mutex), 0);
	returns(pthread_mutex_lock(&mutex), EOWNERDEAD);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_lock(&mutex), ENOTRECOVERABLE);
	returns(lock_in_time(&mutex), ENOTRECOVERABLE);
	returns(pthread_mutex_consistent(&mutex), EINVAL);
	returns(pthread_mutex_lock(&mutex), ENOTRECOVERABLE);
	/* At the end: after it glibc 2.36 lets a lock wait for ever. */
	returns(pthread_mutex_trylock(&mutex), ENOTRECOVERABLE);
	returns(pthread_mutex_destroy(&mutex), 0);
}

Test(special_mutexes, a_robust_shared_mutex_outlives_the_process_that_is_killed)
{
	struct shared *shared = shared_page();
	pid_t child;
	int status;

	init_special(&shared->mutex, PTHREAD_MUTEX_NORMAL, SHARED_ROBUST);
	child = fork();
	if (child == 0) {
		returns(pthread_mutex_lock(&shared->mutex), 0);
		raise(SIGKILL);
	}
	returns(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	returns(pthread_mutex_lock(&shared->mutex), EOWNERDEAD);
	returns(pthread_mutex_consistent(&shared->mutex), 0);
	returns(pthread_mutex_unlock(&shared->mutex), 0);
	returns(pthread_mutex_lock(&shared->mutex), 0);
	returns(pthread_mutex_unlock(&shared->mutex), 0);
}

Test(special_mutexes, robust_and_ordinary_mutexes_are_held_together)
{
	pthread_mutex_t robust[3], ordinary[MUTEX_KINDS];
	struct worker worker;

	for (unsigned i = 0; i < 3; i++)
		init_special(&robust[i], PTHREAD_MUTEX_NORMAL, ROBUST);
	for (unsigned i = 0; i < MUTEX_KINDS; i++)
		init_mutex(&ordinary[i], i);
	for (unsigned i = 0; i < MUTEX_KINDS; i++) {
		returns(pthread_mutex_lock(&ordinary[i]), 0);
		returns(elsewhere(lock_mutex, &robust[i % 3]), 0);
		returns(pthread_mutex_lock(&robust[i % 3]), EOWNERDEAD);
		returns(pthread_mutex_consistent(&robust[i % 3]), 0);
		queues(&worker, visit_mutex, &ordinary[i]);
		returns(pthread_mutex_unlock(&ordinary[i]), 0);
		returns(answer(&worker), 0);
		returns(pthread_mutex_unlock(&robust[i % 3]), 0);
	}
}

/* ---- priorities ---- */

Test(special_mutexes, a_mutex_that_inherits_priorities_is_a_mutex)
{
	struct worker worker[3];
	pthread_mutex_t mutex;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_special(&mutex, mutex_types[kind], INHERITS);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		if (kind == RECURSIVE) {
			returns(pthread_mutex_lock(&mutex), 0);
			returns(pthread_mutex_unlock(&mutex), 0);
		} else if (kind == ERRORCHECK) {
			returns(pthread_mutex_lock(&mutex), EDEADLK);
		}
		for (unsigned i = 0; i < 3; i++)
			queues(&worker[i], visit_mutex, &mutex);
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, 3);
		returns(pthread_mutex_destroy(&mutex), 0);
	}
}

/* Not every process may raise a priority; what the C library says is the answer then. */
Test(special_mutexes, a_mutex_that_protects_a_priority_is_a_mutex)
{
	int low = sched_get_priority_min(SCHED_FIFO), ceiling = -1;
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_PROTECT), 0);
	returns(pthread_mutexattr_setprioceiling(&attr, low), 0);
	returns(pthread_mutex_init(&mutex, &attr), 0);
	returns(pthread_mutexattr_destroy(&attr), 0);
	returns(pthread_mutex_getprioceiling(&mutex, &ceiling), 0);
	returns(ceiling, low);
	if (pthread_mutex_lock(&mutex) == 0) {
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
	}
	returns(pthread_mutex_destroy(&mutex), 0);
}

/* ---- a read-write lock ---- */

Test(special_mutexes, a_shared_read_write_lock_works_between_processes)
{
	pthread_rwlock_t *lock = shared_page();
	pthread_rwlockattr_t attr;
	pid_t child;

	returns(pthread_rwlockattr_init(&attr), 0);
	returns(pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_rwlock_init(lock, &attr), 0);
	returns(pthread_rwlock_rdlock(lock), 0);
	child = fork();
	if (child == 0) {
		returns(pthread_rwlock_tryrdlock(lock), 0);
		returns(pthread_rwlock_trywrlock(lock), EBUSY);
		returns(pthread_rwlock_unlock(lock), 0);
		returns(pthread_rwlock_wrlock(lock), 0);
		_exit(pthread_rwlock_unlock(lock));
	}
	child_sleeps(child);
	returns(pthread_rwlock_unlock(lock), 0);
	child_is_well(child);
	returns(pthread_rwlock_trywrlock(lock), 0);
	returns(pthread_rwlock_unlock(lock), 0);
	returns(pthread_rwlock_destroy(lock), 0);
}
