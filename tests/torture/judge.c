/* SPDX-License-Identifier: MIT
 *
 * judge.c - each grant and each refusal against what certainly was at that time.
 *
 *	room	a grant: at some moment between request (or commit) and return what was
 *		held, somewhere between lo and hi, allowed it
 *	cause	a refusal, and a wait: at some moment between request and return (or
 *		ticket) a request was possibly in line, or what was held did not allow it;
 *		EAGAIN: as many as the limit were possibly in line; EDEADLK: another
 *		conversion was, which this one kept out; ECANCELED: the lock was possibly
 *		closed
 *	pass	a thread that took a lock at once after another was certainly in line, returned
 *		after the commit that granted the other
 *	closed	a thread that asked when the lock was certainly closed got nothing until it opened
 *	quiet	while all that are inside a call are asleep in line, the first of them does
 *		not fit: else a thread has lost a wake-up; nor is the lock closed
 */
#include "sweep.h"

#define BOX_MOST 256u /* combinations of holds that are looked at; more: it may be so */

static const struct rules *rules_of(const struct sweep *sweep)
{
	return &sweep->target->table->rules;
}

bool fits_beside(const struct sweep *sweep, const uint32_t holds[],
		 const struct entry *entry)
{
	return plain_fits(rules_of(sweep), holds, entry->mode, entry->weight);
}

/* ---- what may have been held ---- */

/* Is there, between lo and hi, something that says yes (or no)? */
static bool box_has(const struct sweep *sweep, const uint32_t hi[],
		    const struct entry *entry, bool yes)
{
	const struct rules *rules = rules_of(sweep);
	uint32_t holds[FIFOLOCK_MAX_MODES], tried = 0;
	unsigned m;

	memcpy(holds, sweep->lo, sizeof(holds));
	while (tried++ < BOX_MOST) {
		if (fits_beside(sweep, holds, entry) == yes)
			return true;
		for (m = 0; m < rules->count && holds[m] >= hi[m]; m++)
			holds[m] = sweep->lo[m];
		if (m == rules->count)
			return false;
		holds[m]++;
	}
	return true;
}

/* The same with one look, where more holds never allow more.  A conversion does not stand
 * in its own way. */
static bool may_say(const struct sweep *sweep, const struct open *open, bool yes)
{
	const struct entry *entry = open->entry;
	const struct table *table = sweep->target->table;
	uint32_t hi[FIFOLOCK_MAX_MODES];

	memcpy(hi, sweep->hi, sizeof(hi));
	if (open->in_hi)
		hi[entry->mode] -= entry->weight;
	if (entry->kind == CONVERT)
		hi[entry->from] -= open->had;
	if (!table->monotone)
		return box_has(sweep, hi, entry, yes);
	return fits_beside(sweep, yes ? sweep->lo : hi, entry) == yes;
}

static bool line_may_be_there(const struct sweep *sweep, const struct open *open)
{
	return sweep->now < sweep->ghosts || sweep->in_line > open->entry->joined;
}

/* Would so many holds of mode alone keep it out? */
bool kept_out_by(const struct sweep *sweep, const struct open *open, unsigned mode,
		 uint32_t holds)
{
	uint32_t all[FIFOLOCK_MAX_MODES] = {0};

	all[mode] = holds;
	return !fits_beside(sweep, all, open->entry);
}

/* ---- causes ---- */

/* How many holds of that mode may keep it out: a conversion's own does not. */
static uint32_t others_of(const struct sweep *sweep, const struct open *open,
			  unsigned mode)
{
	const struct entry *entry = open->entry;

	return sweep->hi[mode] -
	       (entry->kind == CONVERT && entry->from == mode && open->had);
}

/* Another one in line that is possibly kept out by what is held of this mode. */
static bool may_be_contended(const struct sweep *sweep, const struct open *looker)
{
	unsigned mode = looker->entry->mode;

	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *open = &sweep->open[i];

		if (open != looker && open->entry->joined &&
		    (!sweep->target->table->monotone ||
		     kept_out_by(sweep, open, mode, others_of(sweep, open, mode))))
			return true;
	}
	return false;
}

/* Another conversion in line would wait for what this one holds. */
static bool may_be_deadlock(const struct sweep *sweep, const struct open *refused)
{
	const struct table *table = sweep->target->table;
	uint32_t given[FIFOLOCK_MAX_MODES] = {0};

	for (unsigned i = 0; i < sweep->opened; i++)
		if (sweep->open[i].entry->kind == CONVERT)
			given[sweep->open[i].entry->from]++;
	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *open = &sweep->open[i];
		bool waits;

		if (open == refused || open->entry->kind != CONVERT ||
		    !open->entry->joined)
			continue;
		given[open->entry->from]--;
		waits = !table->monotone || table->rules.compatible ||
			!fits_beside(sweep, given, open->entry);
		given[open->entry->from]++;
		if (waits)
			return true;
	}
	return false;
}

static bool may_have_cause(const struct sweep *sweep, const struct open *open)
{
	switch (open->entry->kind) {
	case CONTENDED:
	case BUMP:
		return may_be_contended(sweep, open);
	case CONVERT:
		return open->saw_closed || may_say(sweep, open, false);
	default:
		return open->saw_closed || line_may_be_there(sweep, open) ||
		       may_say(sweep, open, false);
	}
}

static bool may_be_full(const struct sweep *sweep, const struct open *open)
{
	return sweep->now < sweep->ghosts ||
	       sweep->in_line - open->entry->joined >= open->limit_least;
}

