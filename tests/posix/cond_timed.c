/* SPDX-License-Identifier: MIT
 *
 * cond_timed.c - pthread_cond_timedwait and pthread_cond_clockwait; signals to waiting threads.
 */
#include "conds.h"

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

/* Each kind of mutex, the condition of either clock, each way to wait until a moment. */
#define each_timed(waiting, cond, mutex)                                     \
	each_mutex (kind_, mutex)                                            \
		for (unsigned c_ = 0; c_ < LENGTH(clocks); c_++)             \
			for ((waiting)->way = UNTIL_ITS_CLOCK;               \
			     (waiting)->way < WAIT_WAYS &&                   \
			     (made(waiting, cond, mutex, clocks[c_]), true); \
			     returns(pthread_cond_destroy(cond), 0), (waiting)->way++)

static void made(struct waiting *waiting, pthread_cond_t *cond, pthread_mutex_t *mutex,
		 clockid_t clock)
{
	*waiting = (struct waiting){
		.cond = cond, .mutex = mutex, .way = waiting->way, .clock = clock};
	init_cond(cond, clock);
}

/* The caller has the mutex: one unlock is right, and it was not free in between for nothing. */
static void the_mutex_is_held_once(pthread_mutex_t *mutex)
{
	returns(elsewhere(try_mutex, mutex), EBUSY);
	returns(pthread_mutex_unlock(mutex), 0);
	returns(elsewhere(try_visit_mutex, mutex), 0);
}

Test(cond_timed, a_bad_deadline_is_refused_with_the_mutex_held)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		for (unsigned i = 0; i < LENGTH(bad_times); i++) {
			returns(pthread_mutex_lock(&mutex), 0);
			/* It would have the mutex, if the wait let go of it. */
			if (i == 0)
				queues(&worker, visit_mutex, &mutex);
			waiting.deadline = bad_times[i];
			returns(wait_once(&waiting), EINVAL);
			if (i == 0)
				sleeps(&worker);
			returns(pthread_mutex_unlock(&mutex), 0);
			if (i == 0)
				returns(answer(&worker), 0);
		}
	}
}

Test(cond_timed, a_wait_whose_deadline_has_passed_is_told_so)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		for (unsigned i = 0; i < LENGTH(past_times); i++) {
			returns(pthread_mutex_lock(&mutex), 0);
			waiting.deadline = past_times[i];
			returns(wait_once(&waiting), ETIMEDOUT);
			the_mutex_is_held_once(&mutex);
		}
	}
}

Test(cond_timed, nobody_times_out_before_the_deadline)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		waiting.deadline = test_in_ns(clock_of_wait(&waiting), 5 * MS);
		while (wait_once(&waiting) == 0)
			;
		cr_assert(clock_has_passed(clock_of_wait(&waiting), &waiting.deadline));
		the_mutex_is_held_once(&mutex);
	}
}

Test(cond_timed, a_signal_in_time_is_no_timeout)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		for (unsigned i = 0; i < 2; i++) {
			waiting.deadline = test_in_ns(clock_of_wait(&waiting), FOR_LONG);
			waiting.passed = false;
			waits_on_cond(&worker, &waiting);
			passes(&waiting);
			returns(i ? pthread_cond_signal(&cond)
				  : pthread_cond_broadcast(&cond),
				0);
			returns(answer(&worker), 0);
		}
	}
}

