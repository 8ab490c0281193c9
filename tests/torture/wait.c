/* SPDX-License-Identifier: MIT
 *
 * wait.c - conditions.
 *
 *	listed	one that sleeps in a condition's list is there; so is one that has begun to wait for
 *		it when another has got what it was to give back
 *	lost	a signal that moved none: at some moment of it none was listed; a
 *		broadcast leaves none behind
 *	first	a signal moves none before one that was listed when it began to wait
 *
 * One that has a deadline may have gone at any time, so only the others are certainly listed.
 */
#include "sweep.h"

static bool certainly_listed(const struct open *open)
{
	const struct entry *entry = open->entry;

	return entry->kind == WAIT && (open->asleep || open->listed) && !open->in_line &&
	       entry->how != TIMED && entry->signalled;
}

static bool same_condition(const struct entry *one, const struct entry *other)
{
	return one->from == other->from;
}

/* One that has just got the hold can only have it after these have given theirs back. */
void note_listed(struct sweep *sweep, const struct open *holder)
{
	const struct table *table = sweep->target->table;

	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->entry->kind == WAIT &&
		    in_set(table->apart[open->entry->mode], holder->entry->mode))
			open->listed = true;
	}
}

/* This one has just been put in line. */
void check_signalled(const struct sweep *sweep, const struct open *waiter)
{
	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *open = &sweep->open[i];
		const struct entry *entry = open->entry;

		if (open != waiter && certainly_listed(open) && entry->slept &&
		    same_condition(entry, waiter->entry) &&
		    entry->slept < waiter->entry->begun)
			violation(
				"lock %u: one that waited since %u was signalled before "
				"one that slept since %u",
				sweep->target->index, waiter->entry->begun, entry->slept);
	}
}

/* Another signal, which began before this one ended, has moved it: it may have taken it off the list
 * before it put it in line, and without a look at the guard this one finds none. */
static bool may_be_taken(const struct sweep *sweep, const struct open *open,
			 const struct entry *signal)
{
	const struct entry *other = &sweep->round->entries[open->entry->told];

	return other != signal && other->begun < signal->ended;
}

static bool anybody_listed(const struct sweep *sweep, const struct entry *signal)
{
	for (unsigned i = 0; i < sweep->opened; i++)
		if (certainly_listed(&sweep->open[i]) &&
		    same_condition(sweep->open[i].entry, signal) &&
		    !may_be_taken(sweep, &sweep->open[i], signal))
			return true;
	return false;
}

void watch_signals(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->wants_nobody && !anybody_listed(sweep, open->entry))
			open->wants_nobody = false;
	}
}

static bool moved_by(const struct sweep *sweep, const struct open *open,
		     const struct open *signal)
{
	return open->in_line && open->entry->signalled &&
	       &sweep->round->entries[open->entry->told] == signal->entry;
}

/* The one that it has moved is in line by now. */
void signal_ends(struct sweep *sweep, const struct open *signal)
{
	if (signal->wants_nobody)
		violation("lock %u: a signal for none (stamps %u to %u), and one "
			  "waited",
			  sweep->target->index, signal->entry->begun,
			  signal->entry->ended);
	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->entry->kind != WAIT ||
		    !same_condition(open->entry, signal->entry))
			continue;
		if (moved_by(sweep, open, signal))
			announced(sweep, open);
		if (signal->entry->all && certainly_listed(open) && open->entry->slept &&
		    !may_be_taken(sweep, open, signal->entry) &&
		    open->entry->slept < signal->entry->begun)
			violation("lock %u: a broadcast (stamps %u to %u) left one "
				  "behind one that slept since %u",
				  sweep->target->index, signal->entry->begun,
				  signal->entry->ended, open->entry->slept);
	}
}
