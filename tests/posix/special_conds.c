/* SPDX-License-Identifier: MIT
 *
 * special_conds.c - conditions and mutexes of which one is ordinary and the other is not, and
 * conditions that processes share.
 */
#include "special.h"

static void pair_works(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	enum { MANY = 4 };
	struct waiting waiting[MANY];
	struct worker worker[MANY];

	for (unsigned way = 0; way < 2 * WAIT_WAYS; way++) {
		for (unsigned i = 0; i < MANY; i++) {
			waiting[i] = (struct waiting){.cond = cond,
						      .mutex = mutex,
						      .way = way / 2,
						      .clock = CLOCK_REALTIME};
			waiting[i].deadline =
				test_in_ns(clock_of_wait(&waiting[i]), FOR_LONG);
			waits_on_cond(&worker[i], &waiting[i]);
			passes(&waiting[i]);
		}
		for (unsigned i = 0; i < MANY && way % 2; i++)
			returns(pthread_cond_signal(cond), 0);
		if (way % 2 == 0)
			returns(pthread_cond_broadcast(cond), 0);
		all_answer(worker, MANY);
	}
	waiting[0].deadline = test_in_ns(CLOCK_MONOTONIC, 5 * MS);
	waiting[0].passed = false;
	waiting[0].way = UNTIL_MONOTONIC;
	returns(waits_for_it(&waiting[0]), ETIMEDOUT);
	returns(elsewhere(visit_mutex, mutex), 0);
}

Test(special_mutexes, an_ordinary_condition_works_with_each)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t mutex;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_special(&mutex, mutex_types[kind], SHARED_BETWEEN);
		pair_works(&cond, &mutex);
		returns(pthread_mutex_destroy(&mutex), 0);
		init_special(&mutex, mutex_types[kind], ROBUST);
		pair_works(&cond, &mutex);
		returns(pthread_mutex_destroy(&mutex), 0);
		init_special(&mutex, mutex_types[kind], INHERITS);
		pair_works(&cond, &mutex);
		returns(pthread_mutex_destroy(&mutex), 0);
	}
}

Test(special_mutexes, a_shared_condition_works_with_an_ordinary_mutex)
{
	pthread_mutex_t mutex;
	pthread_condattr_t attr;
	pthread_cond_t cond;

	returns(pthread_condattr_init(&attr), 0);
	returns(pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_cond_init(&cond, &attr), 0);
	each_mutex (kind, &mutex)
		pair_works(&cond, &mutex);
	returns(pthread_cond_destroy(&cond), 0);
}

static int takes_over(void *arg)
{
	struct waiting *waiting = arg;
	int rc = pthread_mutex_lock(waiting->mutex);

	if (rc == 0)
		rc = wait_once(waiting);
	returns(rc, EOWNERDEAD);
	returns(pthread_mutex_consistent(waiting->mutex), 0);
	return pthread_mutex_unlock(waiting->mutex);
}

static int signals_and_dies(void *arg)
{
	struct waiting *waiting = arg;

	returns(pthread_mutex_lock(waiting->mutex), 0);
	return pthread_cond_signal(waiting->cond);
}

/* The wait says so when the mutex that it has again was left by a dead owner. */
Test(special_mutexes, a_wait_says_that_the_owner_of_its_robust_mutex_has_died)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct waiting waiting = {.cond = &cond};
	pthread_mutex_t mutex;
	struct worker worker;

	init_special(&mutex, PTHREAD_MUTEX_NORMAL, ROBUST);
	waiting.mutex = &mutex;
	queues(&worker, takes_over, &waiting);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(elsewhere(signals_and_dies, &waiting), 0);
	returns(answer(&worker), 0);
	returns(elsewhere(visit_mutex, &mutex), 0);
}

/* ---- shared by processes ---- */

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool passed;
};

static void init_shared_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	returns(pthread_condattr_init(&attr), 0);
	returns(pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
	returns(pthread_cond_init(cond, &attr), 0);
	returns(pthread_condattr_destroy(&attr), 0);
}

Test(special_mutexes, a_shared_condition_is_signalled_by_another_process)
{
	struct shared *shared = shared_page();
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, FOR_LONG);

	init_special(&shared->mutex, PTHREAD_MUTEX_NORMAL, SHARED_BETWEEN);
	init_shared_cond(&shared->cond);
	for (unsigned i = 0; i < 4; i++) {
		pid_t child = fork();

		if (child == 0) {
			returns(pthread_mutex_lock(&shared->mutex), 0);
			while (!shared->passed)
				returns(i % 2 ? pthread_cond_timedwait(&shared->cond,
								       &shared->mutex,
								       &deadline)
					      : pthread_cond_wait(&shared->cond,
								  &shared->mutex),
					0);
			shared->passed = false;
			_exit(pthread_mutex_unlock(&shared->mutex));
		}
		child_sleeps(child);
		returns(pthread_mutex_lock(&shared->mutex), 0);
		shared->passed = true;
		returns(pthread_mutex_unlock(&shared->mutex), 0);
		returns(i / 2 ? pthread_cond_signal(&shared->cond)
			      : pthread_cond_broadcast(&shared->cond),
			0);
		child_is_well(child);
	}
	returns(pthread_cond_destroy(&shared->cond), 0);
}
