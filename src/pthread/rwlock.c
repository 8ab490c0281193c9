/* SPDX-License-Identifier: MIT
 *
 * rwlock.c - pthread_rwlock_*.  Whatever kind is asked for: in the order asked.
 *
 * There is one exception.  A thread that reads may read once more, past the line, because POSIX
 * lets it, and behind a writer in line it would wait for itself (held.c).  That is no step of the
 * line: one more hold where there is one, as in a conversion.
 *
 *	row      released by         acquired by            what it carries
 *	[HOLD]   give_read, give_write  take_read, take_write, beside  the holders' writes
 *
 *	[GONE]   fl_line_count_dequeued (queue.c)  is_foreign          the mark
 *
 *	relaxed   because
 *	[GUESS]   A first look.  What decides is after it.
 *	[KIND]    The same by all, and goes with the request that is counted.
 */
#include "face.h"
#include "held.h"
#include "report.h"

#include <string.h>

/* Of the C library's, the word at 28 says that it is shared between processes, and is 1; of the
 * face's, it counts requests that have been in line.  So before the first is, a mark is set in
 * bytes 40 to 47, which the C library does not use.  Another process, which has no face,
 * may have initialised it. */
#define OURS UINT64_C(0x46494c4f464f4658)

static uint64_t *mark_of(const pthread_rwlock_t *rwlock)
{
	return (uint64_t *)((uintptr_t)rwlock + FL_MARK);
}

_Static_assert(offsetof(fifolock_t, dequeued) == 28, "what the C library has there");

FL_ALWAYS bool is_foreign(const pthread_rwlock_t *rwlock)
{
	/* [GONE] acquire */
	return fl_unlikely(fl_load_acquire(&fl_lock_in(rwlock)->dequeued)) &&
	       fl_load_relaxed(mark_of(rwlock)) != OURS; /* [KIND] */
}

static int queue_up(fifolock_t *lock, unsigned mode, const struct fl_until *until)
{
	fl_store_relaxed(mark_of((void *)lock), OURS); /* [KIND] */
	return fl_queue_up(lock, mode, until);
}

/* ---- read ---- */

/* The guess: it is free; or there are readers, and no request is in line. */
FL_ALWAYS bool take_read(fifolock_t *lock)
{
	uint64_t seen = 0;

	/* [HOLD] acquire */
	if (fl_likely(fl_cas_acquire(&lock->word, &seen, FL_READER)))
		return true;
	return !(seen & (FL_QUEUED | FL_WRITER | FL_READERS_FULL)) &&
	       /* [HOLD] acquire */
	       fl_cas_acquire(&lock->word, &seen, seen + FL_READER);
}

/* Past the line: there is a reader, so no writer. */
static bool beside(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */

	do {
		if (!(word & FL_READERS) || (word & (FL_WRITER | FL_READERS_FULL)))
			return false;
		/* [HOLD] acquire */
	} while (!fl_cas_acquire(&lock->word, &word, word + FL_READER));
	return true;
}

/* until NULL: without waiting. */
FL_NOT_INLINE static int read_slowly(pthread_rwlock_t *rwlock,
				     const struct fl_until *until)
{
	fifolock_t *lock = fl_lock_in(rwlock);
	int error = 0;

	if (fl_is_mine(rwlock))
		return until ? EDEADLK : EBUSY;
	if (!fl_take_if_free(lock, FIFOLOCK_SHARED) &&
	    !(fl_held_is(lock) && beside(lock)))
		error = until ? queue_up(lock, FIFOLOCK_SHARED, until) : EBUSY;
	if (!error)
		fl_reads(lock);
	return error;
}

FL_ALWAYS int lock_read(pthread_rwlock_t *rwlock, const struct fl_until *until)
{
	fifolock_t *lock = fl_lock_in(rwlock);

	if (!take_read(lock))
		return read_slowly(rwlock, until);
	fl_reads(lock);
	return 0;
}

/* *seen: what is there, if not that. */
FL_ALWAYS bool give_read(fifolock_t *lock, uint64_t *seen)
{
	*seen = FL_READER;
	/* [HOLD] release */
	if (fl_likely(fl_cas_release(&lock->word, seen, 0)))
		return true;
	return !(*seen & FL_QUEUED) && (*seen & FL_READERS) &&
	       /* [HOLD] release */
	       fl_cas_release(&lock->word, seen, *seen - FL_READER);
}

