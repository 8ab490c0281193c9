/* SPDX-License-Identifier: MIT
 *
 * c11.c - mtx_* and cnd_* of <threads.h>, alone and beside pthread functions.
 */
#include "posix.h"
#include <threads.h>

static const int types[] = {mtx_plain, mtx_timed, mtx_plain | mtx_recursive,
			    mtx_timed | mtx_recursive};

static int lock_mtx(void *mutex)
{
	return mtx_lock(mutex);
}

static int try_mtx(void *mutex)
{
	return mtx_trylock(mutex);
}

static int visit_mtx(void *mutex)
{
	int rc = mtx_lock(mutex);

	return rc ? rc : mtx_unlock(mutex);
}

static int timed_mtx(void *mutex)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, 5 * MS);
	int rc = mtx_timedlock(mutex, &deadline);

	cr_assert(rc != thrd_timedout || clock_has_passed(CLOCK_REALTIME, &deadline));
	return rc;
}

Test(c11, the_results_are_those_of_the_standard)
{
	mtx_t mutex;

	for (unsigned i = 0; i < LENGTH(types); i++) {
		returns(mtx_init(&mutex, types[i]), thrd_success);
		returns(mtx_lock(&mutex), thrd_success);
		returns(elsewhere(try_mtx, &mutex), thrd_busy);
		returns(elsewhere(timed_mtx, &mutex), thrd_timedout);
		returns(mtx_trylock(&mutex),
			types[i] & mtx_recursive ? thrd_success : thrd_busy);
		if (types[i] & mtx_recursive) {
			returns(mtx_lock(&mutex), thrd_success);
			returns(mtx_unlock(&mutex), thrd_success);
			returns(mtx_unlock(&mutex), thrd_success);
		}
		returns(elsewhere(try_mtx, &mutex), thrd_busy);
		returns(mtx_unlock(&mutex), thrd_success);
		returns(elsewhere(visit_mtx, &mutex), thrd_success);
		returns(timed_mtx(&mutex), thrd_success);
		returns(mtx_unlock(&mutex), thrd_success);
		mtx_destroy(&mutex);
	}
}

Test(c11, a_thread_that_waits_gets_the_mutex)
{
	struct worker worker[3];
	mtx_t mutex;

	for (unsigned i = 0; i < LENGTH(types); i++) {
		returns(mtx_init(&mutex, types[i]), thrd_success);
		returns(mtx_lock(&mutex), thrd_success);
		for (unsigned j = 0; j < 3; j++)
			queues(&worker[j], visit_mtx, &mutex);
		returns(mtx_unlock(&mutex), thrd_success);
		for (unsigned j = 0; j < 3; j++)
			returns(answer(&worker[j]), thrd_success);
		mtx_destroy(&mutex);
	}
}

Test(c11, a_bad_deadline_is_an_error)
{
	mtx_t mutex;

	returns(mtx_init(&mutex, mtx_timed), thrd_success);
	returns(mtx_lock(&mutex), thrd_success);
	for (unsigned i = 0; i < LENGTH(bad_times); i++)
		returns(mtx_timedlock(&mutex, &bad_times[i]), thrd_error);
	returns(mtx_unlock(&mutex), thrd_success);
	mtx_destroy(&mutex);
}

/* ---- conditions ---- */

struct awaited {
	mtx_t mutex;
	cnd_t cond;
	bool timed;
	unsigned passed;
};

static int awaits(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);
	struct awaited *awaited = arg;
	int rc = mtx_lock(&awaited->mutex);

	while (rc == thrd_success && !awaited->passed)
		rc = awaited->timed
			     ? cnd_timedwait(&awaited->cond, &awaited->mutex, &deadline)
			     : cnd_wait(&awaited->cond, &awaited->mutex);
	awaited->passed--;
	returns(mtx_unlock(&awaited->mutex), thrd_success);
	return rc;
}

static void make(struct awaited *awaited, int type)
{
	memset(awaited, 0xa5, sizeof(*awaited));
	awaited->passed = 0;
	returns(mtx_init(&awaited->mutex, type), thrd_success);
	returns(cnd_init(&awaited->cond), thrd_success);
}

