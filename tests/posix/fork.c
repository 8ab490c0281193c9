/* SPDX-License-Identifier: MIT
 *
 * fork.c - locks in a child process: held at the time of fork, waited for, made anew.
 */
#include "posix.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;

static _Thread_local pid_t last_child;

static bool is_child(void)
{
	last_child = fork();
	return last_child == 0;
}

/* The child's end says whether its checks held. */
#define in_child(body)                     \
	do {                               \
		if (is_child()) {          \
			body;              \
			_exit(0);          \
		}                          \
		child_is_well(last_child); \
	} while (0)

static void mutex_works(pthread_mutex_t *some)
{
	struct worker worker[3];

	for (unsigned round = 0; round < 3; round++) {
		returns(pthread_mutex_lock(some), 0);
		returns(elsewhere(try_mutex, some), EBUSY);
		for (unsigned i = 0; i < 3; i++)
			queues(&worker[i], visit_mutex, some);
		returns(pthread_mutex_unlock(some), 0);
		all_answer(worker, 3);
	}
}

static void rwlock_works(pthread_rwlock_t *some)
{
	struct worker worker[4];

	for (unsigned round = 0; round < 3; round++) {
		returns(pthread_rwlock_wrlock(some), 0);
		for (unsigned i = 0; i < 4; i++)
			queues(&worker[i], i % 2 ? read_visit : write_visit, some);
		returns(pthread_rwlock_unlock(some), 0);
		all_answer(worker, 4);
	}
}

static void sem_works(sem_t *some)
{
	struct worker worker[3];

	for (unsigned i = 0; i < 3; i++)
		queues(&worker[i], wait_sem, some);
	for (unsigned i = 0; i < 3; i++)
		returns(sem_post(some), 0);
	all_answer(worker, 3);
	fails(sem_trywait(some), EAGAIN);
}

static int waits_once(void *passed)
{
	int rc = pthread_mutex_lock(&mutex);

	while (rc == 0 && !*(bool *)passed)
		rc = pthread_cond_wait(&cond, &mutex);
	return rc | pthread_mutex_unlock(&mutex);
}

static void cond_works(void)
{
	struct worker worker[3];
	bool passed = false;

	for (unsigned i = 0; i < 3; i++)
		queues(&worker[i], waits_once, &passed);
	returns(pthread_mutex_lock(&mutex), 0);
	passed = true;
	returns(pthread_cond_broadcast(&cond), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	all_answer(worker, 3);
}

static void all_work(void)
{
	mutex_works(&mutex);
	rwlock_works(&rwlock);
	cond_works();
	sem_works(&sem);
}

Test(fork, locks_that_are_free_work_in_the_child_and_its_child)
{
	returns(sem_init(&sem, 0, 0), 0);
	all_work();
	in_child(all_work(); in_child(all_work()));
	all_work();
}

Test(fork, the_child_of_a_thread_that_holds_a_mutex_may_unlock_it)
{
	returns(pthread_mutex_lock(&mutex), 0);
	in_child(returns(pthread_mutex_trylock(&mutex), EBUSY);
		 returns(pthread_mutex_unlock(&mutex), 0); mutex_works(&mutex));
	returns(elsewhere(try_mutex, &mutex), EBUSY);
	returns(pthread_mutex_unlock(&mutex), 0);
	mutex_works(&mutex);
}

/* The waiters are threads of the parent: in the child none ever returns. */
Test(fork, a_mutex_for_which_threads_waited_is_free_in_the_child_once_unlocked)
{
	struct worker worker[5];

	for (unsigned many = 1; many <= LENGTH(worker); many += 2) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned i = 0; i < many; i++)
			queues(&worker[i], visit_mutex, &mutex);
		in_child(returns(pthread_mutex_unlock(&mutex), 0);
			 returns(pthread_mutex_trylock(&mutex), 0);
			 returns(pthread_mutex_unlock(&mutex), 0); mutex_works(&mutex));
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, many);
	}
	mutex_works(&mutex);
}

