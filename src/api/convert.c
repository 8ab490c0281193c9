/* SPDX-License-Identifier: MIT
 *
 * convert.c - what a holder may do besides giving back: another mode for the one it has,
 * a look whether a request waits for it, a turn for the requests in line.
 *
 *	relaxed   because
 *	[ANSWER]  The request that is looked at has been found in line, and carries what its owner knew of the word; what
 *	          is newer is right, too.
 */
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "core/walk.h"
#include "core/awake.h"
#include "core/wait.h"

#include <stddef.h>

static int check_both(const fifolock_modes_t *modes, unsigned from, unsigned to)
{
	int error = fl_check(modes, from, 1);

	return error ? error : fl_check(modes, to, 1);
}

/* Not at once: in line before all requests without a hold. */
static int wait_ahead(fifolock_t *lock, unsigned from, struct fl_want *want,
		      const struct fl_deadline *deadline)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error;

	want->since = fl_account_asks(lock, want->mode, false);
	error = fl_wait_ahead(lock, want, from, deadline);
	if (error)
		fl_account_waited(lock, modes, want->mode, error);
	return error;
}

static int exchange(fifolock_t *lock, unsigned from, struct fl_want *want, bool waits,
		    const struct fl_deadline *deadline, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = fl_exchange(lock, &modes->rows[from], want);
	bool in_line;

	if (error == EBUSY && fl_closed(lock))
		error = ECANCELED;
	in_line = error == EBUSY && waits;
	if (in_line)
		error = wait_ahead(lock, from, want, deadline);
	else if (error && error != EPERM)
		fl_account_refused(lock, modes, want->mode, error);
	if (!error)
		fl_account_changed(lock, from, want->mode, in_line, site);
	return error;
}

/* Is there anything against it? */
static int may_convert(fifolock_t *lock, unsigned from, unsigned to, bool waits,
		       const void *site)
{
	int error = fl_account_holds(lock, from, 1, site);

	if (!error && fifolock_holds(lock, from) == 0)
		error = EPERM; /* before any listener is told */
	if (!error && waits)
		error = fl_account_may_convert(lock, from, to, site);
	if (error == EDEADLK)
		fl_account_refused(lock, fl_modes_of(lock), to, error);
	return error;
}

static int convert(fifolock_t *lock, unsigned from, unsigned to, bool waits,
		   const struct fl_deadline *deadline, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = check_both(modes, from, to);
	struct fl_want want;

	if (error || (deadline && (error = fl_deadline_check(deadline))))
		return error;
	error = may_convert(lock, from, to, waits, site);
	if (error)
		return error;
	want = fl_want(&modes->rows[to], to, 1);
	fl_account_changes(lock, from);
	error = exchange(lock, from, &want, waits, deadline, site);
	if (error)
		fl_account_unchanged(lock, from);
	return error;
}

/* Which of the two modes is it that is wrong, if one is? */
static int answer(const fifolock_t *lock, unsigned from, unsigned to, int error,
		  const void *site)
{
	bool is_to = error == EINVAL && !fl_check(fl_modes_of(lock), from, 1);

	return fl_account_answer(lock, is_to ? to : from, 1, error, site);
}

int fifolock_convert(fifolock_t *lock, unsigned from, unsigned to)
{
	return answer(lock, from, to, convert(lock, from, to, true, NULL, FL_SITE),
		      FL_SITE);
}

int fifolock_tryconvert(fifolock_t *lock, unsigned from, unsigned to)
{
	return answer(lock, from, to, convert(lock, from, to, false, NULL, FL_SITE_BRIEF),
		      FL_SITE);
}

int fifolock_timedconvert(fifolock_t *lock, unsigned from, unsigned to,
			  const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};

	return answer(
		lock, from, to,
		convert(lock, from, to, true, fl_deadline_or_none(&until), FL_SITE_BRIEF),
		FL_SITE);
}

static int ask(fifolock_t *lock, unsigned from, unsigned to, fifolock_request_t *request,
	       const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = request ? check_both(modes, from, to) : EINVAL;
	struct fl_want want;

	if (!error)
		error = may_convert(lock, from, to, true, site);
	if (error)
		return fl_request_refused(request, error);
	want = fl_want(&modes->rows[to], to, 1);
	return fl_request_exchange(lock, from, &want, request, site);
}