static void ends(struct awaited *awaited)
{
	cnd_destroy(&awaited->cond);
	mtx_destroy(&awaited->mutex);
}

static void passes(struct awaited *awaited, unsigned times)
{
	returns(mtx_lock(&awaited->mutex), thrd_success);
	awaited->passed += times;
	returns(mtx_unlock(&awaited->mutex), thrd_success);
}

Test(c11, conditions_wake_one_or_all)
{
	enum { MANY = 4 };
	struct worker worker[MANY];
	struct awaited awaited;

	for (unsigned i = 0; i < 2 * LENGTH(types); i++) {
		make(&awaited, types[i / 2]);
		awaited.timed = i % 2;
		returns(cnd_signal(&awaited.cond), thrd_success);
		returns(cnd_broadcast(&awaited.cond), thrd_success);
		for (unsigned j = 0; j < MANY; j++)
			queues(&worker[j], awaits, &awaited);
		passes(&awaited, 1);
		returns(cnd_signal(&awaited.cond), thrd_success);
		if (strict())
			returns(answer(&worker[0]), thrd_success);
		passes(&awaited, MANY - 1);
		returns(cnd_broadcast(&awaited.cond), thrd_success);
		for (unsigned j = strict(); j < MANY; j++)
			returns(answer(&worker[j]), thrd_success);
		returns(awaited.passed, 0);
		ends(&awaited);
	}
}

Test(c11, a_condition_that_nobody_signals_times_out)
{
	struct awaited awaited;
	struct timespec deadline;

	for (unsigned i = 0; i < LENGTH(types); i++) {
		make(&awaited, types[i]);
		returns(mtx_lock(&awaited.mutex), thrd_success);
		deadline = test_in_ns(CLOCK_REALTIME, 5 * MS);
		returns(cnd_timedwait(&awaited.cond, &awaited.mutex, &deadline),
			thrd_timedout);
		cr_assert(clock_has_passed(CLOCK_REALTIME, &deadline));
		returns(cnd_timedwait(&awaited.cond, &awaited.mutex, &bad_times[0]),
			thrd_error);
		returns(elsewhere(try_mtx, &awaited.mutex), thrd_busy);
		returns(mtx_unlock(&awaited.mutex), thrd_success);
		returns(elsewhere(visit_mtx, &awaited.mutex), thrd_success);
		ends(&awaited);
	}
}

/* ---- threads of the same header ---- */

static mtx_t guard;
static unsigned guarded;

static int counts_up(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (i % 2 || mtx_trylock(&guard) != thrd_success)
			returns(mtx_lock(&guard), thrd_success);
		guarded++;
		returns(mtx_unlock(&guard), thrd_success);
	}
	return *(int *)arg;
}

Test(c11, a_mutex_excludes_threads)
{
	int values[3] = {3, 5, 7}, value;
	thrd_t thread[3];

	returns(mtx_init(&guard, mtx_plain), thrd_success);
	for (unsigned i = 0; i < 3; i++)
		returns(thrd_create(&thread[i], counts_up, &values[i]), thrd_success);
	for (unsigned i = 0; i < 3; i++) {
		returns(thrd_join(thread[i], &value), thrd_success);
		returns(value, values[i]);
	}
	returns(guarded, 60000);
}

/* An mtx_t of glibc is a pthread_mutex_t, and code that mixes them exists. */
Test(c11, pthread_functions_know_these_mutexes)
{
	mtx_t mutex;

	returns(mtx_init(&mutex, mtx_plain), thrd_success);
	returns(elsewhere(lock_mtx, &mutex), thrd_success);
	returns(pthread_mutex_trylock((pthread_mutex_t *)&mutex), EBUSY);
	returns(pthread_mutex_unlock((pthread_mutex_t *)&mutex), 0);
	returns(pthread_mutex_lock((pthread_mutex_t *)&mutex), 0);
	returns(mtx_trylock(&mutex), thrd_busy);
	returns(mtx_unlock(&mutex), thrd_success);
	mtx_destroy(&mutex);
}
