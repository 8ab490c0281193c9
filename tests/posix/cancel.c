/* SPDX-License-Identifier: MIT
 *
 * cancel.c - pthread_cancel as it is for everything else than locks, threads that may be cancelled
 * at any instruction and wait, and locks in what a cancelled thread does last.
 */
#include "conds.h"

static void has_been_cancelled(struct worker *worker)
{
	void *result;

	returns(pthread_join(worker->thread, &result), 0);
	cr_assert(result == PTHREAD_CANCELED);
}

/* ---- other calls ---- */

static int never[2]; /* a pipe in which nothing ever comes */

static int reads(void *arg)
{
	char word;

	return (int)read(never[0], &word, 1) + (arg != NULL);
}

static int pauses(void *arg)
{
	return pause() + (arg != NULL);
}

static int naps(void *arg)
{
	struct timespec long_time = {.tv_sec = 3600};

	return nanosleep(&long_time, NULL) + (arg != NULL);
}

static int polls(void *arg)
{
	return poll(NULL, 0, -1) + (arg != NULL);
}

static int joins(void *arg)
{
	return pthread_join(*(pthread_t *)arg, NULL);
}

Test(cancel, other_calls_are_cancellation_points_as_ever)
{
	int (*const calls[])(void *) = {reads, pauses, naps, polls};
	struct worker worker;

	returns(pipe(never), 0);
	for (unsigned i = 0; i < LENGTH(calls); i++) {
		queues(&worker, calls[i], NULL);
		returns(pthread_cancel(worker.thread), 0);
		has_been_cancelled(&worker);
	}
}

Test(cancel, a_thread_that_joins_another_is_cancelled)
{
	struct worker worker, joiner;

	returns(pipe(never), 0);
	queues(&worker, reads, NULL);
	queues(&joiner, joins, &worker.thread);
	returns(pthread_cancel(joiner.thread), 0);
	has_been_cancelled(&joiner);
	returns(pthread_cancel(worker.thread), 0);
	has_been_cancelled(&worker);
}

static bool started;

