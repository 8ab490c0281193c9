/* SPDX-License-Identifier: MIT
 *
 * watch.c - after each step, is the lock what the headers promise?
 *
 * A second account of the lock, of requests and holds, follows the steps that decide:
 *
 *	line	a push gives a request its place
 *	left	... a conversion
 *	word	takes at once, announcements, releases, commits (commit.c)
 *	slot	leaves, is told; stands behind another
 *	note	hold and role of the scanner are passed on, or taken (keeps.c)
 *	rules	closes, opens
 *
 * A program has one lock or two, and the guard of a condition is a lock like others: each has
 * an account of its own.  Conditions are in waits.c, looks at a lock in looks.c.
 *
 * G1, G2	A commit grants from the oldest on, conversions before all others, each of which
 *		the plain rule allows; no thread takes at once while an announced request is in
 *		line, or the lock is closed; sections are run in that order, by the thread that has
 *		the hold.
 * G3		A commit leaves no head that fits; and when all sleep, none does, no scan is
 *		half done, and no thread that was granted sleeps, or is still to be called back.
 * G4		No thread that has left is granted, nor told; a call returns what happened
 *		(answers.c).
 * G5		Nothing touches the memory of a freed lock, or of a request that is over
 *		(memory.c).
 * and		SCANNING only with QUEUED, RESCAN only with SCANNING or if the role is kept, guard
 *		bits 0; the line is changed by the owner of the role only, but for pushes; at the
 *		end all is zero and every slot is free.
 *
 * A request is in line for certain (ANNOUNCED: no thread that comes later may pass it) as soon as it
 * is pushed behind one that is, its thread has written the word after the push, or has seen
 * there that it need not, a commit has left it in line, or its thread sleeps or goes on.
 *
 * All of it is a function of the order of dependent steps, as the reduction in schedule.c
 * requires.
 */
#include "account.h"
#include "core/lock.h"
#include "core/control.h"

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
	keeps_begin();
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

struct request *account_of_slot(const struct fl_slot *slot)
{
	for (unsigned i = 0; i < account->request_count; i++)
		if (account->requests[i].slot == slot && !account->requests[i].slot_back)
			return &account->requests[i];
	return NULL;
}

/* The one that had it before. */
static void takes_slot(struct request *request, const struct fl_slot *slot)
{
	for (unsigned a = 0; a < ACCOUNTS; a++)
		for (unsigned i = 0; i < accounts[a].request_count; i++) {
			struct request *other = &accounts[a].requests[i];

			if (accounts[a].lock && other->slot == slot)
				other->slot = NULL;
		}
	request->slot = slot;
}

static void draws(struct request *request, const struct ex_event *event)
{
	request->ticket = (uint32_t)(event->before >> 32);
	if ((uint32_t)(event->after >> 32) != request->ticket + 1)
		ex_fail("the ticket is not the next");
}

static void pushed(struct request *request, const struct ex_event *event, uint32_t slot)
{
	if (keeps_speaks(fl_slot_at(slot)))
		ex_fail("thread %u gets in line with a slot in which a role rests",
			event->thread);
	takes_slot(request, fl_slot_at(slot));
	request->state = PUSHED;
	request->pushed_at = account_step;
	request->pusher = event->thread;
	if (request->slot->mode != request->mode || request->slot->weight != request->n)
		ex_fail("thread %u pushes another request than it was to push",
			event->thread);
	account->line[account->line_count++] = (unsigned)(request - account->requests);
}

static struct request *who_asks(const struct ex_event *event)
{
	struct request *request = account->calls[event->thread].request;

	if (waits_moves(&account->calls[event->thread]))
		request = waits_moved();
	if (!request || request->state != ASKED)
		ex_fail("a push by a thread that does not ask");
	return request;
}

