/* SPDX-License-Identifier: MIT
 *
 * keeps.c - which thread has the role of the scanner.
 *
 * One thread at a time has it, or it rests in a slot that says so in its note:
 *
 *	scanner		the word says SCANNING
 *	passing		a thread has written PASSING or GIVING into the note of the slot whose hold it gives
 *			back, or is about to grant, and into no other slot's KEPT yet
 *	taker		a thread has written TAKEN, and the word does not say SCANNING yet
 *	at rest		the word is kept, and one slot's note says KEPT
 *
 * It may rest in a slot of no request, the server of a thread that runs the sections of others: then
 * the one served stands behind that, and the next one is granted where PASSING becomes KEPT again.
 *
 * As long as the word is kept some note speaks of the lock.  A hold that is passed on is given
 * back and granted by the step that writes the heir's note: G1, G2 and G4 are looked at there.
 * News that were left with a thread are announced before it tells any other.
 */
#include "account.h"
#include "core/lock.h"
#include "core/role.h"

#include <string.h>

/* What a note says of the lock: 0, it speaks of something else. */
static enum fl_role role_in(uint64_t note)
{
	if ((note & ~FL_ROLE_MASK) != (uintptr_t)account->lock)
		return 0;
	return (note & FL_ROLE_MASK) < FL_KEPT ? 0 : note & FL_ROLE_MASK;
}

static bool rests(enum fl_role role)
{
	return role == FL_KEPT || role == FL_KEPT_ORPHAN;
}

static bool passes(enum fl_role role)
{
	return role == FL_PASSING || role == FL_RECALLED;
}

static bool is_taken(enum fl_role role)
{
	return role == FL_TAKEN || role == FL_TAKEN_ORPHAN;
}

static bool is_orphan(enum fl_role role)
{
	return role == FL_KEPT_ORPHAN || role == FL_TAKEN_ORPHAN;
}

void keeps_begin(void)
{
	account->taker = NOBODY;
	memset(account->passes, 0, sizeof(account->passes));
	memset(account->servers, 0, sizeof(account->servers));
	memset(account->bequests, 0, sizeof(account->bequests));
}

bool keeps_speaks(const struct fl_slot *slot)
{
	return role_in(slot->note);
}

bool keeps_serves(const struct fl_slot *slot, unsigned *thread)
{
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (account->servers[t] == slot) {
			*thread = t;
			return true;
		}
	return false;
}

bool keeps_owns(unsigned thread)
{
	const struct passing *passing = &account->passes[thread];

	return account->scanner == thread || account->taker == thread ||
	       (passing->slot && !passing->moved);
}

static bool is_owned(void)
{
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (keeps_owns(t))
			return true;
	return false;
}

bool keeps_busy(void)
{
	bool busy = is_owned();

	for (unsigned t = 0; t < EX_THREADS; t++)
		busy |= account->passes[t].slot || account->passes[t].news;
	return busy;
}

static struct fl_slot *slots(unsigned *count)
{
	size_t size;

	*count = pool_made();
	return (struct fl_slot *)pool_memory(&size);
}

uint32_t keeps_gone(uint32_t *other)
{
	const struct fl_slot *slot;
	uint32_t gone[2] = {account->lock->dequeued, account->lock->dequeued};
	unsigned count, found = 0;

	if (fl_word_kept(account->lock->word))
		for (slot = slots(&count); count; count--, slot++)
			if (role_in(slot->note) && found < 2)
				gone[found++] = slot->stack_next;
	*other = found == 2 ? gone[1] : gone[0];
	return gone[0];
}

/* ---- passing ---- */

static struct passing *passing_of(const struct fl_slot *slot)
{
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (account->passes[t].slot == slot)
			return &account->passes[t];
	ex_fail("explorer: none passes that role");
	return NULL;
}

static void begins_to_pass(unsigned thread, const struct fl_slot *slot)
{
	if (account->passes[thread].slot)
		ex_fail("thread %u passes two roles at once", thread);
	if (account->passes[thread].news)
		ex_fail("G3: thread %u passes a role before it has announced the news "
			"that it has been told",
			thread);
	account->passes[thread] = (struct passing){.slot = slot};
}

