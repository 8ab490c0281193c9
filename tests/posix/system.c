/* SPDX-License-Identifier: MIT
 *
 * system.c - what the system does to threads that wait: stops them, changes their user, gives
 * them the smallest of stacks, has a thousand of them.
 */
#include "conds.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;

static struct waiting waiting[2];
static struct worker worker[6];

/* One in each kind of wait.  They wait until all_go(). */
static void all_wait(void)
{
	returns(sem_init(&sem, 0, 0), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_rwlock_wrlock(&rwlock), 0);
	queues(&worker[0], visit_mutex, &mutex);
	queues(&worker[1], read_visit, &rwlock);
	queues(&worker[2], write_visit, &rwlock);
	queues(&worker[3], wait_sem, &sem);
	for (unsigned i = 0; i < 2; i++) {
		waiting[i] = (struct waiting){
			.cond = &cond,
			.mutex = &cond_mutex,
			.way = i ? UNTIL_REALTIME : FOREVER,
			.deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG)};
		waits_on_cond(&worker[4 + i], &waiting[i]);
	}
}

static void all_still_wait(void)
{
	for (unsigned i = 0; i < LENGTH(worker); i++)
		sleeps(&worker[i]);
}

static void all_go(void)
{
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_rwlock_unlock(&rwlock), 0);
	returns(sem_post(&sem), 0);
	passes(&waiting[0]);
	passes(&waiting[1]);
	returns(pthread_cond_broadcast(&cond), 0);
	all_answer(worker, LENGTH(worker));
}

/* Each thread is told by a signal of the C library's own. */
Test(system, waits_go_on_when_the_user_is_set)
{
	all_wait();
	for (unsigned i = 0; i < 10; i++) {
		returns(setresuid(getuid(), geteuid(), geteuid()), 0);
		returns(setgid(getgid()), 0);
		all_still_wait();
	}
	all_go();
}

/* By SIGSTOP and SIGCONT, no handler runs. */
Test(system, waits_go_on_when_the_process_was_stopped)
{
	int status, tell[2];
	char word;
	pid_t child;

	returns(pipe(tell), 0);
	child = fork();
	if (child == 0) {
		all_wait();
		returns(write(tell[1], "", 1), 1);
		returns(raise(SIGSTOP), 0);
		all_still_wait();
		returns(raise(SIGSTOP), 0);
		all_still_wait();
		all_go();
		_exit(0);
	}
	returns(read(tell[0], &word, 1), 1);
	for (unsigned i = 0; i < 2; i++) {
		returns(waitpid(child, &status, WUNTRACED), child);
		cr_assert(WIFSTOPPED(status));
		returns(kill(child, SIGCONT), 0);
	}
	child_is_well(child);
}

/* ---- the smallest stack ---- */

static void begins_with_stack(struct worker *one, int (*call)(void *), void *on,
			      size_t size)
{
	pthread_attr_t attr;

	*one = (struct worker){.call = call, .on = on};
	returns(pthread_attr_init(&attr), 0);
	returns(pthread_attr_setstacksize(&attr, size), 0);
	returns(pthread_create(&one->thread, &attr, works, one), 0);
	returns(pthread_attr_destroy(&attr), 0);
}

static void handles(int signal)
{
	(void)signal;
}

/* The kernel's frame of a signal is large by itself, so there is no room to be wasted. */
Test(system, threads_with_the_smallest_stack_wait)
{
	struct sigaction action = {.sa_handler = handles, .sa_flags = SA_RESTART};
	int (*const calls[])(void *) = {visit_mutex, read_visit, write_visit, wait_sem,
					waits_for_it};
	void *const on[] = {&mutex, &rwlock, &rwlock, &sem, &waiting[0]};
	size_t smallest = (size_t)sysconf(_SC_THREAD_STACK_MIN);

	returns(sigaction(SIGUSR1, &action, NULL), 0);
	returns(sem_init(&sem, 0, 0), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_rwlock_wrlock(&rwlock), 0);
	waiting[0] = (struct waiting){.cond = &cond, .mutex = &cond_mutex};
	for (unsigned i = 0; i < 5; i++) {
		begins_with_stack(&worker[i], calls[i], on[i], smallest);
		sleeps(&worker[i]);
		returns(pthread_kill(worker[i].thread, SIGUSR1), 0);
		lets_others_run();
		sleeps(&worker[i]);
	}
	passes(&waiting[0]);
	returns(pthread_cond_signal(&cond), 0);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_rwlock_unlock(&rwlock), 0);
	returns(sem_post(&sem), 0);
	all_answer(worker, 5);
}

/* ---- a thousand threads ---- */

enum { THOUSAND = 1000 };

static struct worker many[THOUSAND];
static unsigned given;

static int is_given_in_turn(void *arg)
{
	returns(pthread_mutex_lock(&mutex), 0);
	if (strict())
		returns(given, (long)(uintptr_t)arg);
	given++;
	return pthread_mutex_unlock(&mutex);
}

Test(system, a_thousand_threads_wait_for_one_mutex)
{
	returns(pthread_mutex_lock(&mutex), 0);
	for (uintptr_t i = 0; i < THOUSAND; i++) {
		begins_with_stack(&many[i], is_given_in_turn, (void *)i, 128 << 10);
		sleeps(&many[i]);
	}
	returns(pthread_mutex_unlock(&mutex), 0);
	all_answer(many, THOUSAND);
	returns(given, THOUSAND);
}

static int times_out(void *arg)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 50 * MS);

	return pthread_mutex_clocklock(arg, CLOCK_MONOTONIC, &soon) != ETIMEDOUT;
}

Test(system, a_thousand_threads_time_out_at_once)
{
	returns(pthread_mutex_lock(&mutex), 0);
	for (unsigned i = 0; i < THOUSAND; i++)
		begins_with_stack(&many[i], times_out, &mutex, 128 << 10);
	all_answer(many, THOUSAND);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(elsewhere(try_visit_mutex, &mutex), 0);
}
