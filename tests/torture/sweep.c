/* SPDX-License-Identifier: MIT
 *
 * sweep.c - each grant and each refusal against what certainly was at that time.
 *
 * All stamps of a lock are different and count up, so they are one line of time.  Going
 * along it, lo are the holds that certainly exist (from after the grant was seen until
 * before the release was asked), hi those that possibly do (from before the request, or
 * before the commit if it was granted in line, until after the release).  What is
 * demanded:
 *
 *	room	a grant: at some moment between request (or commit) and return what was
 *		held, somewhere between lo and hi, allowed it
 *	cause	a refusal, and a wait: at some moment between request and return (or
 *		ticket) somebody was possibly in line, or what was held did not allow it
 *	pass	whoever took a lock at once after another was certainly in line, returned
 *		after the commit that granted the other
 *	quiet	while all who are inside a call are asleep in line, the first of them does
 *		not fit: else somebody has lost a wake-up
 */
#include "torture.h"

#define BOX_MOST 256u /* combinations of holds that are looked at; more: it may be so */
#define OPEN	 (2 * SEATS + 2)

enum moment { NOTHING, BEGUN, PUSHED, SLEPT, LEFT, COMMIT, ENDED };

/* A call that has begun and not ended. */
struct open {
	struct entry *entry;
	uint32_t barrier; /* it may not return before */
	bool waiting;	  /* asleep in line */
	bool in_hi;
	bool wants_room, wants_cause;
};

struct sweep {
	struct round *round;
	struct target *target;
	uint32_t *marks; /* by stamp: entry << 3 | moment */
	uint32_t now;
	uint32_t lo[FIFOLOCK_MAX_MODES], hi[FIFOLOCK_MAX_MODES];
	struct open open[OPEN];
	unsigned opened;
	unsigned running; /* of these: who may be doing something */
	unsigned in_line; /* of these: who joins */
	uint32_t ghosts;  /* until then a departed request may not be out of the line */
	uint32_t barrier; /* who was certainly in line is there until */
	uint32_t pushed;  /* who has a ticket is in line until */
	uint64_t judged, quiet;
};

/* ---- marks ---- */

static void mark(struct sweep *sweep, uint32_t stamp, const struct entry *entry,
		 enum moment moment)
{
	uint32_t index = (uint32_t)(entry - sweep->round->entries);

	if (!stamp)
		return;
	if (stamp > sweep->target->clock || sweep->marks[stamp])
		violation("lock %u: stamp %u is not one of a kind", sweep->target->index,
			  stamp);
	sweep->marks[stamp] = index << 3 | moment;
}

static void mark_entry(struct entry *entry, void *arg)
{
	struct sweep *sweep = arg;

	if (entry->target != sweep->target->index)
		return;
	mark(sweep, entry->begun, entry, BEGUN);
	mark(sweep, entry->pushed, entry, PUSHED);
	mark(sweep, entry->slept, entry, SLEPT);
	mark(sweep, entry->left, entry, LEFT);
	mark(sweep, entry->commit, entry, COMMIT);
	mark(sweep, entry->ended, entry, ENDED);
}

/* ---- what may have been held ---- */

/* Is there, between lo and hi, something that says yes (or no)? */
static bool box_has(const struct sweep *sweep, const uint32_t hi[], unsigned mode,
		    uint32_t weight, bool yes)
{
	const struct rules *rules = &sweep->target->table->rules;
	uint32_t holds[FIFOLOCK_MAX_MODES], tried = 0;
	unsigned m;

	memcpy(holds, sweep->lo, sizeof(holds));
	while (tried++ < BOX_MOST) {
		if (plain_fits(rules, holds, mode, weight) == yes)
			return true;
		for (m = 0; m < rules->count && holds[m] >= hi[m]; m++)
			holds[m] = sweep->lo[m];
		if (m == rules->count)
			return false;
		holds[m]++;
	}
	return true;
}