/* 0 -> PASSING: about to be granted. */
static void prepares(unsigned thread, const struct fl_slot *slot)
{
	if (account->scanner != thread)
		ex_fail("thread %u gives a role away that it does not have", thread);
	begins_to_pass(thread, slot);
}

/* KEPT -> PASSING, GIVING: about to give back. */
static void gives_up(unsigned thread, const struct fl_slot *slot)
{
	const struct request *request = account_of_slot(slot);
	unsigned server, mode;

	if (is_owned() || !fl_word_kept(account->lock->word))
		ex_fail("thread %u passes a role that it does not have", thread);
	if (keeps_serves(slot, &server)) {
		if (server != thread || !account->served[thread]->ran)
			ex_fail("thread %u goes on to the next section too early",
				thread);
		begins_to_pass(thread, slot);
		return;
	}
	if (!request || request->thread != thread || !request->told)
		ex_fail("thread %u passes a role that is another's", thread);
	if (!account->calls[thread].nested && !account_served(thread, &mode))
		ex_fail("thread %u passes its hold on, and does not give it back",
			thread);
	begins_to_pass(thread, slot);
}

void keeps_first(const struct request *heir)
{
	for (unsigned i = 0; i < account->line_count; i++) {
		const struct request *other = &account->requests[account->line[i]];

		if (other != heir && !account_is_off(other) &&
		    (other->state == PUSHED || other->state == ANNOUNCED) &&
		    (other->from >= 0 ? other->taken
				      : other->pushed_at < heir->pushed_at))
			ex_fail("G1: thread %u, to which the role is passed, passes "
				"thread %u",
				heir->thread, other->thread);
	}
}

static void may_inherit(const struct request *heir)
{
	if (heir->state != PUSHED && heir->state != ANNOUNCED)
		ex_fail("G4: a hold is passed to thread %u (state %d)", heir->thread,
			(int)heir->state);
	if ((heir->slot->how & FL_LEAVES) && !(heir->slot->word & FL_CLAIMED))
		ex_fail("G4: a hold is passed to thread %u, which may leave",
			heir->thread);
	if (heir->turned_away && account->closed)
		ex_fail("thread %u is granted what is closed", heir->thread);
	keeps_first(heir);
}

/* By a call of unlock, or at the end of the section of its own that the thread has run. */
static void gives_to(unsigned thread, const struct request *heir)
{
	struct caller *caller = &account->calls[thread];
	struct release *release =
		&caller->releases[caller->nested ? caller->nested - 1 : 0];
	unsigned mode;

	if (caller->nested && !release->done && release->n == 1 &&
	    release->mode == heir->mode)
		release->done = true;
	else if (account_served(thread, &mode) && mode == heir->mode)
		account_served_over(thread);
	else
		ex_fail("G2: thread %u passes another hold than it gives back", thread);
}

/* -> KEPT, by the thread that passes: one hold goes, and comes. */
static void inherits(unsigned thread, const struct fl_slot *slot)
{
	struct request *heir = account_of_slot(slot);
	struct passing *passing = &account->passes[thread];

	if (!passing->slot || passing->moved)
		ex_fail("thread %u gives a role away that it does not have", thread);
	if (!heir)
		ex_fail("a role is passed to a slot that is not in line");
	may_inherit(heir);
	if (heir->calls || heir->call == WATCH_REQUEST || heir->from >= 0 ||
	    heir->n != 1 || heir->signalled)
		ex_fail("a hold is passed to thread %u, which does not plainly wait for "
			"it",
			heir->thread);
	if (!account_alone(heir->mode))
		ex_fail("G2: thread %u passes a hold beside which others fit", thread);
	gives_to(thread, heir);
	passing->moved = true;
	passing->heir = heir;
	heir->state = HELD;
	heir->known = true;
	heir->server = heir->thread;
	account_out_of_line(heir);
}

