/* SPDX-License-Identifier: MIT
 *
 * life.c - before main and after it, libraries that come and go, threads that end.
 *
 * LOCKS_EARLY is a library that this program is linked with and EARLY_AGAIN the same one to be
 * opened at run time: its constructor and destructor lock (early.c).
 */
#include "posix.h"
#include "early.h"
#include <dlfcn.h>

/* ---- before main ---- */

static pthread_mutex_t first_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t first_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t first_cond = PTHREAD_COND_INITIALIZER;
static sem_t first_sem;
static int before_main = -1;

static int all_before_main(void)
{
	int rc = pthread_mutex_lock(&first_mutex) |
		 pthread_mutex_trylock(&first_mutex) * 2;

	rc |= pthread_rwlock_rdlock(&first_rwlock) | pthread_rwlock_unlock(&first_rwlock);
	rc |= pthread_cond_broadcast(&first_cond);
	rc |= sem_init(&first_sem, 0, 1) | sem_wait(&first_sem);
	return rc;
}

__attribute__((constructor(101))) static void locks_first(void)
{
	before_main = all_before_main();
}

Test(life, a_constructor_locks_before_main)
{
	returns(before_main, EBUSY * 2);
	returns(pthread_mutex_trylock(&first_mutex), EBUSY);
	returns(pthread_mutex_unlock(&first_mutex), 0);
	returns(elsewhere(visit_mutex, &first_mutex), 0);
	returns(pthread_rwlock_trywrlock(&first_rwlock), 0);
	fails(sem_trywait(&first_sem), EAGAIN);
}

Test(life, a_library_locks_in_its_constructor)
{
	struct worker worker;

	returns(early_result, 0);
	/* What it has left locked is locked. */
	queues(&worker, visit_mutex, &early_mutex);
	returns(pthread_mutex_unlock(&early_mutex), 0);
	returns(answer(&worker), 0);
}

static bool stop;

static int uses_forked(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		returns(visit_mutex(&early_forked), 0);
	return arg != NULL;
}

/* Its handlers may be older than those of what is preloaded, so they run before these in the
 * child, and behind these in the parent. */
Test(life, a_library_has_handlers_of_atfork_before_anything_else)
{
	struct worker worker[3], in_child[2];

	for (unsigned i = 0; i < 3; i++)
		begins(&worker[i], uses_forked, NULL);
	for (unsigned round = 0; round < test_scaled(50); round++) {
		pid_t child = fork();

		if (child == 0) {
			returns(pthread_mutex_lock(&early_forked), 0);
			for (unsigned i = 0; i < 2; i++)
				queues(&in_child[i], visit_mutex, &early_forked);
			returns(pthread_mutex_unlock(&early_forked), 0);
			all_answer(in_child, 2);
			_exit(0);
		}
		child_is_well(child);
		test_goes_on();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	all_answer(worker, 3);
}

/* ---- libraries that are opened ---- */

static int opens_and_closes(void *path)
{
	for (unsigned i = 0; i < 5; i++) {
		void *library = dlopen(path, RTLD_NOW);
		struct worker worker;
		pthread_mutex_t *mutex;
		int *result;

		cr_assert_not_null(library, "%s", dlerror());
		mutex = dlsym(library, "early_mutex");
		result = dlsym(library, "early_result");
		returns(*result, 0);
		queues(&worker, visit_mutex, mutex);
		returns(pthread_mutex_unlock(mutex), 0);
		returns(answer(&worker), 0);
		returns(dlclose(library), 0);
	}
	return 0;
}

Test(life, a_library_that_is_opened_locks_in_its_constructor)
{
	returns(opens_and_closes(EARLY_AGAIN), 0);
	returns(elsewhere(opens_and_closes, EARLY_AGAIN), 0);
}

/* ---- after main ---- */

static pthread_mutex_t last_mutex = PTHREAD_MUTEX_INITIALIZER;

static void locks_last(void)
{
	struct worker worker;

	returns(pthread_mutex_lock(&last_mutex), 0);
	queues(&worker, visit_mutex, &last_mutex);
	returns(pthread_mutex_unlock(&last_mutex), 0);
	returns(answer(&worker), 0);
	_exit(47);
}

Test(life, a_function_of_atexit_locks)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		atexit(locks_last);
		exit(0);
	}
	returns(waitpid(child, &status, 0), child);
	returns(WEXITSTATUS(status), 47);
}

