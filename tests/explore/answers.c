/* SPDX-License-Identifier: MIT
 *
 * answers.c - is what a call returns what has happened?
 */
#include "account.h"
#include "core/lock.h"

#include <errno.h>

struct request *account_asks(struct request request)
{
	unsigned me = ex_current();
	struct request *new = &account->requests[account->request_count];

	if (account->request_count++ == REQUESTS)
		ex_fail("explorer: too many requests");
	request.thread = me;
	request.asked_at = account_step;
	request.closed = account->closed;
	request.turned_away = account->closed_for_certain;
	request.calls = request.call == WATCH_CALL || request.call == WATCH_RUN_LATER;
	request.outer = account->calls[me].request;
	*new = request;
	account->calls[me].request = new;
	account->calls[me].runs += request.call == WATCH_RUN;
	if (!account->freed) {
		account_note_causes();
		account_note_length();
	}
	return new;
}

unsigned watch_asks(enum watch_call call, unsigned mode, uint32_t n)
{
	(void)account_mine();
	return (unsigned)(account_asks((struct request){
				  .call = call, .mode = mode, .n = n, .from = -1}) -
			  account->requests);
}

unsigned watch_converts(enum watch_call call, unsigned from, unsigned to)
{
	(void)account_mine();
	return (unsigned)(account_asks((struct request){
				  .call = call, .mode = to, .n = 1, .from = (int)from}) -
			  account->requests);
}

/* Granted, and the one that was in line was told. */
bool account_has(const struct request *request)
{
	bool got = request->state == HELD && (!request->slot || request->told);

	if (request->call == WATCH_RUN || request->call == WATCH_RUN_LATER)
		return got && request->ran && request->released;
	return got || (request->call == WATCH_BUMP && request->state == ASKED);
}

static bool turned_away(const struct request *request, int error)
{
	if (request->ran || request->running)
		return false;
	if (request->state == REFUSED)
		return request->told && request->verdict == error;
	if (error == EPERM)
		return request->state == ASKED && request->from >= 0 && request->lost;
	return error == ECANCELED && request->state == ASKED &&
	       (request->closed || (ex_stale() && account->ever_closed));
}

/* In line, or by now even over: without the call. */
static bool goes_on(const struct request *request)
{
	return (request->call == WATCH_CALL || request->call == WATCH_REQUEST ||
		request->call == WATCH_RUN_LATER) &&
	       request->state != ASKED && request->state != LEFT;
}

static bool answer_is_right(const struct request *request, int error,
			    bool may_lack_memory)
{
	switch (error) {
	case 0:
		return account_has(request);
	case EINPROGRESS:
		return goes_on(request);
	case ETIMEDOUT:
		return request->call == WATCH_TIMED && request->state == LEFT;
	case EBUSY:
		return request->call == WATCH_TRY && request->state == ASKED &&
		       (request->cause || ex_stale());
	case ENOMEM:
		return may_lack_memory && request->state == ASKED;
	case EAGAIN:
		return request->state == ASKED && request->full;
	default:
		return turned_away(request, error);
	}
}

void account_over(struct request *request, int error)
{
	account_out_of_line(request);
	request->state = OVER;
	request->over_at = account_step;
	request->verdict = error;
}

void watch_answer(int error, bool may_lack_memory)
{
	unsigned me = ex_current();
	struct request *request = account_mine()->request;

	if (!answer_is_right(request, error, may_lack_memory))
		ex_fail("thread %u is answered %d, which is not what happened (state %d)",
			me, error, (int)request->state);
	account->calls[me].request = request->outer;
	account->calls[me].runs -= request->call == WATCH_RUN;
	if (error == EINPROGRESS) {
		request->in_line = true;
		account_announced(request);
	} else {
		account_over(request, error);
	}
}

/* ---- requests that no thread waits for ---- */

void watch_called(unsigned which, int status)
{
	struct request *request = account_numbered(which);

	if (request->called || !request->calls || request->cancelled)
		ex_fail("the request of thread %u is called back once too often",
			request->thread);
	if (status ? !turned_away(request, status) : !account_has(request))
		ex_fail("the request of thread %u is called back with %d, which is not "
			"what "
			"happened (state %d)",
			request->thread, status, (int)request->state);
	request->called = true;
	account_over(request, status);
}