/* The next section under the same hold, with the same server. */
static void serves_one(unsigned thread, struct request *next, unsigned mode)
{
	may_inherit(next);
	if (next->call != WATCH_RUN || next->mode != mode)
		ex_fail("G2: thread %u runs a section without a hold for it", thread);
	next->state = HELD;
	next->known = true;
	next->server = thread;
	account_out_of_line(next);
}

/* The first in line that has not left; NULL: there is none. */
static struct request *first_in_line(void)
{
	struct request *order[REQUESTS];
	unsigned count = account_order(order, true);

	for (unsigned i = 0; i < count; i++)
		if (!order[i]->left)
			return order[i];
	return NULL;
}

/* The sections up to the last, one after the other as they are in line. */
static void serves(unsigned thread, struct request *last)
{
	struct request *served = account->served[thread], *next;

	if (!last || served == last)
		return;
	if (!served->ran || served->released || served->told)
		ex_fail("G2: thread %u runs a section without a hold for it", thread);
	served->released = true;
	account->served[thread] = last;
	while (last->state != HELD) {
		next = first_in_line();
		if (!next)
			ex_fail("thread %u serves what is not in line", thread);
		serves_one(thread, next, served->mode);
	}
}

/* PASSING -> KEPT: after its commit, or not to that one. */
static void stays(unsigned thread, const struct fl_slot *slot)
{
	struct passing *passing = passing_of(slot);
	unsigned server;

	if (passing != &account->passes[thread] || passing->moved)
		ex_fail("thread %u says of a role which thread has it", thread);
	if (!fl_word_kept(account->lock->word))
		ex_fail("a role is to be kept, and the word does not say so");
	passing->slot = NULL;
	if (!keeps_serves(slot, &server))
		return;
	if (server != thread)
		ex_fail("thread %u serves with a server of another", thread);
	serves(thread, account_served_now(slot));
	account_check_chain(NULL);
}

/* By a store: what has been left here has been left with the heir, too. */
static void leaves_news(const struct passing *passing)
{
	const struct request *heir = passing->heir;

	if (!(heir->slot->word & FL_NEWS))
		ex_fail("G3: news are lost where thread %u becomes the heir",
			heir->thread);
}

/* PASSING -> 0: passed, or the commit has failed. */
static void has_passed(unsigned thread, const struct fl_slot *slot)
{
	struct passing *passing = passing_of(slot);

	if (passing != &account->passes[thread] ||
	    (!passing->moved && account->scanner != thread))
		ex_fail("a role is lost by thread %u", thread);
	if (passing->moved && passing->news)
		leaves_news(passing);
	passing->slot = NULL;
}

/* The thread that passes it announces them, the one that has taken it looks. */
static void hears(const struct fl_slot *slot)
{
	if (passes(role_in(slot->note)))
		passing_of(slot)->news = true;
	else
		account->passes[account->taker != NOBODY ? account->taker
							 : account->scanner]
			.news = true;
}

/* GIVING stays: a look, or there are news with the heir, which may not have linked itself yet. */
static void hears_beside(const struct fl_slot *slot)
{
	const struct request *heir;

	for (unsigned i = 0; i < account->request_count; i++) {
		heir = &account->requests[i];
		if (!heir->told && heir->slot &&
		    (heir->slot->older & ~FL_UNSURE) == slot->id &&
		    (heir->slot->word & FL_NEWS))
			hears(slot);
	}
}

/* The same, before the store by which that thread has passed it on (values.c). */
static void hears_late(void)
{
	for (unsigned t = 0; t < EX_THREADS; t++) {
		struct passing *passing = &account->passes[t];
		const struct request *heir = passing->heir;

		if (!passing->slot && passing->moved && !heir->told && heir->slot &&
		    role_in(heir->slot->note) == FL_KEPT && (heir->slot->word & FL_NEWS))
			passing->news = true;
	}
}

/* ---- taking ---- */

static void takes(unsigned thread, enum fl_role before, enum fl_role after)
{
	if (is_owned() || !fl_word_kept(account->lock->word))
		ex_fail("thread %u takes a role that is another's", thread);
	if (is_orphan(before) != is_orphan(after))
		ex_fail("a slot is lost by the thread that takes the role from it");
	account->taker = thread;
	account->passes[thread].news = false;
}

