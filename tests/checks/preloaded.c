/* SPDX-License-Identifier: MIT
 *
 * preloaded.c - a program that knows nothing of this library: one mutex that threads wait for, made
 * by a function with a name.  With RACE, one variable is not guarded.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

pthread_mutex_t busy_mutex;
static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static long sum, left, seen;
static int here; /* atomic */

void makes_the_mutex(void)
{
	pthread_mutex_init(&busy_mutex, NULL);
}

void takes_the_mutex(void)
{
	pthread_mutex_lock(&busy_mutex);
	sched_yield();
	sum++;
	pthread_mutex_unlock(&busy_mutex);
}

void says_it_is_done(void)
{
	pthread_mutex_lock(&busy_mutex);
	left--;
	pthread_cond_signal(&done);
	pthread_mutex_unlock(&busy_mutex);
}

static void *works(void *unused)
{
#ifdef RACE
	seen++; /* nothing orders the threads yet */
#endif
	__atomic_fetch_add(&here, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 500; i++) {
		takes_the_mutex();
		pthread_rwlock_rdlock(&table);
		pthread_rwlock_unlock(&table);
	}
	says_it_is_done();
	return unused;
}

int main(void)
{
	pthread_t threads[4];

	makes_the_mutex();
	left = 4;
	/* None begins before all are there. */
	pthread_mutex_lock(&busy_mutex);
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, works, NULL);
	while (__atomic_load_n(&here, __ATOMIC_RELAXED) < 4)
		sched_yield();
	pthread_mutex_unlock(&busy_mutex);
	pthread_mutex_lock(&busy_mutex);
	while (left)
		pthread_cond_wait(&done, &busy_mutex);
	printf("%ld %ld\n", sum, left + seen - seen);
	pthread_mutex_unlock(&busy_mutex);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