/* ---- write ---- */

FL_ALWAYS bool take_write(fifolock_t *lock)
{
	uint64_t seen = 0;

	/* [HOLD] acquire */
	return fl_likely(fl_cas_acquire(&lock->word, &seen, FL_WRITER));
}

FL_NOT_INLINE static int write_slowly(pthread_rwlock_t *rwlock,
				      const struct fl_until *until)
{
	fifolock_t *lock = fl_lock_in(rwlock);

	if (fl_is_mine(rwlock))
		return until ? EDEADLK : EBUSY;
	if (fl_take_if_free(lock, FIFOLOCK_EXCLUSIVE))
		return 0;
	return until ? queue_up(lock, FIFOLOCK_EXCLUSIVE, until) : EBUSY;
}

FL_ALWAYS int lock_write(pthread_rwlock_t *rwlock, const struct fl_until *until)
{
	int error = take_write(fl_lock_in(rwlock)) ? 0 : write_slowly(rwlock, until);

	if (fl_likely(!error))
		fl_set_owner(rwlock, fl_self());
	return error;
}

static int give_write(pthread_rwlock_t *rwlock)
{
	fifolock_t *lock = fl_lock_in(rwlock);
	uint64_t seen = FL_WRITER;

	fl_set_owner(rwlock, 0);
	if (fl_kept_lock == lock && fl_pass(lock, FIFOLOCK_EXCLUSIVE))
		return 0;
	/* [HOLD] release */
	if (fl_likely(fl_cas_release(&lock->word, &seen, 0)))
		return 0;
	return fl_release(lock, FL_WRITER, FL_WRITER);
}

/* Taken by another thread, which POSIX does not allow and the C library does; or one of more than are
 * known. */
static int give_unknown(pthread_rwlock_t *rwlock)
{
	fifolock_t *lock = fl_lock_in(rwlock);

	if (!(fl_load_relaxed(&lock->word) & FL_READERS)) /* [GUESS] */
		return EPERM;
	fl_held_one_less();
	return fl_release(lock, FL_READERS, FL_READER);
}

/* The record may be of a lock that was made anew, and is held for writing. */
FL_NOT_INLINE static int give_known(pthread_rwlock_t *rwlock, uint64_t seen)
{
	if (seen & FL_WRITER)
		return fl_is_mine(rwlock) ? give_write(rwlock) : EPERM;
	return fl_release(fl_lock_in(rwlock), FL_READERS, FL_READER);
}

/* ---- what programs call ---- */

static const struct fl_until as_long_as_it_takes;

#define REPORT(rwlock, what)                                                           \
	do {                                                                           \
		if (fl_reports())                                                      \
			fl_report_asks((rwlock), (what), __builtin_return_address(0)); \
	} while (0)

/* As the C library does, before it is known whether there is anything to wait for. */
static int check(clockid_t clock, fl_time at)
{
	return fl_until_clock(clock) ? EINVAL : fl_until_time(at);
}

FL_FACE int pthread_rwlock_rdlock(pthread_rwlock_t *rwlock)
{
	REPORT(rwlock, "read");
	fl_prefetch_write(&fl_lock_in(rwlock)->word);
	return is_foreign(rwlock) ? fl_libc()->rwlock_rdlock(rwlock)
				  : lock_read(rwlock, &as_long_as_it_takes);
}

FL_FACE int pthread_rwlock_tryrdlock(pthread_rwlock_t *rwlock)
{
	return is_foreign(rwlock) ? fl_libc()->rwlock_tryrdlock(rwlock)
				  : read_slowly(rwlock, NULL);
}

FL_FACE int pthread_rwlock_clockrdlock(pthread_rwlock_t *rwlock, clockid_t clock,
				       fl_time at)
{
	const struct fl_until until = {.at = at, .clock = clock};

	REPORT(rwlock, "read");
	if (is_foreign(rwlock))
		return fl_libc()->rwlock_clockrdlock(rwlock, clock, at);
	return check(clock, at) ? EINVAL : lock_read(rwlock, &until);
}