/* Or, if it does not count on that, make it anew. */
Test(fork, the_child_may_initialise_what_was_held_and_waited_for)
{
	struct worker worker[4];
	struct holder writer;
	bool passed = false;

	returns(sem_init(&sem, 0, 0), 0);
	queues(&worker[0], waits_once, &passed);
	returns(pthread_mutex_lock(&mutex), 0);
	has(&writer, write_lock, unlock_rwlock, &rwlock);
	queues(&worker[1], visit_mutex, &mutex);
	queues(&worker[2], read_visit, &rwlock);
	queues(&worker[3], wait_sem, &sem);
	in_child(returns(pthread_mutex_init(&mutex, NULL), 0);
		 returns(pthread_rwlock_init(&rwlock, NULL), 0);
		 returns(pthread_cond_init(&cond, NULL), 0);
		 returns(sem_init(&sem, 0, 0), 0); all_work());
	passed = true;
	returns(pthread_cond_signal(&cond), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(gives_back(&writer), 0);
	returns(sem_post(&sem), 0);
	all_answer(worker, 4);
	all_work();
}

/* Objects that lie in static storage are often set to their initialisers. */
Test(fork, the_child_may_assign_initialisers)
{
	const pthread_mutex_t free_mutex = PTHREAD_MUTEX_INITIALIZER;
	const pthread_cond_t free_cond = PTHREAD_COND_INITIALIZER;
	const pthread_rwlock_t free_rwlock = PTHREAD_RWLOCK_INITIALIZER;
	struct worker worker[2];

	returns(sem_init(&sem, 0, 0), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_rwlock_wrlock(&rwlock), 0);
	queues(&worker[0], visit_mutex, &mutex);
	queues(&worker[1], read_visit, &rwlock);
	in_child(mutex = free_mutex; cond = free_cond; rwlock = free_rwlock; all_work());
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_rwlock_unlock(&rwlock), 0);
	returns(answer(&worker[0]), 0);
	returns(answer(&worker[1]), 0);
}

/* A value is not lost by the threads that waited. */
Test(fork, a_semaphore_for_which_threads_waited_works_in_the_child)
{
	struct worker worker[2];

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < 2; i++)
		queues(&worker[i], wait_sem, &sem);
	in_child(returns(sem_post(&sem), 0); returns(sem_wait(&sem), 0); sem_works(&sem));
	for (unsigned i = 0; i < 2; i++)
		returns(sem_post(&sem), 0);
	all_answer(worker, 2);
}

/* ---- handlers of pthread_atfork ---- */

static unsigned prepared, guarded;

static void locks_all(void)
{
	returns(pthread_mutex_lock(&mutex), 0);
	prepared++;
}

static void unlocks_all(void)
{
	returns(pthread_mutex_unlock(&mutex), 0);
}

static bool stop;

static int uses_it_all_the_time(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		returns(pthread_mutex_lock(&mutex), 0);
		guarded++;
		cr_assert_eq(guarded % 2, 1);
		guarded++;
		returns(pthread_mutex_unlock(&mutex), 0);
	}
	return arg != NULL;
}

static void uses_it_in_the_child(void)
{
	cr_assert_eq(guarded % 2, 0);
	mutex_works(&mutex);
}

