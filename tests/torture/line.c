/* SPDX-License-Identifier: MIT
 *
 * line.c - the order of the line, exactly: every ticket that was given out belongs to one
 * request; it was granted once, in the order of the tickets, as what it asked for; or it
 * left or was turned away, once.  Conversions go ahead of those that hold nothing, and so
 * does no other.
 */
#include "torture.h"

struct line {
	struct target *target;
	struct entry **by_ticket;
	uint32_t tickets; /* given out */
	uint32_t granted;
};

/* A thread that waited for a condition in vain has the hold again, too. */
static bool was_granted(const struct entry *entry)
{
	return entry->joined &&
	       (entry->error == 0 || (entry->kind == WAIT && entry->error == ETIMEDOUT));
}

static void count_ticket(struct entry *entry, void *arg)
{
	struct line *line = arg;

	if (entry->target == line->target->index)
		line->tickets += entry->joined;
}

static void place_ticket(struct entry *entry, void *arg)
{
	struct line *line = arg;
	uint32_t at = entry->ticket - line->target->first_ticket;

	if (entry->target != line->target->index || !entry->joined)
		return;
	if (at >= line->tickets)
		violation("lock %u: ticket %u of %u", line->target->index, at,
			  line->tickets);
	if (line->by_ticket[at])
		violation("lock %u: ticket %u was given out twice", line->target->index,
			  at);
	line->by_ticket[at] = entry;
	line->granted += was_granted(entry);
}

/* Until when one that left was in line for certain: it slept again; or time had not come. */
static uint32_t until_it_left(const struct target *target, const struct entry *entry)
{
	uint32_t until = entry->slept_last ? entry->slept_last : entry->slept;

	for (unsigned i = target->ticked; i--;)
		if (target->ticks[i].ns + 2000000 < entry->deadline) {
			if (target->ticks[i].stamp > until)
				until = target->ticks[i].stamp;
			break;
		}
	return until;
}

static void check_grant(const struct line *line, uint32_t i, uint32_t at)
{
	const struct granted *granted = &line->target->log[i];
	struct entry *entry;

	if (at >= line->tickets)
		violation("lock %u: grant %u is of ticket %u of %u", line->target->index,
			  i, at, line->tickets);
	entry = line->by_ticket[at];
	if (!was_granted(entry))
		violation("lock %u: ticket %u was granted and got error %d",
			  line->target->index, at, entry->error);
	if (entry->mode != granted->mode || entry->weight != granted->weight)
		violation("lock %u: ticket %u asked for %u of mode %u, granted %u of %u",
			  line->target->index, at, entry->weight, entry->mode,
			  granted->weight, granted->mode);
	if (granted->ahead != (entry->kind == CONVERT))
		violation("lock %u: ticket %u is not of its kind", line->target->index,
			  at);
	if (line->target->stamped && granted->stamp > entry->ended)
		violation("lock %u: ticket %u returned before its grant",
			  line->target->index, at);
	entry->commit = granted->stamp;
	entry->until = granted->stamp;
}

/* Of each kind the oldest first; a conversion may be granted before older ones that hold
 * nothing, but none of these before an older conversion. */
static void check_log(const struct line *line)
{
	const struct target *target = line->target;
	uint32_t next = 0, next_ahead = 0;

	if (target->logged != line->granted)
		violation("lock %u: %u grants in line were committed, %u returned",
			  target->index, target->logged, line->granted);
	for (uint32_t i = 0; i < target->logged; i++) {
		uint32_t at = target->log[i].ticket - target->first_ticket;
		uint32_t from = target->log[i].ahead ? next_ahead : next;

		if (at < from)
			violation("lock %u: ticket %u%s was granted after ticket %u",
				  target->index, at,
				  target->log[i].ahead ? " (a conversion)" : "",
				  from - 1);
		check_grant(line, i, at);
		next_ahead = at + 1 > next_ahead ? at + 1 : next_ahead;
		next = target->log[i].ahead ? next : at + 1;
	}
}

void check_line(struct round *round, struct target *target)
{
	struct line line = {.target = target};
	size_t size;

	each_entry(round, count_ticket, &line);
	size = (line.tickets + 1) * sizeof(struct entry *);
	line.by_ticket = memory_get(size);
	each_entry(round, place_ticket, &line);
	check_log(&line);
	for (uint32_t i = 0; i < line.tickets; i++)
		if (line.by_ticket[i]->left)
			line.by_ticket[i]->until =
				until_it_left(target, line.by_ticket[i]);
	if (target->lock && (uint32_t)(target->lock->arrivals >> 32) !=
				    target->first_ticket + line.tickets)
		violation("lock %u: tickets were given out to none", target->index);
	memory_return(line.by_ticket, size);
}
