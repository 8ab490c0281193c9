/* SPDX-License-Identifier: MIT
 *
 * threads.c - coroutines on processors.  See machine.h.
 *
 * A processor that has nothing to do is in no list.  All others but the one that acts are
 * in a heap, by their times.  A coroutine goes on until its processor's time is past that
 * of another one, and only then is another coroutine switched to.
 *
 * What the library has in thread-local variables is copied at a switch, as all coroutines
 * are one thread: all of the program's, whatever they are.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp distrusts other stacks */
#include "machine.h"

#include <link.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STACK	(64 * 1024)
#define LOCALS	1024
#define NO_TIME UINT64_MAX

struct thread {
	jmp_buf here;
	ucontext_t start;
	char *stack;
	bool started;
	unsigned number;
	struct processor *on;
	struct thread *next; /* of the queue */
	uint64_t queued;     /* since */
	struct path path;
	bool waits;
	char locals[LOCALS];
};

struct processor {
	unsigned number;
	uint64_t now, busy, slice_ends;
	uint64_t stores, early, ahead;
	struct path stored;
	struct thread *runs; /* NULL: idle */
	struct thread *first, *last;
};

static struct thread *threads;
static struct processor processors[PROCESSORS];
static unsigned processor_count, thread_count;
static struct processor *heap[PROCESSORS]; /* heap[0] is the earliest */
static unsigned heaped;
static struct processor *acts;
static uint64_t horizon; /* the key of the earliest other */
static jmp_buf ends;
static bool stopped;
static struct {
	char *at;
	size_t size;
	char first[LOCALS]; /* as a new thread finds them */
} locals;

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

static void heap_add(struct processor *processor)
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

static void enqueue(struct processor *processor, struct thread *thread)
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

static void charge(struct processor *processor, uint64_t price)
{
	processor->now += price;
	processor->busy += price;
}

static void runs_next(struct processor *processor)
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
static bool pull(struct processor *idle)
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

static void slice_over(struct processor *processor)
{
	enqueue(processor, processor->runs);
	runs_next(processor);
}

static struct processor *earliest(void)
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
			return heap_take();
		acts = heap_take();
		slice_over(acts);
		heap_add(acts);
	}
}

static void go_on(void)
{
	static struct thread *had;
	struct thread *thread;

	acts = earliest();
	set_horizon();
	thread = acts->runs;
	if (had != thread) {
		if (had)
			memcpy(had->locals, locals.at, locals.size);
		memcpy(locals.at, thread->locals, locals.size);
		had = thread;
	}
	if (thread->started)
		_longjmp(thread->here, 1);
	thread->started = true;
	setcontext(&thread->start);
}

static void step_aside(void)
{
	struct thread *thread = acts->runs;

	if (_setjmp(thread->here) == 0) {
		heap_add(acts);
		go_on();
	}
}

void my_turn(void)
{
	if (stopped)
		_longjmp(ends, 1);
	if (key(acts) > horizon || (acts->first && acts->now >= acts->slice_ends))
		step_aside();
}

/* ---- for sleep.c ---- */

void leave_processor(void)
{
	struct thread *thread = acts->runs;

	if (_setjmp(thread->here) != 0)
		return;
	charge(acts, prices.sleep);
	acts->runs = NULL;
	if (acts->first || pull(acts)) {
		runs_next(acts);
		heap_add(acts);
	}
	go_on();
}

bool others_here(void)
{
	return acts->first;
}

void go_behind(void)
{
	struct thread *thread = acts->runs;

	if (_setjmp(thread->here) == 0) {
		slice_over(acts);
		heap_add(acts);
		go_on();
	}
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
	heap_add(place);
	set_horizon();
}

void timer_within(uint64_t when)
{
	(void)when;
	set_horizon();
}

/* ---- what a thread knows ---- */

bool running(void)
{
	return acts;
}

struct thread *me(void)
{
	return acts->runs;
}

unsigned my_number(void)
{
	return acts->runs->number;
}

unsigned my_processor(void)
{
	return acts->number;
}

unsigned processors_count(void)
{
	return processor_count;
}

uint64_t now(void)
{
	return acts->now;
}

uint64_t time_busy(void)
{
	uint64_t busy = 0;

	for (unsigned i = 0; i < processor_count; i++)
		busy += processors[i].busy;
	return busy;
}

void spend(uint64_t price)
{
	charge(acts, price);
}

void spend_until(uint64_t when)
{
	if (when > acts->now)
		charge(acts, when - acts->now);
}

bool is_my_own(uintptr_t at)
{
	return at - (uintptr_t)acts->runs->stack < STACK ||
	       at - (uintptr_t)locals.at < locals.size;
}

uint64_t *stores_done(void)
{
	return &acts->stores;
}

uint64_t *early_done(void)
{
	return &acts->early;
}

uint64_t *looks_ahead(void)
{
	return &acts->ahead;
}

struct path *my_path(void)
{
	return &acts->runs->path;
}

struct path *stored_path(void)
{
	return &acts->stored;
}

struct path *path_of(struct thread *thread)
{
	return &thread->path;
}

bool *waits(void)
{
	return &acts->runs->waits;
}

/* ---- begin and end ---- */

static void (*thread_body)(unsigned number);

static void entry(int number)
{
	thread_body((unsigned)number);
	abort(); /* it ends by threads_stop() */
}

/* The program comes first. */
static int find_locals(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS) {
			locals.at = info->dlpi_tls_data;
			locals.size = info->dlpi_phdr[i].p_memsz;
		}
	if (locals.size > LOCALS)
		abort();
	memcpy(locals.first, locals.at, locals.size);
	return 1;
}

static void thread_begin(struct thread *thread, unsigned number)
{
	thread->number = number;
	thread->stack = aligned_alloc(64, STACK);
	if (!thread->stack)
		abort();
	memcpy(thread->locals, locals.first, locals.size);
	getcontext(&thread->start);
	thread->start.uc_stack.ss_sp = thread->stack;
	thread->start.uc_stack.ss_size = STACK;
	makecontext(&thread->start, (void (*)(void))entry, 1, (int)number);
	enqueue(&processors[number % processor_count], thread);
}

void threads_begin(unsigned count, unsigned number, void (*body)(unsigned number))
{
	processor_count = count;
	thread_count = number;
	thread_body = body;
	threads = calloc(number, sizeof(*threads));
	if (!threads)
		abort();
	dl_iterate_phdr(find_locals, NULL);
	for (unsigned i = 0; i < count; i++)
		processors[i] = (struct processor){.number = i, .now = EPOCH};
	for (unsigned i = 0; i < number; i++)
		thread_begin(&threads[i], i);
	for (unsigned i = 0; i < count; i++)
		if (processors[i].first) {
			runs_next(&processors[i]);
			heap_add(&processors[i]);
		}
}

void threads_run(void)
{
	if (_setjmp(ends) == 0)
		go_on();
	acts = NULL;
}

void threads_stop(void)
{
	stopped = true;
}
