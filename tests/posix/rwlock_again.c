/* SPDX-License-Identifier: MIT
 *
 * rwlock_again.c - a thread that reads may read again, although a writer waits.
 *
 * In strict order the second read lock would stand behind the writer, which waits for the first: a
 * program that POSIX calls correct would hang.  glibc hangs for locks of the kind
 * PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP, as it documents, so these are not tried with it.
 */
#include "rwlocks.h"

#define each_recursive(kind, lock) \
	each_rwlock (kind, lock)   \
		if (strict() || kind != NONRECURSIVE)

enum { AGAIN = TIMED_WAYS, AGAIN_TRY, AGAIN_WAYS };

static int reads_again(pthread_rwlock_t *lock, unsigned way)
{
	struct timespec deadline;

	if (way == AGAIN)
		return pthread_rwlock_rdlock(lock);
	if (way == AGAIN_TRY)
		return pthread_rwlock_tryrdlock(lock);
	deadline = test_in_ns(clock_of(way), FOR_LONG);
	return timed_rdlock(lock, way, &deadline);
}

Test(rwlock_again, a_reader_reads_again_while_a_writer_waits)
{
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		for (unsigned first = 0; first < AGAIN_WAYS; first++) {
			for (unsigned way = 0; way < AGAIN_WAYS; way++) {
				returns(reads_again(&lock, first), 0);
				queues(&writer, write_visit, &lock);
				returns(reads_again(&lock, way), 0);
				returns(pthread_rwlock_unlock(&lock), 0);
				sleeps(&writer);
				returns(pthread_rwlock_unlock(&lock), 0);
				returns(answer(&writer), 0);
			}
		}
	}
}

Test(rwlock_again, as_often_as_it_likes)
{
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		returns(pthread_rwlock_rdlock(&lock), 0);
		queues(&writer, write_visit, &lock);
		for (unsigned i = 0; i < 1000; i++)
			returns(reads_again(&lock, i % AGAIN_WAYS), 0);
		for (unsigned i = 0; i < 1000; i++)
			returns(pthread_rwlock_unlock(&lock), 0);
		sleeps(&writer);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(answer(&writer), 0);
	}
}

Test(rwlock_again, a_deadline_that_has_passed_is_no_hindrance)
{
	const struct timespec past = {.tv_sec = 1};
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		returns(pthread_rwlock_rdlock(&lock), 0);
		queues(&writer, write_visit, &lock);
		for (unsigned way = 0; way < TIMED_WAYS; way++)
			returns(timed_rdlock(&lock, way, &past), 0);
		for (unsigned way = 0; way < TIMED_WAYS; way++)
			returns(pthread_rwlock_unlock(&lock), 0);
		sleeps(&writer);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(answer(&writer), 0);
	}
}

static int reads_twice(void *lock)
{
	int rc = pthread_rwlock_rdlock(lock);

	if (rc == 0)
		rc = read_visit(lock);
	return rc ? rc : pthread_rwlock_unlock(lock);
}

/* A hold that was waited for counts as well. */
Test(rwlock_again, a_reader_that_waited_reads_again)
{
	struct worker reader, second;
	struct holder writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		has(&writer, WRITES, &lock);
		queues(&reader, reads_twice, &lock);
		queues(&second, write_visit, &lock);
		returns(gives_back(&writer), 0);
		returns(answer(&reader), 0);
		returns(answer(&second), 0);
	}
}

Test(rwlock_again, a_thread_that_has_given_back_all_waits_its_turn)
{
	struct holder reader;
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		has(&reader, READS, &lock);
		for (unsigned i = 0; i < 3; i++)
			returns(pthread_rwlock_rdlock(&lock), 0);
		for (unsigned i = 0; i < 3; i++)
			returns(pthread_rwlock_unlock(&lock), 0);
		queues(&writer, write_visit, &lock);
		/* Of no use to this thread any more. */
		returns(try_read_visit(&lock), strict() ? EBUSY : 0);
		returns(gives_back(&reader), 0);
		returns(answer(&writer), 0);
		returns(try_read_visit(&lock), 0);
	}
}

/* The new thread may have got the memory of the one that has ended. */
Test(rwlock_again, a_thread_that_has_ended_leaves_no_right_to_read_again)
{
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		returns(elsewhere(read_lock, &lock), 0);
		queues(&writer, write_visit, &lock);
		for (unsigned i = 0; i < 5; i++)
			returns(elsewhere(try_read_visit, &lock), strict() ? EBUSY : 0);
		returns(pthread_rwlock_unlock(&lock), 0); /* in its stead: not portable */
		returns(answer(&writer), 0);
	}
}

