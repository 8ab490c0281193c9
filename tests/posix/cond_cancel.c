/* SPDX-License-Identifier: MIT
 *
 * cond_cancel.c - threads that are cancelled while they wait on a condition.
 */
#include "conds.h"

struct cancelled {
	struct waiting waiting;
	pthread_barrier_t *barrier;
	bool cleaned, woken;
};

/* The mutex is this thread's when the handler runs. */
static void cleans(void *arg)
{
	struct cancelled *cancelled = arg;

	returns(elsewhere(try_mutex, cancelled->waiting.mutex), EBUSY);
	cancelled->cleaned = true;
	returns(pthread_mutex_unlock(cancelled->waiting.mutex), 0);
}

static int waits_to_be_cancelled(void *arg)
{
	struct cancelled *cancelled = arg;
	struct waiting *waiting = &cancelled->waiting;
	int rc = 0, state;

	returns(pthread_mutex_lock(waiting->mutex), 0);
	pthread_cleanup_push(cleans, cancelled);
	while (rc == 0 && !waiting->passed)
		rc = wait_once(waiting);
	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
	cancelled->woken = true;
	pthread_cleanup_pop(0);
	returns(pthread_mutex_unlock(waiting->mutex), 0);
	return rc;
}

static void starts_waiting(struct worker *worker, struct cancelled *cancelled)
{
	queues(worker, waits_to_be_cancelled, cancelled);
	returns(pthread_mutex_lock(cancelled->waiting.mutex), 0);
	returns(pthread_mutex_unlock(cancelled->waiting.mutex), 0);
}

static void has_been_cancelled(struct worker *worker)
{
	void *result;

	returns(pthread_join(worker->thread, &result), 0);
	cr_assert(result == PTHREAD_CANCELED);
}

#define each_wait(waiting_, cond, mutex)                               \
	each_mutex (kind_, mutex)                                      \
		for (unsigned way_of_ = 0;                             \
		     way_of_ < WAIT_WAYS &&                            \
		     (prepared(waiting_, cond, mutex, way_of_), true); \
		     returns(pthread_cond_destroy(cond), 0), way_of_++)

static void prepared(struct waiting *waiting, pthread_cond_t *cond,
		     pthread_mutex_t *mutex, unsigned way)
{
	*waiting = (struct waiting){
		.cond = cond, .mutex = mutex, .way = way, .clock = CLOCK_MONOTONIC};
	waiting->deadline = test_in_ns(clock_of_wait(waiting), FOR_LONG);
	init_cond(cond, CLOCK_MONOTONIC);
}

