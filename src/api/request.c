/* SPDX-License-Identifier: MIT
 *
 * request.c - requests that no thread waits for.
 *
 * A request has a slot of its own from the pool, and a state in the caller's memory.
 * Leaving is decided against the grant on the slot's word, as for every request; the
 * state decides which thread gives the slot back, because the thread that cancels must be
 * sure that it is still the request's:
 *
 *	IN_LINE -> CANCELLING	the thread that cancels: the slot stays until that has let go
 *	CANCELLING -> LEFT	... it has left: the slot is the scanner's
 *	IN_LINE -> DONE		the thread that was told (calls back, waits or polls): frees it
 *	CANCELLING -> DONE	the first of the two: leaves it to the other
 *	DONE -> DONE		the second of the two: frees it
 *
 *	row       released by         acquired by         what it carries
 *	[STATE]   settle              settle              the last use of the slot
 *
 *	relaxed   because
 *	[ALONE]   Before the push, which carries it, or by the only thread that uses the request.
 *	[ROUSED]  Written before the slot is roused, and read after its word (slot.c).
 */
#define _GNU_SOURCE
#include "observe/account.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "fast.h"
#include "core/walk.h"
#include "core/awake.h"

#include <fifolock/request.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IDLE, IN_LINE, CANCELLING, DONE, LEFT };
#define STATE(state)	  ((state)&0xff)
#define STATUS(state)	  ((int)((state) >> 8))
#define DONE_WITH(status) (DONE | (uint32_t)(status) << 8)

/* What mode says of a conversion: from, to. */
#define CONVERTS(from, to) ((to) | (from) << 8 | UINT32_C(1) << 16)

static bool converts(const fifolock_request_t *request)
{
	return request->mode >> 16;
}

static unsigned from_of(const fifolock_request_t *request)
{
	return request->mode >> 8 & 0xff;
}

static unsigned mode_of(const fifolock_request_t *request)
{
	return request->mode & 0xff;
}

/* any -> state: what it was. */
static uint32_t settle(fifolock_request_t *request, uint32_t state)
{
	uint32_t was = fl_load_relaxed(&request->state); /* [ALONE] */

	/* [STATE] release, [STATE] acquire */
	while (!fl_cas_acq_rel(&request->state, &was, state))
		;
	return STATE(was);
}

static uint32_t state_of(const fifolock_request_t *request)
{
	/* [STATE] acquire */
	return fl_load_acquire(&request->state);
}

/* There the hold of from has been all the time. */
static void book_conversion(const fifolock_request_t *request, int status,
			    const void *site)
{
	if (status)
		fl_account_unchanged(request->lock, from_of(request));
	else
		fl_account_changed(request->lock, from_of(request), mode_of(request),
				   true, site);
}

static void book(const fifolock_request_t *request, int status, bool in_line,
		 const void *site)
{
	if (converts(request))
		book_conversion(request, status, site);
	/* Without a hold the lock may not be touched: it may be gone. */
	if (status)
		fl_account_turned_away(request->lock, status);
	else if (!converts(request))
		fl_account_took(request->lock, request->mode, request->n, in_line, false,
				site);
}

/* Told: the request is over.  The slot goes back, unless a thread is cancelling. */
static int finish(fifolock_request_t *request, struct fl_slot *slot, const void *site)
{
	int status = slot->verdict;

	fl_account_receives(request);
	book(request, status, true, site);
	fl_account_sends(request);
	if (settle(request, DONE_WITH(status)) != CANCELLING)
		fl_slot_retire(slot);
	return status;
}

/* What a slot calls when its turn has come; after finish the request may be used
 * again. */
static void call_back(void *at)
{
	fifolock_request_t *request = at;
	struct fl_slot *slot = request->slot;
	void (*done)(void *ctx, int status);
	void *ctx;
	const void *site;

	fl_account_receives(request);
	site = FL_SITE_CALLBACK("a callback of fifolock_request",
				fl_callback_of(request));
	done = request->done;
	ctx = request->ctx;
	done(ctx, finish(request, slot, site));
}

/* In line: 0 if it has been granted at once, by the very call that joined. */
static int join(fifolock_request_t *request, const struct fl_want *want,
		struct fl_slot *slot, const void *site)
{
	bool calls = request->done;
	unsigned how = FL_LEAVES | FL_NO_THREAD | (calls ? FL_CALLS : 0);
	int error;
	bool over;