/* The same with one look, where more holds never allow more. */
static bool may_say(const struct sweep *sweep, const struct open *open, bool yes)
{
	const struct entry *entry = open->entry;
	const struct table *table = sweep->target->table;
	uint32_t hi[FIFOLOCK_MAX_MODES];

	memcpy(hi, sweep->hi, sizeof(hi));
	if (open->in_hi)
		hi[entry->mode] -= entry->weight;
	if (!table->monotone)
		return box_has(sweep, hi, entry->mode, entry->weight, yes);
	return plain_fits(&table->rules, yes ? sweep->lo : hi, entry->mode,
			  entry->weight) == yes;
}

static bool line_may_be_there(const struct sweep *sweep, const struct open *open)
{
	return sweep->now < sweep->ghosts || sweep->in_line > open->entry->joined;
}

/* After more has become possible; what ends makes less possible. */
static void judge(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->wants_room && may_say(sweep, open, true))
			open->wants_room = false;
		if (open->wants_cause &&
		    (line_may_be_there(sweep, open) || may_say(sweep, open, false)))
			open->wants_cause = false;
	}
}

/* ---- quiet ---- */

static const struct open *first_waiting(const struct sweep *sweep)
{
	const struct open *first = NULL;
	uint32_t base = sweep->target->first_ticket;

	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *open = &sweep->open[i];

		if (open->waiting &&
		    (!first || open->entry->ticket - base < first->entry->ticket - base))
			first = open;
	}
	return first;
}

static void listen(struct sweep *sweep)
{
	const struct open *first;
	const struct entry *entry;

	if (sweep->running || !(first = first_waiting(sweep)))
		return;
	entry = first->entry;
	if (entry->until <= sweep->now)
		return; /* it may have left a moment ago */
	sweep->quiet++;
	if (plain_fits(&sweep->target->table->rules, sweep->lo, entry->mode,
		       entry->weight))
		violation("lock %u: ticket %u, %u of mode %u, is first and fits, and all "
			  "sleep (stamp %u)",
			  sweep->target->index, entry->ticket, entry->weight, entry->mode,
			  sweep->now);
}

/* ---- moments ---- */

static void count(uint32_t holds[], const struct entry *entry, bool more)
{
	if (!more && holds[entry->mode] < entry->weight)
		violation("lock %u: more of mode %u was given back than was taken",
			  entry->target, entry->mode);
	holds[entry->mode] += more ? entry->weight : -(uint32_t)entry->weight;
}

static void begins(struct sweep *sweep, struct entry *entry)
{
	struct open *open = &sweep->open[sweep->opened++];
	bool at_once = entry->kind == REQUEST && !entry->error && !entry->joined;

	*open = (struct open){.entry = entry, .barrier = sweep->barrier};
	if (entry->kind == LOOK) {
		open->barrier = sweep->pushed;
		return;
	}
	sweep->running++;
	if (entry->kind == RELEASE) {
		count(sweep->lo, entry, false);
		return;
	}
	sweep->judged++;
	sweep->in_line += entry->joined;
	open->in_hi = open->wants_room = at_once;
	open->wants_cause = !at_once;
	if (at_once)
		count(sweep->hi, entry, true);
}

static void commits(struct sweep *sweep, struct open *open)
{
	open->in_hi = open->wants_room = true;
	count(sweep->hi, open->entry, true);
	sweep->running += open->waiting;
	open->waiting = false;
}

static void needs_cause(const struct sweep *sweep, const struct open *open)
{
	const struct entry *entry = open->entry;

	if (open->wants_cause)
		violation(
			"lock %u: %u of mode %u got error %d, joined %d, with nothing in "
			"its way (stamps %u to %u)",
			sweep->target->index, entry->weight, entry->mode, entry->error,
			entry->joined, entry->begun, entry->ended);
}

/* Asleep: it has been announced.  Whoever asks from now on comes after it. */
static void sleeps(struct sweep *sweep, struct open *open)
{
	if (open->entry->until > sweep->barrier)
		sweep->barrier = open->entry->until;
	if (open->in_hi || sweep->now > open->entry->ended)
		return; /* granted already */
	open->waiting = true;
	sweep->running--;
}