Test(cond_cancel, the_mutex_is_held_when_the_cleanup_handler_runs)
{
	struct cancelled cancelled = {0};
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_wait (&cancelled.waiting, &cond, &mutex) {
		cancelled.cleaned = false;
		starts_waiting(&worker, &cancelled);
		returns(pthread_cancel(worker.thread), 0);
		has_been_cancelled(&worker);
		cr_assert(cancelled.cleaned);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

/* It waits for the mutex first, as a wait that has been signalled does. */
Test(cond_cancel, a_cancelled_thread_waits_for_the_mutex)
{
	struct cancelled cancelled = {0};
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_wait (&cancelled.waiting, &cond, &mutex) {
		cancelled.cleaned = false;
		starts_waiting(&worker, &cancelled);
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_cancel(worker.thread), 0);
		lets_others_run();
		sleeps(&worker);
		cr_assert(!cancelled.cleaned);
		returns(pthread_mutex_unlock(&mutex), 0);
		has_been_cancelled(&worker);
		cr_assert(cancelled.cleaned);
	}
}

static int cancels_itself(void *arg)
{
	returns(pthread_cancel(pthread_self()), 0);
	return waits_to_be_cancelled(arg);
}

Test(cond_cancel, a_cancellation_that_is_pending_is_acted_upon)
{
	struct cancelled cancelled = {0};
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_wait (&cancelled.waiting, &cond, &mutex) {
		cancelled.cleaned = false;
		begins(&worker, cancels_itself, &cancelled);
		has_been_cancelled(&worker);
		cr_assert(cancelled.cleaned);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

static int waits_uncancelled(void *arg)
{
	struct cancelled *cancelled = arg;
	int state, rc;

	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
	rc = waits_to_be_cancelled(arg);
	returns(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
	returns(state, PTHREAD_CANCEL_DISABLE);
	cr_assert(cancelled->woken);
	pthread_testcancel();
	return rc;
}

Test(cond_cancel, a_thread_that_has_disabled_it_is_not_cancelled)
{
	struct cancelled cancelled = {0};
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_wait (&cancelled.waiting, &cond, &mutex) {
		cancelled.cleaned = cancelled.woken = false;
		queues(&worker, waits_uncancelled, &cancelled);
		returns(pthread_cancel(worker.thread), 0);
		lets_others_run();
		sleeps(&worker);
		passes(&cancelled.waiting);
		returns(pthread_cond_signal(&cond), 0);
		has_been_cancelled(&worker);
		cr_assert(cancelled.woken && !cancelled.cleaned);
	}
}

/* The state is what it was, and the type. */
static int waits_and_looks(void *arg)
{
	struct waiting *waiting = arg;
	int rc = waits_for_it(waiting), was;

	returns(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &was), 0);
	returns(was, PTHREAD_CANCEL_ENABLE);
	returns(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &was), 0);
	returns(was, PTHREAD_CANCEL_DEFERRED);
	return rc;
}

Test(cond_cancel, a_wait_leaves_state_and_type_as_they_were)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_wait (&waiting, &cond, &mutex) {
		queues(&worker, waits_and_looks, &waiting);
		signalled(&worker, &waiting);
	}
}

Test(cond_cancel, signal_and_broadcast_are_no_cancellation_points)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	int state;

	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
	returns(pthread_cancel(pthread_self()), 0);
	returns(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
	returns(pthread_cond_signal(&cond), 0);
	returns(pthread_cond_broadcast(&cond), 0);
	returns(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
}

/* ---- a signal and a cancellation at once ---- */

static int signals_at_once(void *arg)
{
	struct cancelled *cancelled = arg;

	pthread_barrier_wait(cancelled->barrier);
	return pthread_cond_signal(cancelled->waiting.cond);
}

/* The first is cancelled or takes the signal.  In the first case the second takes it. */
static void meet(struct cancelled *first, struct waiting *second, unsigned round)
{
	struct worker a, b, signaller;
	pthread_barrier_t barrier;

	first->barrier = &barrier;
	first->cleaned = first->woken = false;
	returns(pthread_barrier_init(&barrier, NULL, 2), 0);
	starts_waiting(&a, first);
	waits_on_cond(&b, second);
	returns(pthread_mutex_lock(second->mutex), 0);
	first->waiting.passed = second->passed = true;
	returns(pthread_mutex_unlock(second->mutex), 0);
	begins(&signaller, signals_at_once, first);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < round % 64 * 50; i++)
		__asm__ volatile("" ::: "memory");
	returns(pthread_cancel(a.thread), 0);
	returns(answer(&signaller), 0);
	returns(pthread_join(a.thread, NULL), 0);
	cr_assert(first->cleaned != first->woken);
	if (first->woken)
		returns(pthread_cond_signal(second->cond), 0);
	returns(answer(&b), 0);
	returns(pthread_barrier_destroy(&barrier), 0);
}

Test(cond_cancel, a_cancelled_thread_takes_no_signal_from_the_others)
{
	struct cancelled first = {0};
	struct waiting second;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_wait (&first.waiting, &cond, &mutex) {
		for (unsigned i = 0; i < test_scaled(100); i++) {
			first.waiting.passed = false;
			second = (struct waiting){.cond = &cond, .mutex = &mutex};
			meet(&first, &second, i);
			test_goes_on();
		}
	}
}

/* The signal first, the mutex held: the cancellation finds a thread that has its signal, or had
 * not noticed it.  Neither may the signal be lost. */
Test(cond_cancel, a_thread_cancelled_after_its_signal_passes_it_on_or_keeps_it)
{
	struct cancelled first = {0};
	struct worker a, b;
	struct waiting second;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_wait (&first.waiting, &cond, &mutex) {
		first.cleaned = first.woken = false;
		second = (struct waiting){.cond = &cond, .mutex = &mutex};
		starts_waiting(&a, &first);
		waits_on_cond(&b, &second);
		returns(pthread_mutex_lock(&mutex), 0);
		first.waiting.passed = second.passed = true;
		returns(pthread_cond_signal(&cond), 0);
		returns(pthread_cancel(a.thread), 0);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(pthread_join(a.thread, NULL), 0);
		if (first.woken)
			returns(pthread_cond_signal(&cond), 0);
		returns(answer(&b), 0);
	}
}

Test(cond_cancel, all_who_wait_can_be_cancelled_and_the_condition_destroyed)
{
	enum { MANY = 8 };
	struct cancelled cancelled[MANY];
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	struct waiting waiting;
	pthread_cond_t cond;

	each_wait (&waiting, &cond, &mutex) {
		for (unsigned i = 0; i < MANY; i++) {
			cancelled[i] = (struct cancelled){.waiting = waiting};
			starts_waiting(&worker[i], &cancelled[i]);
		}
		for (unsigned i = 0; i < MANY; i++)
			returns(pthread_cancel(worker[i * 3 % MANY].thread), 0);
		for (unsigned i = 0; i < MANY; i++)
			has_been_cancelled(&worker[i]);
	}
}