	if (converts(request))
		how |= FL_CONVERTS | FL_NO_LIMIT;
	fl_callbacks_catch(slot);
	error = fl_join(request->lock, slot, want, how);
	over = fl_callbacks_caught();
	if (error) {
		fl_account_refused(request->lock, fl_modes_of(request->lock),
				   mode_of(request), error);
		fl_store_relaxed(&request->state, IDLE); /* [ALONE] */
		fl_slot_free(slot);
		return error;
	}
	/* In line with a callback: another thread may have called it, and all be gone. */
	if (!calls)
		over = fl_outcome(slot);
	return over ? finish(request, slot, site) : EINPROGRESS;
}

static int join_with_slot(fifolock_request_t *request, const struct fl_want *want,
			  const void *site)
{
	int saved = errno;
	struct fl_slot *slot = fl_slot_new();
	int error;

	errno = saved;
	if (!slot) {
		fl_account_refused(request->lock, fl_modes_of(request->lock),
				   mode_of(request), ENOMEM);
		return ENOMEM;
	}
	if (request->done) {
		slot->call = call_back;
		slot->ctx = request;
	}
	slot->from = (uint8_t)from_of(request);
	request->slot = slot;
	fl_store_relaxed(&request->state, IN_LINE); /* [ALONE] */
	fl_account_sends(request);
	fl_callbacks_defer();
	error = join(request, want, slot, site);
	fl_callbacks_resume();
	return error;
}

/* Its memory may have held anything: from now on it says so when it is polled or cancelled. */
int fl_request_refused(fifolock_request_t *request, int error)
{
	if (request)
		*request = (fifolock_request_t){.state = IDLE};
	return error;
}

int fl_request(fifolock_t *lock, unsigned mode, uint32_t n, fifolock_request_t *request,
	       void (*done)(void *ctx, int status), void *ctx, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	int error = request ? fl_check(modes, mode, n) : EINVAL;
	struct fl_want want;

	if (error)
		return fl_request_refused(request, error);
	want = fl_want(&modes->rows[mode], mode, n);
	*request = (fifolock_request_t){
		.lock = lock, .done = done, .ctx = ctx, .mode = mode, .n = n};
	if (fl_take(lock, &want)) {
		book(request, 0, false, site);
		fl_store_relaxed(&request->state, DONE); /* [ALONE] */
		return 0;
	}
	if (fl_closed(lock)) {
		fl_account_refused(lock, modes, mode, ECANCELED);
		return ECANCELED;
	}
	request->since = want.since = fl_account_asks(lock, mode, false);
	return join_with_slot(request, &want, site);
}

int fifolock_request(fifolock_t *lock, unsigned mode, uint32_t n,
		     fifolock_request_t *request, void (*done)(void *ctx, int status),
		     void *ctx)
{
	return fl_account_answer(
		lock, mode, n,
		fl_request(lock, mode, n, request, done, ctx, FL_SITE_BRIEF),
		FL_SITE_BRIEF);
}

/* Not at once, or not at all. */
static int exchange_in_line(fifolock_request_t *request, struct fl_want *want, int error,
			    const void *site)
{
	fifolock_t *lock = request->lock;

	if (error == EBUSY && !fl_closed(lock)) {
		request->since = want->since = fl_account_asks(lock, want->mode, false);
		error = join_with_slot(request, want, site);
		if (error == ENOMEM)
			fl_account_unchanged(lock, from_of(request));
		return error;
	}
	error = error == EBUSY ? ECANCELED : error;
	if (error != EPERM)
		fl_account_refused(lock, fl_modes_of(lock), want->mode, error);
	fl_account_unchanged(lock, from_of(request));
	return error;
}

int fl_request_exchange(fifolock_t *lock, unsigned from, struct fl_want *want,
			fifolock_request_t *request, const void *site)
{
	int error;

	*request = (fifolock_request_t){
		.lock = lock, .mode = CONVERTS(from, want->mode), .n = 1};
	fl_account_changes(lock, from);
	error = fl_exchange(lock, &fl_modes_of(lock)->rows[from], want);
	if (error)
		return exchange_in_line(request, want, error, site);
	fl_account_changed(lock, from, want->mode, false, site);
	fl_store_relaxed(&request->state, DONE); /* [ALONE] */
	return 0;
}

