/* SPDX-License-Identifier: MIT
 *
 * sem_signals.c - signal handlers in sem_wait and its sisters; sem_post in a signal handler.
 */
#include "sems.h"
#include <sys/time.h>

static unsigned handled;
static sem_t posted;

static void counts(int signal)
{
	(void)signal;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static void posts(int signal)
{
	(void)signal;
	sem_post(&posted);
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static void handle(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	returns(sigaction(SIGUSR1, &action, NULL), 0);
}

static void interrupts(struct worker *worker)
{
	unsigned before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

	returns(pthread_kill(worker->thread, SIGUSR1), 0);
	while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
		sched_yield();
}

Test(sem_signals, a_wait_ends_with_eintr_when_a_handler_has_run)
{
	struct worker worker;
	struct waited waited;

	handle(counts, 0);
	each_way (&waited) {
		queues(&worker, waits, &waited);
		interrupts(&worker);
		returns(answer(&worker), EINTR);
		returns(value_of(&waited.sem), 0);
		/* And it has left the line. */
		returns(sem_post(&waited.sem), 0);
		returns(value_of(&waited.sem), 1);
		returns(sem_trywait(&waited.sem), 0);
	}
}

/* The manual of Linux says so of waits with a deadline, too, but there the kernel gives EINTR. */
Test(sem_signals, a_wait_goes_on_after_a_handler_with_sa_restart)
{
	struct worker worker;
	struct waited waited;
	unsigned times;
	int rc;

	handle(counts, SA_RESTART);
	each_way (&waited) {
		queues(&worker, waits, &waited);
		for (times = 0; times < 5; times++) {
			interrupts(&worker);
			if (!sleeps_(&worker))
				break;
		}
		returns(sem_post(&waited.sem), 0);
		rc = answer(&worker);
		cr_assert(rc == 0 || (rc == EINTR && waited.way != TIMED_WAYS));
		cr_assert(rc == EINTR || times == 5);
		returns(value_of(&waited.sem), rc != 0);
	}
}

Test(sem_signals, a_signal_that_is_ignored_interrupts_nothing)
{
	struct worker worker;
	struct waited waited;

	handle(SIG_IGN, 0);
	each_way (&waited) {
		queues(&worker, waits, &waited);
		returns(pthread_kill(worker.thread, SIGUSR1), 0);
		lets_others_run();
		sleeps(&worker);
		returns(sem_post(&waited.sem), 0);
		returns(answer(&worker), 0);
	}
}

Test(sem_signals, those_behind_one_that_was_interrupted_go_on)
{
	struct worker first, second;
	struct waited waited;

	handle(counts, 0);
	each_way (&waited) {
		queues(&first, waits, &waited);
		queues(&second, waits, &waited);
		interrupts(&first);
		returns(answer(&first), EINTR);
		sleeps(&second);
		returns(sem_post(&waited.sem), 0);
		returns(answer(&second), 0);
		returns(value_of(&waited.sem), 0);
	}
}

Test(sem_signals, a_handler_may_post)
{
	struct worker worker;

	handle(posts, 0);
	returns(sem_init(&posted, 0, 0), 0);
	for (unsigned i = 0; i < 100; i++) {
		queues(&worker, wait_sem, &posted);
		returns(raise(SIGUSR1), 0);
		returns(answer(&worker), 0);
		returns(value_of(&posted), 0);
	}
}

/* Of the very thread that waits: it is interrupted, or has the post. */
Test(sem_signals, a_handler_may_post_what_its_own_thread_waits_for)
{
	struct worker worker;
	int rc;

	for (unsigned i = 0; i < 100; i++) {
		handle(posts, i % 2 ? SA_RESTART : 0);
		returns(sem_init(&posted, 0, 0), 0);
		queues(&worker, wait_sem, &posted);
		interrupts(&worker);
		rc = answer(&worker);
		cr_assert(rc == 0 || (rc == EINTR && i % 2 == 0));
		returns(value_of(&posted), rc != 0);
		returns(sem_destroy(&posted), 0);
	}
}

/* ---- handlers in every window ---- */

struct pair {
	sem_t there, back;
	unsigned rounds;
};

static int wait_through(sem_t *sem)
{
	int rc;

	do
		rc = sem_wait(sem);
	while (rc && errno == EINTR);
	return rc ? errno : 0;
}

static int plays_back(void *arg)
{
	struct pair *pair = arg;

	for (unsigned i = 0; i < pair->rounds; i++) {
		returns(wait_through(&pair->there), 0);
		returns(sem_post(&pair->back), 0);
	}
	return 0;
}

static int plays(void *arg)
{
	struct pair *pair = arg;

	for (unsigned i = 0; i < pair->rounds; i++) {
		returns(sem_post(&pair->there), 0);
		returns(wait_through(&pair->back), 0);
		test_goes_on();
	}
	return 0;
}

/* Two threads play, and both are hit by signals whose handler posts. */
static void play_under_fire(int flags)
{
	struct pair pair = {.rounds = (unsigned)test_scaled(20000)};
	struct worker worker[2];
	unsigned sent = 0;

	handled = 0;
	handle(posts, flags);
	returns(sem_init(&posted, 0, 0), 0);
	returns(sem_init(&pair.there, 0, 0), 0);
	returns(sem_init(&pair.back, 0, 0), 0);
	begins(&worker[0], plays, &pair);
	begins(&worker[1], plays_back, &pair);
	while (!has_returned(&worker[0]) && !has_returned(&worker[1])) {
		returns(pthread_kill(worker[sent++ % 2].thread, SIGUSR1), 0);
		while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) != sent &&
		       !has_returned(&worker[0]) && !has_returned(&worker[1]))
			sched_yield();
	}
	returns(answer(&worker[0]), 0);
	returns(answer(&worker[1]), 0);
	returns(value_of(&posted), handled);
	for (unsigned i = 0; i < handled; i++)
		returns(sem_trywait(&posted), 0);
	fails(sem_trywait(&posted), EAGAIN);
	returns(value_of(&pair.there), 0);
	returns(value_of(&pair.back), 0);
}

Test(sem_signals, no_post_is_lost_under_a_storm_of_signals)
{
	play_under_fire(0);
	play_under_fire(SA_RESTART);
}

/* ---- the handler posts the semaphore that its thread is just about to take or to post ---- */

Test(sem_signals, handlers_post_a_semaphore_in_use_by_the_thread_they_interrupt)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
	unsigned taken = 0, own = 0;

	handled = 0;
	returns(sem_init(&posted, 0, 0), 0);
	signal(SIGALRM, posts);
	returns(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (unsigned i = 0; i < test_scaled(2000); i++) {
		returns(wait_through(&posted), 0);
		taken++;
		for (unsigned j = 0; j < 100; j++) {
			returns(sem_post(&posted), 0);
			own++;
			returns(wait_through(&posted), 0);
			taken++;
		}
		test_goes_on();
	}
	returns(setitimer(ITIMER_REAL, &never, NULL), 0);
	signal(SIGALRM, SIG_IGN);
	returns(value_of(&posted) + (int)taken, (int)(handled + own));
}
