/* SPDX-License-Identifier: MIT
 *
 * watch.c - after each step, is the lock what the headers promise?
 *
 * A second account of the lock, of requests and holds, follows the steps that decide:
 *
 *	line	a push gives a request its place
 *	word	takes at once, announcements, releases, commits (commit.c)
 *	slot	leaves, is told
 *	rules	closes, opens
 *
 * A program has one lock or two, and the guard of a condition is a lock like others: each has
 * an account of its own.  Conditions are in waits.c, looks at a lock in looks.c.
 *
 * G1, G2	A commit grants from the oldest on, conversions before all others, each of whom
 *		the plain rule allows; nobody takes at once while an announced request is in
 *		line, or the lock is closed; sections are run in that order, by whoever has
 *		the hold.
 * G3		A commit leaves no head that fits; and when all sleep, none does, no scan is
 *		half done, and nobody who was granted sleeps, or is still to be called back.
 * G4		Nobody who has left is granted, nor told; a call returns what happened
 *		(answers.c).
 * G5		Nothing touches the memory of a freed lock, or of a request that is over
 *		(memory.c).
 * and		SCANNING only with QUEUED, RESCAN only with SCANNING, guard bits 0; at the end
 *		all is zero and every slot is free.
 *
 * All of it is a function of the order of dependent steps, as the reduction in schedule.c
 * requires.
 */
#include "account.h"
#include "lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct account accounts[ACCOUNTS], *account;
unsigned account_step;
static unsigned on[EX_THREADS]; /* which lock its calls are on */

void watch_begin(unsigned which, fifolock_t *lock, const struct watch_table *table,
		 enum watch_how how)
{
	account = &accounts[which];
	account->lock = lock;
	if (!lock)
		return;
	memset(account, 0, sizeof(*account));
	account->lock = lock;
	account->inner = how == WATCH_INNER;
	account->looked_at = how == WATCH_CLOSELY;
	account->table = table;
	account->scanner = NOBODY;
	account_step = 0;
	memset(on, 0, sizeof(on));
	if (account->looked_at)
		looks_begin();
}

unsigned watch_on(unsigned which)
{
	unsigned before = on[ex_current()];

	on[ex_current()] = which;
	return before;
}

unsigned watch_where(void)
{
	return on[ex_current()];
}

struct caller *account_mine(void)
{
	account = &accounts[on[ex_current()]];
	return &account->calls[ex_current()];
}

struct request *account_numbered(unsigned which)
{
	account = &accounts[on[ex_current()]];
	return &account->requests[which];
}

void account_decode(uint64_t word, uint32_t holds[])
{
	const fifolock_modes_t *modes = account->table->modes;

	for (unsigned m = 0; m < modes->count; m++)
		holds[m] = fl_word_holds(modes, m, word);
}

/* A conversion gives what it has for what it wants. */
bool account_allows(const uint32_t holds[], const struct request *request)
{
	uint32_t then[FIFOLOCK_MAX_MODES];

	memcpy(then, holds, sizeof(then));
	if (request->from >= 0) {
		if (!then[request->from])
			return false;
		then[request->from]--;
	}
	for (uint32_t i = 0; i < request->n; i++, then[request->mode]++)
		if (!account->table->allows(then, request->mode))
			return false;
	return true;
}

void account_out_of_line(const struct request *request)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < account->line_count; i++)
		if (&account->requests[account->line[i]] != request)
			account->line[kept++] = account->line[i];
	account->line_count = kept;
}

static unsigned order_part(struct request *order[], unsigned count, bool taken,
			   bool ahead)
{
	for (unsigned i = 0; i < account->line_count; i++) {
		struct request *request = &account->requests[account->line[i]];

		if (request->taken >= taken && (request->from >= 0) == ahead)
			order[count++] = request;
	}
	return count;
}

unsigned account_order(struct request *order[], bool taken)
{
	unsigned ahead = order_part(order, 0, taken, true);

	return order_part(order, ahead, taken, false);
}

/* ---- the door ---- */

static void pushed(struct request *request, const struct ex_event *event)
{
	request->state = PUSHED;
	request->pushed_at = account_step;
	request->slot = fl_slot_at((uint32_t)event->after);
	for (unsigned i = 0; i < account->request_count; i++) { /* who had it before */
		struct request *other = &account->requests[i];

		if (other != request && other->slot == request->slot)
			other->slot = NULL;
	}
	if (request->slot->mode != request->mode || request->slot->weight != request->n)
		ex_fail("thread %u pushes another request than it was to push",
			event->thread);
	request->ticket = (uint32_t)(event->before >> 32);
	if ((uint32_t)(event->after >> 32) != request->ticket + 1)
		ex_fail("the ticket is not the next");
	account->line[account->line_count++] = (unsigned)(request - account->requests);
}

