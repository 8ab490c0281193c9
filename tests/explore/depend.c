/* SPDX-License-Identifier: MIT
 *
 * depend.c - which steps depend on each other, and so which orders of them have to be
 * tried: dynamic partial-order reduction by source sets (Abdulla, Aronis, Jonsson,
 * Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014, algorithm 1) with sleep
 * sets (Godefroid, 1996).  schedule.c says why that is enough here.
 */
#include "inside.h"

#include <string.h>

/* The memory that a step touches.  The queue of sleepers on a word is memory of its own,
 * next to the word. */
struct span {
	uintptr_t at;
	size_t size;
	bool write;
};

static uintptr_t sleepers(uintptr_t at)
{
	return at + 1;
}

static unsigned spans(const struct ex_op *op, bool wrote, struct span span[2])
{
	switch (op->kind) {
	case EX_PAUSE:
		return 0;
	case EX_PARK:
		span[0] = (struct span){op->at, 1, false};
		span[1] = (struct span){sleepers(op->at), 1, true};
		return 2;
	case EX_WAKE:
	case EX_UNPARK:
		span[0] = (struct span){sleepers(op->at), 1, true};
		return 1;
	case EX_FREE:
		span[0] = (struct span){op->at, op->size, true};
		return 1;
	case EX_PAIR:
		span[0] = (struct span){op->at, op->size, wrote};
		return 1;
	default:
		span[0] = (struct span){op->at, 1, wrote};
		span[1] = (struct span){memory_barriers(), 1, true};
		return op->order == EX_FULL && ex_stale() ? 2 : 1;
	}
}

static bool touch(const struct span *a, const struct span *b)
{
	return (a->write || b->write) && a->at < b->at + b->size &&
	       b->at < a->at + a->size;
}

static bool dependent(const struct ex_op *a, bool a_wrote, const struct ex_op *b,
		      bool b_wrote)
{
	struct span of_a[2], of_b[2];
	unsigned na = spans(a, a_wrote, of_a), nb = spans(b, b_wrote, of_b);

	for (unsigned i = 0; i < na; i++)
		for (unsigned j = 0; j < nb; j++)
			if (touch(&of_a[i], &of_b[j]))
				return true;
	return false;
}

/* Would it write if it were chosen now? */
static bool would_write(const struct ex_op *op)
{
	switch (op->kind) {
	case EX_LOAD:
	case EX_PAUSE:
		return false;
	case EX_CAS:
		return memory_raw(op->at, op->size) == op->expected;
	default:
		return true;
	}
}

static bool before(const struct ex_event *a, const uint16_t clock[])
{
	return clock[a->thread] >= a->nth;
}

/* The latest events that a new one depends on; what came before these comes before it
 * through them. */
struct place {
	uintptr_t at;
	unsigned write;		   /* the last one; as an index + 1 */
	unsigned read[EX_THREADS]; /* since then */
};
static struct place places[EX_LOCATIONS];
static unsigned place_count;

static struct place *place_of(uintptr_t at)
{
	for (unsigned i = 0; i < place_count; i++)
		if (places[i].at == at)
			return &places[i];
	if (place_count == EX_LOCATIONS)
		ex_fail("explorer: more than %d places in memory", EX_LOCATIONS);
	places[place_count] = (struct place){.at = at};
	return &places[place_count++];
}

struct list {
	unsigned at[2 * EX_LOCATIONS + EX_THREADS];
	unsigned count;
};

static void place_touch(struct place *place, bool write, unsigned index,
			struct list *earlier)
{
	bool any = false;

	for (unsigned t = 0; write && t < run->threads; t++)
		if (place->read[t]) {
			earlier->at[earlier->count++] = place->read[t] - 1;
			place->read[t] = 0;
			any = true;
		}
	if (place->write && !any)
		earlier->at[earlier->count++] = place->write - 1;
	if (write)
		place->write = index + 1;
	else
		place->read[events[index].thread] = index + 1;
}