/* {t, newest} -> {t + 1, me} */
static void arrives(const struct ex_event *event)
{
	struct request *request = who_asks(event);
	uint32_t newest = (uint32_t)event->before;

	if (request->from >= 0)
		ex_fail("a conversion at the end of the line");
	request->behind = newest ? account_of_slot(fl_slot_at(newest)) : NULL;
	if (newest && !request->behind)
		ex_fail("the newest in line is no thread's slot");
	draws(request, event);
	pushed(request, event, (uint32_t)event->after);
	request->taken = true;
	if (request->slot->older != (newest | FL_UNSURE))
		ex_fail("G1: thread %u gets in line, and does not know behind which",
			event->thread);
	if (request->behind && request->behind->known)
		account_announced(request);
}

static void watch_line(const struct ex_event *event)
{
	bool draws_one = event->after >> 32 != event->before >> 32;

	if (draws_one && (uint32_t)event->after != (uint32_t)event->before) {
		arrives(event);
		return;
	}
	if (!keeps_owns(event->thread))
		ex_fail("thread %u moves the end of the line, and has not got the role",
			event->thread);
	if (!draws_one)
		return;
	if (!account->admitted)
		ex_fail("thread %u draws a ticket for none", event->thread);
	draws(account->admitted, event);
	account->admitted = NULL;
}

/* A conversion comes, a thread departs, or all of them are taken. */
static void watch_left(const struct ex_event *event)
{
	struct request *request = account->calls[event->thread].request;

	if (!event->after && !keeps_owns(event->thread))
		ex_fail("thread %u takes those that have left, and has not got the role",
			event->thread);
	if (!event->after)
		return;
	if (request && request->from >= 0 && request->state == ASKED) {
		pushed(request, event, (uint32_t)event->after);
		return;
	}
	request = account_of_slot(fl_slot_at((uint32_t)event->after));
	if (!request || !request->left)
		ex_fail("thread %u says of another that it has left", event->thread);
}

/* Its slot is given back. */
static void slot_freed(const struct fl_slot *slot)
{
	struct request *request;

	for (account = accounts; account < accounts + ACCOUNTS; account++) {
		if (!account->lock)
			continue;
		if (keeps_speaks(slot))
			ex_fail("a slot in which a role rests is given back");
		keeps_freed(slot);
		request = account_of_slot(slot);
		if (!request)
			continue;
		if (!request->left && request->state != OVER && !request->told)
			ex_fail("the slot of thread %u is given back, and it waits",
				request->thread);
		request->slot_back = true;
	}
}

/* The stack of free slots: a push, if it leads to what was there before. */
static void watch_pool(const struct ex_event *event)
{
	uint32_t top = pool_id(event->after);

	if (top && fl_slot_at(top)->stack_next == pool_id(event->before))
		slot_freed(fl_slot_at(top));
}

/* ---- the word ---- */

static void check_word(uint64_t word)
{
	const fifolock_modes_t *modes = account->table->modes;
	uint64_t known = FL_QUEUED | FL_SCANNING | FL_RESCAN;

	if (word & FL_SCANNING && !(word & FL_QUEUED))
		ex_fail("SCANNING without QUEUED");
	if (word & FL_RESCAN && !(word & FL_QUEUED))
		ex_fail("RESCAN without QUEUED");
	for (unsigned m = 0; m < modes->count; m++)
		known |= modes->rows[m].field;
	if (word & ~known)
		ex_fail("a guard bit, or one of no mode, is set in the word");
}

/* The arrival counts from here on, and so does a thread that stands behind it: no thread may pass
 * them. */
void account_announced(struct request *request)
{
	if (!request || request->state != PUSHED)
		return;
	request->state = ANNOUNCED;
	request->known = true;
	request->announced_at = account_step;
	for (unsigned i = 0; i < account->line_count; i++)
		if (account->requests[account->line[i]].behind == request)
			account_announced(&account->requests[account->line[i]]);
}

/* Those of the current thread: its own, unless another has pushed it, by a signal, and may still be
 * about to; and the one that it has signalled. */