/* The deadline decides whether the signal came, not whether the mutex was had in time. */
Test(cond_timed, who_was_signalled_in_time_has_not_timed_out_waiting_for_the_mutex)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		waiting.deadline = test_in_ns(clock_of_wait(&waiting), 30 * MS);
		begins(&worker, waits_for_it, &waiting);
		if (!sleeps_(&worker)) {
			returns(answer(&worker), ETIMEDOUT); /* a slow machine */
			continue;
		}
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_cond_signal(&cond), 0);
		waiting.passed = true;
		while (!clock_has_passed(clock_of_wait(&waiting), &waiting.deadline))
			sched_yield();
		returns(pthread_mutex_unlock(&mutex), 0);
		(void)answer(
			&worker); /* either, if the deadline came before the signal */
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(cond_timed, a_thread_that_timed_out_waits_for_the_mutex_however_long)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_timed (&waiting, &cond, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		waiting.deadline = test_in_ns(clock_of_wait(&waiting), 5 * MS);
		queues(&worker, waits_for_it, &waiting);
		while (!clock_has_passed(clock_of_wait(&waiting), &waiting.deadline))
			sched_yield();
		sleeps(&worker);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), ETIMEDOUT);
	}
}

/* A wait that has timed out takes no signal from the others. */
Test(cond_timed, a_signal_goes_to_one_that_still_waits)
{
	struct waiting timed, waiting;
	struct worker first, second;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_timed (&timed, &cond, &mutex) {
		timed.deadline = test_in_ns(clock_of_wait(&timed), 5 * MS);
		begins(&first, waits_for_it, &timed);
		waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		waits_on_cond(&second, &waiting);
		returns(answer(&first), ETIMEDOUT);
		signalled(&second, &waiting);
	}
}

static int waits_until(void *arg)
{
	struct waiting *waiting = arg;
	int rc;

	returns(pthread_mutex_lock(waiting->mutex), 0);
	rc = wait_once(waiting);
	returns(pthread_mutex_unlock(waiting->mutex), 0);
	return rc;
}

/* The signal comes when the first times out: it is the first's, or the second's.  The second is
 * woken by nothing else. */
Test(cond_timed, a_signal_that_meets_a_deadline_is_not_lost)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct waiting timed, waiting;
	struct worker first, second;
	struct timespec moment;
	int rc;

	for (unsigned i = 0; i < test_scaled(500); i++) {
		timed = waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		timed.way = UNTIL_MONOTONIC;
		moment = timed.deadline =
			test_in_ns(CLOCK_MONOTONIC, 300000 + i % 50 * 4000);
		begins(&first, waits_until, &timed);
		waits_on_cond(&second, &waiting);
		passes(&waiting);
		while (!clock_has_passed(CLOCK_MONOTONIC, &moment))
			;
		returns(pthread_cond_signal(&cond), 0);
		rc = answer(&first);
		cr_assert(rc == 0 || rc == ETIMEDOUT);
		if (rc == 0)
			returns(pthread_cond_signal(&cond), 0);
		returns(answer(&second), 0);
		test_goes_on();
	}
}

Test(cond_timed, a_clock_that_is_none_for_waits_is_refused_with_the_mutex_held)
{
	const clockid_t bad[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, 4711,
				 -1};
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	const struct timespec past = {.tv_sec = 1};
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		for (unsigned i = 0; i < LENGTH(bad); i++) {
			returns(pthread_mutex_lock(&mutex), 0);
			returns(pthread_cond_clockwait(&cond, &mutex, bad[i], &past),
				EINVAL);
			the_mutex_is_held_once(&mutex);
		}
	}
}

static unsigned handled;

static void counts(int signal)
{
	(void)signal;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

/* POSIX: it waits on, or returns 0 as if woken without cause; EINTR never. */
Test(cond_timed, a_signal_handler_is_no_reason_to_fail)
{
	struct sigaction action = {.sa_handler = counts};
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	returns(sigaction(SIGUSR1, &action, NULL), 0);
	each_timed (&waiting, &cond, &mutex) {
		waiting.deadline = test_in_ns(clock_of_wait(&waiting), FOR_LONG);
		waits_on_cond(&worker, &waiting);
		for (unsigned i = 0; i < 5; i++) {
			unsigned before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

			returns(pthread_kill(worker.thread, SIGUSR1), 0);
			while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
				sched_yield();
			sleeps(&worker);
		}
		signalled(&worker, &waiting);
	}
}
