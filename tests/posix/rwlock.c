/* SPDX-License-Identifier: MIT
 *
 * rwlock.c - pthread_rwlock_*: kinds, initialisers, readers and writers, try.
 */
#include "rwlocks.h"

Test(rwlock, every_kind_is_locked_and_unlocked_many_times)
{
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < 1000; i++) {
			returns(pthread_rwlock_rdlock(&lock), 0);
			returns(pthread_rwlock_unlock(&lock), 0);
			returns(pthread_rwlock_wrlock(&lock), 0);
			returns(pthread_rwlock_unlock(&lock), 0);
			returns(pthread_rwlock_tryrdlock(&lock), 0);
			returns(pthread_rwlock_unlock(&lock), 0);
			returns(pthread_rwlock_trywrlock(&lock), 0);
			returns(pthread_rwlock_unlock(&lock), 0);
		}
	}
}

Test(rwlock, null_attributes_are_the_default_ones)
{
	pthread_rwlock_t lock;

	memset(&lock, 0xa5, sizeof(lock));
	returns(pthread_rwlock_init(&lock, NULL), 0);
	returns(pthread_rwlock_rdlock(&lock), 0);
	returns(elsewhere(try_read_visit, &lock), 0);
	returns(elsewhere(try_write_visit, &lock), EBUSY);
	returns(pthread_rwlock_unlock(&lock), 0);
	returns(elsewhere(try_write_visit, &lock), 0);
	returns(pthread_rwlock_destroy(&lock), 0);
}

Test(rwlock, many_threads_read_at_once)
{
	enum { MANY = 20 };
	struct holder reader[MANY];
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < MANY; i++)
			has(&reader[i], READS, &lock);
		for (unsigned i = 0; i < MANY; i++) {
			returns(elsewhere(try_write_visit, &lock), EBUSY);
			returns(elsewhere(try_read_visit, &lock), 0);
			returns(gives_back(&reader[i]), 0);
		}
		returns(elsewhere(try_write_visit, &lock), 0);
	}
}

Test(rwlock, a_thread_may_read_several_times)
{
	struct worker writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < 100; i++)
			returns(i % 2 ? pthread_rwlock_tryrdlock(&lock)
				      : pthread_rwlock_rdlock(&lock),
				0);
		queues(&writer, write_visit, &lock);
		for (unsigned i = 0; i < 100; i++) {
			cr_assert(!has_returned(&writer));
			returns(pthread_rwlock_unlock(&lock), 0);
		}
		returns(answer(&writer), 0);
	}
}

Test(rwlock, a_writer_is_alone)
{
	struct holder writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		has(&writer, WRITES, &lock);
		returns(elsewhere(try_read_visit, &lock), EBUSY);
		returns(elsewhere(try_write_visit, &lock), EBUSY);
		returns(gives_back(&writer), 0);
		returns(elsewhere(try_read_visit, &lock), 0);
		returns(elsewhere(try_write_visit, &lock), 0);
	}
}

Test(rwlock, a_writer_that_asks_again_is_told_of_the_deadlock)
{
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < 2; i++) {
			returns(i ? pthread_rwlock_trywrlock(&lock)
				  : pthread_rwlock_wrlock(&lock),
				0);
			returns(pthread_rwlock_rdlock(&lock), EDEADLK);
			returns(pthread_rwlock_wrlock(&lock), EDEADLK);
			returns(pthread_rwlock_tryrdlock(&lock), EBUSY);
			returns(pthread_rwlock_trywrlock(&lock), EBUSY);
			returns(elsewhere(try_read_visit, &lock), EBUSY);
			returns(pthread_rwlock_unlock(&lock), 0);
			returns(elsewhere(try_write_visit, &lock), 0);
		}
	}
}

Test(rwlock, a_writer_that_got_the_lock_in_line_is_known_as_its_holder)
{
	struct holder reader;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		has(&reader, READS, &lock);
		returns(write(reader.tell[1], "", 1), 1);
		returns(pthread_rwlock_wrlock(&lock), 0);
		returns(answer(&reader.worker), 0);
		returns(pthread_rwlock_rdlock(&lock), EDEADLK);
		returns(pthread_rwlock_wrlock(&lock), EDEADLK);
		returns(pthread_rwlock_unlock(&lock), 0);
		/* And not any more. */
		returns(pthread_rwlock_rdlock(&lock), 0);
		returns(pthread_rwlock_unlock(&lock), 0);
	}
}

Test(rwlock, trywrlock_by_a_reader_is_busy)
{
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		returns(pthread_rwlock_rdlock(&lock), 0);
		returns(pthread_rwlock_trywrlock(&lock), EBUSY);
		returns(elsewhere(try_read_visit, &lock), 0);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(pthread_rwlock_trywrlock(&lock), 0);
		returns(pthread_rwlock_unlock(&lock), 0);
	}
}

Test(rwlock, those_who_wait_for_a_writer_get_the_lock)
{
	struct worker reader[3], second;
	struct holder writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		has(&writer, WRITES, &lock);
		for (unsigned i = 0; i < 3; i++)
			queues(&reader[i], read_visit, &lock);
		queues(&second, write_visit, &lock);
		returns(gives_back(&writer), 0);
		all_answer(reader, 3);
		returns(answer(&second), 0);
	}
}