static void watch_line(const struct ex_event *event)
{
	struct request *request = account->calls[event->thread].request;

	if ((uint32_t)event->after) {
		if (waits_moves(&account->calls[event->thread]))
			request = waits_moved();
		if (!request || request->state != ASKED)
			ex_fail("a push by who does not ask");
		pushed(request, event);
		return;
	}
	if (account->scanner != event->thread)
		ex_fail("arrivals are taken by who is not the scanner");
	for (unsigned i = 0; i < account->line_count; i++)
		account->requests[account->line[i]].taken = true;
}

/* ---- the word ---- */

static void check_word(uint64_t word)
{
	const fifolock_modes_t *modes = account->table->modes;
	uint64_t known = FL_QUEUED | FL_SCANNING | FL_RESCAN;

	if (word & FL_SCANNING && !(word & FL_QUEUED))
		ex_fail("SCANNING without QUEUED");
	if (word & FL_RESCAN && !(word & FL_SCANNING))
		ex_fail("RESCAN without SCANNING");
	for (unsigned m = 0; m < modes->count; m++)
		known |= modes->rows[m].field;
	if (word & ~known)
		ex_fail("a guard bit, or one of no mode, is set in the word");
}

/* The arrival counts from here on: nobody may pass it. */
static void announced(struct request *request)
{
	if (request && request->state == PUSHED) {
		request->state = ANNOUNCED;
		request->announced_at = account_step;
	}
}

/* Past those in line goes only who holds already. */
static void took_at_once(const struct ex_event *event, const uint32_t old[])
{
	struct request *request = account->calls[event->thread].request;
	bool passes = request->from < 0;

	if (passes && event->before & FL_QUEUED)
		ex_fail("G1: taken at once although QUEUED is set");
	for (unsigned i = 0; passes && i < account->line_count; i++)
		if (account->requests[account->line[i]].state == ANNOUNCED)
			ex_fail("G1: thread %u takes at once, passing thread %u",
				event->thread,
				account->requests[account->line[i]].thread);
	if (passes && request->turned_away && account->closed)
		ex_fail("thread %u takes what is closed", event->thread);
	if (!account_allows(old, request))
		ex_fail("G2: thread %u takes what the table does not allow",
			event->thread);
	request->state = HELD;
	request->server = event->thread;
}

bool account_served(unsigned thread, unsigned *mode)
{
	bool any = false;

	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *request = &account->requests[i];

		if (request->state != HELD || request->server != thread ||
		    request->released)
			continue;
		if (request->call != WATCH_RUN &&
		    (request->call != WATCH_RUN_LATER || !request->ran))
			continue;
		if (!request->ran)
			return false;
		*mode = request->mode;
		any = true;
	}
	return any;
}

void account_served_over(unsigned thread)
{
	for (unsigned i = 0; i < account->request_count; i++)
		if (account->requests[i].server == thread && account->requests[i].ran)
			account->requests[i].released = true;
}

static void given(const struct ex_event *event, const int32_t more[])
{
	struct caller *caller = &account->calls[event->thread];
	struct release *release =
		&caller->releases[caller->nested ? caller->nested - 1 : 0];
	unsigned mode;

	if (caller->request && caller->request->call == WATCH_COND &&
	    !caller->request->listed)
		ex_fail("thread %u gives back before a signal can find it",
			event->thread);
	if (caller->nested && !release->done &&
	    more[release->mode] == -(int32_t)release->n)
		release->done = true;
	else if (account_served(event->thread, &mode) && more[mode] == -1)
		account_served_over(event->thread);
	else
		ex_fail("units given back that nobody gave back");
}

/* A step that is no commit: one request's units in, one release's out, or a conversion. */
static void changed(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[])
{
	const struct request *request = account->calls[event->thread].request;
	int32_t more[FIFOLOCK_MAX_MODES], change = 0, asked = 0;

	for (unsigned m = 0; m < account->table->modes->count; m++) {
		int32_t wanted = request && request->state == ASKED &&
						 request->call != WATCH_COND &&
						 request->mode == m
					 ? (int32_t)request->n
					 : 0;

		wanted -= request && request->state == ASKED && request->from == (int)m;
		more[m] = (int32_t)(new[m] - old[m]);
		change |= more[m];
		asked |= more[m] ^ wanted;
	}
	if (!change)
		return;
	if (!asked)
		took_at_once(event, old);
	else
		given(event, more);
}

