/* SPDX-License-Identifier: MIT
 *
 * mutex_timed.c - pthread_mutex_timedlock and pthread_mutex_clocklock; and what else may
 * happen to a thread that waits: signals, cancellation.
 */
#include "mutexes.h"

Test(mutex_timed, a_free_mutex_is_given_whatever_the_deadline)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		for (unsigned way = 0; way < TIMED_WAYS; way++) {
			for (unsigned i = 0; i < LENGTH(bad_times); i++) {
				returns(timed_lock(&mutex, way, &bad_times[i]), 0);
				returns(elsewhere(try_mutex, &mutex), EBUSY);
				returns(pthread_mutex_unlock(&mutex), 0);
				returns(timed_lock(&mutex, way, &past_times[i]), 0);
				returns(pthread_mutex_unlock(&mutex), 0);
			}
		}
	}
}

static void owner_asks_again(pthread_mutex_t *mutex, unsigned kind, unsigned way)
{
	const struct timespec past = {.tv_sec = 1};

	switch (kind) {
	case RECURSIVE:
		returns(timed_lock(mutex, way, &bad_times[0]), 0);
		returns(timed_lock(mutex, way, &past), 0);
		returns(pthread_mutex_unlock(mutex), 0);
		returns(pthread_mutex_unlock(mutex), 0);
		break;
	case ERRORCHECK:
		returns(timed_lock(mutex, way, &bad_times[0]), EDEADLK);
		returns(timed_lock(mutex, way, &past), EDEADLK);
		break;
	default:
		returns(timed_lock(mutex, way, &bad_times[0]), EINVAL);
		returns(timed_lock(mutex, way, &past), ETIMEDOUT);
		break;
	}
}

Test(mutex_timed, the_owner_that_asks_again_is_answered_by_the_type)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned way = 0; way < TIMED_WAYS; way++)
			owner_asks_again(&mutex, kind, way);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static void others_ask(pthread_mutex_t *mutex, const struct timespec *deadline, int rc)
{
	struct timed_mutex timed = {.mutex = mutex, .deadline = *deadline};

	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++)
		returns(elsewhere(timed_visit, &timed), rc);
}

Test(mutex_timed, a_thread_that_would_wait_is_told_that_its_deadline_is_none)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned i = 0; i < LENGTH(bad_times); i++)
			others_ask(&mutex, &bad_times[i], EINVAL);
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}

Test(mutex_timed, a_thread_whose_deadline_has_passed_is_told_so)
{
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned i = 0; i < LENGTH(past_times); i++)
			others_ask(&mutex, &past_times[i], ETIMEDOUT);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static int timed_and_late_enough(void *arg)
{
	struct timed_mutex *timed = arg;
	int rc;

	timed->deadline = test_in_ns(clock_of(timed->way), 10 * MS);
	rc = timed_lock(timed->mutex, timed->way, &timed->deadline);
	cr_assert(clock_has_passed(clock_of(timed->way), &timed->deadline));
	return rc;
}

Test(mutex_timed, nobody_times_out_before_the_deadline)
{
	struct timed_mutex timed;
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned way = 0; way < TIMED_WAYS; way++) {
			timed = (struct timed_mutex){.mutex = &mutex, .way = way};
			returns(elsewhere(timed_and_late_enough, &timed), ETIMEDOUT);
		}
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}

Test(mutex_timed, a_mutex_that_is_unlocked_in_time_is_given)
{
	struct timed_mutex timed;
	struct worker worker;
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		for (unsigned way = 0; way < TIMED_WAYS; way++) {
			timed = (struct timed_mutex){
				.mutex = &mutex,
				.way = way,
				.deadline = test_in_ns(clock_of(way), FOR_LONG)};
			returns(pthread_mutex_lock(&mutex), 0);
			queues(&worker, timed_visit, &timed);
			returns(pthread_mutex_unlock(&mutex), 0);
			returns(answer(&worker), 0);
		}
	}
}

Test(mutex_timed, the_end_of_all_times_is_a_deadline)
{
	struct timed_mutex timed = {.deadline = {INT64_MAX, 999999999}};
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct worker worker;

	timed.mutex = &mutex;
	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&worker, timed_visit, &timed);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), 0);
	}
}

Test(mutex_timed, a_waiter_that_times_out_does_not_keep_those_behind_it)
{
	struct timed_mutex timed = {.way = CLOCKED_MONOTONIC};
	struct worker first, middle, last;
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		timed.mutex = &mutex;
		timed.deadline = test_in_ns(CLOCK_MONOTONIC, 50 * MS);
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&first, visit_mutex, &mutex);
		begins(&middle, timed_visit, &timed);
		queues(&last, visit_mutex, &mutex);
		returns(answer(&middle), ETIMEDOUT);
		cr_assert(!has_returned(&first) && !has_returned(&last));
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&first), 0);
		returns(answer(&last), 0);
	}
}

/* glibc 2.36 and later look at the clock first. */
Test(mutex_timed, a_clock_that_is_none_for_waits_is_refused)
{
	const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
				    4711, -1};
	const struct timespec past = {.tv_sec = 1};
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		for (unsigned i = 0; i < LENGTH(clocks); i++) {
			returns(pthread_mutex_clocklock(&mutex, clocks[i], &past),
				EINVAL);
			returns(elsewhere(try_visit_mutex, &mutex), 0);
		}
	}
}

/* ---- signals, cancellation ---- */

static unsigned handled;

static void counts(int signal)
{
	(void)signal;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static void handle_signals(int flags)
{
	struct sigaction action = {.sa_handler = counts, .sa_flags = flags};

	returns(sigaction(SIGUSR1, &action, NULL), 0);
}

static void interrupts(struct worker *worker)
{
	unsigned before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

	returns(pthread_kill(worker->thread, SIGUSR1), 0);
	while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
		sched_yield();
	sleeps(worker);
}

static void waits_on(pthread_mutex_t *mutex, int (*call)(void *), void *on)
{
	struct worker worker;

	returns(pthread_mutex_lock(mutex), 0);
	queues(&worker, call, on);
	for (unsigned i = 0; i < 5; i++)
		interrupts(&worker);
	returns(pthread_mutex_unlock(mutex), 0);
	returns(answer(&worker), 0);
}

Test(mutex_timed, a_waiter_waits_on_after_a_signal)
{
	struct timed_mutex timed;
	pthread_mutex_t mutex;

	for (unsigned i = 0; i < 2; i++) {
		handle_signals(i ? SA_RESTART : 0);
		each_mutex (kind, &mutex) {
			waits_on(&mutex, visit_mutex, &mutex);
			timed.mutex = &mutex;
			for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
				timed.deadline =
					test_in_ns(clock_of(timed.way), FOR_LONG);
				waits_on(&mutex, timed_visit, &timed);
			}
		}
	}
}

static int visits_and_is_cancelled(void *mutex)
{
	int rc = visit_mutex(mutex);

	handled = rc == 0;
	pthread_testcancel();
	return rc;
}

Test(mutex_timed, a_lock_is_no_cancellation_point)
{
	pthread_mutex_t mutex;
	struct worker worker;
	void *result;

	each_mutex (kind, &mutex) {
		handled = 0;
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&worker, visits_and_is_cancelled, &mutex);
		returns(pthread_cancel(worker.thread), 0);
		lets_others_run();
		sleeps(&worker);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(pthread_join(worker.thread, &result), 0);
		cr_assert(result == PTHREAD_CANCELED);
		returns(handled, 1);
	}
}