Test(rwlock_again, a_hundred_thousand_times)
{
	enum { TIMES = 100000 };
	struct worker writer;
	pthread_rwlock_t lock;

	each_recursive (kind, &lock) {
		for (unsigned i = 0; i < TIMES; i++)
			returns(pthread_rwlock_rdlock(&lock), 0);
		queues(&writer, write_visit, &lock);
		for (unsigned i = 0; i < TIMES; i++)
			returns(pthread_rwlock_unlock(&lock), 0);
		returns(answer(&writer), 0);
	}
}

/* ---- several locks ---- */

enum { LOCKS = 200 };

static pthread_rwlock_t locks[LOCKS];
static struct worker writers[LOCKS];

/* Holds all of them for reading, and behind each a writer waits. */
static void reads_all(void)
{
	for (unsigned i = 0; i < LOCKS; i++) {
		make_rwlock(&locks[i], strict() ? i % RWLOCK_KINDS : i % NONRECURSIVE,
			    i / 7 % 2);
		returns(pthread_rwlock_rdlock(&locks[i]), 0);
	}
	for (unsigned i = 0; i < LOCKS; i++)
		queues(&writers[i], write_visit, &locks[i]);
}

Test(rwlock_again, each_of_many_locks_is_read_again)
{
	reads_all();
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < LOCKS; i++)
			returns(reads_again(&locks[i * 37 % LOCKS],
					    (i + round) % AGAIN_WAYS),
				0);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < LOCKS; i++) {
			cr_assert(!has_returned(&writers[i]));
			returns(pthread_rwlock_unlock(&locks[i]), 0);
		}
	}
	all_answer(writers, LOCKS);
}

/* Whichever is given back first, the others are still held. */
static void gives_back_by_steps_of(unsigned step)
{
	reads_all();
	for (unsigned n = 0; n < LOCKS; n++) {
		unsigned given = n * step % LOCKS;

		returns(pthread_rwlock_unlock(&locks[given]), 0);
		returns(answer(&writers[given]), 0);
		for (unsigned m = n + 1; m < LOCKS; m += 13)
			returns(read_visit(&locks[m * step % LOCKS]), 0);
	}
}

Test(rwlock_again, locks_are_given_back_in_any_order)
{
	const unsigned steps[] = {1, LOCKS - 1, 37, 101};

	for (unsigned i = 0; i < LENGTH(steps); i++)
		gives_back_by_steps_of(steps[i]);
}

/* A thread that has held many locks is not worse off afterwards. */
Test(rwlock_again, what_was_held_long_ago_is_forgotten)
{
	struct holder reader;
	struct worker writer;

	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < LOCKS; i++)
			returns(pthread_rwlock_rdlock(&locks[i]), 0);
		for (unsigned i = 0; i < LOCKS; i++)
			returns(pthread_rwlock_unlock(&locks[(i + round) % LOCKS]), 0);
	}
	for (unsigned i = 0; i < LOCKS; i++) {
		has(&reader, READS, &locks[i]);
		queues(&writer, write_visit, &locks[i]);
		returns(try_read_visit(&locks[i]), strict() ? EBUSY : 0);
		returns(gives_back(&reader), 0);
		returns(answer(&writer), 0);
	}
}

/* Nested reads of several threads on several locks, while writers come and go. */
enum { ROUNDS = 2000 };

static unsigned guarded[8];

static int nests(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg, at;

	for (unsigned i = 0; i < test_scaled(ROUNDS); i++) {
		seed = seed * 1664525 + 1013904223;
		for (at = seed >> 30; at < 8; at++)
			returns(pthread_rwlock_rdlock(&locks[at]), 0);
		for (at = seed >> 30; at < 8; at++) {
			returns(reads_again(&locks[at], (seed >> 20) % AGAIN_WAYS), 0);
			cr_assert_eq(guarded[at] % 2, 0);
			returns(pthread_rwlock_unlock(&locks[at]), 0);
		}
		for (at = seed >> 30; at < 8; at++)
			returns(pthread_rwlock_unlock(&locks[at]), 0);
		test_goes_on();
	}
	return 0;
}

static int writes_here_and_there(void *arg)
{
	unsigned at = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < test_scaled(ROUNDS); i++, at = (at + 3) % 8) {
		returns(pthread_rwlock_wrlock(&locks[at]), 0);
		guarded[at]++;
		sched_yield();
		guarded[at]++;
		returns(pthread_rwlock_unlock(&locks[at]), 0);
		test_goes_on();
	}
	return 0;
}

Test(rwlock_again, nested_readers_and_writers_all_get_on)
{
	struct worker worker[5];

	for (unsigned i = 0; i < 5; i++)
		begins(&worker[i], i < 3 ? nests : writes_here_and_there,
		       (void *)(uintptr_t)i);
	all_answer(worker, 5);
}