static void touch_all(unsigned index, struct list *earlier)
{
	const struct ex_event *event = &events[index];
	struct span span[2];
	unsigned count = spans(&event->op, event->wrote, span);

	earlier->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (span[i].size == 1) {
			place_touch(place_of(span[i].at), span[i].write, index, earlier);
			continue;
		}
		for (unsigned p = 0; p < place_count; p++)
			if (places[p].at - span[i].at < span[i].size)
				place_touch(&places[p], true, index, earlier);
	}
}

/* The threads that can begin what came after the event `early` without it, up to and with `late`: one of
 * them has to be tried in place of `early`. */
static set initials(unsigned early, unsigned late)
{
	unsigned first[EX_THREADS] = {0};
	set found = 0, seen = 0;

	for (unsigned i = early + 1; i <= late; i++) {
		const struct ex_event *event = &events[i];
		bool initial = true;

		if ((i < late && before(&events[early], event->clock)) ||
		    seen >> event->thread & 1)
			continue;
		for (unsigned t = 0; t < run->threads; t++)
			if (seen >> t & 1 && event->clock[t] >= first[t])
				initial = false;
		seen |= 1u << event->thread;
		first[event->thread] = event->nth;
		if (initial)
			found |= 1u << event->thread;
	}
	return found;
}

static void turn_round(unsigned early, unsigned late)
{
	struct node *node = &nodes[early];
	set first = initials(early, late);
	unsigned thread = events[late].thread;

	first &= node->enabled; /* of the beginning: one (lead.c) */
	if (!first || (first & (node->todo | node->asleep)))
		return;
	if (!(first >> thread & 1))
		thread = (unsigned)__builtin_ctz(first);
	node->todo |= 1u << thread;
}

static bool is_race(const struct list *earlier, unsigned which, unsigned late,
		    const uint16_t previous[])
{
	const struct ex_event *early = &events[earlier->at[which]];
	const struct ex_event *event = &events[late];

	if (early->thread == event->thread || before(early, previous))
		return false;
	if (early->op.kind == EX_UNPARK && early->woke == event->thread &&
	    event->op.kind == EX_WAKE && !event->alone)
		return false;
	for (unsigned i = 0; i < earlier->count; i++)
		if (i != which && earlier->at[i] != earlier->at[which] &&
		    before(early, events[earlier->at[i]].clock))
			return false;
	return true;
}

void order_event(unsigned index)
{
	struct ex_event *event = &events[index];
	struct thread *thread = &threads[event->thread];
	uint16_t previous[EX_THREADS];
	struct list earlier;

	memcpy(previous, thread->clock, sizeof(previous));
	touch_all(index, &earlier);
	for (unsigned i = 0; i < earlier.count; i++)
		for (unsigned t = 0; t < run->threads; t++)
			if (events[earlier.at[i]].clock[t] > thread->clock[t])
				thread->clock[t] = events[earlier.at[i]].clock[t];
	thread->clock[event->thread] = (uint16_t)event->nth;
	memcpy(event->clock, thread->clock, sizeof(event->clock));
	for (unsigned i = 0; i < earlier.count; i++)
		if (options->strategy == EX_ALL && is_race(&earlier, i, index, previous))
			turn_round(earlier.at[i], index);
}

void depend_begin(void)
{
	place_count = 0;
}

/* ---- sleep sets ---- */

static set would; /* which of those that need not be chosen here would write */

void before_step(void)
{
	const struct node *node = &nodes[depth];

	would = 0;
	for (unsigned t = 0; t < run->threads; t++)
		if ((node->asleep | node->tried) >> t & 1 && would_write(&threads[t].op))
			would |= 1u << t;
}

/* One that was or has been tried before this step and does not depend on it
 * need not be chosen after it either. */
set still_asleep(const struct ex_event *event)
{
	const struct node *node = &nodes[depth];
	set others = (node->asleep | node->tried) & ~(1u << event->thread), still = 0;

	for (unsigned t = 0; t < run->threads; t++)
		if (others >> t & 1 &&
		    !dependent(&event->op, event->wrote, &threads[t].op, would >> t & 1))
			still |= 1u << t;
	return still;
}
