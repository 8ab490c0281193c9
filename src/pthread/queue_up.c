/* SPDX-License-Identifier: MIT
 *
 * queue_up.c - what is not to be had at once: in line for it.
 */
#include "face.h"
#include "core/queue.h"
#include "report.h"
#include "core/wait.h"

int fl_until_clock(clockid_t clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME ? 0 : EINVAL;
}

int fl_until_time(fl_time at)
{
	return at && (at->tv_nsec < 0 || at->tv_nsec >= 1000000000) ? EINVAL : 0;
}

bool fl_take_if_free(fifolock_t *lock, unsigned mode)
{
	const struct fl_want want = fl_want(&fl_one_table.rows[mode], mode, 1);

	return fl_take(lock, &want);
}

/* A thread that has asked for asynchronous cancellation may be cancelled as soon as it has: then the
 * hold must not go with it. */
struct hold {
	fifolock_t *lock;
	unsigned mode;
};

static void give_up(void *of)
{
	const struct hold *hold = of;
	const struct fifolock_row *row = &fl_one_table.rows[hold->mode];

	fl_release(hold->lock, row->field, row->unit);
}

static void after(const struct fl_cancellable *wait, fifolock_t *lock, unsigned mode,
		  bool held)
{
	struct hold hold = {lock, mode};

	if (!held || wait->type == PTHREAD_CANCEL_DEFERRED) {
		fl_cancellable_after(wait);
		return;
	}
	pthread_cleanup_push(give_up, &hold);
	fl_cancellable_after(wait);
	pthread_cleanup_pop(0);
}

/* Why a wait has ended that has ended early. */
static int reason(uint32_t ended)
{
	return ended & FL_ENDED_BY_OTHER    ? ECANCELED
	       : ended & FL_ENDED_BY_SIGNAL ? EINTR
					    : ETIMEDOUT;
}

static int wait_once(fifolock_t *lock, const struct fl_want *want,
		     const struct fl_until *until, struct fl_cancellable *wait)
{
	struct fl_deadline deadline = {.at = until->at,
				       .clock = until->clock,
				       .heeds_signals = until->is_point,
				       .ended = wait->ended};
	uint32_t local = 0, ended;
	int error;

	if (!deadline.ended && (until->at || until->is_point))
		deadline.ended = &local;
	error = fl_wait_in_line(lock, want, deadline.ended ? &deadline : NULL);
	ended = fl_cancellable_end(wait) | (local & FL_ENDED);
	return error == ETIMEDOUT ? reason(ended) : error;
}

static int queue_up(fifolock_t *lock, unsigned mode, const struct fl_until *until)
{
	const struct fl_want want = fl_want(&fl_one_table.rows[mode], mode, 1);
	struct fl_cancellable wait;
	int error = fl_until_time(until->at);

	if (error)
		return error;
	do {
		fl_cancellable_begin(&wait, until->is_point);
		error = wait_once(lock, &want, until, &wait);
		after(&wait, lock, mode, error == 0);
		/* A signal of the C library's own may have come before it was ended. */
		if ((error == ECANCELED || error == EINTR) && until->is_point)
			pthread_testcancel();
	} while (error == ECANCELED);
	return error;
}

int fl_queue_up(fifolock_t *lock, unsigned mode, const struct fl_until *until)
{
	uint64_t began;
	int error;

	if (!fl_reports())
		return queue_up(lock, mode, until);
	began = fl_report_wait_begins(lock, fl_line_length(lock) + 1);
	error = queue_up(lock, mode, until);
	fl_report_wait_ends(lock, began);
	return error;
}
