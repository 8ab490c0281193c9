/* SPDX-License-Identifier: MIT
 *
 * cond.c - pthread_cond_*: signal, broadcast, the mutex of a wait, the end of a condition.
 */
#include "conds.h"

static const pthread_cond_t initial = PTHREAD_COND_INITIALIZER;

/* Each kind of mutex, with a condition made in each way. */
#define each_pair(kind, cond, mutex)                                                  \
	each_mutex (kind, mutex)                                                      \
		for (unsigned made_ = 0; made_ < 3 && (make_cond(cond, made_), true); \
		     returns(pthread_cond_destroy(cond), 0), made_++)

static void make_cond(pthread_cond_t *cond, unsigned way)
{
	if (way == 0)
		*cond = initial;
	else if (way == 1)
		returns(pthread_cond_init(cond, NULL), 0);
	else
		init_cond(cond, CLOCK_MONOTONIC);
}

Test(cond, signals_without_waiters_are_forgotten)
{
	struct timespec past = {.tv_sec = 1};
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		for (unsigned i = 0; i < 10; i++) {
			returns(pthread_cond_signal(&cond), 0);
			returns(pthread_cond_broadcast(&cond), 0);
		}
		returns(pthread_mutex_lock(&mutex), 0);
		returns(pthread_cond_timedwait(&cond, &mutex, &past), ETIMEDOUT);
		returns(pthread_mutex_unlock(&mutex), 0);
	}
}

Test(cond, a_wait_lets_the_mutex_go_and_has_it_again)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		queues(&worker, waits_for_it, &waiting);
		returns(pthread_mutex_trylock(&mutex), 0);
		waiting.passed = true;
		returns(pthread_cond_signal(&cond), 0);
		lets_others_run();
		cr_assert(!has_returned(&worker), "it has returned without the mutex");
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&worker), 0); /* which has unlocked as the owner */
	}
}

/* One behind the other, and what they wait for has come. */
static void all_wait(struct worker worker[], struct waiting waiting[], unsigned n,
		     struct waiting each)
{
	for (unsigned i = 0; i < n; i++) {
		waiting[i] = each;
		waits_on_cond(&worker[i], &waiting[i]);
		passes(&waiting[i]);
	}
}

Test(cond, a_signal_wakes_one_and_then_the_next)
{
	enum { MANY = 5 };
	struct waiting waiting[MANY], each;
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	unsigned order;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		order = 0;
		each = (struct waiting){.cond = &cond, .mutex = &mutex, .order = &order};
		all_wait(worker, waiting, MANY, each);
		for (unsigned i = 0; i < MANY; i++) {
			returns(pthread_cond_signal(&cond), 0);
			if (!strict())
				continue;
			/* The one that has waited longest. */
			returns(answer(&worker[i]), 0);
			returns(waiting[i].place, i + 1);
			if (i + 1 < MANY)
				sleeps(&worker[i + 1]);
		}
		for (unsigned i = 0; i < MANY && !strict(); i++)
			returns(answer(&worker[i]), 0);
	}
}

Test(cond, a_broadcast_wakes_all)
{
	enum { MANY = 8 };
	struct waiting waiting[MANY], each;
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	unsigned order;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		order = 0;
		each = (struct waiting){.cond = &cond, .mutex = &mutex, .order = &order};
		all_wait(worker, waiting, MANY, each);
		returns(pthread_cond_broadcast(&cond), 0);
		all_answer(worker, MANY);
		for (unsigned i = 0; i < MANY && strict(); i++)
			returns(waiting[i].place, i + 1);
	}
}

Test(cond, a_broadcast_does_not_wake_those_who_come_later)
{
	struct waiting first = {0}, later = {0};
	pthread_mutex_t mutex;
	struct worker a, b;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		first = later = (struct waiting){.cond = &cond, .mutex = &mutex};
		waits_on_cond(&a, &first);
		passes(&first);
		returns(pthread_cond_broadcast(&cond), 0);
		returns(answer(&a), 0);
		waits_on_cond(&b, &later);
		lets_others_run();
		sleeps(&b);
		signalled(&b, &later);
	}
}

