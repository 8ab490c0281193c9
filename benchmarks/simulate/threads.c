/* SPDX-License-Identifier: MIT
 *
 * threads.c - coroutines on processors.  See machine.h.
 *
 * A coroutine goes on until its processor's time is past that of another one, and only then
 * is another coroutine switched to.
 *
 * What the library has in thread-local variables is copied at a switch, as all coroutines
 * are one thread: all of the program's, whatever they are.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp distrusts other stacks */
#include "inside.h"
#include "sites.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

static struct thread *threads;
static jmp_buf ends;
static bool stopped;
static struct {
	char *at;
	size_t size;
	char first[LOCALS]; /* as a new thread finds them */
} locals;

static void go_on(void)
{
	static struct thread *had;
	struct thread *thread;

	thread = earliest()->runs;
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
		is_busy(acts);
		go_on();
	}
}

void my_turn(void)
{
	if (stopped)
		_longjmp(ends, 1);
	if (is_too_early()) {
		const void *site = site_now();

		step_aside();
		site_is(site);
	}
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
		is_busy(acts);
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
		is_busy(acts);
		go_on();
	}
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

/* errno is the C library's variable of one thread, which all coroutines are. */
bool is_my_own(uintptr_t at)
{
	return at - (uintptr_t)acts->runs->stack < STACK ||
	       at - (uintptr_t)locals.at < locals.size || at == (uintptr_t)&errno;
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
			is_busy(&processors[i]);
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
