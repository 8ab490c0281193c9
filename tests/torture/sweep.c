/* SPDX-License-Identifier: MIT
 *
 * sweep.c - along all that happened to one lock.
 *
 * All stamps of a lock are different and count up, so they are one line of time.  Going
 * along it, lo are the holds that certainly exist (from after the grant was seen until
 * before the release was asked), hi those that possibly do (from before the request, or
 * before the commit if it was granted in line, until after the release).
 *
 * Of a conversion lo has neither mode while it is under way, but what it gives while it
 * sleeps; of one that bumps or waits for a condition, nothing.  A section's hold is certain
 * while it runs.  What is demanded on the way: judge.c, wait.c, sight.c.
 */
#include "sweep.h"

#define MOMENT_BITS 4

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
	sweep->marks[stamp] = index << MOMENT_BITS | moment;
}

static void mark_entry(struct entry *entry, void *arg)
{
	struct sweep *sweep = arg;

	if (entry->target != sweep->target->index)
		return;
	/* A conversion that leaves while a scanner takes it in may be back before that has drawn its
	 * ticket.  It never was more than a departed one in line, for which leaves_ghost is. */
	if (entry->kind == CONVERT && entry->left && entry->pushed > entry->left)
		entry->pushed = 0;
#define X(moment, name) mark(sweep, entry->name, entry, moment);
	MOMENTS(X)
#undef X
}

/* ---- holds ---- */

static void count(const struct sweep *sweep, uint32_t holds[], unsigned mode,
		  uint32_t weight, bool more)
{
	if (!more && holds[mode] < weight)
		violation("lock %u: more of mode %u was given back than was taken",
			  sweep->target->index, mode);
	holds[mode] += more ? weight : -weight;
}

/* What a call gives back, though it takes it again. */
static bool gives(const struct entry *entry)
{
	return entry->kind == RELEASE || entry->kind == CONVERT || entry->kind == BUMP ||
	       entry->kind == WAIT;
}

static unsigned given_mode(const struct entry *entry)
{
	return entry->kind == CONVERT ? entry->from : entry->mode;
}

/* It is gone for certain. */
static void drop(struct sweep *sweep, struct open *open)
{
	if (open->had)
		count(sweep, sweep->hi, given_mode(open->entry), open->entry->weight,
		      false);
	open->had = false;
}

static void keep(struct sweep *sweep, struct open *open, bool kept)
{
	if (open->entry->kind == CONVERT && open->kept != kept)
		count(sweep, sweep->lo, open->entry->from, 1, kept);
	open->kept = kept;
}

/* ---- moments ---- */

static bool asks(const struct entry *entry)
{
	return entry->kind == REQUEST || entry->kind == CONVERT || entry->kind == SECTION;
}

static bool looks(const struct entry *entry)
{
	return entry->kind == SNAPSHOT || entry->kind == SIGNAL;
}

static void wants(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;
	bool at_once = !entry->error && !entry->joined;

	if (asks(entry)) {
		sweep->judged++;
		open->in_hi = open->wants_room = at_once;
		open->wants_cause = !at_once && entry->error != ECANCELED;
		open->wants_full = entry->error == EAGAIN;
		open->wants_deadlock = entry->error == EDEADLK;
		if (at_once)
			count(sweep, sweep->hi, entry->mode, entry->weight, true);
	}
	if (entry->kind == BUMP)
		open->wants_cause = entry->joined;
	if (entry->kind == CONTENDED)
		open->wants_cause = entry->told;
	if (entry->kind == SIGNAL)
		open->wants_nobody = !entry->told;
	if (entry->kind == SNAPSHOT)
		begin_sight(sweep, open);
}

static void rule_begins(struct sweep *sweep, const struct entry *entry)
{
	uint32_t limit = entry->told ? entry->told : UINT32_MAX;

	if (entry->kind == OPEN)
		sweep->closed_since = 0;
	if (entry->kind == CLOSE) {
		sweep->closed_maybe = true;
		for (unsigned i = 0; i < sweep->opened; i++)
			sweep->open[i].saw_closed = true;
	}
	if (entry->kind != LIMIT)
		return;
	for (unsigned i = 0; i < sweep->opened; i++)
		if (limit < sweep->open[i].limit_least)
			sweep->open[i].limit_least = limit;
	sweep->limit_least = limit < sweep->limit_least ? limit : sweep->limit_least;
	sweep->limit_most = limit > sweep->limit_most ? limit : sweep->limit_most;
	sweep->limit_since = UINT32_MAX;
}