Test(cond, it_may_be_signalled_with_the_mutex_held_or_not)
{
	struct waiting waiting;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		for (unsigned i = 0; i < 4; i++) {
			waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
			waits_on_cond(&worker, &waiting);
			returns(pthread_mutex_lock(&mutex), 0);
			waiting.passed = true;
			if (i % 2)
				returns(pthread_mutex_unlock(&mutex), 0);
			returns(i / 2 ? pthread_cond_signal(&cond)
				      : pthread_cond_broadcast(&cond),
				0);
			if (i % 2 == 0)
				returns(pthread_mutex_unlock(&mutex), 0);
			returns(answer(&worker), 0);
		}
	}
}

/* Nothing waits, nothing is lost, and nothing happens to the mutex. */
static int waits_for_anothers(void *arg)
{
	struct waiting *waiting = arg;
	int rc = wait_once(waiting);

	if (rc == EPERM)
		returns(pthread_mutex_unlock(waiting->mutex), EPERM);
	return rc;
}

Test(cond, a_wait_with_a_mutex_of_another_thread_is_refused_if_it_has_owners)
{
	const unsigned kinds[] = {ERRORCHECK, RECURSIVE};
	struct waiting waiting, other;
	pthread_mutex_t mutex;
	struct worker worker;
	pthread_cond_t cond;

	for (unsigned i = 0; i < LENGTH(kinds); i++) {
		init_mutex(&mutex, kinds[i]);
		for (unsigned way = 0; way < WAIT_WAYS; way++) {
			init_cond(&cond, CLOCK_REALTIME);
			waiting = (struct waiting){.cond = &cond,
						   .mutex = &mutex,
						   .way = way,
						   .deadline = {.tv_sec = 1}};
			returns(waits_for_anothers(&waiting), EPERM);
			returns(pthread_mutex_lock(&mutex), 0);
			returns(elsewhere(waits_for_anothers, &waiting), EPERM);
			returns(elsewhere(try_mutex, &mutex), EBUSY);
			returns(pthread_mutex_unlock(&mutex), 0);
			/* A signal does not go to a wait that has been refused. */
			other = (struct waiting){.cond = &cond, .mutex = &mutex};
			waits_on_cond(&worker, &other);
			signalled(&worker, &other);
			returns(pthread_cond_destroy(&cond), 0);
		}
		returns(pthread_mutex_destroy(&mutex), 0);
	}
}

/* A wait gives back one lock of those that its thread has, so the mutex stays locked. */
Test(cond, a_wait_with_a_recursive_mutex_locked_twice_keeps_it)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, 5 * MS);
	pthread_mutex_t mutex = mutex_initial[RECURSIVE];
	pthread_cond_t cond = initial;
	struct worker worker;

	returns(pthread_mutex_lock(&mutex), 0);
	returns(pthread_mutex_lock(&mutex), 0);
	queues(&worker, visit_mutex, &mutex);
	returns(pthread_cond_timedwait(&cond, &mutex, &deadline), ETIMEDOUT);
	returns(pthread_mutex_unlock(&mutex), 0);
	sleeps(&worker);
	returns(pthread_mutex_unlock(&mutex), 0);
	returns(pthread_mutex_unlock(&mutex), EPERM);
	returns(answer(&worker), 0);
}

/* Threads that leave the mutex's line and those that come from the condition. */
Test(cond, a_signalled_thread_waits_for_the_mutex)
{
	struct waiting waiting;
	struct worker worker, locker;
	pthread_mutex_t mutex;
	pthread_cond_t cond;

	each_pair (kind, &cond, &mutex) {
		waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		waits_on_cond(&worker, &waiting);
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&locker, visit_mutex, &mutex);
		waiting.passed = true;
		returns(pthread_cond_broadcast(&cond), 0);
		sleeps(&worker);
		sleeps(&locker);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&locker), 0);
		returns(answer(&worker), 0);
	}
}