static void returns(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;

	if (open->wants_room)
		violation("lock %u: %u of mode %u was granted beside what kept it out "
			  "(stamps %u to %u, commit %u)",
			  sweep->target->index, entry->weight, entry->mode, entry->begun,
			  entry->ended, entry->commit);
	needs_cause(sweep, open);
	if (!entry->error && !entry->joined && open->barrier > entry->ended)
		violation("lock %u: who asked at %u took it at once by %u and passed one "
			  "who was in line until %u",
			  sweep->target->index, entry->begun, entry->ended,
			  open->barrier);
	if (!entry->error)
		count(sweep->lo, entry, true);
	for (unsigned i = 0; entry->left && i < sweep->opened; i++)
		if (sweep->open[i].entry->ended > sweep->ghosts)
			sweep->ghosts = sweep->open[i].entry->ended;
	sweep->in_line -= entry->joined;
}

static void ends(struct sweep *sweep, struct open *open)
{
	struct entry *entry = open->entry;

	if (entry->kind == LOOK) {
		/* entry->joined: somebody was there. */
		if (entry->joined && open->barrier > sweep->barrier)
			sweep->barrier = open->barrier;
	} else {
		sweep->running--;
		if (entry->kind == RELEASE)
			count(sweep->hi, entry, false);
		else
			returns(sweep, open);
	}
	*open = sweep->open[--sweep->opened];
}

static struct open *open_of(struct sweep *sweep, const struct entry *entry)
{
	for (unsigned i = sweep->opened; i--;)
		if (sweep->open[i].entry == entry)
			return &sweep->open[i];
	violation("lock %u: a call that went on outside of itself", entry->target);
}

static void happens(struct sweep *sweep, struct entry *entry, enum moment moment)
{
	struct open *open = moment == BEGUN ? NULL : open_of(sweep, entry);

	if (moment == BEGUN)
		begins(sweep, entry);
	else if (moment == PUSHED && entry->until > sweep->pushed)
		sweep->pushed = entry->until;
	else if (moment == SLEPT)
		sleeps(sweep, open);
	else if (moment == COMMIT)
		commits(sweep, open);
	if (moment == LEFT) {
		sweep->running += open->waiting;
		open->waiting = false;
	}
	if (moment == BEGUN || moment == COMMIT)
		judge(sweep);
	if (moment == PUSHED)
		needs_cause(sweep, open);
	if (moment == ENDED)
		ends(sweep, open);
	if (moment == ENDED || moment == SLEPT)
		listen(sweep);
}

static void go_along(struct sweep *sweep)
{
	for (sweep->now = 1; sweep->now <= sweep->target->clock; sweep->now++) {
		uint32_t marked = sweep->marks[sweep->now];

		if (marked)
			happens(sweep, &sweep->round->entries[marked >> 3],
				(enum moment)(marked & 7));
	}
	if (sweep->opened || sweep->running || sweep->in_line)
		violation("lock %u: %u calls never ended", sweep->target->index,
			  sweep->opened);
}

#define MARKS_MOST (UINT32_C(1) << 26)

void sweep(struct round *round, struct target *target)
{
	size_t size = ((size_t)target->clock + 1) * sizeof(uint32_t);
	struct sweep *sweep;

	if (target->clock > MARKS_MOST || round->entry_room >= (1u << 29)) {
		tally_add(&tally->sweeps_skipped, 1);
		return;
	}
	sweep = memory_get(sizeof(*sweep));
	sweep->round = round;
	sweep->target = target;
	sweep->marks = memory_get(size);
	each_entry(round, mark_entry, sweep);
	go_along(sweep);
	tally_add(&tally->swept, sweep->judged);
	tally_add(&tally->quiet, sweep->quiet);
	memory_return(sweep->marks, size);
	memory_return(sweep, sizeof(*sweep));
}
