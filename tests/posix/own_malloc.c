/* SPDX-License-Identifier: MIT
 *
 * own_malloc.c - a program with an allocator of its own, which locks a mutex as most do.  A lock
 * call that allocates, or looks up a symbol (which may allocate), comes back to it.
 */
#include "conds.h"
#include <malloc.h>

/* ---- the allocator: it never takes anything back ---- */

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static char arena[64 << 20] __attribute__((aligned(4096)));
static char set_aside[1 << 20]
	__attribute__((aligned(4096))); /* for calls out of a lock call */
static size_t arena_used, set_aside_used;
static unsigned nested;

static _Thread_local unsigned allocations __attribute__((tls_model("initial-exec")));
static _Thread_local bool inside __attribute__((tls_model("initial-exec")));

static size_t room(size_t size, size_t align, size_t *used)
{
	size_t at = (*used + align - 1) / align * align;

	*used = at + size;
	return at;
}

static void *take(size_t size, size_t align)
{
	char *memory;

	allocations++;
	if (align < 16)
		align = 16;
	if (inside) {
		nested++;
		return set_aside + room(size, align, &set_aside_used);
	}
	inside = true;
	pthread_mutex_lock(&arena_lock);
	memory = arena + room(size + 16, align, &arena_used);
	pthread_mutex_unlock(&arena_lock);
	inside = false;
	return memory;
}

void *malloc(size_t size)
{
	return take(size, 16);
}

void *calloc(size_t n, size_t size)
{
	return take(n * size, 16); /* it has never been used */
}

void *realloc(void *old, size_t size)
{
	char *memory = take(size, 16);

	/* What lies behind the old one is readable, too. */
	if (old)
		memmove(memory, old, size);
	return memory;
}

void *aligned_alloc(size_t align, size_t size)
{
	return take(size, align);
}

void *memalign(size_t align, size_t size)
{
	return take(size, align);
}

int posix_memalign(void **memory, size_t align, size_t size)
{
	*memory = take(size, align);
	return 0;
}

void free(void *memory)
{
	if (!memory || inside)
		return;
	inside = true;
	pthread_mutex_lock(&arena_lock);
	pthread_mutex_unlock(&arena_lock);
	inside = false;
}

/* ---- */

static int allocates(void *arg)
{
	for (unsigned i = 0; i < test_scaled(20000); i++) {
		unsigned char *volatile memory = malloc(64);

		memory[0] = memory[63] = (unsigned char)i;
		free(memory);
		test_goes_on();
	}
	return arg != NULL;
}

Test(own_malloc, threads_allocate_at_the_same_time)
{
	struct worker worker[4];

	together(worker, 4, allocates, NULL);
	returns(nested, 0);
}

/* A thread's first call, and it has to wait: how often has it allocated by then? */
struct counted {
	int (*call)(void *);
	void *on;
};

static int counted_call(void *arg)
{
	struct counted *counted = arg;
	unsigned before = allocations;

	returns(counted->call(counted->on), 0);
	return (int)(allocations - before);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

Test(own_malloc, waiting_for_a_mutex_allocates_nothing)
{
	struct timed_mutex timed = {.mutex = &mutex, .way = CLOCKED_MONOTONIC};
	struct counted counted[] = {{visit_mutex, &mutex}, {timed_visit, &timed}};
	struct worker worker;

	timed.deadline = test_in_ns(CLOCK_MONOTONIC, FOR_LONG);
	for (unsigned i = 0; i < LENGTH(counted); i++) {
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&worker, counted_call, &counted[i]);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), 0);
	}
}

static int times_out(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, MS);

	return pthread_mutex_timedlock(arg, &deadline) != ETIMEDOUT;
}