/* Each thread that waits has to have returned from the condition's memory when destroy returns. */
Test(cond, a_condition_may_be_destroyed_right_after_its_broadcast)
{
	enum { MANY = 4 };
	struct waiting waiting[MANY];
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	pthread_cond_t *cond = malloc(sizeof(*cond));

	each_mutex (kind, &mutex) {
		for (unsigned round = 0; round < 50; round++) {
			init_cond(cond, CLOCK_REALTIME);
			for (unsigned i = 0; i < MANY; i++) {
				waiting[i] =
					(struct waiting){.cond = cond, .mutex = &mutex};
				waits_on_cond(&worker[i], &waiting[i]);
			}
			returns(pthread_mutex_lock(&mutex), 0);
			for (unsigned i = 0; i < MANY; i++)
				waiting[i].passed = true;
			if (round % 2)
				returns(pthread_mutex_unlock(&mutex), 0);
			returns(pthread_cond_broadcast(cond), 0);
			returns(pthread_cond_destroy(cond), 0);
			memset(cond, round % 3 ? 0xa5 : 0, sizeof(*cond));
			if (round % 2 == 0)
				returns(pthread_mutex_unlock(&mutex), 0);
			all_answer(worker, MANY);
			for (unsigned i = 0; i < sizeof(*cond); i++)
				returns(((unsigned char *)cond)[i], round % 3 ? 0xa5 : 0);
		}
	}
	free(cond);
}

Test(cond, one_condition_serves_one_mutex_after_the_other)
{
	pthread_cond_t cond = initial;
	struct waiting waiting;
	struct worker worker;
	pthread_mutex_t mutex;

	each_mutex (kind, &mutex) {
		waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		waits_on_cond(&worker, &waiting);
		signalled(&worker, &waiting);
	}
}

Test(cond, one_mutex_serves_several_conditions)
{
	enum { MANY = 6 };
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct waiting waiting[MANY];
	struct worker worker[MANY];
	pthread_cond_t cond[MANY];

	for (unsigned i = 0; i < MANY; i++) {
		init_cond(&cond[i], i % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC);
		waiting[i] = (struct waiting){.cond = &cond[i], .mutex = &mutex};
		waits_on_cond(&worker[i], &waiting[i]);
	}
	for (unsigned i = MANY; i-- > 0;) {
		signalled(&worker[i], &waiting[i]);
		for (unsigned j = 0; j < i; j++)
			sleeps(&worker[j]);
	}
}

Test(cond, attributes_say_what_was_set)
{
	pthread_condattr_t attr;
	clockid_t clock = -1;
	int got = -1;

	returns(pthread_condattr_init(&attr), 0);
	returns(pthread_condattr_getclock(&attr, &clock), 0);
	returns(clock, CLOCK_REALTIME);
	returns(pthread_condattr_getpshared(&attr, &got), 0);
	returns(got, PTHREAD_PROCESS_PRIVATE);
	returns(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
	returns(pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID), EINVAL);
	returns(pthread_condattr_setclock(&attr, 4711), EINVAL);
	returns(pthread_condattr_getclock(&attr, &clock), 0);
	returns(clock, CLOCK_MONOTONIC);
	returns(pthread_condattr_setpshared(&attr, 4711), EINVAL);
	returns(pthread_condattr_destroy(&attr), 0);
}

/* POSIX leaves it open, and glibc counts the threads that will want the mutex again; the library that is
 * preloaded does not. */
Test(cond, a_mutex_that_a_wait_will_take_again_is_in_use)
{
	struct waiting waiting;
	struct worker worker;
	pthread_mutex_t mutex;
	pthread_cond_t cond = initial;

	each_mutex (kind, &mutex) {
		waiting = (struct waiting){.cond = &cond, .mutex = &mutex};
		waits_on_cond(&worker, &waiting);
		if (!strict())
			returns(pthread_mutex_destroy(&mutex), EBUSY);
		signalled(&worker, &waiting);
	}
}
