/* SPDX-License-Identifier: MIT
 *
 * asynchronous.c - threads that may be cancelled at any instruction, and are cancelled while they
 * wait in line.  POSIX promises nothing to them; the others must not pay for it.
 */
#include "posix.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void is_asynchronous(void)
{
	returns(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
}

static int waits_for_mutex(void *arg)
{
	is_asynchronous();
	return pthread_mutex_lock(arg);
}

static int waits_for_mutex_until(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

	is_asynchronous();
	return pthread_mutex_timedlock(arg, &deadline);
}

static int waits_to_write(void *arg)
{
	is_asynchronous();
	return pthread_rwlock_wrlock(arg);
}

static int waits_to_read(void *arg)
{
	is_asynchronous();
	return pthread_rwlock_rdlock(arg);
}

static void is_cancelled(struct worker *worker)
{
	void *result;

	returns(pthread_cancel(worker->thread), 0);
	returns(pthread_join(worker->thread, &result), 0);
	cr_assert(result == PTHREAD_CANCELED);
}

Test(asynchronous, others_get_the_mutex_when_one_was_cancelled_in_line)
{
	int (*const calls[])(void *) = {waits_for_mutex, waits_for_mutex_until};
	struct worker before, cancelled, behind;

	for (unsigned i = 0; i < 20; i++) {
		returns(pthread_mutex_lock(&mutex), 0);
		queues(&before, visit_mutex, &mutex);
		queues(&cancelled, calls[i % 2], &mutex);
		queues(&behind, visit_mutex, &mutex);
		is_cancelled(&cancelled);
		returns(pthread_mutex_trylock(&mutex), EBUSY);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(answer(&before), 0);
		returns(answer(&behind), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
	}
}

Test(asynchronous, the_mutex_is_free_when_all_were_cancelled_in_line)
{
	struct worker cancelled[5];

	for (unsigned round = 0; round < 20; round++) {
		returns(pthread_mutex_lock(&mutex), 0);
		for (unsigned i = 0; i < 5; i++)
			queues(&cancelled[i], waits_for_mutex, &mutex);
		for (unsigned i = 0; i < 5; i++)
			is_cancelled(&cancelled[i * 3 % 5]);
		returns(pthread_mutex_unlock(&mutex), 0);
		returns(elsewhere(try_visit_mutex, &mutex), 0);
		returns(elsewhere(visit_mutex, &mutex), 0);
	}
}

/* glibc's read-write lock does not survive it: it counts the waiters. */
Test(asynchronous, readers_and_writers_get_on_when_one_was_cancelled_in_line)
{
	struct worker reader, cancelled[2], writer;
	struct holder holder;

	for (unsigned i = 0; strict() && i < 20; i++) {
		has(&holder, write_lock, unlock_rwlock, &rwlock);
		queues(&cancelled[0], waits_to_write, &rwlock);
		queues(&reader, read_visit, &rwlock);
		queues(&cancelled[1], waits_to_read, &rwlock);
		queues(&writer, write_visit, &rwlock);
		is_cancelled(&cancelled[0]);
		is_cancelled(&cancelled[1]);
		returns(gives_back(&holder), 0);
		returns(answer(&reader), 0);
		returns(answer(&writer), 0);
		returns(elsewhere(try_write_visit, &rwlock), 0);
	}
}

/* What a cancelled thread had got stays locked: that is known, and nothing else may happen. */
static bool had;

static int locks_in_circles(void *arg)
{
	int type;

	for (;;) {
		returns(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type), 0);
		if (arg)
			pthread_testcancel();
		returns(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type), 0);
		returns(pthread_mutex_lock(&mutex), 0);
		had = true;
		sched_yield();
		had = false;
		returns(pthread_mutex_unlock(&mutex), 0);
	}
	return 0;
}

Test(asynchronous, a_thread_that_changes_its_type_around_its_locks_leaves_none_behind)
{
	struct worker worker[3];

	for (unsigned round = 0; round < test_scaled(100); round++) {
		for (unsigned i = 0; i < 3; i++)
			begins(&worker[i], locks_in_circles, NULL);
		for (unsigned i = 0; i < 3; i++)
			is_cancelled(&worker[i]);
		returns(pthread_mutex_lock(&mutex), 0);
		cr_assert(!had);
		returns(pthread_mutex_unlock(&mutex), 0);
		test_goes_on();
	}
}