void watch_waits(unsigned which)
{
	struct request *request = account_numbered(which);
	unsigned me = ex_current();

	request->outer = account->calls[me].request;
	account->calls[me].request = request;
}

void watch_waited(int error)
{
	unsigned me = ex_current();
	struct request *request = account_mine()->request;
	bool right = error == ETIMEDOUT || error == EINPROGRESS
			     ? goes_on(request)
			     : answer_is_right(request, error, false);

	if (!right)
		ex_fail("thread %u, which has waited, is answered %d, which is not what "
			"happened (state %d)",
			me, error, (int)request->state);
	account->calls[me].request = request->outer;
	if (error != ETIMEDOUT && error != EINPROGRESS)
		account_over(request, error);
}

void watch_cancels(unsigned which)
{
	account_numbered(which)->cancels++;
}

/* Another cancel may have been first, or be about to be. */
void watch_cancelled(unsigned which, int error)
{
	struct request *request = account_numbered(which);
	bool others = --request->cancels || request->cancelled;

	if (error == 0) {
		if (request->state != LEFT || request->cancelled)
			ex_fail("a request of thread %u is said to have left (state %d)",
				request->thread, (int)request->state);
		request->cancelled = true;
		account_over(request, ECANCELED);
		return;
	}
	if (error != EALREADY || (!others && request->state != HELD &&
				  request->state != REFUSED && request->state != OVER))
		ex_fail("a cancel of thread %u's request is answered %d (state %d)",
			request->thread, error, (int)request->state);
}

/* ---- sections ---- */

/* In the order in which they got in line, and never two of them at a time. */
static void check_turn(const struct request *request)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *other = &account->requests[i];

		if (other == request || other->server != request->server ||
		    other->call != WATCH_RUN || other->state != HELD)
			continue;
		if (other->running ||
		    (!other->ran && other->pushed_at < request->pushed_at))
			ex_fail("G1: a section of thread %u is run before one of thread "
				"%u",
				request->thread, other->thread);
	}
}

void watch_section(unsigned which, bool begins)
{
	struct request *request = account_numbered(which);
	uint32_t holds[FIFOLOCK_MAX_MODES];

	memory_quietly(true);
	account_decode(account->lock->word, holds);
	memory_quietly(false);
	if (!begins) {
		request->running = false;
		request->ran = true;
		return;
	}
	if (request->call == WATCH_RUN_LATER)
		request->server = ex_current();
	if (request->ran || request->running)
		ex_fail("a section of thread %u is run twice", request->thread);
	if (request->state != HELD || request->server != ex_current() ||
	    !holds[request->mode])
		ex_fail("a section of thread %u is run by thread %u, which does not hold "
			"the "
			"mode for it (state %d)",
			request->thread, ex_current(), (int)request->state);
	check_turn(request);
	request->running = true;
}

/* ---- releases ---- */

void watch_gives(unsigned mode, uint32_t n)
{
	struct caller *me = account_mine();

	if (me->nested == NESTED)
		ex_fail("explorer: too many releases, one in another");
	me->releases[me->nested++] = (struct release){mode, n, false};
}

void watch_gave(int error, bool may_be_refused)
{
	unsigned me = ex_current();
	struct caller *caller = account_mine();
	const struct release *release = &caller->releases[--caller->nested];

	if (error == 0 ? !release->done : release->done || !may_be_refused)
		ex_fail("thread %u: a release is answered %d", me, error);
}

/* Either both or nothing: in line again, and given back. */
void watch_bumped(int error)
{
	unsigned me = ex_current();
	struct caller *caller = account_mine();

	if (caller->releases[--caller->nested].done != (caller->request->state != ASKED))
		ex_fail("thread %u has done half a bump", me);
	watch_answer(error, false);
}

/* ---- closing ---- */

void watch_rules(void)
{
	(void)account_mine();
	account->ruling++;
	account->rules_at[ex_current()] = account_step;
	account_note_causes();
	looks_note();
}

/* Unless another thread is granting, all that were in line are out of it. */
void watch_ruled(bool closes)
{
	(void)account_mine();
	account->ruling--;
	looks_note();
	if (!closes || !account->closed)
		return;
	account->closed_for_certain =
		account->opened_at < account->rules_at[ex_current()];
	if (keeps_busy() || !account->closed_for_certain)
		return;
	for (unsigned i = 0; i < account->line_count; i++) {
		const struct request *request = &account->requests[account->line[i]];

		if (request->state == ANNOUNCED &&
		    request->announced_at <= account->rules_at[ex_current()])
			ex_fail("the lock is closed, and thread %u is in line still",
				request->thread);
	}
}