bool keeps_in_chain(const struct fl_slot *slot)
{
	uint32_t id = (uint32_t)account->lock->arrivals;

	for (unsigned i = 0; id && i < REQUESTS; i++) {
		if (fl_slot_at(id) == slot)
			return true;
		id = fl_slot_at(id)->older & ~FL_UNSURE;
	}
	return false;
}

/* TAKEN -> 0.  Of a slot that its thread has left behind: what is to be done with it. */
static void has_taken(unsigned thread, const struct fl_slot *slot, bool orphan)
{
	struct bequest *bequest = &account->bequests[thread];
	unsigned server;

	if (account->scanner != thread || account->taker != NOBODY)
		ex_fail("a role that was taken is lost by thread %u", thread);
	if (keeps_in_chain(slot))
		ex_fail("the role is taken from a slot that is in line still");
	if (orphan)
		bequest->slot = slot;
	if (!keeps_serves(slot, &server))
		return;
	if (keeps_in_chain(account->served[server]->slot))
		ex_fail("the role is taken from a server of a section that is in line "
			"still");
	if (orphan)
		bequest->served = account->served[server];
	account->servers[server] = NULL;
}

static void orphaned(unsigned thread, const struct fl_slot *slot)
{
	const struct request *request = account_of_slot(slot);
	struct request *served;
	unsigned server;

	if (!keeps_serves(slot, &server)) {
		if (!request || request->thread != thread || !request->told)
			ex_fail("thread %u disowns a slot of another", thread);
		return;
	}
	served = account->served[server];
	if (server != thread || !served->ran || !served->released || served->told)
		ex_fail("thread %u disowns the one that it serves", thread);
	served->disowned = true;
}

/* Before its scan ends. */
void keeps_inherited(unsigned thread)
{
	if (account->bequests[thread].slot)
		ex_fail("thread %u forgets a slot that is left to it", thread);
}

void keeps_freed(const struct fl_slot *slot)
{
	struct bequest *bequest = &account->bequests[ex_current()];

	for (unsigned t = 0; t < EX_THREADS; t++)
		if (account->bequests[t].slot == slot && t != ex_current())
			ex_fail("thread %u gives a slot back that is left to thread %u",
				ex_current(), t);
	if (bequest->slot != slot)
		return;
	if (bequest->served)
		ex_fail("thread %u is not told that its section has run",
			bequest->served->thread);
	bequest->slot = NULL;
}

/* ---- the note ---- */

bool keeps_held_by(uint64_t note)
{
	return passes(role_in(note)) || is_taken(role_in(note));
}

bool keeps_held(void)
{
	const struct fl_slot *slot;
	unsigned count;

	for (slot = slots(&count); count; count--, slot++)
		if (keeps_held_by(slot->note))
			return true;
	return false;
}

bool keeps_passes(const struct ex_event *event)
{
	const struct request *request = account->calls[event->thread].request;

	return request && request->state == HELD && request->told &&
	       passes(role_in(event->after)) &&
	       event->op.at == (uintptr_t)&request->slot->note;
}

/* False: not about this lock. */
bool keeps_note(const struct ex_event *event, const struct fl_slot *slot)
{
	enum fl_role before = role_in(event->before), after = role_in(event->after);
	unsigned me = event->thread;

	if (!before && !after)
		return false;
	/* No other thread writes what speaks of no lock, or of a role that has moved. */
	if (event->op.kind != EX_CAS && (before || after != FL_KEPT) &&
	    !(passes(before) && !event->after && passing_of(slot)->moved))
		ex_fail("thread %u writes over what a slot says of a role", me);
	if (event->before == event->after && !is_taken(before)) {
		if (before == FL_GIVING && event->stale)
			hears_late();
		else if (before == FL_GIVING)
			hears_beside(slot);
		return true;
	}
	if (!before && after == FL_PASSING)
		prepares(me, slot);
	else if (!before && after == FL_KEPT)
		inherits(me, slot);
	else if (before == FL_KEPT && passes(after))
		gives_up(me, slot);
	else if ((passes(before) && after == FL_RECALLED) ||
		 (is_taken(before) && after == before))
		hears(slot);
	else if (passes(before) && after == FL_KEPT)
		stays(me, slot);
	else if (passes(before) && !event->after)
		has_passed(me, slot);
	else if (rests(before) && is_taken(after))
		takes(me, before, after);
	else if (is_taken(before) && !event->after)
		has_taken(me, slot, is_orphan(before));
	else if ((before == FL_KEPT && after == FL_KEPT_ORPHAN) ||
		 (before == FL_TAKEN && after == FL_TAKEN_ORPHAN))
		orphaned(me, slot);
	else
		ex_fail("thread %u makes of a role (%d) what it cannot be (%d)", me,
			(int)before, (int)after);
	if (after == FL_RECALLED && before == FL_PASSING)
		account->passes[me].news &= passing_of(slot) == &account->passes[me];
	if (is_taken(before) && after == before && !keeps_owns(me))
		account->passes[me].news = false;
	return true;
}

