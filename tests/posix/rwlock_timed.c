/* SPDX-License-Identifier: MIT
 *
 * rwlock_timed.c - pthread_rwlock_timed*lock and pthread_rwlock_clock*lock; signals and
 * cancellation while a thread waits.
 */
#include "rwlocks.h"

/* POSIX leaves open whether a bad deadline of a lock that is free is noticed; glibc does. */
static void asks_for_a_free_lock(struct timed_rwlock *timed)
{
	int rc = timed_rwlock(timed);

	cr_assert(rc == 0 || rc == EINVAL);
	returns(elsewhere(try_read_visit, timed->lock),
		rc == 0 && timed->writes ? EBUSY : 0);
	if (rc == 0)
		returns(pthread_rwlock_unlock(timed->lock), 0);
	returns(elsewhere(try_write_visit, timed->lock), 0);
}

#define each_timed(timed)                                                 \
	for ((timed)->way = 0; (timed)->way < TIMED_WAYS; (timed)->way++) \
		for (unsigned w_ = 0; w_ < 2 && ((timed)->writes = w_, true); w_++)

Test(rwlock_timed, a_free_lock_is_given_although_the_deadline_has_passed)
{
	struct timed_rwlock timed;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		each_timed (&timed) {
			for (unsigned i = 0; i < LENGTH(past_times); i++) {
				timed.deadline = past_times[i];
				returns(timed_rwlock(&timed), 0);
				returns(pthread_rwlock_unlock(&lock), 0);
				timed.deadline = bad_times[i];
				asks_for_a_free_lock(&timed);
			}
		}
	}
}

Test(rwlock_timed, readers_are_let_in_although_the_deadline_has_passed)
{
	struct timed_rwlock timed = {.deadline = {.tv_sec = 1}};
	struct holder reader;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		has(&reader, READS, &lock);
		for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++)
			returns(timed_rw_visit(&timed), 0);
		returns(gives_back(&reader), 0);
	}
}

static void are_told(struct timed_rwlock *timed, const struct timespec *times, int rc)
{
	struct holder writer;

	has(&writer, WRITES, timed->lock);
	each_timed (timed) {
		for (unsigned i = 0; i < LENGTH(bad_times); i++) {
			timed->deadline = times[i];
			returns(elsewhere(timed_rw_visit, timed), rc);
		}
	}
	returns(gives_back(&writer), 0);
	returns(elsewhere(try_write_visit, timed->lock), 0);
}

Test(rwlock_timed, a_thread_that_would_wait_is_told_what_is_wrong_with_its_deadline)
{
	struct timed_rwlock timed;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		are_told(&timed, bad_times, EINVAL);
		are_told(&timed, past_times, ETIMEDOUT);
	}
}

Test(rwlock_timed, a_writer_that_readers_keep_out_is_told_what_is_wrong_with_its_deadline)
{
	struct timed_rwlock timed = {.writes = true};
	struct holder reader;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		has(&reader, READS, &lock);
		for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
			for (unsigned i = 0; i < LENGTH(bad_times); i++) {
				timed.deadline = bad_times[i];
				returns(timed_rwlock(&timed), EINVAL);
				timed.deadline = past_times[i];
				returns(timed_rwlock(&timed), ETIMEDOUT);
			}
		}
		returns(elsewhere(try_read_visit, &lock), 0);
		returns(gives_back(&reader), 0);
		returns(elsewhere(try_write_visit, &lock), 0);
	}
}

Test(rwlock_timed, a_writer_that_asks_again_is_told_of_the_deadlock)
{
	struct timed_rwlock timed;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		each_timed (&timed) {
			timed.deadline = test_in_ns(clock_of(timed.way), FOR_LONG);
			returns(pthread_rwlock_wrlock(&lock), 0);
			returns(timed_rwlock(&timed), EDEADLK);
			returns(pthread_rwlock_unlock(&lock), 0);
		}
	}
}

static int is_late_enough(void *arg)
{
	struct timed_rwlock *timed = arg;
	int rc;

	timed->deadline = test_in_ns(clock_of(timed->way), 10 * MS);
	rc = timed_rwlock(timed);
	cr_assert(clock_has_passed(clock_of(timed->way), &timed->deadline));
	return rc;
}