/* ---- looks ---- */

void watch_looks(void)
{
	struct caller *me = account_mine();

	me->looks = true;
	me->fewest = UINT32_MAX;
	me->most = 0;
	account_note_length();
}

/* Those that were seen in line are not passed: watch_word has taken them as announced.  Here:
 * there were so many at some moment, or none of which any thread could know. */
void watch_saw(uint32_t waiting)
{
	struct caller *me = account_mine();

	me->looks = false;
	if (waiting > EX_THREADS ||
	    (!ex_stale() && waiting && (waiting < me->fewest || waiting > me->most)))
		ex_fail("%u are said to be in line, where there were %u to %u", waiting,
			me->fewest, me->most);
}

/* ---- the end ---- */

void watch_freed(void)
{
	(void)account_mine();
	account->freed = true;
}

/* A callback may be handed over to a thread that comes next, if no thread waits. */
static bool may_be_handed_over(const struct request *request)
{
	if (ex_serves_most() >= 256 || request->state != HELD || !request->told)
		return false;
	for (unsigned i = 0; i < account->line_count; i++)
		if (!account->requests[account->line[i]].calls)
			return false;
	return true;
}

/* Whose turn has come, and no thread is on the way to tell? */
static void check_told(void)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *request = &account->requests[i];
		bool over = request->state == HELD || request->state == REFUSED;

		if (over && request->calls && request->in_line &&
		    !may_be_handed_over(request))
			ex_fail("a request of thread %u is over, all sleep, and it has "
				"not "
				"been called back",
				request->thread);
		if (over && !request->told && request->slot)
			ex_fail("a request of thread %u is over, all sleep, and none "
				"has told it",
				request->thread);
	}
}

static void rest(void)
{
	uint32_t holds[FIFOLOCK_MAX_MODES];
	struct request *order[REQUESTS];

	check_told();
	if (account->freed)
		return;
	account_decode(account->lock->word, holds);
	if (account->lock->word & FL_SCANNING || keeps_busy())
		ex_fail("all sleep, and a scan is not finished");
	for (unsigned t = 0; t < EX_THREADS; t++) {
		const struct request *request = account->calls[t].request;

		if (request && (request->state == HELD || request->state == REFUSED))
			ex_fail("thread %u has been granted, and sleeps", t);
		if (request && request->state == LISTED && account->closed &&
		    !account->ruling)
			ex_fail("the lock is closed, and thread %u waits for a condition",
				t);
	}
	if (account_order(order, false) && account_allows(holds, order[0]))
		ex_fail("G3: all sleep, and thread %u, the head of the line, fits",
			order[0]->thread);
}

void watch_rest(void)
{
	for (account = accounts; account < accounts + ACCOUNTS; account++)
		if (account->lock)
			rest();
}

static void check_lock_is_idle(void)
{
	const fifolock_t *lock = account->lock;
	uint64_t idle = account->closed ? FL_QUEUED : 0;

	if ((lock->word | idle) != idle || lock->head || lock->departed ||
	    (uint32_t)lock->arrivals)
		ex_fail("at the end the lock is not free: word %llx first %u left %u "
			"line %llx",
			(unsigned long long)lock->word, lock->head, lock->departed,
			(unsigned long long)lock->arrivals);
	if ((uint32_t)(lock->arrivals >> 32) != lock->dequeued)
		ex_fail("at the end the line counts %u",
			(uint32_t)(lock->arrivals >> 32) - lock->dequeued);
}

static void check_all_is_over(void)
{
	for (unsigned i = 0; i < account->request_count; i++)
		if (account->requests[i].state != OVER)
			ex_fail("at the end a request of thread %u is not over (state "
				"%d)",
				account->requests[i].thread,
				(int)account->requests[i].state);
	if (!account->freed)
		check_lock_is_idle();
}

void watch_end(bool idle)
{
	if (!idle)
		return;
	for (account = accounts; account < accounts + ACCOUNTS; account++)
		if (account->lock)
			check_all_is_over();
	if (!pool_complete())
		ex_fail("at the end a slot is lost, or a role rests in it");
}
