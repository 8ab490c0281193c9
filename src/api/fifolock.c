/* SPDX-License-Identifier: MIT
 *
 * fifolock.c - the public functions: check the arguments, try the one
 * compare-and-swap, leave the rest to lock.c.
 *
 * The fast paths live in the library, not in the header: inlined they would put the
 * word's layout into every program linked against it.  As it is, an uncontended pair
 * takes 1.05 times two bare atomic operations; that is all there is to win.  The line is
 * asked for to be written (fl_prefetch_write) before the pointer to the table is read from it.
 *
 *	row       released by               acquired by                what it carries
 *	[HOLD]    fl_give_only (fast.h)     fifolock_destroy           the holder's writes
 *
 *	relaxed   because
 *	[GUESS]   A first look.  The compare-and-swap after it decides, and orders.
 *	[ANSWER]  A number for the caller, old by the time it is read.  It orders nothing.
 */
#include "core/lock.h"
#include "observe/account.h"
#include "core/atomic.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "waiters.h"
#include "core/walk.h"
#include "core/pass.h"
#include "core/queue.h"
#include "core/role.h"
#include "core/wait.h"

#include <errno.h>
#include <stddef.h>

int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes)
{
	if (!lock)
		return EINVAL;
	*lock = (fifolock_t)FIFOLOCK_INIT(modes);
	fl_account_new(lock);
	return 0;
}

int fifolock_destroy(fifolock_t *lock)
{
	uint64_t idle;

	if (!lock || lock->modes == &fl_no_modes)
		return fl_account_wrong(lock, 0, 1, EINVAL, FL_SITE);
	idle = fl_closed(lock) ? FL_QUEUED : 0;
	/* [HOLD] acquire: before whatever the caller does with the memory. */
	if ((fl_load_acquire(&lock->word) | idle) != idle)
		return fl_account_wrong(lock, 0, 1, EBUSY, FL_SITE);
	fl_account_new(lock);
	fl_account_gone(lock);
	lock->modes = &fl_no_modes;
	return 0;
}

int fifolock_close(fifolock_t *lock)
{
	if (fl_modes_of(lock) == &fl_no_modes)
		return fl_account_wrong(lock, 0, 1, EINVAL, FL_SITE);
	fl_account_closes(lock);
	fl_callbacks_defer(); /* all waiters are told before callbacks run */
	fl_control_change(lock, FL_CLOSED, FL_CLOSED);
	fl_cond_closed(lock);
	fl_callbacks_resume();
	return 0;
}

/* Requests that the closing was for may still be in line, if another thread has been granting
 * all the while: first they are turned away. */
int fifolock_reopen(fifolock_t *lock)
{
	struct fl_walk look = {0};

	if (fl_modes_of(lock) == &fl_no_modes)
		return fl_account_wrong(lock, 0, 1, EINVAL, FL_SITE);
	if (fl_closed(lock) && fl_walk(lock, &look) == EBUSY)
		return EAGAIN;
	fl_control_change(lock, FL_CLOSED, 0);
	return 0;
}

int fifolock_limit_waiters(fifolock_t *lock, uint32_t most)
{
	if (fl_modes_of(lock) == &fl_no_modes)
		return fl_account_wrong(lock, 0, 1, EINVAL, FL_SITE);
	if (most > FL_LIMIT_MAX)
		return ERANGE;
	fl_control_change(lock, FL_LIMIT_MAX << FL_LIMIT_SHIFT, most << FL_LIMIT_SHIFT);
	return 0;
}

/* Is there a reason not to get in line? */
static int objection(fifolock_t *lock, const struct fl_want *want, const void *site)
{
	if (fl_closed(lock))
		return ECANCELED;
	return fl_account_may_wait(lock, want->mode, want->weight, site);
}

FL_NOT_INLINE static int acquire_slow(fifolock_t *lock, unsigned mode, uint32_t n,
				      const struct fl_deadline *deadline,
				      const void *site)
{
	struct fl_want want = fl_want(&fl_modes_of(lock)->rows[mode], mode, n);
	int error = 0;

	if (!fl_take(lock, &want)) {
		error = objection(lock, &want, site);
		if (!deadline && n == 1)
			fl_meet(lock, mode, FL_MET_IN_LINE);
		if (!error)
			error = fl_wait_in_line(lock, &want, deadline);
	}
	if (!error)
		fl_account_took_at_once(lock, mode, n, site);
	return error;
}

/* Others are in line: so this request gets in line, too.  False: they are not, or something is to be looked
 * at more closely, or a listener is to hear of it. */
static bool queue_up(fifolock_t *lock, unsigned mode, int *error)
{
	fl_meet(lock, mode, FL_MET_IN_LINE);
	return !FL_HOOKED && !fl_account_listens() && fl_wait_behind(lock, mode, error);
}

