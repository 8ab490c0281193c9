/* SPDX-License-Identifier: MIT
 *
 * mutex.c - pthread_mutex_*: types, owners, counts, initialisers, attributes.
 */
#include "mutexes.h"

Test(mutex, every_kind_is_locked_and_unlocked_many_times)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		for (unsigned i = 0; i < 1000; i++) {
			returns(pthread_mutex_lock(&mutex), 0);
			returns(pthread_mutex_unlock(&mutex), 0);
			returns(pthread_mutex_trylock(&mutex), 0);
			returns(pthread_mutex_unlock(&mutex), 0);
		}
	}
}

Test(mutex, null_attributes_are_the_default_ones)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	returns(pthread_mutex_init(&mutex, NULL), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_trylock(&mutex), EBUSY);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_destroy(&mutex), 0);

	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutex_init(&mutex, &attr), 0);
	returns(pthread_mutexattr_destroy(&attr), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_trylock(&mutex), EBUSY);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_destroy(&mutex), 0);
}

Test(mutex, a_held_mutex_is_busy_for_other_threads)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(mutex, a_thread_that_waits_gets_it_from_the_holder)
{
	pthread_mutex_t mutex;
	struct worker worker[3];

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned i = 0; i < 3; i++)
			queues(&worker[i], visit_mutex, &mutex);
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, 3);
	}
}

Test(mutex, trylock_by_the_owner_counts_if_recursive_and_is_busy_else)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_mutex_trylock(&mutex), kind == RECURSIVE ? 0 : EBUSY);
		if (kind == RECURSIVE)
			returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static int locks_twice(void *mutex)
{
	int rc = pthread_mutex_lock(mutex);

	return rc ? rc : pthread_mutex_lock(mutex);
}

Test(mutex, an_errorcheck_mutex_says_edeadlk_to_its_owner)
{
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];

	returns(locks_twice(&mutex), EDEADLK);
	returns(pthread_mutex_lock(&mutex), EDEADLK);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), EPERM);
}

Test(mutex, an_errorcheck_mutex_says_edeadlk_even_if_others_wait)
{
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];
	struct worker worker;

	returns(pthread_mutex_lock(&mutex), 0);
	queues(&worker, visit_mutex, &mutex);
	returns(pthread_mutex_lock(&mutex), EDEADLK);
	returns(pthread_mutex_trylock(&mutex), EBUSY);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(answer(&worker), 0);
}

Test(mutex, a_normal_mutex_deadlocks_with_its_owner_until_another_thread_unlocks_it)
{
	const unsigned kinds[] = {NORMAL, ADAPTIVE};
	struct worker worker;
	pthread_mutex_t mutex;

	for (unsigned i = 0; i < LENGTH(kinds); i++) {
		init_mutex(&mutex, kinds[i]);
		queues(&worker, locks_twice, &mutex);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		/* Not portable, and programs do it. */
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), 0);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(pthread_mutex_destroy(&mutex), 0);
	}
}

Test(mutex, mutexes_with_owners_are_unlocked_by_them_only)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		if (kind != RECURSIVE && kind != ERRORCHECK)
			continue;
		returns(pthread_mutex_unlock(&mutex), EPERM);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(unlock_mutex, &mutex), EPERM);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(pthread_mutex_unlock(&mutex), EPERM);
		returns(elsewhere(unlock_mutex, &mutex), EPERM);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(mutex, a_recursive_mutex_is_free_after_as_many_unlocks_as_locks)
{
	enum { MANY = 1000 };
	pthread_mutex_t mutex = mutex_initial[RECURSIVE];
	struct worker worker;

	for (unsigned i = 0; i < MANY; i++)
		returns(i % 2 ? pthread_mutex_trylock(&mutex)
			      : pthread_mutex_lock(&mutex),
			0);
	queues(&worker, visit_mutex, &mutex);
	for (unsigned i = 0; i < MANY; i++) {
		cr_assert(!has_returned(&worker));
		returns(pthread_mutex_unlock(&mutex), 0);
	}
	returns(answer(&worker), 0);
	returns(pthread_mutex_unlock(&mutex), EPERM);
}

Test(mutex, a_recursive_mutex_counts_to_a_million)
{
	enum { MILLION = 1000000 };
	pthread_mutex_t mutex = mutex_initial[RECURSIVE];

	for (unsigned i = 0; i < MILLION; i++)
		returns(pthread_mutex_lock(&mutex), 0);
	for (unsigned i = 0; i < MILLION - 1; i++)
		returns(pthread_mutex_unlock(&mutex), 0);
	returns(elsewhere(try_mutex, &mutex), EBUSY);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), EPERM);
}

Test(mutex, a_recursive_mutex_is_locked_again_although_others_wait)
{
	pthread_mutex_t mutex = mutex_initial[RECURSIVE];
	struct worker worker;

	returns(pthread_mutex_lock(&mutex), 0);
	queues(&worker, visit_mutex, &mutex);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_trylock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	sleeps(&worker);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(answer(&worker), 0);
}

static int locks_recursively(void *mutex)
{
	for (unsigned i = 0; i < 3; i++)
		returns(pthread_mutex_lock(mutex), 0);
	for (unsigned i = 0; i < 3; i++)
		returns(pthread_mutex_unlock(mutex), 0);
	return pthread_mutex_unlock(mutex);
}

Test(mutex, the_count_of_a_recursive_mutex_is_its_new_owners)
{
	pthread_mutex_t mutex = mutex_initial[RECURSIVE];
	struct worker worker;

	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	queues(&worker, locks_recursively, &mutex);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(answer(&worker), EPERM);
}