Test(rwlock, readers_that_waited_read_together)
{
	struct holder writer, reader[3];
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		has(&writer, WRITES, &lock);
		for (unsigned i = 0; i < 3; i++)
			lines_up(&reader[i], READS, &lock);
		returns(gives_back(&writer), 0);
		for (unsigned i = 0; i < 3; i++)
			until_it_holds(&reader[i]);
		returns(elsewhere(try_write_visit, &lock), EBUSY);
		for (unsigned i = 0; i < 3; i++)
			returns(gives_back(&reader[i]), 0);
		returns(elsewhere(try_write_visit, &lock), 0);
	}
}

Test(rwlock, writers_wait_for_all_readers)
{
	struct holder reader[3], writer[2];
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		for (unsigned i = 0; i < 3; i++)
			has(&reader[i], READS, &lock);
		for (unsigned i = 0; i < 2; i++)
			lines_up(&writer[i], WRITES, &lock);
		for (unsigned i = 0; i < 3; i++) {
			cr_assert(!holds(&writer[0]) && !holds(&writer[1]));
			returns(gives_back(&reader[i]), 0);
		}
		while (!holds(&writer[0]) && !holds(&writer[1]))
			sched_yield();
		cr_assert(holds(&writer[0]) != holds(&writer[1]));
		for (unsigned i = holds(&writer[0]) ? 0 : 1, n = 0; n < 2; n++, i ^= 1) {
			until_it_holds(&writer[i]);
			returns(gives_back(&writer[i]), 0);
		}
	}
}

/* By POSIX, and so here, no reader passes a writer that waits.  glibc lets it pass unless the
 * lock is of the third kind. */
Test(rwlock, tryrdlock_does_not_pass_a_writer_that_waits)
{
	struct holder reader, writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		has(&reader, READS, &lock);
		lines_up(&writer, WRITES, &lock);
		returns(elsewhere(try_read_visit, &lock),
			strict() || kind == NONRECURSIVE ? EBUSY : 0);
		returns(gives_back(&reader), 0);
		until_it_holds(&writer);
		returns(gives_back(&writer), 0);
	}
}

Test(rwlock, a_destroyed_lock_is_initialised_as_any_kind)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	for (unsigned i = 0; i < RWLOCK_KINDS * RWLOCK_KINDS; i++) {
		returns(pthread_rwlock_destroy(&lock), 0);
		make_rwlock(&lock, i % RWLOCK_KINDS, 1);
		returns(pthread_rwlock_rdlock(&lock), 0);
		returns(elsewhere(try_write_visit, &lock), EBUSY);
		returns(pthread_rwlock_unlock(&lock), 0);
		returns(pthread_rwlock_wrlock(&lock), 0);
		returns(elsewhere(try_read_visit, &lock), EBUSY);
		returns(pthread_rwlock_unlock(&lock), 0);
	}
}

Test(rwlock, attributes_say_what_was_set)
{
	pthread_rwlockattr_t attr;
	int got = -1;

	returns(pthread_rwlockattr_init(&attr), 0);
	returns(pthread_rwlockattr_getkind_np(&attr, &got), 0);
	returns(got, PTHREAD_RWLOCK_DEFAULT_NP);
	returns(pthread_rwlockattr_getpshared(&attr, &got), 0);
	returns(got, PTHREAD_PROCESS_PRIVATE);
	for (unsigned kind = 0; kind < RWLOCK_KINDS; kind++) {
		returns(pthread_rwlockattr_setkind_np(&attr, rwlock_kinds[kind]), 0);
		returns(pthread_rwlockattr_getkind_np(&attr, &got), 0);
		returns(got, rwlock_kinds[kind]);
	}
	returns(pthread_rwlockattr_setkind_np(&attr, 4711), EINVAL);
	returns(pthread_rwlockattr_setpshared(&attr, 4711), EINVAL);
	returns(pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_rwlockattr_getpshared(&attr, &got), 0);
	returns(got, PTHREAD_PROCESS_SHARED);
	returns(pthread_rwlockattr_destroy(&attr), 0);
}

/* The holder need say nothing more than unlock. */
Test(rwlock, unlock_gives_back_what_the_thread_has)
{
	struct holder reader, writer;
	pthread_rwlock_t a = PTHREAD_RWLOCK_INITIALIZER, b = PTHREAD_RWLOCK_INITIALIZER;

	returns(pthread_rwlock_rdlock(&a), 0);
	returns(pthread_rwlock_wrlock(&b), 0);
	has(&reader, READS, &a);
	returns(pthread_rwlock_unlock(&a), 0);
	returns(elsewhere(try_read_visit, &a), 0);
	returns(elsewhere(try_write_visit, &a), EBUSY);
	returns(pthread_rwlock_unlock(&b), 0);
	has(&writer, WRITES, &b);
	returns(gives_back(&reader), 0);
	returns(pthread_rwlock_wrlock(&a), 0);
	returns(pthread_rwlock_unlock(&a), 0);
	returns(gives_back(&writer), 0);
	returns(pthread_rwlock_rdlock(&b), 0);
	returns(pthread_rwlock_unlock(&b), 0);
}

/* Not portable, and it works with glibc: the lock is given back by another thread. */
Test(rwlock, a_lock_that_another_thread_has_given_back_is_not_held_any_more)
{
	struct holder writer;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		returns(pthread_rwlock_rdlock(&lock), 0);
		returns(elsewhere(unlock_rwlock, &lock), 0);
		has(&writer, WRITES, &lock);
		returns(pthread_rwlock_tryrdlock(&lock), EBUSY);
		returns(gives_back(&writer), 0);
		returns(pthread_rwlock_wrlock(&lock), 0);
		returns(pthread_rwlock_rdlock(&lock), EDEADLK);
		returns(pthread_rwlock_unlock(&lock), 0);
	}
}