Test(rwlock_timed, nobody_times_out_before_the_deadline)
{
	struct timed_rwlock timed;
	struct holder writer;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		has(&writer, WRITES, &lock);
		each_timed (&timed)
			returns(elsewhere(is_late_enough, &timed), ETIMEDOUT);
		returns(gives_back(&writer), 0);
	}
}

Test(rwlock_timed, a_lock_that_is_unlocked_in_time_is_given)
{
	struct timed_rwlock timed;
	struct worker worker;
	struct holder writer;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		each_timed (&timed) {
			timed.deadline = test_in_ns(clock_of(timed.way), FOR_LONG);
			has(&writer, WRITES, &lock);
			queues(&worker, timed_rw_visit, &timed);
			returns(gives_back(&writer), 0);
			returns(answer(&worker), 0);
		}
	}
}

Test(rwlock_timed, a_writer_that_times_out_lets_in_the_readers_behind_it)
{
	struct timed_rwlock timed = {.writes = true};
	struct worker writer, reader[2];
	struct holder first;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	each_rwlock (kind, &lock) {
		for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
			has(&first, READS, &lock);
			timed.deadline = test_in_ns(clock_of(timed.way), 30 * MS);
			begins(&writer, timed_rw_visit, &timed);
			(void)sleeps_(&writer); /* or it is over already */
			for (unsigned i = 0; i < 2; i++)
				begins(&reader[i], read_visit, &lock);
			returns(answer(&writer), ETIMEDOUT);
			returns(answer(&reader[0]), 0);
			returns(answer(&reader[1]), 0);
			returns(gives_back(&first), 0);
		}
	}
}

Test(rwlock_timed, a_clock_that_is_none_for_waits_is_refused)
{
	const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
				    4711, -1};
	const struct timespec past = {.tv_sec = 1};
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < LENGTH(clocks); i++) {
			returns(pthread_rwlock_clockrdlock(&lock, clocks[i], &past),
				EINVAL);
			returns(pthread_rwlock_clockwrlock(&lock, clocks[i], &past),
				EINVAL);
			returns(elsewhere(try_write_visit, &lock), 0);
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

static void waits_on(pthread_rwlock_t *lock, int (*call)(void *), void *on)
{
	struct holder writer;
	struct worker worker;

	has(&writer, WRITES, lock);
	queues(&worker, call, on);
	for (unsigned i = 0; i < 5; i++) {
		unsigned before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

		returns(pthread_kill(worker.thread, SIGUSR1), 0);
		while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
			sched_yield();
		sleeps(&worker);
	}
	returns(gives_back(&writer), 0);
	returns(answer(&worker), 0);
}

Test(rwlock_timed, a_waiter_waits_on_after_a_signal)
{
	struct sigaction action = {.sa_handler = counts};
	struct timed_rwlock timed;
	pthread_rwlock_t lock;

	timed.lock = &lock;
	returns(sigaction(SIGUSR1, &action, NULL), 0);
	each_rwlock (kind, &lock) {
		waits_on(&lock, read_visit, &lock);
		waits_on(&lock, write_visit, &lock);
		each_timed (&timed) {
			timed.deadline = test_in_ns(clock_of(timed.way), FOR_LONG);
			waits_on(&lock, timed_rw_visit, &timed);
		}
	}
}

static unsigned visited;

static int is_cancelled_after(int rc)
{
	visited = rc == 0;
	pthread_testcancel();
	return rc;
}

static int reads_and_is_cancelled(void *lock)
{
	return is_cancelled_after(read_visit(lock));
}

static int writes_and_is_cancelled(void *lock)
{
	return is_cancelled_after(write_visit(lock));
}

/* POSIX allows that it is one; glibc's is none, and programs rely on that. */
Test(rwlock_timed, a_lock_is_no_cancellation_point)
{
	struct holder writer;
	pthread_rwlock_t lock;
	struct worker worker;
	void *result;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < 2; i++) {
			visited = 0;
			has(&writer, WRITES, &lock);
			queues(&worker,
			       i ? reads_and_is_cancelled : writes_and_is_cancelled,
			       &lock);
			returns(pthread_cancel(worker.thread), 0);
			lets_others_run();
			sleeps(&worker);
			returns(gives_back(&writer), 0);
			returns(pthread_join(worker.thread, &result), 0);
			cr_assert(result == PTHREAD_CANCELED);
			returns(visited, 1);
		}
	}
}