static void announces(unsigned thread)
{
	struct request *own = account->calls[thread].request;

	if (own && own->pusher == thread)
		account_announced(own);
	account_announced(account->calls[thread].moved);
}

/* It need not write the word: a thread will look at the line. */
static void sees(struct request *request, uint64_t word)
{
	bool waits = word & FL_QUEUED && !(word & (FL_SCANNING | FL_RESCAN));

	if (request && request->state == PUSHED && request->from < 0 &&
	    (fl_word_kept(word) || (waits && request->behind)))
		account_announced(request);
}

/* Past those in line goes only one that holds already. */
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
		ex_fail("units given back that none gave back");
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
		ex_fail("a commit by a thread that is not the scanner");
	if (event->before & FL_RESCAN)
		ex_fail("a commit although the line has changed");
	keeps_inherited(event->thread);
	account->scanner = NOBODY;
	account_commit(event, old, new);
	for (unsigned i = 0; i < account->line_count; i++) {
		struct request *request = &account->requests[account->line[i]];
		bool ahead = request->from >= 0 && request->taken;
		bool first = request->slot && request->slot->id == account->lock->head;

		if (event->after & FL_QUEUED && (ahead || first))
			account_announced(request);
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
	keeps_word(event);
	if (event->after & FL_SCANNING && !(event->before & FL_SCANNING))
		scan_begins(event);
	if (event->after & FL_QUEUED)
		announces(event->thread);
	for (unsigned i = 0; me->looks && i < account->line_count; i++)
		if ((int32_t)(account->requests[account->line[i]].ticket - me->seen) < 0)
			account_announced(&account->requests[account->line[i]]);
}

/* ---- slots ---- */

/* Is another section to be run under the hold of that one? */
static bool has_next(const struct request *request)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *other = &account->requests[i];

		if (other->call == WATCH_RUN && other->state == HELD && !other->ran &&
		    !other->told && other->server == request->server)
			return true;
	}
	return false;
}

/* Told that its section has run: it has, and the hold is gone, so that a thread that is told
 * may free the lock; or it is the next one's, whose owner waits. */
static void told_ran(struct request *request)
{
	if (request->call != WATCH_RUN || request->told || !request->ran ||
	    (request->server != ex_current() && !request->disowned))
		ex_fail("thread %u is told that its section has run", request->thread);
	if (!request->released && !has_next(request))
		ex_fail("G5: thread %u is told of its section before the hold is given "
			"back",
			request->thread);
	request->released = true;
	request->told = true;
}

/* What stands behind a slot that is used again would stand behind another request. */
static void check_behind(const struct request *request)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *other = &account->requests[i];

		if (other->slot && !other->told && other->state != OVER &&
		    other->slot != request->slot &&
		    other->slot->older == request->slot->id)
			ex_fail("thread %u is told, and thread %u stands behind it still",
				request->thread, other->thread);
	}
}

static void told(struct request *request, uint32_t set)
{
	keeps_tells(ex_current(), request);
	if (!keeps_speaks(request->slot) && keeps_in_chain(request->slot))
		ex_fail("thread %u is told, and its slot is in line still",
			request->thread);
	if (request->slot->older)
		ex_fail("thread %u is told, and its slot says that it is in line still",
			request->thread);
	if (set & FL_RAN) {
		check_behind(request);
		told_ran(request);
		return;
	}
	if (request->state != (set & FL_GRANTED ? HELD : REFUSED) || request->told ||
	    request->ran)
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
		request->left = true;
	}
	if (set & FL_ADMITTED) {
		if (!keeps_owns(event->thread))
			ex_fail("thread %u takes a conversion in, and has not got the "
				"role",
				event->thread);
		request->taken = request->state != LEFT;
		account->admitted = request->taken ? request : NULL;
	}
	if (set & FL_DONE)
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