static int turns_in_circles(void *arg)
{
	returns(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
	__atomic_store_n(&started, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		;
	return 0;
}

Test(cancel, a_thread_that_calls_nothing_is_cancelled_if_it_said_at_any_time)
{
	struct worker worker;
	bool stop = false;

	begins(&worker, turns_in_circles, &stop);
	while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		sched_yield();
	returns(pthread_cancel(worker.thread), 0);
	has_been_cancelled(&worker);
}

static int returns_at_once(void *arg)
{
	return arg != NULL;
}

Test(cancel, a_thread_that_has_ended_may_be_cancelled)
{
	struct worker worker;
	void *result;

	begins(&worker, returns_at_once, NULL);
	while (!has_returned(&worker) || thread_state(worker.id) != 0)
		sched_yield();
	returns(pthread_cancel(worker.thread), 0);
	returns(pthread_join(worker.thread, &result), 0);
	cr_assert_null(result);
}

/* ---- waits of threads that may be cancelled at any instruction ---- */

static pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static bool cleaned;

static void cleans(void *arg)
{
	(void)arg;
	returns(elsewhere(try_mutex, &mutex), EBUSY);
	cleaned = true;
	returns(pthread_mutex_unlock(&mutex), 0);
}

static int waits_asynchronously(void *arg)
{
	returns(pthread_mutex_lock(&mutex), 0);
	pthread_cleanup_push(cleans, NULL);
	returns(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	return arg != NULL;
}

Test(cancel, the_mutex_of_a_wait_is_held_in_the_handler_whatever_the_type)
{
	struct worker worker;

	for (unsigned i = 0; i < test_scaled(200); i++) {
		cleaned = false;
		queues(&worker, waits_asynchronously, NULL);
		if (i % 2)
			returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_cancel(worker.thread), 0);
		if (i % 2)
			returns(pthread_mutex_unlock(&mutex), 0);
		has_been_cancelled(&worker);
		cr_assert(cleaned);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static int waits_for_sem_asynchronously(void *arg)
{
	returns(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
	return wait_sem(arg);
}

Test(cancel, a_semaphore_keeps_its_value_whatever_the_type)
{
	struct worker worker;
	int value;

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < 20; i++) {
		queues(&worker, waits_for_sem_asynchronously, &sem);
		returns(pthread_cancel(worker.thread), 0);
		has_been_cancelled(&worker);
		returns(sem_post(&sem), 0);
		returns(sem_getvalue(&sem, &value), 0);
		returns(value, 1);
		returns(sem_trywait(&sem), 0);
	}
}

/* ---- the last things that a cancelled thread does ---- */

static pthread_mutex_t line = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static unsigned waited;

/* Nothing of this is cancelled again. */
static void waits_at_the_end(void *arg)
{
	struct timespec soon = test_in_ns(CLOCK_REALTIME, MS);

	(void)arg;
	returns(pthread_mutex_lock(&line), 0);
	returns(pthread_cond_timedwait(&cond, &line, &soon), ETIMEDOUT);
	returns(pthread_mutex_unlock(&line), 0);
	returns(sem_wait(&sem), 0);
	soon = test_in_ns(CLOCK_REALTIME, MS);
	fails(sem_timedwait(&sem, &soon), ETIMEDOUT);
	__atomic_fetch_add(&waited, 1, __ATOMIC_SEQ_CST);
}

static int is_cancelled_with_much_to_do(void *arg)
{
	returns(pthread_setspecific(key, &key), 0);
	pthread_cleanup_push(waits_at_the_end, NULL);
	reads(arg);
	pthread_cleanup_pop(0);
	return 0;
}

Test(cancel, handlers_and_destructors_of_a_cancelled_thread_wait)
{
	struct worker worker;

	returns(pipe(never), 0);
	returns(sem_init(&sem, 0, 0), 0);
	returns(pthread_key_create(&key, waits_at_the_end), 0);
	queues(&worker, is_cancelled_with_much_to_do, NULL);
	returns(pthread_mutex_lock(&line), 0);
	returns(pthread_cancel(worker.thread), 0);
	lets_others_run();
	returns(pthread_mutex_unlock(&line), 0);
	returns(sem_post(&sem), 0);
	while (__atomic_load_n(&waited, __ATOMIC_SEQ_CST) == 0)
		sched_yield();
	returns(sem_post(&sem), 0);
	has_been_cancelled(&worker);
	returns(waited, 2);
}

/* ---- many at once ---- */

static int cancels(void *arg)
{
	return pthread_cancel(*(pthread_t *)arg);
}

Test(cancel, several_threads_cancel_one_that_waits)
{
	struct worker worker, canceller[4];

	for (unsigned i = 0; i < test_scaled(200); i++) {
		cleaned = false;
		queues(&worker, waits_asynchronously, NULL);
		for (unsigned j = 0; j < 4; j++)
			begins(&canceller[j], cancels, &worker.thread);
		all_answer(canceller, 4);
		has_been_cancelled(&worker);
		cr_assert(cleaned);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
		test_goes_on();
	}
}

/* ---- in a signal handler that interrupts a wait, and blocks ----
 *
 * POSIX leaves open what a cancellation does that is acted upon in a handler, if the handler has
 * interrupted a function that is not made for it.  glibc comes through; the library that is
 * preloaded lets no thread be cancelled in a handler that interrupts a wait, which ends first.  So these
 * are of glibc alone. */

static int in_handler;

static void blocks_in_handler(int signal)
{
	char word;

	(void)signal;
	__atomic_store_n(&in_handler, 1, __ATOMIC_SEQ_CST);
	if (read(never[0], &word, 1) != 1)
		__atomic_store_n(&in_handler, 2, __ATOMIC_SEQ_CST);
}

static void is_cancelled_in_handler(struct worker *worker)
{
	struct sigaction action = {.sa_handler = blocks_in_handler};

	in_handler = 0;
	returns(sigaction(SIGUSR1, &action, NULL), 0);
	returns(pthread_kill(worker->thread, SIGUSR1), 0);
	while (!__atomic_load_n(&in_handler, __ATOMIC_SEQ_CST))
		sched_yield();
	sleeps(worker);
	returns(pthread_cancel(worker->thread), 0);
	has_been_cancelled(worker);
}

static int waits_to_be_cancelled(void *arg)
{
	returns(pthread_mutex_lock(&mutex), 0);
	pthread_cleanup_push(cleans, NULL);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	return arg != NULL;
}

Test(cancel, a_thread_cancelled_in_a_handler_during_its_wait_has_the_mutex_again)
{
	struct waiting waiting = {.cond = &cond, .mutex = &mutex};
	struct worker worker, other;

	if (strict())
		return;
	returns(pipe(never), 0);
	for (unsigned i = 0; i < 20; i++) {
		cleaned = waiting.passed = false;
		queues(&worker, waits_to_be_cancelled, NULL);
		waits_on_cond(&other, &waiting);
		is_cancelled_in_handler(&worker);
		cr_assert(cleaned);
		passes(&waiting);
		returns(pthread_cond_signal(&cond), 0);
		returns(answer(&other), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(cancel, a_thread_cancelled_in_a_handler_during_its_wait_leaves_the_semaphore)
{
	struct worker worker, other;
	int value;

	if (strict())
		return;
	returns(pipe(never), 0);
	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < 20; i++) {
		queues(&worker, wait_sem, &sem);
		queues(&other, wait_sem, &sem);
		is_cancelled_in_handler(&worker);
		returns(sem_post(&sem), 0);
		returns(answer(&other), 0);
		returns(sem_post(&sem), 0);
		returns(sem_getvalue(&sem, &value), 0);
		returns(value, 1);
		returns(sem_wait(&sem), 0);
	}
}

/* A lock call is no cancellation point, but what its handler calls is one. */
Test(cancel, a_thread_cancelled_in_a_handler_leaves_the_line_of_a_mutex)
{
	struct worker worker, other;

	if (strict())
		return;
	returns(pipe(never), 0);
	for (unsigned i = 0; i < 20; i++) {
		returns(pthread_mutex_lock(&line), 0);
		queues(&worker, visit_mutex, &line);
		queues(&other, visit_mutex, &line);
		is_cancelled_in_handler(&worker);
		returns(pthread_mutex_unlock(&line), 0);
		returns(answer(&other), 0);
		returns(elsewhere(try_visit_mutex, &line), 0);
	}
}