/* The guess was wrong: there may be holds beside which this one fits, and mostly there will be next time. */
FL_NOT_INLINE static int acquire_held(fifolock_t *lock, unsigned mode, uint32_t n,
				      const struct fl_deadline *deadline, uint64_t seen,
				      const void *site)
{
	int error;

	if ((seen & FL_QUEUED) && !deadline && n == 1 && queue_up(lock, mode, &error))
		return error;
	if (!fl_take_beside(lock, fl_modes_of(lock), mode, n, seen))
		return acquire_slow(lock, mode, n, deadline, site);
	fl_account_took_at_once(lock, mode, n, site);
	return 0;
}

/* Not at once. */
static int wait_booked(fifolock_t *lock, struct fl_want *want,
		       const struct fl_deadline *deadline, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = objection(lock, want, site);

	if (error) {
		fl_account_refused(lock, modes, want->mode, error);
		return error;
	}
	want->since = fl_account_asks(lock, want->mode, !deadline);
	error = fl_wait_in_line(lock, want, deadline);
	if (error)
		fl_account_waited(lock, modes, want->mode, error);
	return error;
}

static int try_booked(fifolock_t *lock, const struct fl_want *want)
{
	int error = fl_closed(lock) ? ECANCELED : EBUSY;

	fl_account_refused(lock, fl_modes_of(lock), want->mode, error);
	return error;
}

FL_NOT_INLINE static int acquire_booked(fifolock_t *lock, unsigned mode, uint32_t n,
					const struct fl_deadline *deadline, bool waits,
					const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = fl_check(modes, mode, n);
	struct fl_want want;
	bool in_line;

	if (error)
		return error;
	if (deadline && (error = fl_deadline_check(deadline)))
		return error;
	want = fl_want(&modes->rows[mode], mode, n);
	in_line = !fl_take(lock, &want);
	if (in_line)
		error = waits ? wait_booked(lock, &want, deadline, site)
			      : try_booked(lock, &want);
	if (!error)
		fl_account_took(lock, mode, n, in_line, waits && !deadline, site);
	return error;
}

FL_ALWAYS int acquire_as_usual(fifolock_t *lock, unsigned mode, uint32_t n,
			       const struct fl_deadline *deadline, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t seen;
	int error;

	if (fl_unlikely(!fl_at_once(modes, mode, n)))
		return acquire_booked(lock, mode, n, deadline, true, site);
	if (deadline && (error = fl_deadline_check(deadline)))
		return error;
	if (!fl_take_free(lock, modes, mode, n, &seen))
		return acquire_held(lock, mode, n, deadline, seen, site);
	fl_account_took_at_once(lock, mode, n, site);
	return 0;
}

/* Its last guess there was wrong, and the next one would be, mostly.  A compare-and-swap that fails costs as much as
 * one that does not, where others wait for the line.  So it gets in line at once, if it had to; otherwise it looks
 * first (16 processors, all shared: 5.3 million operations a second with the guess, 6.9 without). */
FL_NOT_INLINE static int acquire_again(fifolock_t *lock, unsigned mode, const void *site)
{
	int error;

	if (fl_met_how != FL_MET_BESIDE && queue_up(lock, mode, &error))
		return error;
	if (fl_may_be_beside(fl_modes_of(lock), mode)) /* [GUESS] */
		return acquire_held(lock, mode, 1, NULL, fl_load_relaxed(&lock->word),
				    site);
	fl_met = 0;
	return acquire_as_usual(lock, mode, 1, NULL, site);
}

FL_ALWAYS int acquire(fifolock_t *lock, unsigned mode, uint32_t n,
		      const struct fl_deadline *deadline, const void *site)
{
	fl_prefetch_write(&lock->word);
	if (!deadline && n == 1 && fl_unlikely(fl_has_met(lock, mode)))
		return acquire_again(lock, mode, site);
	return acquire_as_usual(lock, mode, n, deadline, site);
}

FL_NOT_INLINE static int try_slow(fifolock_t *lock, unsigned mode, uint32_t n,
				  const void *site)
{
	struct fl_want want = fl_want(&fl_modes_of(lock)->rows[mode], mode, n);

	if (!fl_take(lock, &want))
		return fl_closed(lock) ? ECANCELED : EBUSY;
	fl_account_took_at_once(lock, mode, n, site);
	return 0;
}

/* A thread that tries again and again is not to fetch the line for writing: this looks first. */
FL_ALWAYS int try_acquire(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);

	if (fl_unlikely(!fl_at_once(modes, mode, n)))
		return acquire_booked(lock, mode, n, NULL, false, site);
	/* [GUESS] */
	if (!fl_take_seen(lock, modes, mode, n, fl_load_relaxed(&lock->word)))
		return try_slow(lock, mode, n, site);
	fl_account_took_at_once(lock, mode, n, site);
	return 0;
}

/* Perhaps with the role of the scanner (pass.c).  Asked before anything of the lock is looked
 * at: its line stays with the threads that get in line, if the heir has left its hint. */