int fifolock_request_convert(fifolock_t *lock, unsigned from, unsigned to,
			     fifolock_request_t *request)
{
	return answer(lock, from, to, ask(lock, from, to, request, FL_SITE_BRIEF),
		      FL_SITE);
}

struct kept_out {
	const fifolock_t *lock;
	const fifolock_modes_t *modes;
	unsigned mode;
	bool found;
};

/* By the holds of that mode, and no others, now that the request is in line: by those of a moment before it
 * could seem to be kept out though they had gone when it came. */
static bool is_kept_out(const struct fl_slot *slot, void *ctx)
{
	struct kept_out *search = ctx;
	uint64_t word = fl_load_relaxed(&search->lock->word); /* [ANSWER] */
	uint64_t holds = word & search->modes->rows[search->mode].field;

	if ((slot->how & FL_CONVERTS) && slot->from == search->mode && holds)
		holds -= search->modes->rows[slot->from].unit; /* its own */
	search->found = !fl_slot_fits(search->modes, slot, holds);
	return !search->found;
}

/* EAGAIN: it cannot be told now. */
static int contends(fifolock_t *lock, unsigned mode, bool *found)
{
	struct kept_out search = {.lock = lock, .modes = fl_modes_of(lock), .mode = mode};
	struct fl_walk look = {.visit = is_kept_out, .ctx = &search};
	int error = 0;

	if (fifolock_holds(lock, mode))
		error = fl_walk(lock, &look);
	*found = search.found;
	return error == EBUSY ? EAGAIN : 0;
}

bool fifolock_contended(fifolock_t *lock, unsigned mode)
{
	bool found;

	return contends(lock, mode, &found) == 0 && found;
}

/* In line again before the hold is given back: so the requests that are in line now
 * get their turn, and none that comes later.  No callback runs between the two. */
static int take_turns(fifolock_t *lock, const struct fl_want *want, struct fl_slot *slot)
{
	const struct fifolock_row *row = &fl_modes_of(lock)->rows[want->mode];
	struct fl_callbacks_wait wait;
	int error;

	fl_callbacks_wait_begin(&wait, lock);
	fl_callbacks_defer();
	fl_join(lock, slot, want, FL_NO_LIMIT);
	fl_release(lock, row->field, row->unit);
	fl_callbacks_resume();
	error = fl_await(lock, slot, NULL);
	fl_callbacks_wait_end(&wait);
	return error;
}

static int bump(fifolock_t *lock, unsigned mode, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_want want = fl_want(&modes->rows[mode], mode, 1);
	struct fl_slot *slot;
	uint64_t gave;
	int error = fl_slot_to_wait(lock, NULL, &slot);

	if (error)
		return 0; /* closed meanwhile: all in line have been turned away */
	(void)fl_account_gives(lock, mode, 1, &gave, site);
	error = fl_account_may_wait(lock, mode, 1, site);
	if (error) {
		fl_account_keeps(lock, mode, 1, gave, site);
		fl_account_refused(lock, modes, mode, error);
		fl_slot_waited(slot);
		return error;
	}
	want.since = fl_account_asks(lock, mode, true);
	error = take_turns(lock, &want, slot);
	fl_slot_waited(slot);
	if (error)
		fl_account_turned_away(lock, error);
	else
		fl_account_took(lock, mode, 1, true, true, site);
	return error;
}

static int bump_if_contended(fifolock_t *lock, unsigned mode, const void *site)
{
	int error = fl_check(fl_modes_of(lock), mode, 1);
	bool found;

	if (!error)
		error = fl_account_holds(lock, mode, 1, site);
	if (error)
		return error;
	if (fifolock_holds(lock, mode) == 0)
		return EPERM;
	fl_account_asks_again(lock, mode, site);
	error = contends(lock, mode, &found);
	return error || !found ? error : bump(lock, mode, site);
}

int fifolock_bump(fifolock_t *lock, unsigned mode)
{
	return fl_account_answer(lock, mode, 1, bump_if_contended(lock, mode, FL_SITE),
				 FL_SITE);
}