static int is_held_for_ever(void *mutex)
{
	int rc = pthread_mutex_lock(mutex);

	while (rc == 0)
		pause();
	return rc;
}

/* exit does not wait for threads that wait, or hold. */
Test(life, exit_ends_a_program_whose_threads_wait)
{
	pid_t child = fork();

	if (child == 0) {
		struct worker worker[3];

		queues(&worker[0], is_held_for_ever, &last_mutex);
		queues(&worker[1], visit_mutex, &last_mutex);
		queues(&worker[2], is_held_for_ever, &last_mutex);
		exit(0);
	}
	child_is_well(child);
}

/* ---- the end of a thread ---- */

static pthread_mutex_t at_end = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t read_at_end = PTHREAD_RWLOCK_INITIALIZER;
static pthread_key_t keys[2];
static unsigned ended;

/* By then what else the thread had may be gone; and it comes round again. */
static void locks_at_end(void *value)
{
	uintptr_t rounds = (uintptr_t)value;

	returns(pthread_rwlock_rdlock(&read_at_end), 0);
	returns(pthread_mutex_lock(&at_end), 0);
	ended++;
	returns(pthread_mutex_unlock(&at_end), 0);
	returns(pthread_rwlock_unlock(&read_at_end), 0);
	if (rounds > 1)
		pthread_setspecific(keys[rounds % 2], (void *)(rounds - 1));
}

static int has_values(void *arg)
{
	(void)arg;
	returns(pthread_setspecific(keys[0], (void *)(uintptr_t)4), 0);
	returns(pthread_setspecific(keys[1], (void *)(uintptr_t)4), 0);
	return 0;
}

Test(life, destructors_of_a_thread_lock_and_wait)
{
	enum { MANY = 50 };
	struct worker worker[MANY];

	returns(pthread_key_create(&keys[0], locks_at_end), 0);
	returns(pthread_key_create(&keys[1], locks_at_end), 0);
	returns(pthread_rwlock_wrlock(&read_at_end), 0);
	for (unsigned i = 0; i < MANY; i++)
		begins(&worker[i], has_values, NULL);
	for (unsigned i = 0; i < MANY; i++)
		while (thread_state(worker[i].id) != 'S')
			sched_yield();
	returns(pthread_rwlock_unlock(&read_at_end), 0);
	all_answer(worker, MANY);
	cr_assert(ended >= 2 * MANY);
}

static void gives_up_lock(void *mutex)
{
	returns(pthread_mutex_unlock(mutex), 0);
}

static int exits_within(void *mutex)
{
	returns(pthread_mutex_lock(mutex), 0);
	pthread_cleanup_push(gives_up_lock, mutex);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
	return 1;
}

Test(life, a_thread_that_exits_unlocks_in_its_cleanup_handler)
{
	pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	struct worker worker[3];

	returns(pthread_mutex_lock(&mutex), 0);
	for (unsigned i = 0; i < 3; i++)
		queues(&worker[i], exits_within, &mutex);
	returns(pthread_mutex_unlock(&mutex), 0);
	for (unsigned i = 0; i < 3; i++)
		returns(pthread_join(worker[i].thread, NULL), 0);
	returns(elsewhere(visit_mutex, &mutex), 0);
}

Test(life, a_mutex_stays_locked_when_its_holder_has_ended)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct worker worker;

	returns(elsewhere(lock_mutex, &mutex), 0);
	returns(pthread_mutex_trylock(&mutex), EBUSY);
	queues(&worker, visit_mutex, &mutex);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(answer(&worker), 0);
}

/* Many threads, each of which waits once. */
Test(life, threads_come_wait_and_go_by_the_thousand)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct worker worker[10];

	for (unsigned i = 0; i < test_scaled(1000); i++) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned j = 0; j < 10; j++)
			begins(&worker[j], visit_mutex, &mutex);
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, 10);
		test_goes_on();
	}
}