/* True: it has left the line. */
static bool leave(fifolock_request_t *request, struct fl_slot *slot)
{
	while (!fl_cancel(request->lock, slot, mode_of(request))) {
		if (fl_outcome(slot))
			return false;
		fl_await_claim(slot);
	}
	if (converts(request))
		fl_account_unchanged(request->lock, from_of(request));
	return true;
}

int fifolock_request_cancel(fifolock_request_t *request)
{
	uint32_t state = IN_LINE;
	struct fl_slot *slot;

	/* [STATE] acquire, no release */
	if (!fl_cas_acq_rel(&request->state, &state, CANCELLING)) {
		fl_account_receives(request);
		return EALREADY;
	}
	slot = request->slot;
	if (leave(request, slot)) {
		settle(request, LEFT);
		return 0;
	}
	if (!request->done)
		/* [STATE] release */
		fl_store_release(&request->state, IN_LINE);
	else if (settle(request, DONE_WITH(slot->verdict)) == DONE)
		fl_slot_retire(slot);
	return EALREADY;
}

static int poll(fifolock_request_t *request, const void *site)
{
	uint32_t state = state_of(request);

	switch (STATE(state)) {
	case DONE:
		fl_account_receives(request);
		return STATUS(state);
	case LEFT:
		return ECANCELED;
	case IDLE:
		return EINVAL;
	default:
		if (request->done || !fl_outcome(request->slot))
			return EINPROGRESS;
		return finish(request, request->slot, site);
	}
}

/* Only the slot is looked at: a request that is turned away may be the last to know of its
 * lock, and that at any moment. */
int fifolock_request_wait(fifolock_request_t *request, const struct timespec *deadline)
{
	struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};
	struct fl_callbacks_wait wait;
	int error;

	if (request->done)
		return EINVAL;
	if (deadline && (error = fl_deadline_check(&until)))
		return error;
	error = poll(request, FL_SITE);
	if (error != EINPROGRESS)
		return error;
	if (deadline && fl_deadline_astray(&until))
		return EINVAL;
	until.ended = &request->roused;
	fl_callbacks_wait_begin(&wait, request->lock);
	error = fl_await_request(request->slot, &until);
	fl_callbacks_wait_end(&wait);
	(void)fl_and_relaxed(&request->roused, 0u); /* [ROUSED] */
	return error == ETIMEDOUT ? ETIMEDOUT : finish(request, request->slot, FL_SITE);
}

/* The slot may have moved on: harmless. */
void fifolock_request_rouse(fifolock_request_t *request)
{
	(void)fl_or_relaxed(&request->roused, FL_ENDED_BY_OTHER); /* [ROUSED] */
	if (request->slot)
		fl_slot_rouse(request->slot);
}

int fifolock_request_poll(fifolock_request_t *request)
{
	return poll(request, FL_SITE_BRIEF);
}

uint32_t fifolock_request_run_due(fifolock_t *lock)
{
	return fl_callbacks_take_over(lock);
}

struct count {
	const struct fl_slot *slot;
	uint32_t before;
	bool found;
};

static bool count_before(const struct fl_slot *slot, void *ctx)
{
	struct count *count = ctx;

	count->found = slot == count->slot;
	count->before += !count->found;
	return !count->found;
}

uint32_t fifolock_request_position(fifolock_request_t *request)
{
	struct count count = {.slot = request->slot};
	struct fl_walk look = {.visit = count_before, .ctx = &count};

	/* Told: the lock may be gone. */
	if (STATE(state_of(request)) != IN_LINE || fl_outcome(request->slot))
		return UINT32_MAX;
	if (fl_walk(request->lock, &look) == EBUSY)
		return UINT32_MAX;
	/* Told meanwhile: the slot may have been another's when it was seen. */
	if (STATE(state_of(request)) != IN_LINE)
		return UINT32_MAX;
	return count.found ? count.before : UINT32_MAX;
}

void fifolock_done_eventfd(void *ctx, int status)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)status;
	/* write() would be a cancellation point.  Full: then it is readable already. */
	syscall(SYS_write, (int)(intptr_t)ctx, &one, sizeof(one));
	errno = saved;
}
