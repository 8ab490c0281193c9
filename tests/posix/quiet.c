/* SPDX-License-Identifier: MIT
 *
 * quiet.c - errno is the program's own: pthread functions return errors, and sem_* sets it only when
 * it fails.
 */
#include "conds.h"
#include "rwlocks.h"

#define quietly(call, expected)          \
	do {                             \
		errno = 4711;            \
		returns(call, expected); \
		returns(errno, 4711);    \
	} while (0)

static const struct timespec past = {.tv_sec = 1};

static void quiet_mutex(pthread_mutex_t *mutex, unsigned kind)
{
	quietly(pthread_mutex_lock(mutex), 0);
	quietly(pthread_mutex_trylock(mutex), kind == RECURSIVE ? 0 : EBUSY);
	if (kind == RECURSIVE)
		quietly(pthread_mutex_unlock(mutex), 0);
	if (kind == ERRORCHECK)
		quietly(pthread_mutex_lock(mutex), EDEADLK);
	quietly(pthread_mutex_destroy(mutex), EBUSY);
	quietly(pthread_mutex_unlock(mutex), 0);
	if (kind == ERRORCHECK || kind == RECURSIVE)
		quietly(pthread_mutex_unlock(mutex), EPERM);
	quietly(pthread_mutex_timedlock(mutex, &past), 0);
	quietly(pthread_mutex_unlock(mutex), 0);
	quietly(pthread_mutex_clocklock(mutex, 4711, &past), EINVAL);
}

Test(quiet, mutexes)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex)
		quiet_mutex(&mutex, kind);
	quietly(pthread_mutex_init(&mutex, NULL), 0);
	quietly(pthread_mutex_destroy(&mutex), 0);
}

static int times_out_quietly(void *arg)
{
	struct timed_mutex timed = *(struct timed_mutex *)arg;

	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		quietly(timed_lock(timed.mutex, timed.way, &past), ETIMEDOUT);
		quietly(timed_lock(timed.mutex, timed.way, &bad_times[0]), EINVAL);
		timed.deadline = test_in_ns(clock_of(timed.way), 5 * MS);
		quietly(timed_lock(timed.mutex, timed.way, &timed.deadline), ETIMEDOUT);
	}
	return 0;
}

static int waits_quietly(void *mutex)
{
	quietly(pthread_mutex_lock(mutex), 0);
	quietly(pthread_mutex_unlock(mutex), 0);
	return 0;
}

Test(quiet, mutexes_that_are_waited_for)
{
	struct timed_mutex timed;
	struct worker worker;
	pthread_mutex_t mutex;

	timed.mutex = &mutex;
	each_mutex (kind, &mutex) {
		quietly(pthread_mutex_lock(&mutex), 0);
		returns(elsewhere(times_out_quietly, &timed), 0);
		queues(&worker, waits_quietly, &mutex);
		quietly(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), 0);
	}
}

static int asks_quietly(void *lock)
{
	struct timespec soon;

	quietly(pthread_rwlock_tryrdlock(lock), EBUSY);
	quietly(pthread_rwlock_trywrlock(lock), EBUSY);
	for (unsigned way = 0; way < TIMED_WAYS; way++) {
		quietly(timed_rdlock(lock, way, &past), ETIMEDOUT);
		quietly(timed_wrlock(lock, way, &bad_times[0]), EINVAL);
		soon = test_in_ns(clock_of(way), 5 * MS);
		quietly(timed_wrlock(lock, way, &soon), ETIMEDOUT);
	}
	return 0;
}

static int reads_quietly(void *lock)
{
	quietly(pthread_rwlock_rdlock(lock), 0);
	quietly(pthread_rwlock_unlock(lock), 0);
	return 0;
}

static int writes_quietly(void *lock)
{
	quietly(pthread_rwlock_wrlock(lock), 0);
	quietly(pthread_rwlock_unlock(lock), 0);
	return 0;
}

Test(quiet, read_write_locks)
{
	struct worker reader, writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		quietly(pthread_rwlock_rdlock(&lock), 0);
		quietly(pthread_rwlock_tryrdlock(&lock), 0);
		quietly(pthread_rwlock_unlock(&lock), 0);
		quietly(pthread_rwlock_unlock(&lock), 0);
		quietly(pthread_rwlock_wrlock(&lock), 0);
		quietly(pthread_rwlock_rdlock(&lock), EDEADLK);
		quietly(pthread_rwlock_wrlock(&lock), EDEADLK);
		returns(elsewhere(asks_quietly, &lock), 0);
		queues(&reader, reads_quietly, &lock);
		queues(&writer, writes_quietly, &lock);
		quietly(pthread_rwlock_unlock(&lock), 0);
		returns(answer(&reader), 0);
		returns(answer(&writer), 0);
	}
}

static int awaits_quietly(void *arg)
{
	struct waiting *waiting = arg;

	quietly(pthread_mutex_lock(waiting->mutex), 0);
	while (!waiting->passed)
		quietly(wait_once(waiting), 0);
	quietly(pthread_mutex_unlock(waiting->mutex), 0);
	return 0;
}

static void quiet_wait(struct waiting *waiting)
{
	struct worker worker;

	waiting->passed = false;
	waiting->deadline = test_in_ns(clock_of_wait(waiting), FOR_LONG);
	queues(&worker, awaits_quietly, waiting);
	passes(waiting);
	quietly(pthread_cond_signal(waiting->cond), 0);
	returns(answer(&worker), 0);
	if (waiting->way == FOREVER)
		return;
	quietly(pthread_mutex_lock(waiting->mutex), 0);
	waiting->deadline = past;
	quietly(wait_once(waiting), ETIMEDOUT);
	waiting->deadline = bad_times[0];
	quietly(wait_once(waiting), EINVAL);
	waiting->deadline = test_in_ns(clock_of_wait(waiting), 5 * MS);
	quietly(wait_once(waiting), ETIMEDOUT);
	quietly(pthread_mutex_unlock(waiting->mutex), 0);
}

Test(quiet, conditions)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_mutex (kind, &mutex) {
		init_cond(&cond, CLOCK_MONOTONIC);
		waiting = (struct waiting){
			.cond = &cond, .mutex = &mutex, .clock = CLOCK_MONOTONIC};
		for (waiting.way = 0; waiting.way < WAIT_WAYS; waiting.way++)
			quiet_wait(&waiting);
		quietly(pthread_cond_signal(&cond), 0);
		quietly(pthread_cond_broadcast(&cond), 0);
		quietly(pthread_cond_destroy(&cond), 0);
	}
}

static int waits_quietly_for_sem(void *sem)
{
	quietly(sem_wait(sem), 0);
	return 0;
}

Test(quiet, semaphores_that_do_not_fail)
{
	struct worker worker;
	sem_t sem;
	int value;

	quietly(sem_init(&sem, 0, 1), 0);
	quietly(sem_wait(&sem), 0);
	quietly(sem_post(&sem), 0);
	quietly(sem_trywait(&sem), 0);
	quietly(sem_getvalue(&sem, &value), 0);
	queues(&worker, waits_quietly_for_sem, &sem);
	quietly(sem_post(&sem), 0);
	returns(answer(&worker), 0);
	quietly(sem_destroy(&sem), 0);
}