/* ---- the word ---- */

/* A step that is no commit. */
void keeps_word(const struct ex_event *event)
{
	unsigned me = event->thread;
	bool was_kept = fl_word_kept(event->before), is_kept = fl_word_kept(event->after);

	/* It scans, or has told one that does; or it has given back what kept the role, and a thread that takes
	 * that has seen what came before. */
	if (event->after & FL_SCANNING || (event->before ^ event->after) & FL_HOLDS)
		account->passes[me].news = false;
	if (is_kept && !was_kept)
		ex_fail("a role is kept that none had");
	if (was_kept && !is_kept) {
		if (!(event->after & FL_SCANNING) || account->taker != me)
			ex_fail("thread %u scans, and has not taken the role from one "
				"that "
				"keeps it",
				me);
		account->taker = NOBODY;
	}
	if (is_kept && event->after != event->before && account->taker == NOBODY)
		ex_fail("thread %u changes what is held, and the role stays with that",
			me);
}

/* The scanner looks at what has been left. */
void keeps_load(const struct ex_event *event)
{
	if (account->scanner == event->thread)
		account->passes[event->thread].news = false;
}

/* A thread that has taken the role tells those that are left to tell, before it looks: it scans. */
static bool bequeathed(unsigned thread, const struct request *request)
{
	struct bequest *bequest = &account->bequests[thread];

	if (bequest->served != request || account->scanner != thread)
		return false;
	bequest->served = NULL;
	return true;
}

void keeps_tells(unsigned thread, const struct request *request)
{
	bool left = bequeathed(thread, request);

	if (request->disowned != left)
		ex_fail("thread %u tells thread %u, which is left to another", thread,
			request->thread);
	if (account->passes[thread].news && !left)
		ex_fail("G3: thread %u tells before it has announced the news that it "
			"has been told",
			thread);
}

/* ---- after any step ---- */

static void check_at_rest(void)
{
	uint32_t holds[FIFOLOCK_MAX_MODES], sum = 0;
	unsigned mode = 0;

	account_decode(account->lock->word, holds);
	for (unsigned m = 0; m < account->table->modes->count; m++) {
		sum += holds[m];
		mode = holds[m] ? m : mode;
	}
	if (sum != 1 || !account_alone(mode))
		ex_fail("the role is kept, and something fits beside the hold");
	if (account->closed_for_certain && !keeps_busy())
		ex_fail("the role is kept, and the lock is closed");
}

void keeps_check(void)
{
	const struct fl_slot *slot;
	unsigned count, kept = 0, taken = 0, passing = 0;
	bool is_kept = fl_word_kept(account->lock->word);

	for (slot = slots(&count); count; count--, slot++) {
		enum fl_role role = role_in(slot->note);

		kept += rests(role);
		taken += is_taken(role);
		passing += passes(role);
	}
	if (is_kept && !kept && !taken && !passing)
		ex_fail("the role is kept, and no slot says so");
	if (!is_kept && kept)
		ex_fail("a slot says that the role is kept, and the word does not");
	if (kept + taken > 1)
		ex_fail("two slots say that they keep the role");
	if (is_kept && account->taker == NOBODY)
		check_at_rest();
}