/* Is that the one it stands behind?  Between them may be some that have left, or have been turned away. */
static bool stands_behind(const struct request *request, const struct request *older)
{
	if (!older || older->from >= 0 || older->pushed_at >= request->pushed_at)
		return false;
	for (unsigned i = 0; i < account->line_count; i++) {
		const struct request *it = &account->requests[account->line[i]];

		if (it->from < 0 && it->pushed_at > older->pushed_at &&
		    it->pushed_at < request->pushed_at && !it->left &&
		    !account_is_off(it))
			return false;
	}
	return true;
}

/* One that no thread stands in line with. */
static bool is_server(const struct fl_slot *slot)
{
	const struct request *request = account_of_slot(slot);

	return !request || (!request->left && request->state == OVER);
}

/* The one that a slot stands behind: written by the thread that pushes it, once more to say that it was pushed, and by
 * the owner of the role; and to the one that has had the role passed to it, that it is the first. */
static void watch_older(const struct ex_event *event, const struct request *request)
{
	const struct passing *passing = &account->passes[event->thread];
	uint32_t older = (uint32_t)event->after;
	bool confirms = event->before == (older | FL_UNSURE);
	bool in_line = request->state == PUSHED || request->state == ANNOUNCED ||
		       request->left || keeps_speaks(request->slot);

	if (request->from >= 0 || !in_line)
		return;
	if (older & FL_UNSURE)
		ex_fail("thread %u is said to be about to get in line, where it is",
			request->thread);
	if (!keeps_owns(event->thread) &&
	    !(confirms && request->pusher == event->thread) &&
	    !(!older && passing->moved && !request->told))
		ex_fail("thread %u changes the line, and has not got the role",
			event->thread);
	if (!older && passing->moved && fl_word_kept(account->lock->word))
		account_check_chain(NULL);
	if (!older || request->state == HELD)
		return;
	if (event->stale) /* the owner of the role has written there since, and that stays */
		return;
	if (keeps_owns(event->thread) && is_server(fl_slot_at(older)))
		keeps_first(request);
	else if (!stands_behind(request, account_of_slot(fl_slot_at(older))))
		ex_fail("G1: thread %u is put behind one that is not before it",
			request->thread);
}

static const struct fl_slot *slot_of(uintptr_t at)
{
	size_t size;
	uintptr_t slots = (uintptr_t)pool_memory(&size);

	return at - slots < size ? (const struct fl_slot *)(at & ~(uintptr_t)63) : NULL;
}