static void scan_begins(const struct ex_event *event)
{
	struct caller *caller = &account->calls[event->thread];

	if (account->scanner != NOBODY)
		ex_fail("two scanners");
	account->scanner = event->thread;
	account->scan_at = account_step;
	account->give = caller->nested ? &caller->releases[caller->nested - 1] : NULL;
}

static void commits(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[])
{
	if (account->scanner != event->thread)
		ex_fail("a commit by who is not the scanner");
	if (event->before & FL_RESCAN)
		ex_fail("a commit although the line has changed");
	account->scanner = NOBODY;
	account_commit(event, old, new);
	for (unsigned i = 0; i < account->line_count; i++) {
		struct request *request = &account->requests[account->line[i]];

		if (request->taken && event->after & FL_QUEUED)
			announced(request);
		if (request->state == ANNOUNCED && !(event->after & FL_QUEUED))
			ex_fail("QUEUED is cleared while thread %u is in line",
				request->thread);
	}
}

static void watch_word(const struct ex_event *event)
{
	uint32_t old[FIFOLOCK_MAX_MODES], new[FIFOLOCK_MAX_MODES];
	const struct caller *me = &account->calls[event->thread];

	account_decode(event->before, old);
	account_decode(event->after, new);
	check_word(event->after);
	if (event->before & FL_SCANNING && !(event->after & FL_SCANNING)) {
		commits(event, old, new);
		return;
	}
	changed(event, old, new);
	if (event->after & FL_SCANNING && !(event->before & FL_SCANNING))
		scan_begins(event);
	if (event->after & FL_QUEUED) {
		announced(me->request);
		announced(me->moved);
	}
	for (unsigned i = 0; me->looks && i < account->line_count; i++)
		if ((int32_t)(account->requests[account->line[i]].ticket - me->seen) < 0)
			announced(&account->requests[account->line[i]]);
}

/* ---- slots ---- */

/* Told that its section has run: it has, and the hold is gone, so that whoever is told
 * may free the lock. */
static void told_ran(struct request *request)
{
	if (request->call != WATCH_RUN || request->told || !request->ran)
		ex_fail("thread %u is told that its section has run", request->thread);
	if (!request->released)
		ex_fail("G5: thread %u is told of its section before the hold is given "
			"back",
			request->thread);
	request->told = true;
}

static void told(struct request *request, uint32_t set)
{
	if (set & FL_RAN) {
		told_ran(request);
		return;
	}
	if (request->state != (set & FL_GRANTED ? HELD : REFUSED) || request->told ||
	    request->grouped || request->ran)
		ex_fail("thread %u is told what is not so (state %d)", request->thread,
			(int)request->state);
	request->told = true;
	request->server = request->thread;
}

static void watch_slot(const struct ex_event *event, struct request *request)
{
	uint32_t set = (uint32_t)(event->after & ~event->before);

	if (set & FL_LEFT) {
		if (request->state != PUSHED && request->state != ANNOUNCED)
			ex_fail("G4: thread %u leaves what it has been granted",
				request->thread);
		request->state = LEFT;
	}
	if (set & FL_TOLD)
		told(request, set);
}

static struct request *request_of(uintptr_t at)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		struct request *request = &account->requests[i];

		if (request->slot && request->state != OVER &&
		    (uintptr_t)&request->slot->word == at)
			return request;
	}
	return NULL;
}

/* ---- rules ---- */

static void watch_closed(const struct ex_event *event)
{
	bool was = account->closed;

	account->closed = event->after & FL_CLOSED;
	account->ever_closed |= account->closed;
	if (was && !account->closed) {
		account->closed_for_certain = false;
		account->opened_at = account_step;
	}
	for (unsigned i = 0; i < account->request_count; i++) {
		account->requests[i].closed |= account->closed;
		account->requests[i].turned_away &= account->closed;
	}
}

/* ---- any step ---- */

/* Whoever only tries may be refused for what is true at any moment of its call: somebody
 * is in line, or the line is being tidied up, or it does not fit. */