void judge(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->wants_room && may_say(sweep, open, true))
			open->wants_room = false;
		if (open->wants_cause && may_have_cause(sweep, open))
			open->wants_cause = false;
		if (open->wants_full && may_be_full(sweep, open))
			open->wants_full = false;
		if (open->wants_deadlock && may_be_deadlock(sweep, open))
			open->wants_deadlock = false;
	}
}

void needs_cause(const struct sweep *sweep, const struct open *open)
{
	const struct entry *entry = open->entry;

	if (open->wants_cause)
		violation("lock %u: call %u for %u of mode %u got error %d, joined %d, "
			  "with nothing in its way (stamps %u to %u)",
			  sweep->target->index, entry->kind, entry->weight, entry->mode,
			  entry->error, entry->joined, entry->begun, entry->ended);
}

void needs_room(const struct sweep *sweep, const struct open *open)
{
	const struct entry *entry = open->entry;

	if (open->wants_room)
		violation("lock %u: call %u: %u of mode %u was granted beside what kept "
			  "it out (stamps %u to %u, commit %u)",
			  sweep->target->index, entry->kind, entry->weight, entry->mode,
			  entry->begun, entry->ended, entry->commit);
}

/* ---- returns ---- */

static bool passes_nobody(const struct entry *entry)
{
	return entry->kind == REQUEST || entry->kind == SECTION;
}

static void check_closed(const struct sweep *sweep, const struct open *open)
{
	const struct entry *entry = open->entry;

	if (entry->error == ECANCELED && !open->saw_closed)
		violation("lock %u: call %u got ECANCELED, and none had closed it "
			  "(stamps %u to %u)",
			  sweep->target->index, entry->kind, entry->begun, entry->ended);
	if ((passes_nobody(entry) || entry->kind == WAIT) && !entry->error &&
	    sweep->closed_since && entry->begun > sweep->closed_since)
		violation("lock %u: mode %u was granted while it was closed (stamps %u "
			  "to %u)",
			  sweep->target->index, entry->mode, entry->begun, entry->ended);
}

void check_return(const struct sweep *sweep, const struct open *open)
{
	const struct entry *entry = open->entry;

	needs_room(sweep, open);
	needs_cause(sweep, open);
	check_closed(sweep, open);
	if (open->wants_full)
		violation("lock %u: EAGAIN, and the line was never full (stamps %u to "
			  "%u)",
			  sweep->target->index, entry->begun, entry->ended);
	if (open->wants_deadlock)
		violation("lock %u: EDEADLK from %u to %u, and none waited for it "
			  "(stamps %u to %u)",
			  sweep->target->index, entry->from, entry->mode, entry->begun,
			  entry->ended);
	if (passes_nobody(entry) && !entry->error && !entry->joined &&
	    open->barrier > entry->ended)
		violation("lock %u: one that asked at %u took it at once by %u and "
			  "passed one "
			  "that was in line until %u",
			  sweep->target->index, entry->begun, entry->ended,
			  open->barrier);
}

/* It has just joined: not if as many lay there as may be, and no other was at work: which
 * a scan takes off the line is not in it, even if it puts them back. */
void check_limit(const struct sweep *sweep, const struct open *open)
{
	uint32_t there = 0;

	if (!passes_nobody(open->entry) || !open->alone ||
	    sweep->limit_since >= open->entry->begun)
		return;
	for (unsigned i = 0; i < sweep->opened; i++)
		there += lies_in_line(&sweep->open[i]) &&
			 sweep->open[i].entry->until > sweep->now;
	if (there >= sweep->limit_most)
		violation("lock %u: %u were in line and one more joined at %u, where "
			  "only %u may be",
			  sweep->target->index, there, open->entry->pushed,
			  sweep->limit_most);
}

/* ---- quiet ---- */

static bool goes_before(const struct sweep *sweep, const struct open *open,
			const struct open *other)
{
	uint32_t base = sweep->target->first_ticket;
	bool ahead = open->entry->kind == CONVERT;

	if (ahead != (other->entry->kind == CONVERT))
		return ahead;
	return open->entry->ticket - base < other->entry->ticket - base;
}

static const struct open *first_waiting(const struct sweep *sweep)
{
	const struct open *first = NULL;

	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *open = &sweep->open[i];

		if (sleeps_in_line(open) && (!first || goes_before(sweep, open, first)))
			first = open;
	}
	return first;
}

void listen(struct sweep *sweep)
{
	const struct open *first;
	const struct entry *entry;
	uint32_t holds[FIFOLOCK_MAX_MODES];

	if (sweep->running || !(first = first_waiting(sweep)))
		return;
	entry = first->entry;
	if (sweep->closed_since)
		violation("lock %u: it is closed, and ticket %u sleeps in line (stamp "
			  "%u)",
			  sweep->target->index, entry->ticket, sweep->now);
	if (entry->until <= sweep->now)
		return; /* it may have left a moment ago */
	sweep->quiet++;
	memcpy(holds, sweep->lo, sizeof(holds));
	if (entry->kind == CONVERT)
		holds[entry->from]--;
	if (fits_beside(sweep, holds, entry))
		violation("lock %u: ticket %u, %u of mode %u, is first and fits, and all "
			  "sleep (stamp %u)",
			  sweep->target->index, entry->ticket, entry->weight, entry->mode,
			  sweep->now);
}