static void disturbed(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++)
		sweep->open[i].alone = false;
}

static void begins(struct sweep *sweep, struct entry *entry)
{
	struct open *open = &sweep->open[sweep->opened++];

	*open = (struct open){.entry = entry,
			      .barrier = sweep->barrier,
			      .saw_closed = sweep->closed_maybe,
			      .limit_least = sweep->limit_least,
			      .had = gives(entry)};
	if (entry->kind == LOOK) {
		open->barrier = sweep->pushed;
		return;
	}
	disturbed(sweep);
	open->alone = ++sweep->running == 1;
	sweep->looking += looks(entry);
	if (gives(entry))
		count(sweep, sweep->lo, given_mode(entry), entry->weight, false);
	sweep->in_line += entry->joined;
	wants(sweep, open);
	rule_begins(sweep, entry);
	for (unsigned i = 0; entry->kind == CONVERT && entry->joined && i < sweep->opened;
	     i++)
		sweep->open[i].most += sweep->open[i].asking;
}

/* One that asks from now on comes after it. */
void announced(struct sweep *sweep, struct open *open)
{
	open->announced = true;
	if (open->entry->until > sweep->barrier)
		sweep->barrier = open->entry->until;
}

static void wakes(struct sweep *sweep, struct open *open)
{
	if (open->asleep)
		disturbed(sweep);
	sweep->running += open->asleep;
	open->asleep = false;
}

static void commits(struct sweep *sweep, struct open *open)
{
	keep(sweep, open, false);
	open->in_hi = open->wants_room = true;
	count(sweep, sweep->hi, open->entry->mode, open->entry->weight, true);
	wakes(sweep, open);
}

static void pushes(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;

	needs_cause(sweep, open);
	open->in_line = true;
	if (entry->until > sweep->pushed)
		sweep->pushed = entry->until;
	if (entry->signalled)
		check_signalled(sweep, open);
	else
		wakes(sweep, open);
	check_limit(sweep, open);
}

/* In line: it has been announced; unless it was put there by a signal. */
static void sleeps(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;

	if (entry->kind == WAIT || entry->kind == BUMP)
		drop(sweep, open);
	if (open->in_line && !entry->signalled)
		announced(sweep, open);
	if (open->asleep || open->in_hi ||
	    (entry->refused && entry->refused < sweep->now))
		return; /* granted already */
	open->asleep = true;
	sweep->running--;
	keep(sweep, open, true);
}

/* ---- ends ---- */

/* Departed: counted as in line until all have returned that may be granting. */
static void leaves_ghost(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++)
		if (sweep->open[i].entry->ended > sweep->ghosts)
			sweep->ghosts = sweep->open[i].entry->ended;
}

/* What it holds now. */
static void takes(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;
	bool has_it = open->in_hi && entry->kind != SECTION;

	if (has_it) {
		drop(sweep, open);
		count(sweep, sweep->lo, entry->mode, entry->weight, true);
		if (entry->kind == REQUEST || entry->kind == CONVERT)
			note_listed(sweep, open);
	} else if (entry->kind == SECTION && open->in_hi) {
		count(sweep, sweep->hi, entry->mode, entry->weight, false);
	} else if (entry->kind == RELEASE ||
		   (entry->error == ECANCELED && entry->kind != CONVERT)) {
		drop(sweep, open);
	} else if (gives(entry) && !open->kept) {
		count(sweep, sweep->lo, given_mode(entry), entry->weight, true);
	}
}

