/* SPDX-License-Identifier: MIT
 *
 * sem.c - sem_*: unnamed semaphores that are private to the process.
 *
 * The value is how many units are free of the 2147483647 that there are, which is SEM_VALUE_MAX: a
 * semaphore of the value 3 has all but three of them taken.  So sem_post gives one back, and is an
 * unlock.
 *
 *	row      released by     acquired by         what it carries
 *	[HOLD]   give                  take          what was done before sem_post
 *
 *	relaxed   because
 *	[GUESS]   A first look.  What decides is after it.
 *	[KIND]    Set by init, before any other thread has the semaphore.
 *	[ANSWER]  A number for the caller, old by the time it is read.
 */
#include "face.h"
#include "report.h"

#include <limits.h>
#include <string.h>

/* Where the kind of a mutex would be, and the C library has nothing. */
#define MARK 0x2a5u

#define UNIT  (UINT64_C(1) << FL_UNITS_SHIFT)
#define UNITS (UINT64_C(0xffffffff) << FL_UNITS_SHIFT)
#define ALL   ((uint64_t)SEM_VALUE_MAX << FL_UNITS_SHIFT)

static bool is_foreign(const sem_t *sem)
{
	return fl_unlikely(fl_kind_of(sem) != MARK);
}

static int answer(int error)
{
	if (!error)
		return 0;
	errno = error;
	return -1;
}

FL_ALWAYS bool take(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */

	do {
		if ((word & FL_QUEUED) || (word & UNITS) == ALL)
			return false;
		/* [HOLD] acquire */
	} while (!fl_cas_acquire(&lock->word, &word, word + UNIT));
	return true;
}

/* A value of 0 can be taken by sem_post, and then has a line of its own; so with flags in the
 * word it is 0 all the same. */
static int value_of(const fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [ANSWER] */

	return SEM_VALUE_MAX - (int)((word & UNITS) >> FL_UNITS_SHIFT);
}

static int wait_until(sem_t *sem, const struct fl_until *until, const void *site)
{
	if (fl_reports())
		fl_report_asks(sem, "semaphore", site);
	pthread_testcancel();
	if (take(fl_lock_in(sem)))
		return 0;
	return answer(fl_queue_up(fl_lock_in(sem), FL_UNIT, until));
}

FL_FACE int sem_wait(sem_t *sem)
{
	const struct fl_until until = {.is_point = true};

	return is_foreign(sem) ? fl_libc()->sem_wait(sem)
			       : wait_until(sem, &until, __builtin_return_address(0));
}

FL_FACE int sem_timedwait(sem_t *sem, fl_time at)
{
	const struct fl_until until = {
		.at = at, .clock = CLOCK_REALTIME, .is_point = true};

	if (is_foreign(sem))
		return fl_libc()->sem_timedwait(sem, at);
	return fl_until_time(at) ? answer(EINVAL)
				 : wait_until(sem, &until, __builtin_return_address(0));
}

FL_FACE int sem_clockwait(sem_t *sem, clockid_t clock, fl_time at)
{
	const struct fl_until until = {.at = at, .clock = clock, .is_point = true};

	if (is_foreign(sem))
		return fl_libc()->sem_clockwait(sem, clock, at);
	if (fl_until_clock(clock) || fl_until_time(at))
		return answer(EINVAL);
	return wait_until(sem, &until, __builtin_return_address(0));
}

FL_FACE int sem_trywait(sem_t *sem)
{
	if (is_foreign(sem))
		return fl_libc()->sem_trywait(sem);
	return take(fl_lock_in(sem)) ? 0 : answer(EAGAIN);
}

/* No request is in line, and a unit is taken. */
FL_ALWAYS bool give(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */

	while (!(word & FL_QUEUED) && (word & UNITS))
		/* [HOLD] release */
		if (fl_cas_release(&lock->word, &word, word - UNIT))
			return true;
	return false;
}

/* No unit is taken: the value is as high as it can be. */
FL_FACE int sem_post(sem_t *sem)
{
	if (is_foreign(sem))
		return fl_libc()->sem_post(sem);
	if (give(fl_lock_in(sem)))
		return 0;
	return fl_release(fl_lock_in(sem), UNITS, UNIT) ? answer(EOVERFLOW) : 0;
}

FL_FACE int sem_getvalue(sem_t *sem, int *value)
{
	if (is_foreign(sem))
		return fl_libc()->sem_getvalue(sem, value);
	*value = value_of(fl_lock_in(sem));
	return 0;
}

FL_FACE int sem_init(sem_t *sem, int shared, unsigned value)
{
	fifolock_t *lock = fl_lock_in(sem);

	if (value > SEM_VALUE_MAX)
		return answer(EINVAL);
	memset(sem, 0, sizeof(*sem));
	if (shared)
		return fl_libc()->sem_init(sem, shared, value);
	lock->word = (uint64_t)(SEM_VALUE_MAX - value) << FL_UNITS_SHIFT;
	fl_store_relaxed(&lock->control, MARK); /* [KIND] */
	return 0;
}

FL_FACE int sem_destroy(sem_t *sem)
{
	if (is_foreign(sem))
		return fl_libc()->sem_destroy(sem);
	if (fl_load_relaxed(&fl_lock_in(sem)->word) & FL_QUEUED) /* [ANSWER] */
		return answer(EBUSY);
	return 0;
}