Test(own_malloc, timing_out_allocates_nothing)
{
	struct counted counted = {times_out, &mutex};

	returns(pthread_mutex_lock(&mutex), 0);
	returns(elsewhere(counted_call, &counted), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
}

Test(own_malloc, waiting_for_a_read_write_lock_allocates_nothing)
{
	struct counted counted[] = {{read_visit, &rwlock}, {write_visit, &rwlock}};
	struct holder writer;
	struct worker worker;

	for (unsigned i = 0; i < LENGTH(counted); i++) {
		has(&writer, write_lock, unlock_rwlock, &rwlock);
		queues(&worker, counted_call, &counted[i]);
		returns(gives_back(&writer), 0);
		returns(answer(&worker), 0);
	}
}

static int reads_many_locks(void *arg)
{
	static pthread_rwlock_t many[1000];

	for (unsigned i = 0; i < LENGTH(many); i++)
		returns(pthread_rwlock_rdlock(&many[i]), 0);
	for (unsigned i = 0; i < LENGTH(many); i++)
		returns(pthread_rwlock_unlock(&many[i]), 0);
	return arg != NULL;
}

Test(own_malloc, holding_many_read_locks_allocates_nothing)
{
	struct counted counted = {reads_many_locks, NULL};

	returns(elsewhere(counted_call, &counted), 0);
}

Test(own_malloc, waiting_on_a_condition_allocates_nothing)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct waiting waiting;
	struct counted counted = {waits_for_it, &waiting};
	struct worker worker;

	for (unsigned way = 0; way < WAIT_WAYS; way++) {
		waiting = (struct waiting){.cond = &cond,
					   .mutex = &mutex,
					   .way = way,
					   .clock = CLOCK_REALTIME};
		waiting.deadline = test_in_ns(clock_of_wait(&waiting), FOR_LONG);
		queues(&worker, counted_call, &counted);
		passes(&waiting);
		returns(pthread_cond_signal(&cond), 0);
		returns(answer(&worker), 0);
	}
}

Test(own_malloc, waiting_for_a_semaphore_allocates_nothing)
{
	struct worker worker;
	sem_t sem;
	struct counted counted = {wait_sem, &sem};

	returns(sem_init(&sem, 0, 0), 0);
	queues(&worker, counted_call, &counted);
	returns(sem_post(&sem), 0);
	returns(answer(&worker), 0);
}

/* ---- init, too: it may be called by the allocator ---- */

static int inits_all(void *arg)
{
	pthread_rwlock_t new_rwlock;
	pthread_cond_t cond;
	pthread_mutex_t new;
	sem_t sem;

	for (unsigned kind = 0; kind < MUTEX_KINDS; kind++) {
		init_mutex(&new, kind);
		returns(pthread_mutex_lock(&new), 0);
		returns(pthread_mutex_unlock(&new), 0);
		returns(pthread_mutex_destroy(&new), 0);
	}
	returns(pthread_rwlock_init(&new_rwlock, NULL), 0);
	returns(pthread_rwlock_destroy(&new_rwlock), 0);
	init_cond(&cond, CLOCK_MONOTONIC);
	returns(pthread_cond_destroy(&cond), 0);
	returns(sem_init(&sem, 0, 0), 0);
	returns(sem_destroy(&sem), 0);
	return arg != NULL;
}

Test(own_malloc, making_and_destroying_allocates_nothing)
{
	struct counted counted = {inits_all, NULL};

	returns(elsewhere(counted_call, &counted), 0);
}

/* The allocator's mutex may be waited for in the very first call that a thread makes. */
static int allocates_once(void *arg)
{
	void *volatile memory = malloc(100); /* or the compiler leaves both calls out */

	free(memory);
	return arg != NULL;
}

Test(own_malloc, new_threads_wait_for_the_allocator)
{
	struct worker worker[10];

	for (unsigned i = 0; i < 10; i++)
		begins(&worker[i], allocates_once, NULL);
	for (unsigned round = 0; round < 10; round++) {
		struct worker more;

		returns(pthread_mutex_lock(&arena_lock), 0);
		inside = true;
		queues(&more, allocates_once, NULL);
		inside = false;
		returns(pthread_mutex_unlock(&arena_lock), 0);
		returns(answer(&more), 0);
	}
	all_answer(worker, 10);
}

Test(own_malloc, nothing_came_back_from_a_lock_call_since_the_program_began)
{
	returns(nested, 0);
}