static void rule_ends(struct sweep *sweep, const struct entry *entry)
{
	if (entry->kind == CLOSE)
		sweep->closed_since = sweep->now;
	if (entry->kind == OPEN && !entry->error) {
		sweep->closed_maybe = false;
		leaves_ghost(sweep);
	}
	if (entry->kind != LIMIT)
		return;
	sweep->limit_least = sweep->limit_most = entry->told ? entry->told : UINT32_MAX;
	sweep->limit_since = sweep->now;
}

static void returns(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;

	check_return(sweep, open);
	if (entry->kind == SNAPSHOT)
		check_sight(sweep, open);
	if (entry->kind == SIGNAL)
		signal_ends(sweep, open);
	if ((entry->kind == CONTENDED && !entry->unsure) ||
	    (entry->kind == BUMP && !entry->error))
		check_contended(sweep, open, entry->told || entry->joined);
	takes(sweep, open);
	rule_ends(sweep, entry);
	if (entry->left || entry->refused)
		leaves_ghost(sweep);
	sweep->in_line -= entry->joined;
	sweep->looking -= looks(entry);
	wakes(sweep, open);
	sweep->running--;
}

static void ends(struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;

	if (entry->kind != LOOK)
		returns(sweep, open);
	else if (entry->told && open->barrier > sweep->barrier)
		sweep->barrier = open->barrier; /* one was there */
	*open = sweep->open[--sweep->opened];
}

/* ---- along ---- */

static struct open *open_of(struct sweep *sweep, const struct entry *entry)
{
	for (unsigned i = sweep->opened; i--;)
		if (sweep->open[i].entry == entry)
			return &sweep->open[i];
	violation("lock %u: a call that went on outside of itself", entry->target);
}

static void section_turns(struct sweep *sweep, const struct open *open, bool inside)
{
	if (inside)
		needs_room(sweep, open);
	count(sweep, sweep->lo, open->entry->mode, 1, inside);
}

static void happens(struct sweep *sweep, struct entry *entry, enum moment moment)
{
	struct open *open = moment == BEGUN ? NULL : open_of(sweep, entry);

	switch (moment) {
	case BEGUN:
		begins(sweep, entry);
		break;
	case PUSHED:
		pushes(sweep, open);
		break;
	case SLEPT:
	case SLEPT_LAST:
		sleeps(sweep, open);
		break;
	case LEFT:
	case REFUSED:
		wakes(sweep, open);
		break;
	case COMMIT:
		commits(sweep, open);
		break;
	case INSIDE:
	case OUTSIDE:
		section_turns(sweep, open, moment == INSIDE);
		break;
	case ASKED:
		begin_position(sweep, open);
		break;
	case ANSWERED:
		check_position(sweep, open);
		break;
	default:
		ends(sweep, open);
	}
}

static void then(struct sweep *sweep, enum moment moment)
{
	if (moment == BEGUN || moment == COMMIT || moment == OUTSIDE)
		judge(sweep);
	if (sweep->looking) {
		watch_sights(sweep);
		watch_signals(sweep);
	}
	if (moment == ENDED || moment == SLEPT || moment == SLEPT_LAST)
		listen(sweep);
}

static void go_along(struct sweep *sweep)
{
	for (sweep->now = 1; sweep->now <= sweep->target->clock; sweep->now++) {
		uint32_t marked = sweep->marks[sweep->now];
		enum moment moment = marked & ((1u << MOMENT_BITS) - 1);

		if (!marked)
			continue;
		happens(sweep, &sweep->round->entries[marked >> MOMENT_BITS], moment);
		then(sweep, moment);
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

	if (target->clock > MARKS_MOST ||
	    round->entry_room >= UINT32_MAX >> MOMENT_BITS) {
		tally_add(&tally->sweeps_skipped, 1);
		return;
	}
	sweep = memory_get(sizeof(*sweep));
	sweep->round = round;
	sweep->target = target;
	sweep->limit_least = sweep->limit_most = UINT32_MAX;
	sweep->marks = memory_get(size);
	each_entry(round, mark_entry, sweep);
	go_along(sweep);
	tally_add(&tally->swept, sweep->judged);
	tally_add(&tally->quiet, sweep->quiet);
	memory_return(sweep->marks, size);
	memory_return(sweep, sizeof(*sweep));
}