Test(mutex, destroying_a_locked_mutex_is_refused)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_mutex_destroy(&mutex), EBUSY);
		returns(elsewhere(try_mutex, &mutex), EBUSY);
		if (kind == RECURSIVE) {
			returns(pthread_mutex_lock(&mutex), 0);
			returns(pthread_mutex_unlock(&mutex), 0);
			returns(pthread_mutex_destroy(&mutex), EBUSY);
		}
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}

static int try_only(void *mutex)
{
	returns(pthread_mutex_trylock(mutex), 0);
	returns(pthread_mutex_destroy(mutex), EBUSY);
	return pthread_mutex_unlock(mutex);
}

Test(mutex, destroying_a_mutex_that_trylock_has_locked_is_refused)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex)
		returns(elsewhere(try_only, &mutex), 0);
}

Test(mutex, a_destroyed_mutex_is_initialised_as_any_kind)
{
	pthread_mutex_t mutex;

	init_mutex(&mutex, NORMAL);
	for (unsigned i = 0; i < MUTEX_KINDS; i++) {
		for (unsigned j = 0; j < MUTEX_KINDS; j++) {
			returns(pthread_mutex_destroy(&mutex), 0);
			init_mutex(&mutex, j);
			returns(pthread_mutex_lock(&mutex), 0);
			returns(pthread_mutex_trylock(&mutex),
				j == RECURSIVE ? 0 : EBUSY);
			if (j == RECURSIVE)
				returns(pthread_mutex_unlock(&mutex), 0);
			returns(pthread_mutex_unlock(&mutex), 0);
		}
	}
}

Test(mutex, a_mutex_forgets_its_owner_when_unlocked)
{
	pthread_mutex_t mutex = mutex_initial[ERRORCHECK];

	for (unsigned i = 0; i < 100; i++) {
		returns(elsewhere(visit_mutex, &mutex), 0);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}

/* A new thread often gets the address, and the identity, of one that has ended. */
Test(mutex, an_owner_that_has_ended_is_not_taken_for_a_new_thread)
{
	pthread_mutex_t recursive = mutex_initial[RECURSIVE];
	pthread_mutex_t errorcheck = mutex_initial[ERRORCHECK];

	returns(elsewhere(lock_mutex, &recursive), 0);
	returns(elsewhere(lock_mutex, &errorcheck), 0);
	for (unsigned i = 0; i < 20; i++) {
		returns(elsewhere(try_mutex, &recursive), EBUSY);
		returns(elsewhere(unlock_mutex, &errorcheck), EPERM);
	}
}

Test(mutex, two_mutexes_side_by_side_do_not_disturb_each_other)
{
	pthread_mutex_t mutex[2 * MUTEX_KINDS];

	for (unsigned i = 0; i < LENGTH(mutex); i++)
		made_mutex(&mutex[i], i / 2, i % 2);
	for (unsigned i = 0; i < LENGTH(mutex); i++) {
		returns(pthread_mutex_lock(&mutex[i]), 0);
		for (unsigned j = 0; j < LENGTH(mutex); j++)
			returns(elsewhere(try_visit_mutex, &mutex[j]),
				j <= i ? EBUSY : 0);
	}
	for (unsigned i = 0; i < LENGTH(mutex); i++)
		returns(pthread_mutex_unlock(&mutex[i]), 0);
}

static void type_is_kept(int type)
{
	pthread_mutexattr_t attr;
	int got = -1;

	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutexattr_settype(&attr, type), 0);
	returns(pthread_mutexattr_gettype(&attr, &got), 0);
	returns(got, type);
	returns(pthread_mutexattr_settype(&attr, 4711), EINVAL);
	returns(pthread_mutexattr_gettype(&attr, &got), 0);
	returns(got, type);
	returns(pthread_mutexattr_destroy(&attr), 0);
}

Test(mutex, attributes_say_what_was_set)
{
	pthread_mutexattr_t attr;
	int got = -1;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++)
		type_is_kept(mutex_types[kind]);
	returns(pthread_mutexattr_init(&attr), 0);
	returns(pthread_mutexattr_gettype(&attr, &got), 0);
	returns(got, PTHREAD_MUTEX_DEFAULT);
	returns(pthread_mutexattr_getpshared(&attr, &got), 0);
	returns(got, PTHREAD_PROCESS_PRIVATE);
	returns(pthread_mutexattr_setpshared(&attr, 4711), EINVAL);
	returns(pthread_mutexattr_getrobust(&attr, &got), 0);
	returns(got, PTHREAD_MUTEX_STALLED);
	returns(pthread_mutexattr_setrobust(&attr, 4711), EINVAL);
	returns(pthread_mutexattr_getprotocol(&attr, &got), 0);
	returns(got, PTHREAD_PRIO_NONE);
	returns(pthread_mutexattr_setprotocol(&attr, 4711), EINVAL);
	returns(pthread_mutexattr_destroy(&attr), 0);
}

Test(mutex, what_only_robust_and_protecting_mutexes_have_is_refused_by_others)
{
	pthread_mutex_t mutex;
	int ceiling;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_consistent(&mutex), EINVAL);
		returns(pthread_mutex_getprioceiling(&mutex, &ceiling), EINVAL);
		returns(pthread_mutex_setprioceiling(&mutex, 1, &ceiling), EINVAL);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_mutex_consistent(&mutex), EINVAL);
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}