FL_FACE int pthread_rwlock_timedrdlock(pthread_rwlock_t *rwlock, fl_time at)
{
	return is_foreign(rwlock)
		       ? fl_libc()->rwlock_timedrdlock(rwlock, at)
		       : pthread_rwlock_clockrdlock(rwlock, CLOCK_REALTIME, at);
}

FL_FACE int pthread_rwlock_wrlock(pthread_rwlock_t *rwlock)
{
	REPORT(rwlock, "write");
	fl_prefetch_write(&fl_lock_in(rwlock)->word);
	return is_foreign(rwlock) ? fl_libc()->rwlock_wrlock(rwlock)
				  : lock_write(rwlock, &as_long_as_it_takes);
}

FL_FACE int pthread_rwlock_trywrlock(pthread_rwlock_t *rwlock)
{
	int error;

	if (is_foreign(rwlock))
		return fl_libc()->rwlock_trywrlock(rwlock);
	error = write_slowly(rwlock, NULL);
	if (!error)
		fl_set_owner(rwlock, fl_self());
	return error;
}

FL_FACE int pthread_rwlock_clockwrlock(pthread_rwlock_t *rwlock, clockid_t clock,
				       fl_time at)
{
	const struct fl_until until = {.at = at, .clock = clock};

	REPORT(rwlock, "write");
	if (is_foreign(rwlock))
		return fl_libc()->rwlock_clockwrlock(rwlock, clock, at);
	return check(clock, at) ? EINVAL : lock_write(rwlock, &until);
}

FL_FACE int pthread_rwlock_timedwrlock(pthread_rwlock_t *rwlock, fl_time at)
{
	return is_foreign(rwlock)
		       ? fl_libc()->rwlock_timedwrlock(rwlock, at)
		       : pthread_rwlock_clockwrlock(rwlock, CLOCK_REALTIME, at);
}

FL_FACE int pthread_rwlock_unlock(pthread_rwlock_t *rwlock)
{
	fifolock_t *lock = fl_lock_in(rwlock);
	uint64_t seen;

	fl_prefetch_write(&lock->word);
	if (is_foreign(rwlock))
		return fl_libc()->rwlock_unlock(rwlock);
	if (fl_reads_no_more(lock))
		return give_read(lock, &seen) ? 0 : give_known(rwlock, seen);
	return fl_is_mine(rwlock) ? give_write(rwlock) : give_unknown(rwlock);
}

/* ---- their life ---- */

FL_FACE int pthread_rwlock_init(pthread_rwlock_t *rwlock,
				const pthread_rwlockattr_t *attributes)
{
	int shared = PTHREAD_PROCESS_PRIVATE;

	/* In a child of fork() it may have been read by this thread. */
	(void)fl_reads_no_more(rwlock);
	if (attributes)
		pthread_rwlockattr_getpshared(attributes, &shared);
	memset(rwlock, 0, sizeof(*rwlock));
	if (shared != PTHREAD_PROCESS_PRIVATE)
		return fl_libc()->rwlock_init(rwlock, attributes);
	if (fl_reports())
		fl_report_born(fl_field_at(rwlock, FL_KIND), __builtin_return_address(0));
	return 0;
}

FL_FACE int pthread_rwlock_destroy(pthread_rwlock_t *rwlock)
{
	if (is_foreign(rwlock))
		return fl_libc()->rwlock_destroy(rwlock);
	/* [HOLD] acquire: before whatever the caller does with the memory. */
	return fl_load_acquire(&fl_lock_in(rwlock)->word) ? EBUSY : 0;
}

FL_FACE_INSIDE(pthread_rwlock_init);
FL_FACE_INSIDE(pthread_rwlock_destroy);
FL_FACE_INSIDE(pthread_rwlock_rdlock);
FL_FACE_INSIDE(pthread_rwlock_tryrdlock);
FL_FACE_INSIDE(pthread_rwlock_wrlock);
FL_FACE_INSIDE(pthread_rwlock_trywrlock);
FL_FACE_INSIDE(pthread_rwlock_unlock);
