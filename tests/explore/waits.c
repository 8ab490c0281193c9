/* SPDX-License-Identifier: MIT
 *
 * waits.c - waits for a condition.
 *
 * The one that has waited longest is the one that has taken the guard first; the guard is a lock like others,
 * with an account of its own (watch.c).  What a call was to do under it must be done when it
 * gives it back:
 *
 *	a wait		is listed; or, the second time, takes itself off if no thread has
 *			signalled it
 *	a signal	has moved the first of those listed into its lock's line, if there was one
 *	a broadcast	has moved all of them, in their order
 *
 * A closing turns away those listed; that is decided on the note of the waiter's slot, and
 * such a waiter is passed over by signals.
 *
 * A wait gives back its hold after it is listed and before it sleeps, or nothing at all; it
 * returns with what it has waited for and a signal, or a time-out that came before any.
 * The thread that signals is done with the waiter's memory when that returns.
 */
#include "account.h"

#include <errno.h>
#include <string.h>

enum kind { WAITS, SIGNALS, BROADCASTS };

/* A call of a thread; those of callbacks nest. */
struct call {
	enum kind kind;
	struct request *request; /* a wait's */
	const struct request *within[ACCOUNTS];
	unsigned moved;
	bool guarded; /* has had the guard */
	bool nobody;  /* no thread waited when it began */
	unsigned emptied;
};

static struct {
	const fifolock_cond_t *cond;
	struct {
		struct request *request;
		struct account *of;
	} listed[REQUESTS];
	unsigned count;
	unsigned emptied; /* how often the last of those that wait has ceased to */
	struct call calls[EX_THREADS][NESTED];
	unsigned depth[EX_THREADS];
} waits;

void waits_begin(const fifolock_cond_t *cond)
{
	memset(&waits, 0, sizeof(waits));
	waits.cond = cond;
}

static struct call *innermost(unsigned thread)
{
	unsigned depth = waits.depth[thread];

	return depth ? &waits.calls[thread][depth - 1] : NULL;
}

/* For a signal: not those that leave, or have been turned away. */
static bool is_gone(const struct request *request)
{
	return request->shut || request->noted;
}

static bool nobody_waits(void)
{
	for (unsigned i = 0; i < waits.count; i++)
		if (!is_gone(waits.listed[i].request))
			return false;
	return true;
}

static struct call *call_begins(enum kind kind)
{
	unsigned me = ex_current();
	struct call *call = &waits.calls[me][waits.depth[me]++];

	if (waits.depth[me] > NESTED)
		ex_fail("explorer: too many calls on a condition, one in another");
	*call = (struct call){
		.kind = kind, .nobody = nobody_waits(), .emptied = waits.emptied};
	for (unsigned i = 0; i < ACCOUNTS; i++)
		call->within[i] = accounts[i].calls[me].request;
	return call;
}

/* ---- under the guard ---- */

static void take_off(unsigned which)
{
	memmove(&waits.listed[which], &waits.listed[which + 1],
		(--waits.count - which) * sizeof(waits.listed[0]));
}

static void list(struct request *request)
{
	waits.listed[waits.count].request = request;
	waits.listed[waits.count++].of = &accounts[watch_where()];
	request->state = LISTED;
	request->listed = true;
	memory_lend(waits.cond->last);
}

/* Those are not to be moved: but the one that this signal has taken is. */
static void take_off_gone(void)
{
	for (unsigned i = 0; i < waits.count;) {
		struct request *request = waits.listed[i].request;

		if (!is_gone(request) || (request->noted && request->signalled)) {
			i++;
			continue;
		}
		request->state = ASKED;
		take_off(i);
	}
}

static void wait_was_there(struct request *request)
{
	if (request->state == ASKED && !request->listed) {
		list(request);
		return;
	}
	for (unsigned i = 0; i < waits.count; i++)
		if (waits.listed[i].request == request) {
			take_off(i);
			request->state = ASKED;
			return;
		}
}

void waits_guard_given(unsigned thread)
{
	struct call *call = innermost(thread);

	if (!call)
		ex_fail("thread %u had a guard, and no call that needs it", thread);
	call->guarded = true;
	if (call->kind == WAITS) {
		wait_was_there(call->request);
		return;
	}
	if (call->kind == BROADCASTS || !call->moved)
		take_off_gone();
	if (waits.count && (call->kind == BROADCASTS || !call->moved))
		ex_fail("thread %u has signalled, and thread %u still waits for it",
			thread, waits.listed[0].request->thread);
}

/* ---- the note ---- */