/* False: not about this lock. */
static bool watch_link(const struct ex_event *event)
{
	const struct fl_slot *slot = slot_of(event->op.at);
	const struct request *request = slot ? account_of_slot(slot) : NULL;

	if (slot && event->op.at == (uintptr_t)&slot->note)
		return keeps_note(event, slot);
	if (request && event->op.at == (uintptr_t)&slot->older)
		watch_older(event, request);
	return false;
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

/* A thread that only tries may be refused for what is true at any moment of its call: a thread
 * is in line, or the line is being tidied up, or it does not fit. */
void account_note_causes(void)
{
	bool busy = account->line_count || keeps_busy() || account->closed ||
		    account->ruling || fl_word_kept(account->lock->word);
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

static void note_limit(struct request *request, uint32_t limit, uint32_t length)
{
	if (limit && (!request->limit || limit < request->limit))
		request->limit = limit;
	if (request->limit && length >= request->limit)
		request->full = true;
}

static void note_length(uint32_t length)
{
	uint32_t limit = account->lock->control >> FL_LIMIT_SHIFT & FL_LIMIT_MAX;

	for (unsigned t = 0; t < EX_THREADS; t++) {
		struct caller *caller = &account->calls[t];

		if (length < caller->fewest)
			caller->fewest = length;
		if (length > caller->most)
			caller->most = length;
		if (caller->request)
			note_limit(caller->request, limit, length);
	}
}

/* Tickets given less requests gone. */
void account_note_length(void)
{
	uint32_t tickets = (uint32_t)(account->lock->arrivals >> 32), other;

	note_length(tickets - keeps_gone(&other));
	note_length(tickets - other);
}

/* A thread that touches a guard does it inside of another call: its request begins with its first
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

static void watch_gone(const struct ex_event *event)
{
	if (!keeps_owns(event->thread))
		ex_fail("thread %u counts those that have gone, and has not got the role",
			event->thread);
}

/* False: it was not about this lock. */
static bool watch_write(const struct ex_event *event)
{
	const fifolock_t *lock = account->lock;
	struct request *request;

	if (event->op.at == (uintptr_t)&lock->word)
		watch_word(event);
	else if (event->op.at == (uintptr_t)&lock->arrivals)
		watch_line(event);
	else if (event->op.at == (uintptr_t)&lock->departed)
		watch_left(event);
	else if (event->op.at == (uintptr_t)&lock->control)
		watch_closed(event);
	else if (event->op.at == (uintptr_t)&lock->dequeued)
		watch_gone(event);
	else if ((request = request_of(event->op.at)))
		watch_slot(event, request);
	else if (event->op.at - (uintptr_t)lock >= sizeof(*lock))
		return watch_link(event);
	return true;
}

/* By the thread that passes it on, too. */
static bool of_lock(const struct ex_event *event)
{
	return event->op.at - (uintptr_t)account->lock < sizeof(*account->lock) ||
	       keeps_passes(event);
}

static void watch_account(const struct ex_event *event)
{
	bool inner = account->inner && of_lock(event);

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

/* What a thread sees, and where it goes on from there. */
static void watch_look(const struct ex_event *event)
{
	const fifolock_t *lock = account->lock;
	struct caller *me = &account->calls[event->thread];
	bool looks = event->op.kind == EX_LOAD || event->op.kind == EX_CAS;

	if (looks && event->op.at == (uintptr_t)&lock->arrivals)
		me->seen = (uint32_t)(event->before >> 32);
	if (looks && event->op.at == (uintptr_t)&lock->departed)
		keeps_load(event);
	if (looks && event->op.at == (uintptr_t)&lock->word) {
		sees(me->request, event->before);
		sees(me->moved, event->before);
	}
	if (event->op.kind == EX_PARK && me->request && me->request->slot &&
	    me->request->pusher == event->thread &&
	    event->op.at == (uintptr_t)&me->request->slot->word)
		account_announced(me->request);
}

void watch_step(const struct ex_event *event)
{
	memory_quietly(true);
	account_step++;
	for (account = accounts; account < accounts + ACCOUNTS; account++) {
		if (!account->lock)
			continue;
		if (!event->wrote)
			watch_look(event);
		else if (event->op.kind != EX_FREE)
			watch_account(event);
		if (!account->freed)
			keeps_check();
	}
	if (event->wrote && pool_is_top(event->op.at))
		watch_pool(event);
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

/* Does another thread have the role, one that wants it sees for itself. */
bool watch_role_rests(uintptr_t word)
{
	bool rests = true;

	for (account = accounts; account < accounts + ACCOUNTS; account++)
		if (account->lock && word == (uintptr_t)&account->lock->word)
			rests = account->scanner == NOBODY && !keeps_held();
	return rests;
}

bool watch_is_role(uintptr_t at)
{
	const struct fl_slot *slot = slot_of(at);
	bool is = false;

	for (account = accounts; account < accounts + ACCOUNTS; account++)
		is |= account->lock && slot && at == (uintptr_t)&slot->note &&
		      keeps_held_by(slot->note);
	return is;
}

/* A step that has seen another thread have the role. */
bool watch_saw_owner(const struct ex_event *event)
{
	bool saw = watch_is_word(event->op.at) && event->before & FL_SCANNING;

	for (account = accounts; account < accounts + ACCOUNTS; account++)
		if (account->lock && slot_of(event->op.at))
			saw |= keeps_held_by(event->before);
	return saw;
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
