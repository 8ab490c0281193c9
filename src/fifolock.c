/* SPDX-License-Identifier: MIT
 *
 * fifolock.c - the public functions: check the arguments, try the one
 * compare-and-swap, leave the rest to lock.c.  Layer 4.
 *
 * The fast paths live in the library, not in the header: inlined they would put the
 * word's layout into every program linked against it.  As it is, an uncontended pair
 * takes 1.05 times two bare atomic operations; that is all there is to win.
 *
 *	row       released by               acquired by                what it carries
 *	[HOLD]    fifolock_unlock           fifolock_lock, destroy     the holder's writes
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[ANSWER]  A number for the caller, old by the time it is read.  It orders nothing.
 */
#include "lock.h"
#include "atomic.h"
#include "debug.h"

#include <errno.h>
#include <stddef.h>

#define SITE	      __builtin_return_address(0)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOINLINE      __attribute__((noinline))

int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes)
{
	if (!lock)
		return EINVAL;
	*lock = (fifolock_t)FIFOLOCK_INIT(modes);
	fl_debug_forget(lock);
	return 0;
}

int fifolock_destroy(fifolock_t *lock)
{
	if (!lock || lock->modes == &fl_no_modes)
		return EINVAL;
	/* [HOLD] acquire: before whatever the caller does with the memory. */
	if (fl_load_acquire(&lock->word) != 0)
		return EBUSY;
	lock->modes = &fl_no_modes;
	return 0;
}

ALWAYS_INLINE int check(const fifolock_modes_t *modes, unsigned mode, uint32_t n)
{
	if (fl_unlikely(mode >= modes->count))
		return EINVAL;
	/* Every mode has room for one. */
	if (n != 1 && (n == 0 || n > modes->capacity[mode]))
		return ERANGE;
	return 0;
}

/* The first try, in as few instructions as it takes: a biased field never reaches the
 * flags, so one mask tests both; the rest of the request is made when this failed. */
ALWAYS_INLINE bool take_at_once(fifolock_t *lock, const fifolock_modes_t *modes,
				unsigned mode, uint32_t n)
{
	const struct fifolock_row *row = &modes->rows[mode];
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint64_t bias = row->bias + row->unit * (n - 1);

	return fl_likely(((word + bias) & (row->guard | FL_QUEUED)) == 0) &&
	       fl_likely(!modes->compatible) &&
	       /* [HOLD] acquire */
	       fl_likely(fl_cas_acquire(&lock->word, &word, word + row->unit * n));
}

NOINLINE static int acquire_slow(fifolock_t *lock, unsigned mode, uint32_t n,
				 const struct fl_deadline *deadline, const void *site)
{
	struct fl_want want = fl_want(&fl_modes_of(lock)->rows[mode], mode, n);
	int error = 0;

	if (!fl_take(lock, &want)) {
		error = fl_debug_may_wait(lock, mode, n, site);
		if (!error)
			error = fl_wait_in_line(lock, &want, deadline);
	}
	if (!error)
		fl_debug_took(lock, mode, n, site);
	return error;
}

ALWAYS_INLINE int acquire(fifolock_t *lock, unsigned mode, uint32_t n,
			  const struct fl_deadline *deadline, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = check(modes, mode, n);

	if (fl_unlikely(error))
		return error;
	if (deadline && (error = fl_deadline_check(deadline)))
		return error;
	if (!take_at_once(lock, modes, mode, n))
		return acquire_slow(lock, mode, n, deadline, site);
	fl_debug_took(lock, mode, n, site);
	return 0;
}

NOINLINE static int try_slow(fifolock_t *lock, unsigned mode, uint32_t n,
			     const void *site)
{
	struct fl_want want = fl_want(&fl_modes_of(lock)->rows[mode], mode, n);

	if (!fl_take(lock, &want))
		return EBUSY;
	fl_debug_took(lock, mode, n, site);
	return 0;
}

ALWAYS_INLINE int try_acquire(fifolock_t *lock, unsigned mode, uint32_t n,
			      const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = check(modes, mode, n);

	if (fl_unlikely(error))
		return error;
	if (!take_at_once(lock, modes, mode, n))
		return try_slow(lock, mode, n, site);
	fl_debug_took(lock, mode, n, site);
	return 0;
}

ALWAYS_INLINE int release(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = check(modes, mode, n);
	const struct fifolock_row *row;
	uint64_t word, units;

	if (fl_unlikely(error))
		return error;
	error = fl_debug_gives(lock, mode, n, site);
	if (error)
		return error;
	row = &modes->rows[mode];
	units = row->unit * n;
	word = fl_load_relaxed(&lock->word); /* [GUESS] */
	/* [HOLD] release */
	if (fl_likely(fl_word_has(word, row->field, units) && !(word & FL_QUEUED)) &&
	    fl_likely(fl_cas_release(&lock->word, &word, word - units)))
		return 0;
	return fl_release(lock, row->field, units);
}

int fifolock_lock(fifolock_t *lock, unsigned mode)
{
	return acquire(lock, mode, 1, NULL, SITE);
}

int fifolock_lock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return acquire(lock, mode, n, NULL, SITE);
}

int fifolock_trylock(fifolock_t *lock, unsigned mode)
{
	return try_acquire(lock, mode, 1, SITE);
}

int fifolock_trylock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return try_acquire(lock, mode, n, SITE);
}

int fifolock_timedlock(fifolock_t *lock, unsigned mode, const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, CLOCK_MONOTONIC};

	return acquire(lock, mode, 1, &until, SITE);
}

int fifolock_timedlock_n(fifolock_t *lock, unsigned mode, uint32_t n,
			 const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, CLOCK_MONOTONIC};

	return acquire(lock, mode, n, &until, SITE);
}

int fifolock_clocklock(fifolock_t *lock, unsigned mode, clockid_t clock,
		       const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, clock};

	return acquire(lock, mode, 1, &until, SITE);
}

int fifolock_clocklock_n(fifolock_t *lock, unsigned mode, uint32_t n, clockid_t clock,
			 const struct timespec *deadline)
{
	struct fl_deadline until = {deadline, clock};

	return acquire(lock, mode, n, &until, SITE);
}

int fifolock_unlock(fifolock_t *lock, unsigned mode)
{
	return release(lock, mode, 1, SITE);
}

int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return release(lock, mode, n, SITE);
}

uint32_t fifolock_holds(const fifolock_t *lock, unsigned mode)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	if (mode >= modes->count)
		return 0;
	return fl_word_holds(modes, mode, fl_load_relaxed(&lock->word)); /* [ANSWER] */
}

uint32_t fifolock_waiting(const fifolock_t *lock)
{
	uint32_t length = fl_line_length(lock);

	return length && fl_confirm((fifolock_t *)lock) ? length : 0;
}
