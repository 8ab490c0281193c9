/* SPDX-License-Identifier: MIT
 *
 * no_memory.c - making, locking and waiting where the process may have no more memory.
 */
#include "conds.h"
#include <sys/resource.h>

enum { MANY = 20 };

/* Threads that are there already, have never waited for a lock, and begin when told to. */
struct gated {
	struct worker worker;
	int (*call)(void *);
	void *on;
	int gate[2];
};

static struct gated gated[MANY];

static int waits_at_the_gate(void *arg)
{
	struct gated *self = arg;
	char word;

	returns(read(self->gate[0], &word, 1), 1);
	return self->call(self->on);
}

static void no_memory(void)
{
	struct rlimit none = {0, 0};
	volatile char stack[64 << 10]; /* of the main thread: it may not grow later */

	for (size_t i = 0; i < sizeof(stack); i += 512)
		stack[i] = 0;
	for (unsigned i = 0; i < MANY; i++) {
		returns(pipe(gated[i].gate), 0);
		begins(&gated[i].worker, waits_at_the_gate, &gated[i]);
		sleeps(&gated[i].worker);
	}
	returns(setrlimit(RLIMIT_AS, &none), 0);
	cr_assert(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		  MAP_FAILED);
}

/* It waits in the call now, not at the gate. */
static void opens(struct gated *one, int (*call)(void *), void *on)
{
	int waiting = 1;

	one->call = call;
	one->on = on;
	returns(write(one->gate[1], "", 1), 1);
	while (waiting) {
		struct pollfd gate = {.fd = one->gate[0], .events = POLLIN};

		waiting = poll(&gate, 1, 0);
		sched_yield();
	}
	sleeps(&one->worker);
}

static void all_return(void)
{
	for (unsigned i = 0; i < MANY; i++)
		returns(answer(&gated[i].worker), 0);
}

Test(no_memory, a_mutex_is_made_and_waited_for)
{
	pthread_mutex_t mutex[MUTEX_KINDS];

	no_memory();
	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_mutex(&mutex[kind], kind);
		returns(pthread_mutex_lock(&mutex[kind]), 0);
	}
	for (unsigned i = 0; i < MANY; i++)
		opens(&gated[i], visit_mutex, &mutex[i % MUTEX_KINDS]);
	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++)
		returns(pthread_mutex_unlock(&mutex[kind]), 0);
	all_return();
}

Test(no_memory, a_read_write_lock_is_made_and_waited_for)
{
	pthread_rwlock_t lock;

	no_memory();
	returns(pthread_rwlock_init(&lock, NULL), 0);
	returns(pthread_rwlock_wrlock(&lock), 0);
	for (unsigned i = 0; i < MANY; i++)
		opens(&gated[i], i % 2 ? read_visit : write_visit, &lock);
	returns(pthread_rwlock_unlock(&lock), 0);
	all_return();
}

Test(no_memory, many_locks_are_read_and_read_again)
{
	static pthread_rwlock_t lock[MANY * 10];

	no_memory();
	for (unsigned i = 0; i < LENGTH(lock); i++)
		returns(pthread_rwlock_rdlock(&lock[i]), 0);
	for (unsigned i = 0; i < MANY; i++)
		opens(&gated[i], write_visit, &lock[i * 10 + i % 10]);
	for (unsigned i = 0; i < LENGTH(lock); i++)
		returns(pthread_rwlock_rdlock(&lock[i]), 0);
	for (unsigned i = 0; i < 2 * LENGTH(lock); i++)
		returns(pthread_rwlock_unlock(&lock[i % LENGTH(lock)]), 0);
	all_return();
}

Test(no_memory, a_condition_is_made_and_waited_for)
{
	struct waiting waiting[MANY];
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	no_memory();
	init_mutex(&mutex, NORMAL);
	init_cond(&cond, CLOCK_MONOTONIC);
	for (unsigned i = 0; i < MANY; i++) {
		waiting[i] = (struct waiting){.cond = &cond,
					      .mutex = &mutex,
					      .way = i % WAIT_WAYS,
					      .clock = CLOCK_MONOTONIC};
		waiting[i].deadline = test_in_ns(clock_of_wait(&waiting[i]), FOR_LONG);
		opens(&gated[i], waits_for_it, &waiting[i]);
		passes(&waiting[i]);
	}
	returns(pthread_cond_signal(&cond), 0);
	returns(pthread_cond_broadcast(&cond), 0);
	all_return();
	returns(pthread_cond_destroy(&cond), 0);
}

Test(no_memory, a_semaphore_is_made_and_waited_for)
{
	sem_t sem;

	no_memory();
	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < MANY; i++)
		opens(&gated[i], wait_sem, &sem);
	for (unsigned i = 0; i < MANY; i++)
		returns(sem_post(&sem), 0);
	all_return();
}

static int times_out(void *mutex)
{
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, 20 * MS);

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline) != ETIMEDOUT;
}

Test(no_memory, a_wait_times_out)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	no_memory();
	returns(pthread_mutex_lock(&mutex), 0);
	for (unsigned i = 0; i < MANY; i++) {
		gated[i].call = times_out;
		gated[i].on = &mutex;
		returns(write(gated[i].gate[1], "", 1), 1);
	}
	all_return();
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_trylock(&mutex), 0);
}
