/* SPDX-License-Identifier: MIT
 *
 * large.c - very many locks: nothing is kept for a lock outside of it, and what is kept for a hold
 * goes with the hold.
 */
#include "mutexes.h"
#include "rwlocks.h"

enum { MUTEXES = 1000000, READ_LOCKS = 100000 };

static pthread_mutex_t mutexes[MUTEXES];
static pthread_rwlock_t rwlocks[READ_LOCKS];
static pthread_cond_t conds[MUTEXES / 10];
static sem_t sems[MUTEXES / 10];

static void visit_all(int (*call)(pthread_mutex_t *), int rc)
{
	for (unsigned i = 0; i < MUTEXES; i++) {
		returns(call(&mutexes[i]), rc);
		if (i % 4096 == 0)
			test_goes_on();
	}
}

Test(large, a_million_mutexes_are_held_at_once)
{
	struct worker worker[10];

	visit_all(pthread_mutex_lock, 0);
	visit_all(pthread_mutex_trylock, EBUSY);
	for (unsigned i = 0; i < 10; i++)
		queues(&worker[i], visit_mutex, &mutexes[i * (MUTEXES / 10)]);
	visit_all(pthread_mutex_unlock, 0);
	all_answer(worker, 10);
	visit_all(pthread_mutex_trylock, 0);
	visit_all(pthread_mutex_destroy, EBUSY);
	visit_all(pthread_mutex_unlock, 0);
	visit_all(pthread_mutex_destroy, 0);
}

Test(large, a_million_mutexes_with_owners_are_held_at_once)
{
	for (unsigned i = 0; i < MUTEXES; i++)
		mutexes[i] = mutex_initial[i % 2 ? RECURSIVE : ERRORCHECK];
	visit_all(pthread_mutex_lock, 0);
	for (unsigned i = 0; i < MUTEXES; i++)
		returns(pthread_mutex_lock(&mutexes[i]), i % 2 ? 0 : EDEADLK);
	for (unsigned i = 1; i < MUTEXES; i += 2)
		returns(pthread_mutex_unlock(&mutexes[i]), 0);
	visit_all(pthread_mutex_unlock, 0);
	visit_all(pthread_mutex_unlock, EPERM);
}

static int reads_all(void *arg)
{
	for (unsigned i = 0; i < READ_LOCKS; i++) {
		returns(pthread_rwlock_rdlock(&rwlocks[i]), 0);
		if (i % 64 == 0)
			test_goes_on();
	}
	for (unsigned i = 0; i < READ_LOCKS; i++) {
		returns(pthread_rwlock_unlock(&rwlocks[i]), 0);
		if (i % 64 == 0)
			test_goes_on();
	}
	return arg != NULL;
}

Test(large, a_hundred_thousand_read_locks_are_held_at_once)
{
	struct worker reader[2], writer;
	enum { AT = READ_LOCKS / 2 };

	for (unsigned i = 0; i < READ_LOCKS; i++) {
		returns(pthread_rwlock_rdlock(&rwlocks[i]), 0);
		if (i % 64 == 0)
			test_goes_on();
	}
	begins(&reader[0], reads_all, NULL);
	begins(&reader[1], reads_all, NULL);
	returns(answer(&reader[0]), 0);
	returns(answer(&reader[1]), 0);
	queues(&writer, write_visit, &rwlocks[AT]);
	returns(read_visit(&rwlocks[AT]), 0);
	for (unsigned i = READ_LOCKS; i-- > 0;) {
		returns(pthread_rwlock_unlock(&rwlocks[i]), 0);
		if (i % 64 == 0)
			test_goes_on();
	}
	returns(answer(&writer), 0);
}

static int gives_all_back(void *arg)
{
	for (unsigned i = 0; i < READ_LOCKS / 10; i++) {
		returns(pthread_rwlock_unlock(&rwlocks[i]), 0);
		test_goes_on();
	}
	return arg != NULL;
}

/* What the thread that locked knows of its holds is out of date then, and must not pile up. */
Test(large, read_locks_are_given_back_by_another_thread)
{
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < READ_LOCKS / 10; i++) {
			returns(pthread_rwlock_rdlock(&rwlocks[i]), 0);
			test_goes_on();
		}
		returns(elsewhere(gives_all_back, NULL), 0);
	}
	for (unsigned i = 0; i < READ_LOCKS / 10; i++) {
		returns(pthread_rwlock_trywrlock(&rwlocks[i]), 0);
		returns(pthread_rwlock_unlock(&rwlocks[i]), 0);
	}
}

Test(large, conditions_and_semaphores_cost_nothing_until_used)
{
	for (unsigned i = 0; i < LENGTH(conds); i++) {
		returns(pthread_cond_signal(&conds[i]), 0);
		returns(sem_init(&sems[i], 0, i % 3), 0);
	}
	for (unsigned i = 0; i < LENGTH(conds); i++) {
		returns(pthread_cond_broadcast(&conds[i]), 0);
		returns(pthread_cond_destroy(&conds[i]), 0);
		returns(sem_post(&sems[i]), 0);
		for (unsigned j = 0; j <= i % 3; j++)
			returns(sem_wait(&sems[i]), 0);
		fails(sem_trywait(&sems[i]), EAGAIN);
	}
}

/* Made and destroyed: nothing remains. */
Test(large, locks_are_made_and_destroyed_a_million_times)
{
	pthread_rwlock_t lock;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	for (unsigned i = 0; i < MUTEXES; i++) {
		returns(pthread_mutex_init(&mutex, NULL), 0);
		returns(pthread_rwlock_init(&lock, NULL), 0);
		returns(pthread_cond_init(&cond, NULL), 0);
		returns(pthread_rwlock_rdlock(&lock), 0);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(pthread_cond_destroy(&cond), 0);
		returns(pthread_rwlock_destroy(&lock), 0);
		returns(pthread_mutex_destroy(&mutex), 0);
		if (i % 4096 == 0)
			test_goes_on();
	}
}
