/* SPDX-License-Identifier: MIT
 *
 * schedule.c - which processor acts next, and which thread runs on it.
 *
 * A processor that has nothing to do is in no list.  All others but the one that acts are in
 * a heap, by their times.  Threads take turns on their processor, in slices; one that is woken
 * goes to a processor that is idle if there is one, or behind the others of its own.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define NO_TIME UINT64_MAX

struct processor processors[PROCESSORS];
unsigned processor_count;
struct processor *acts;

static struct processor *heap[PROCESSORS]; /* heap[0] is the earliest */
static unsigned heaped;
static uint64_t horizon; /* the key of the earliest other */

/* ---- which processor ---- */

static uint64_t key_at(const struct processor *processor, uint64_t when)
{
	return when * PROCESSORS + processor->number;
}

static uint64_t key(const struct processor *processor)
{
	return key_at(processor, processor->now);
}

static void set_horizon(void)
{
	uint64_t timer = timers_next();

	horizon = heaped ? key(heap[0]) : NO_TIME;
	if (timer < NO_TIME / PROCESSORS && timer * PROCESSORS < horizon)
		horizon = timer * PROCESSORS;
}

static void heap_put(unsigned at, struct processor *processor)
{
	while (at && key(processor) < key(heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = processor;
}

void is_busy(struct processor *processor)
{
	heap_put(heaped++, processor);
}

static struct processor *heap_take(void)
{
	struct processor *first = heap[0], *last = heap[--heaped];
	unsigned at = 0, child;

	while ((child = 2 * at + 1) < heaped) {
		if (child + 1 < heaped && key(heap[child + 1]) < key(heap[child]))
			child++;
		heap[at] = heap[child];
		at = child;
	}
	heap_put(at, last);
	return first;
}

/* ---- which thread of it ---- */

void enqueue(struct processor *processor, struct thread *thread)
{
	thread->next = NULL;
	thread->queued = processor->now;
	*(processor->first ? &processor->last->next : &processor->first) = thread;
	processor->last = thread;
	thread->on = processor;
}

static struct thread *dequeue(struct processor *processor)
{
	struct thread *thread = processor->first;

	if (thread)
		processor->first = thread->next;
	return thread;
}

void charge(struct processor *processor, uint64_t price)
{
	processor->now += price;
	processor->busy += price;
}

void runs_next(struct processor *processor)
{
	struct thread *next = dequeue(processor);

	if (next && next != processor->runs)
		charge(processor, prices.change_over);
	processor->runs = next;
	processor->slice_ends = processor->now + SLICE;
	if (next)
		next->on = processor;
}

/* One that has waited for long elsewhere. */
bool pull(struct processor *idle)
{
	struct processor *from = NULL;

	for (unsigned i = 0; i < processor_count; i++) {
		struct processor *other = &processors[i];

		if (other->first && other->first->queued + WARM < idle->now &&
		    (!from || other->first->queued < from->first->queued))
			from = other;
	}
	if (from)
		enqueue(idle, dequeue(from));
	return from;
}

void slice_over(struct processor *processor)
{
	enqueue(processor, processor->runs);
	runs_next(processor);
}

struct processor *earliest(void)
{
	for (;;) {
		if (timers_next() < (heaped ? heap[0]->now : NO_TIME)) {
			timers_fire(timers_next());
			continue;
		}
		if (!heaped) {
			fprintf(stderr, "simulate: all threads sleep for ever\n");
			abort();
		}
		if (!heap[0]->first || heap[0]->now < heap[0]->slice_ends)
			break;
		acts = heap_take();
		slice_over(acts);
		is_busy(acts);
	}
	acts = heap_take();
	set_horizon();
	return acts;
}

static bool is_idle(const struct processor *processor)
{
	return !processor->runs;
}

static struct processor *place_for(struct thread *thread)
{
	unsigned from = thread->on->number;

	for (unsigned i = 0; i < processor_count; i++) {
		struct processor *place = &processors[(from + i) % processor_count];

		if (is_idle(place))
			return place;
	}
	return thread->on;
}

void thread_ready(struct thread *thread, uint64_t when)
{
	struct processor *place = place_for(thread);

	enqueue(place, thread);
	if (!is_idle(place)) {
		thread->queued = when;
		return;
	}
	if (place->now < when + prices.rouse)
		place->now = when + prices.rouse;
	place->runs = dequeue(place);
	place->slice_ends = place->now + SLICE;
	is_busy(place);
	set_horizon();
}

bool is_too_early(void)
{
	return key(acts) > horizon || (acts->first && acts->now >= acts->slice_ends);
}

void timer_within(void)
{
	set_horizon();
}
