/* SPDX-License-Identifier: MIT
 *
 * early.c - a library whose constructor locks, waits and starts a thread, and whose destructor
 * locks; it may run before the constructors of what is preloaded.
 */
#include "early.h"
#include <semaphore.h>
#include <stdlib.h>

pthread_mutex_t early_mutex = PTHREAD_MUTEX_INITIALIZER;
int early_result = -1;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int passed;

static void *passes(void *arg)
{
	pthread_mutex_lock(&mutex);
	passed = 1;
	pthread_mutex_unlock(&mutex);
	pthread_cond_signal(&cond);
	pthread_rwlock_rdlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	sem_post(&sem);
	return arg;
}

static int waits_for_a_thread(void)
{
	pthread_t thread;
	int rc = sem_init(&sem, 0, 0) | pthread_rwlock_wrlock(&rwlock) |
		 pthread_mutex_lock(&mutex);

	rc |= pthread_create(&thread, NULL, passes, NULL);
	while (!rc && !passed)
		rc = pthread_cond_wait(&cond, &mutex);
	rc |= pthread_mutex_unlock(&mutex) | pthread_rwlock_unlock(&rwlock);
	rc |= sem_wait(&sem) | pthread_join(thread, NULL);
	return rc;
}

pthread_mutex_t early_forked = PTHREAD_MUTEX_INITIALIZER;

static void locks_forked(void)
{
	if (pthread_mutex_lock(&early_forked))
		abort();
}

static void unlocks_forked(void)
{
	if (pthread_mutex_unlock(&early_forked))
		abort();
}

__attribute__((constructor)) static void locks(void)
{
	pthread_atfork(locks_forked, unlocks_forked, unlocks_forked);
	early_result = pthread_mutex_lock(&early_mutex) | waits_for_a_thread();
}

__attribute__((destructor)) static void locks_again(void)
{
	if (pthread_mutex_lock(&mutex) || pthread_mutex_unlock(&mutex) ||
	    pthread_rwlock_wrlock(&rwlock) || pthread_rwlock_unlock(&rwlock))
		abort();
}
