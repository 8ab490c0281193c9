/* SPDX-License-Identifier: MIT
 *
 * sight.c - what was said of the line: by snapshots, positions, contended.
 *
 *	moment	the holds of a snapshot are those of some moment of it
 *	there	a request that lay in line all the while is in it, and as what it is
 *	ghosts	none is in it, or counted, that was not possibly in line meanwhile
 */
#include "sweep.h"

void begin_sight(struct sweep *sweep, struct open *open)
{
	struct round *round = sweep->round;

	open->most = sweep->in_line;
	for (uint32_t i = 0; i < round->sighted; i++)
		if (round->sights[i].entry == open->entry)
			open->sight = &round->sights[i];
}

static bool holds_may_be(const struct sweep *sweep, const struct sight *sight)
{
	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES; m++)
		if (sight->holds[m] < sweep->lo[m] || sight->holds[m] > sweep->hi[m])
			return false;
	return true;
}

/* At every moment. */
void watch_sights(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->opened; i++) {
		struct open *open = &sweep->open[i];

		if (open->entry->kind != SNAPSHOT || !open->sight)
			continue;
		if (sweep->in_line > open->most)
			open->most = sweep->in_line;
		if (!open->sight->found)
			open->sight->found = holds_may_be(sweep, open->sight);
	}
}

static const struct sighted *find(const struct sight *sight, uint32_t ticket)
{
	for (uint32_t i = 0; i < sight->waiting && i < SIGHT_MOST; i++)
		if (sight->line[i].ticket == ticket)
			return &sight->line[i];
	return NULL;
}

static bool lay_there(const struct open *open, uint32_t since)
{
	return lies_in_line(open) && open->entry->slept < since &&
	       open->entry->pushed < since;
}

static void check_seen(const struct sweep *sweep, const struct sight *sight,
		       const struct entry *entry)
{
	const struct sighted *seen = find(sight, entry->ticket);
	int from = entry->kind == CONVERT ? entry->from : -1;

	if (!seen && sight->waiting <= SIGHT_MOST)
		violation(
			"lock %u: ticket %u, in line from %u on, is not in the snapshot "
			"of %u to %u",
			sweep->target->index, entry->ticket, entry->pushed,
			sight->entry->begun, sight->entry->ended);
	if (seen &&
	    (seen->mode != entry->mode || seen->n != entry->weight || seen->from != from))
		violation(
			"lock %u: ticket %u is %u of mode %u from %d; the snapshot says "
			"%u of %u from %d",
			sweep->target->index, entry->ticket, entry->weight, entry->mode,
			from, seen->n, seen->mode, seen->from);
}

static void check_rule(const struct sweep *sweep, const struct open *open)
{
	const struct sight *sight = open->sight;
	uint32_t since = sweep->closed_since;

	if (sight->closed ? !open->saw_closed : since && since < sight->entry->begun)
		violation("lock %u: the snapshot of %u to %u says that it is %s",
			  sweep->target->index, sight->entry->begun, sight->entry->ended,
			  sight->closed ? "closed" : "open");
}

void check_sight(const struct sweep *sweep, const struct open *open)
{
	const struct sight *sight = open->sight;
	uint32_t least = 0;

	if (!sight)
		return;
	for (unsigned i = 0; i < sweep->opened; i++) {
		const struct open *other = &sweep->open[i];

		if (!lay_there(other, sight->entry->begun))
			continue;
		least++;
		check_seen(sweep, sight, other->entry);
	}
	if (sight->waiting < least || sight->waiting > open->most)
		violation(
			"lock %u: a snapshot (%u to %u) of %u in line, which were %u to "
			"%u",
			sweep->target->index, sight->entry->begun, sight->entry->ended,
			sight->waiting, least, open->most);
	if (!sight->found)
		violation("lock %u: a snapshot (%u to %u) of holds that never were "
			  "together",
			  sweep->target->index, sight->entry->begun, sight->entry->ended);
	check_rule(sweep, open);
}

/* ---- contended: by threads that hold the mode ---- */

void check_contended(const struct sweep *sweep, const struct open *looker, bool said)
{
	const struct entry *entry = looker->entry;

	for (unsigned i = 0; !said && sweep->target->table->monotone && i < sweep->opened;
	     i++) {
		const struct open *open = &sweep->open[i];

		if (lay_there(open, entry->begun) &&
		    kept_out_by(sweep, open, entry->mode, 1))
			violation("lock %u: ticket %u was kept out by mode %u, and call "
				  "%u did not see it (stamps %u to %u)",
				  sweep->target->index, open->entry->ticket, entry->mode,
				  entry->kind, entry->begun, entry->ended);
	}
}

/* ---- positions ---- */

static bool before(const struct sweep *sweep, const struct open *open,
		   const struct entry *entry)
{
	uint32_t base = sweep->target->first_ticket;

	return open->entry != entry && open->entry->joined &&
	       (open->entry->kind == CONVERT ||
		open->entry->ticket - base < entry->ticket - base);
}

/* How many may be before it: only conversions can become more. */
void begin_position(struct sweep *sweep, struct open *open)
{
	open->asking = true;
	open->most = 0;
	for (unsigned i = 0; i < sweep->opened; i++)
		open->most += before(sweep, &sweep->open[i], open->entry);
}

void check_position(const struct sweep *sweep, struct open *open)
{
	const struct entry *entry = open->entry;
	uint32_t least = 0;

	open->asking = false;
	for (unsigned i = 0; i < sweep->opened; i++)
		least += lay_there(&sweep->open[i], entry->asked) &&
			 before(sweep, &sweep->open[i], entry);
	if (entry->position == UINT32_MAX) {
		if (!open->in_hi && !open->saw_closed && !entry->unsure)
			violation("lock %u: ticket %u was said not to be in line (%u to "
				  "%u)",
				  sweep->target->index, entry->ticket, entry->asked,
				  entry->answered);
		return;
	}
	if (entry->position < least || entry->position > open->most)
		violation("lock %u: %u said to be before ticket %u, which were %u to %u "
			  "(stamps %u to %u)",
			  sweep->target->index, entry->position, entry->ticket, least,
			  open->most, entry->asked, entry->answered);
}