Test(fork, handlers_of_atfork_lock_and_unlock_while_others_wait_in_line)
{
	struct worker worker[3];
	unsigned rounds = (unsigned)test_scaled(50);

	returns(pthread_atfork(locks_all, unlocks_all, unlocks_all), 0);
	for (unsigned i = 0; i < 3; i++)
		begins(&worker[i], uses_it_all_the_time, NULL);
	for (unsigned i = 0; i < rounds; i++) {
		in_child(uses_it_in_the_child());
		test_goes_on();
	}
	returns(prepared, rounds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	all_answer(worker, 3);
}

/* A thread that is not the main one forks, when it has waited. */
static int forks(void *arg)
{
	returns(pthread_mutex_lock(&mutex), 0);
	in_child(unlocks_all(); mutex_works(&mutex); in_child(mutex_works(&mutex)));
	unlocks_all();
	return arg != NULL;
}

Test(fork, a_thread_that_has_waited_forks_and_its_child_waits_too)
{
	struct worker worker[3];

	returns(pthread_mutex_lock(&mutex), 0);
	for (unsigned i = 0; i < 3; i++)
		queues(&worker[i], forks, NULL);
	returns(pthread_mutex_unlock(&mutex), 0);
	all_answer(worker, 3);
}

Test(fork, the_child_of_a_reader_reads_on)
{
	returns(pthread_rwlock_rdlock(&rwlock), 0);
	in_child(returns(pthread_rwlock_tryrdlock(&rwlock), 0);
		 returns(pthread_rwlock_unlock(&rwlock), 0);
		 returns(elsewhere(try_write_visit, &rwlock), EBUSY);
		 returns(pthread_rwlock_unlock(&rwlock), 0); rwlock_works(&rwlock));
	returns(pthread_rwlock_unlock(&rwlock), 0);
	rwlock_works(&rwlock);
}

/* A child that executes another program: nothing of the locks is in its way. */
Test(fork, a_child_may_execute_a_program_while_locks_are_held)
{
	struct worker worker;
	pid_t child;

	returns(pthread_mutex_lock(&mutex), 0);
	queues(&worker, visit_mutex, &mutex);
	child = fork();
	if (child == 0) {
		execl("/bin/true", "true", NULL);
		_exit(0);
	}
	child_is_well(child);
	child = vfork();
	if (child == 0)
		_exit(0);
	child_is_well(child);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(answer(&worker), 0);
}

/* ---- what a thread knows of its own locks is the parent's ---- */

static int writes_then(void *lock)
{
	return pthread_rwlock_trywrlock(lock);
}

/* It had read the lock that was in this place before. */
static void new_lock_is_not_held(void)
{
	struct holder writer;
	struct worker reader;

	returns(elsewhere(try_write_visit, &rwlock), 0);
	has(&writer, writes_then, unlock_rwlock, &rwlock);
	returns(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
	queues(&reader, read_visit, &rwlock);
	returns(gives_back(&writer), 0);
	returns(answer(&reader), 0);
	returns(pthread_rwlock_wrlock(&rwlock), 0);
	returns(pthread_rwlock_rdlock(&rwlock), EDEADLK);
	returns(pthread_rwlock_unlock(&rwlock), 0);
	rwlock_works(&rwlock);
}

Test(fork, a_lock_made_anew_in_the_child_is_not_held_by_the_child)
{
	const pthread_rwlock_t free_rwlock = PTHREAD_RWLOCK_INITIALIZER;

	returns(pthread_rwlock_rdlock(&rwlock), 0);
	in_child(returns(pthread_rwlock_init(&rwlock, NULL), 0); new_lock_is_not_held());
	in_child(rwlock = free_rwlock; new_lock_is_not_held());
	returns(pthread_rwlock_unlock(&rwlock), 0);
	returns(pthread_rwlock_wrlock(&rwlock), 0);
	in_child(returns(pthread_rwlock_init(&rwlock, NULL), 0); new_lock_is_not_held());
	in_child(rwlock = free_rwlock; new_lock_is_not_held());
	returns(pthread_rwlock_unlock(&rwlock), 0);
}

/* It calls no handlers of pthread_atfork. */
Test(fork, the_child_of__Fork_has_locks_that_work)
{
	pthread_mutex_t errorcheck = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pid_t child;

	returns(sem_init(&sem, 0, 0), 0);
	all_work();
	returns(pthread_mutex_lock(&errorcheck), 0);
	returns(pthread_mutex_unlock(&errorcheck), 0);
	child = _Fork();
	if (child == 0) {
		returns(pthread_mutex_lock(&errorcheck), 0);
		returns(pthread_mutex_lock(&errorcheck), EDEADLK);
		returns(elsewhere(unlock_mutex, &errorcheck), EPERM);
		returns(pthread_mutex_unlock(&errorcheck), 0);
		all_work();
		_exit(0);
	}
	child_is_well(child);
	all_work();
}
