/* SPDX-License-Identifier: MIT
 *
 * sem_cancel.c - cancellation in sem_wait and its sisters.
 */
#include "sems.h"

static unsigned handled;

static void has_been_cancelled(struct worker *worker)
{
	void *result;

	returns(pthread_join(worker->thread, &result), 0);
	cr_assert(result == PTHREAD_CANCELED);
}

Test(sem_signals, a_wait_is_a_cancellation_point_and_leaves_the_value)
{
	struct worker first, second;
	struct waited waited;

	each_way (&waited) {
		queues(&first, waits, &waited);
		queues(&second, waits, &waited);
		returns(pthread_cancel(first.thread), 0);
		has_been_cancelled(&first);
		sleeps(&second);
		returns(sem_post(&waited.sem), 0);
		returns(answer(&second), 0);
		returns(value_of(&waited.sem), 0);
		returns(sem_post(&waited.sem), 0);
		returns(value_of(&waited.sem), 1);
	}
}

static int cancels_itself_and_waits(void *arg)
{
	returns(pthread_cancel(pthread_self()), 0);
	return waits(arg);
}

/* Even if there is no need to wait; but sem_clockwait of glibc 2.36 does not look then. */
Test(sem_signals, a_cancellation_that_is_pending_is_acted_upon)
{
	struct worker worker;
	struct waited waited;

	each_way (&waited) {
		bool clocked =
			waited.way == CLOCKED_REALTIME || waited.way == CLOCKED_MONOTONIC;

		for (int value = 0; value < (clocked ? 1 : 2); value++) {
			begins(&worker, cancels_itself_and_waits, &waited);
			has_been_cancelled(&worker);
			returns(value_of(&waited.sem), value);
			returns(sem_post(&waited.sem), 0);
		}
	}
}

static int waits_uncancelled(void *arg)
{
	int state, rc;

	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
	rc = waits(arg);
	returns(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
	returns(state, PTHREAD_CANCEL_DISABLE);
	handled = rc == 0;
	pthread_testcancel();
	return rc;
}

Test(sem_signals, a_thread_that_has_disabled_it_is_not_cancelled)
{
	struct worker worker;
	struct waited waited;

	each_way (&waited) {
		handled = 0;
		queues(&worker, waits_uncancelled, &waited);
		returns(pthread_cancel(worker.thread), 0);
		lets_others_run();
		sleeps(&worker);
		returns(sem_post(&waited.sem), 0);
		has_been_cancelled(&worker);
		returns(handled, 1);
		returns(value_of(&waited.sem), 0);
	}
}

static int tries_and_posts(void *arg)
{
	struct waited *waited = arg;
	int value;

	returns(pthread_cancel(pthread_self()), 0);
	returns(sem_post(&waited->sem), 0);
	returns(sem_trywait(&waited->sem), 0);
	fails(sem_trywait(&waited->sem), EAGAIN);
	returns(sem_getvalue(&waited->sem, &value), 0);
	handled = 1;
	pthread_testcancel();
	return 0;
}

Test(sem_signals, trywait_and_post_are_no_cancellation_points)
{
	struct worker worker;
	struct waited waited;

	returns(sem_init(&waited.sem, 0, 0), 0);
	begins(&worker, tries_and_posts, &waited);
	has_been_cancelled(&worker);
	returns(handled, 1);
}

static int returns_if_not_cancelled(void *arg)
{
	int rc = waits(arg), state;

	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
	return rc;
}

/* It is cancelled, or has the post: the value says which. */
Test(sem_signals, a_post_that_meets_a_cancellation_is_not_lost)
{
	struct worker worker;
	struct waited waited;
	void *result;

	each_way (&waited) {
		for (unsigned i = 0; i < test_scaled(300); i++) {
			queues(&worker, returns_if_not_cancelled, &waited);
			if (i % 2)
				returns(sem_post(&waited.sem), 0);
			returns(pthread_cancel(worker.thread), 0);
			if (i % 2 == 0)
				returns(sem_post(&waited.sem), 0);
			returns(pthread_join(worker.thread, &result), 0);
			returns(value_of(&waited.sem), result == PTHREAD_CANCELED);
			if (result == PTHREAD_CANCELED)
				returns(sem_wait(&waited.sem), 0);
			test_goes_on();
		}
	}
}