void account_note_causes(void)
{
	bool busy = account->line_count || account->scanner != NOBODY ||
		    account->closed || account->ruling;
	uint32_t holds[FIFOLOCK_MAX_MODES];

	account_decode(account->lock->word, holds);
	for (unsigned t = 0; t < EX_THREADS; t++) {
		struct request *request = account->calls[t].request;

		if (request && request->from >= 0 && !holds[request->from])
			request->lost = true;
		if (request && request->call == WATCH_COND && request->gives &&
		    !request->gives->done && !holds[request->mode])
			request->lost = true;
		if (request && request->call == WATCH_TRY &&
		    ((busy && request->from < 0) || !account_allows(holds, request)))
			request->cause = true;
	}
}

/* Tickets given less requests gone. */
void account_note_length(void)
{
	uint32_t length = (uint32_t)(account->lock->line >> 32) - account->lock->gone;
	uint32_t bound = account->lock->rules >> FL_BOUND_SHIFT & FL_BOUND_MAX;

	for (unsigned t = 0; t < EX_THREADS; t++) {
		struct caller *caller = &account->calls[t];

		if (length < caller->fewest)
			caller->fewest = length;
		if (length > caller->most)
			caller->most = length;
		if (caller->request && bound && length >= bound)
			caller->request->bounded = true;
	}
}

/* Whoever touches a guard does it inside of another call: its request begins with its first
 * step there, and ends with its release. */
static void guard_begins(const struct ex_event *event)
{
	struct caller *caller = &account->calls[event->thread];

	if (!caller->request)
		account_asks((struct request){.call = WATCH_WAIT, .n = 1, .from = -1});
	if (caller->request->state == HELD && !caller->nested)
		caller->releases[caller->nested++] = (struct release){0, 1, false};
}

static void guard_ends(const struct ex_event *event)
{
	struct caller *caller = &account->calls[event->thread];
	struct request *request = caller->request;

	if (!caller->nested || !caller->releases[0].done)
		return;
	if (request->slot && !request->told)
		ex_fail("thread %u gives back a guard before it is told that it has it",
			event->thread);
	caller->nested = 0;
	caller->request = NULL;
	account_over(request, 0);
	waits_guard_given(event->thread);
}

/* False: it was not about this lock. */
static bool watch_write(const struct ex_event *event)
{
	const fifolock_t *lock = account->lock;
	struct request *request;

	if (event->op.at == (uintptr_t)&lock->word)
		watch_word(event);
	else if (event->op.at == (uintptr_t)&lock->line)
		watch_line(event);
	else if (event->op.at == (uintptr_t)&lock->rules)
		watch_closed(event);
	else if ((request = request_of(event->op.at)))
		watch_slot(event, request);
	else if (event->op.at - (uintptr_t)lock >= sizeof(*lock))
		return false;
	return true;
}

static bool of_lock(uintptr_t at)
{
	return at - (uintptr_t)account->lock < sizeof(*account->lock);
}

static void watch_account(const struct ex_event *event)
{
	bool inner = account->inner && of_lock(event->op.at);

	if (inner)
		guard_begins(event);
	if (!watch_write(event))
		return;
	if (!account->freed) {
		account_note_causes();
		account_note_length();
		looks_note();
	}
	if (inner)
		guard_ends(event);
}

void watch_step(const struct ex_event *event)
{
	memory_quietly(true);
	account_step++;
	for (account = accounts; account < accounts + ACCOUNTS; account++) {
		if (!account->lock)
			continue;
		if (event->op.kind == EX_LOAD &&
		    event->op.at == (uintptr_t)&account->lock->line)
			account->calls[event->thread].seen =
				(uint32_t)(event->before >> 32);
		if (event->wrote && event->op.kind != EX_FREE)
			watch_account(event);
	}
	if (event->wrote)
		waits_step(event);
	memory_quietly(false);
}

/* ---- for the others ---- */

bool watch_is_word(uintptr_t at)
{
	for (unsigned i = 0; i < ACCOUNTS; i++)
		if (accounts[i].lock && at == (uintptr_t)&accounts[i].lock->word)
			return true;
	return false;
}

bool watch_is_lock(unsigned which, uintptr_t at, size_t *offset)
{
	*offset = at - (uintptr_t)accounts[which].lock;
	return accounts[which].lock && *offset < sizeof(fifolock_t);
}

const struct watch_table *watched_table(uintptr_t at)
{
	size_t offset;

	for (unsigned i = 0; i < ACCOUNTS; i++)
		if (watch_is_lock(i, at, &offset))
			return accounts[i].table;
	return NULL;
}
