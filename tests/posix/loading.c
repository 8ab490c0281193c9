/* SPDX-License-Identifier: MIT
 *
 * loading.c - the first use of each function comes while another thread loads a library, which
 * (WITHIN, within.c) waits for the outcome.  A look-up of a symbol would wait for the loader.
 */
#include "mutexes.h"
#include "rwlocks.h"
#include <dlfcn.h>

extern void within_loading(void);

static pthread_mutex_t mutex[MUTEX_KINDS];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static bool passed;

static void uses_mutexes(void)
{
	const struct timespec past = {.tv_sec = 1};
	struct worker worker;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_mutex(&mutex[kind], kind);
		returns(pthread_mutex_lock(&mutex[kind]), 0);
		returns(elsewhere(try_mutex, &mutex[kind]), EBUSY);
		queues(&worker, visit_mutex, &mutex[kind]);
		returns(pthread_mutex_unlock(&mutex[kind]), 0);
		returns(answer(&worker), 0);
		for (unsigned way = 0; way < TIMED_WAYS; way++) {
			returns(timed_lock(&mutex[kind], way, &past), 0);
			returns(pthread_mutex_unlock(&mutex[kind]), 0);
		}
	}
}

static void uses_read_write_locks(void)
{
	struct worker reader, writer;
	struct timespec soon;

	returns(pthread_rwlock_wrlock(&rwlock), 0);
	returns(elsewhere(try_read_visit, &rwlock), EBUSY);
	returns(elsewhere(try_write_visit, &rwlock), EBUSY);
	queues(&reader, read_visit, &rwlock);
	queues(&writer, write_visit, &rwlock);
	returns(pthread_rwlock_unlock(&rwlock), 0);
	returns(answer(&reader), 0);
	returns(answer(&writer), 0);
	returns(pthread_rwlock_rdlock(&rwlock), 0);
	for (unsigned way = 0; way < TIMED_WAYS; way++) {
		soon = test_in_ns(clock_of(way), MS);
		returns(timed_wrlock(&rwlock, way, &soon), ETIMEDOUT);
		returns(timed_rdlock(&rwlock, way, &soon), 0);
		returns(pthread_rwlock_unlock(&rwlock), 0);
	}
	returns(pthread_rwlock_unlock(&rwlock), 0);
}

static int waits(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);
	int rc = pthread_mutex_lock(&mutex[NORMAL]);

	while (rc == 0 && !passed)
		rc = arg ? pthread_cond_timedwait(&cond, &mutex[NORMAL], &deadline)
			 : pthread_cond_wait(&cond, &mutex[NORMAL]);
	return rc ? rc : pthread_mutex_unlock(&mutex[NORMAL]);
}

static void uses_conditions_and_semaphores(void)
{
	struct worker worker[4];

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < 4; i++)
		queues(&worker[i], i < 2 ? waits : wait_sem,
		       i == 0 ? NULL : (void *)&sem);
	returns(pthread_mutex_lock(&mutex[NORMAL]), 0);
	passed = true;
	returns(pthread_cond_signal(&cond), 0);
	returns(pthread_cond_broadcast(&cond), 0);
	returns(pthread_mutex_unlock(&mutex[NORMAL]), 0);
	for (unsigned i = 0; i < 2; i++)
		returns(sem_post(&sem), 0);
	all_answer(worker, 4);
	returns(pthread_cond_destroy(&cond), 0);
}

static int uses_all(void *arg)
{
	uses_mutexes();
	uses_read_write_locks();
	uses_conditions_and_semaphores();
	return arg != NULL;
}

/* In another thread than the one that holds the loader's locks. */
void within_loading(void)
{
	returns(elsewhere(uses_all, NULL), 0);
	passed = false;
	cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

Test(loading, no_call_waits_for_the_dynamic_linker)
{
	void *library = dlopen(WITHIN, RTLD_NOW);

	cr_assert_not_null(library, "%s", dlerror());
	within_loading();
	returns(dlclose(library), 0);
}