FL_ALWAYS bool kept(const fifolock_t *lock, uint32_t n)
{
	return fl_unlikely(fl_kept_lock == lock) && n == 1;
}

FL_NOT_INLINE static int release_booked(fifolock_t *lock, unsigned mode, uint32_t n,
					const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = fl_check(modes, mode, n);
	const struct fifolock_row *row;
	uint64_t gave;

	if (error)
		return error;
	error = fl_account_holds(lock, mode, n, site);
	if (!error && fifolock_holds(lock, mode) < n)
		error = EPERM; /* before any listener is told */
	if (!error)
		error = fl_account_gives(lock, mode, n, &gave, site);
	if (error)
		return error;
	if (kept(lock, n) && fl_pass(lock, mode))
		return 0;
	row = &modes->rows[mode];
	error = fl_release(lock, row->field, row->unit * n);
	if (error)
		fl_account_keeps(lock, mode, n, gave, site);
	return error;
}

/* The guess was wrong: others hold it, too, or wait, or the caller does not hold it. */
FL_NOT_INLINE static int release_held(fifolock_t *lock, uint64_t field, uint64_t units,
				      uint64_t seen)
{
	return fl_give_seen(lock, field, units, seen) ? 0
						      : fl_release(lock, field, units);
}

FL_ALWAYS int release_plain(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	const fifolock_modes_t *modes;
	const struct fifolock_row *row;
	uint64_t units;
	uint64_t seen;
	int error;

	fl_prefetch_write(&lock->word);
	modes = fl_modes_of(lock);
	if (fl_unlikely(!fl_at_once(modes, mode, n)))
		return release_booked(lock, mode, n, site);
	error = fl_account_gives_at_once(lock, mode, n, site);
	if (error)
		return error;
	if (FL_HOOKED && kept(lock, n) && fl_pass(lock, mode))
		return 0;
	row = &modes->rows[mode];
	units = row->unit * n;
	if (fl_unlikely(fl_has_met(lock, mode)))
		seen = fl_load_relaxed(&lock->word); /* [GUESS] */
	else if (fl_give_only(lock, units, &seen))
		return 0;
	return release_held(lock, row->field, units, seen);
}

/* If a listener keeps books of it, it is passed on after these. */
FL_NOT_INLINE static int release_kept(fifolock_t *lock, unsigned mode, uint32_t n,
				      const void *site)
{
	return !fl_account_listens() && fl_pass(lock, mode)
		       ? 0
		       : release_plain(lock, mode, n, site);
}

FL_ALWAYS int release(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	return !FL_HOOKED && kept(lock, n) ? release_kept(lock, mode, n, site)
					   : release_plain(lock, mode, n, site);
}

int fifolock_lock(fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1, acquire(lock, mode, 1, NULL, FL_SITE),
				 FL_SITE);
}

int fifolock_lock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return fl_account_answer(lock, mode, n, acquire(lock, mode, n, NULL, FL_SITE),
				 FL_SITE);
}

int fifolock_trylock(fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1, try_acquire(lock, mode, 1, FL_SITE_BRIEF),
				 FL_SITE);
}

int fifolock_trylock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return fl_account_answer(lock, mode, n, try_acquire(lock, mode, n, FL_SITE_BRIEF),
				 FL_SITE);
}

int fifolock_timedlock(fifolock_t *lock, unsigned mode, const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};

	return fl_account_answer(
		lock, mode, 1,
		acquire(lock, mode, 1, fl_deadline_or_none(&until), FL_SITE_BRIEF),
		FL_SITE);
}

int fifolock_timedlock_n(fifolock_t *lock, unsigned mode, uint32_t n,
			 const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};

	return fl_account_answer(
		lock, mode, n,
		acquire(lock, mode, n, fl_deadline_or_none(&until), FL_SITE_BRIEF),
		FL_SITE);
}

int fifolock_clocklock(fifolock_t *lock, unsigned mode, clockid_t clock,
		       const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = clock};

	return fl_account_answer(
		lock, mode, 1,
		acquire(lock, mode, 1, fl_deadline_or_none(&until), FL_SITE_BRIEF),
		FL_SITE);
}

int fifolock_clocklock_n(fifolock_t *lock, unsigned mode, uint32_t n, clockid_t clock,
			 const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = clock};

	return fl_account_answer(
		lock, mode, n,
		acquire(lock, mode, n, fl_deadline_or_none(&until), FL_SITE_BRIEF),
		FL_SITE);
}

int fl_unlock(fifolock_t *lock, unsigned mode, const void *site)
{
	return fl_account_answer(lock, mode, 1, release(lock, mode, 1, site), site);
}

int fifolock_unlock(fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1, release(lock, mode, 1, FL_SITE_BRIEF),
				 FL_SITE);
}

int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	return fl_account_answer(lock, mode, n, release(lock, mode, n, FL_SITE_BRIEF),
				 FL_SITE);
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