/* A wait writes down where it can be turned away, before it is listed. */
static void note_written(const struct ex_event *event)
{
	struct call *call = innermost(event->thread);
	struct request *request = call ? call->request : NULL;

	if (request && event->op.kind == EX_STORE && !request->listed &&
	    event->after == (uintptr_t)accounts[watch_where()].lock)
		request->note = event->op.at;
}

static void turned_away(struct request *request)
{
	if (!request->closed)
		ex_fail("thread %u, which waits for a condition, is turned away, and the "
			"lock was not closed",
			request->thread);
	request->shut = true;
}

/* lock -> 0: signalled, or about to leave. */
static void taken(struct request *request, unsigned thread)
{
	bool before = nobody_waits();

	request->noted = true;
	request->signalled = innermost(thread)->kind != WAITS;
	waits.emptied += !before && nobody_waits();
}

void waits_step(const struct ex_event *event)
{
	note_written(event);
	for (unsigned t = 0; t < EX_THREADS; t++)
		for (unsigned i = 0; i < waits.depth[t]; i++) {
			struct request *request = waits.calls[t][i].request;

			if (!request || request->note != event->op.at)
				continue;
			if (event->after == event->before + 1 && !(event->before & 7))
				turned_away(request);
			else if (request->state == LISTED && !request->noted &&
				 event->before && !event->after)
				taken(request, event->thread);
		}
}

/* ---- a push by the thread that signals ---- */

/* Unless it is that of a callback which runs inside the signal. */
bool waits_moves(struct caller *caller)
{
	const struct call *call = innermost(ex_current());

	return call && call->kind != WAITS &&
	       call->within[account - accounts] == caller->request;
}

struct request *waits_moved(void)
{
	struct call *call = innermost(ex_current());
	struct request *request;

	take_off_gone();
	request = waits.listed[0].request;
	if (!waits.count || waits.listed[0].of != account)
		ex_fail("thread %u signals one that does not wait", ex_current());
	if (call->moved++ && call->kind == SIGNALS)
		ex_fail("thread %u signals two at once", ex_current());
	take_off(0);
	request->state = ASKED;
	account->calls[ex_current()].moved = request;
	return request;
}

/* ---- calls and answers ---- */

unsigned watch_cond_waits(unsigned mode, bool timed)
{
	const struct caller *caller = account_mine();
	unsigned which = watch_asks(WATCH_COND, mode, 1);
	struct request *request = &account->requests[which];

	request->timed = timed;
	request->gives = &caller->releases[caller->nested];
	watch_gives(mode, 1);
	call_begins(WAITS)->request = request;
	account_note_causes(); /* the hold may be gone already */
	return which;
}

static bool is_right(const struct request *request, int error, bool may_lack_memory)
{
	bool gave = request->gives->done;

	switch (error) {
	case 0:
		return account_has(request) && request->signalled &&
		       (gave || request->lost);
	case ETIMEDOUT:
		return account_has(request) && !request->signalled && !request->shut &&
		       request->timed && gave;
	case ECANCELED:
		if (request->state == ASKED)
			return gave && request->shut;
		return request->state == REFUSED && request->told &&
		       request->verdict == ECANCELED && (gave || request->lost);
	case EPERM:
		return request->state == ASKED && request->lost && !gave;
	case ENOMEM:
		return request->state == ASKED && may_lack_memory && !gave;
	default:
		return false;
	}
}

void watch_cond_waited(int error, bool may_lack_memory)
{
	unsigned me = ex_current();
	struct caller *caller = account_mine();
	struct request *request = caller->request;

	if (!is_right(request, error, may_lack_memory))
		ex_fail("thread %u, which has waited for a condition, is answered %d "
			"(state %d%s%s)",
			me, error, (int)request->state,
			request->signalled ? ", signalled" : "",
			request->gives->done ? "" : ", nothing given back");
	memory_return();
	waits.depth[me]--;
	caller->nested--;
	caller->request = request->outer;
	account_over(request, error);
}

void watch_signals(bool all)
{
	call_begins(all ? BROADCASTS : SIGNALS);
}

/* Without a look at the list: there was a moment in which no thread waited; or it saw what was there
 * before, as a thread may that comes after none. */
static bool may_go_by(const struct call *call)
{
	return call->nobody || call->emptied != waits.emptied || nobody_waits() ||
	       ex_stale();
}

void watch_signalled(int error, bool may_lack_memory)
{
	unsigned me = ex_current();
	const struct call *call = innermost(me);

	waits.depth[me]--;
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		account = &accounts[i];
		account_announced(account->calls[me].moved);
	}
	if (error == 0 ? !call->guarded && !may_go_by(call)
		       : error != ENOMEM || !may_lack_memory || call->guarded)
		ex_fail("a signal by thread %u is answered %d", me, error);
}
