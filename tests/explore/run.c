/* SPDX-License-Identifier: MIT
 *
 * run.c - coroutines, and one execution after another.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp distrusts other stacks */
#include "inside.h"
#include "watch.h"
#include "core/word.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK (256 * 1024)

struct thread threads[EX_THREADS];
struct node nodes[EX_DEPTH + 1];
struct ex_event events[EX_DEPTH];
unsigned depth, planned, current = NOBODY;
const struct ex_run *run;
const struct ex_options *options;

static struct ex_counts counts;
static jmp_buf explorer;
static char failure[512];
static bool running, redundant;

unsigned ex_current(void)
{
	return current;
}

bool ex_exploring(void)
{
	return running;
}

unsigned ex_stale(void)
{
	return options->stale;
}

void ex_fail(const char *format, ...)
{
	va_list args;

	if (!failure[0]) {
		va_start(args, format);
		vsnprintf(failure, sizeof(failure), format, args);
		va_end(args);
	}
	if (running)
		_longjmp(explorer, 1);
}

void ex_park_limits(unsigned thread, bool may_time_out, unsigned spurious)
{
	threads[thread].may_time_out = may_time_out;
	threads[thread].spurious = spurious;
}

void stop_here(bool is_redundant)
{
	redundant = is_redundant;
	_longjmp(explorer, 1);
}

static void go_on(unsigned next)
{
	struct thread *from = current < NOBODY ? &threads[current] : NULL;
	struct thread *to = &threads[next];

	pool_switch(from ? &from->pool : NULL, &to->pool);
	current = next;
	if (to->started)
		_longjmp(to->here, 1);
	to->started = true;
	setcontext(&to->start);
}

static void step_aside(void)
{
	unsigned next = choose();

	if (next == current)
		return;
	if (_setjmp(threads[current].here) == 0)
		go_on(next);
}

static bool could_anyway; /* this thread could have woken without the unpark */

static void step_begins(void)
{
	before_step();
	could_anyway = may_wake(&threads[current]);
}

void ex_point(const struct ex_op *op)
{
	struct thread *thread = &threads[current];

	if (signal_due(current)) {
		thread->interrupted = op->kind == EX_WAKE;
		signal_comes();
	}
	thread->op = *op;
	if (op->kind == EX_WAKE) {
		thread->woken = false;
		thread->timed = op->timed;
	}
	step_aside();
	step_begins();
}

unsigned ex_alternative(unsigned count)
{
	struct node *node = &nodes[depth];

	if (lead_is_on())
		return 0;
	if (count <= 1 || node->outcomes > 1)
		return node->outcome;
	node->outcomes = count;
	if (options->strategy == EX_RANDOM || options->strategy == EX_PCT)
		node->outcome = roll(2) ? 0 : (unsigned)roll(count);
	if (options->strategy == EX_REPLAY)
		node->outcome = planned_outcome() % count;
	return node->outcome;
}

void ex_retry(void)
{
	if (!options->no_retries)
		return;
	threads[current].given_up = true;
	step_aside();
}

static bool has_seen_a_scan(const struct thread *thread)
{
	const struct ex_event *event = thread->last ? &events[thread->last - 1] : NULL;

	return event && watch_saw_owner(event);
}

/* A loop without bound.  With reduction, to see the end of the scan is to have come later:
 * that execution is run (see schedule.c); otherwise the next look comes when it has ended. */
void ex_yield(void)
{
	struct thread *thread = &threads[current];

	if (!running || !has_seen_a_scan(thread))
		return;
	if (options->strategy != EX_ALL) {
		thread->awaits = true;
		return;
	}
	thread->given_up = true;
	step_aside();
}

/* As ex_yield; or it has found no free slot and tries again when there is one. */
void ex_nap(void)
{
	struct thread *thread = &threads[current];

	if (!running)
		return;
	if (has_seen_a_scan(thread)) {
		ex_yield();
		return;
	}
	if (options->strategy != EX_ALL) {
		thread->awaits = true;
		return;
	}
	thread->given_up = true;
	step_aside();
}

/* Woken, or (alternatives) timed out, or for no reason. */
enum ex_woke ex_woken(void)
{
	struct thread *thread = &threads[current];
	bool late = thread->timed && thread->may_time_out;

	if (thread->interrupted) {
		thread->interrupted = false;
		return EX_SPURIOUS;
	}
	if (thread->woken)
		return EX_WOKEN;
	if (signal_pending(current) && !late && !thread->spurious) {
		signal_wakes();
		return EX_SPURIOUS;
	}
	if (thread->spurious && ex_alternative(late ? 2 : 1) == 0) {
		thread->spurious--;
		return EX_SPURIOUS;
	}
	return EX_TIMED_OUT;
}

unsigned ex_wake_one(uintptr_t at)
{
	for (unsigned t = 0; t < run->threads; t++)
		if (!threads[t].ended && threads[t].op.kind == EX_WAKE &&
		    threads[t].op.at == at && !threads[t].woken) {
			threads[t].woken = true;
			return t;
		}
	return EX_THREADS;
}

/* ---- a step ---- */

static void print_event(const struct ex_event *event);

void ex_done(struct ex_event *event)
{
	struct ex_event *kept = &events[depth];

	event->thread = current;
	event->op = threads[current].op;
	event->nth = ++threads[current].events;
	event->alone = could_anyway;
	*kept = *event;
	threads[current].last = depth + 1;
	threads[current].awaits = false;
	if (options->print)
		print_event(kept);
	if (options->strategy == EX_ALL || options->classes)
		order_event(depth);
	if (options->strategy == EX_ALL)
		nodes[depth + 1].asleep = still_asleep(kept);
	depth++;
	counts.steps++;
	watch_step(kept);
}

static void print_event(const struct ex_event *event)
{
	char place[64], text[160];

	memory_name(event->op.at, place, sizeof(place));
	memory_values(event, text, sizeof(text));
	printf("%4u  %*s%u  %-12s %-12s %s", depth, 2 * (int)event->thread, "",
	       event->thread, event->op.site->what, place, text);
	if (event->op.site->line)
		printf("  (%s:%d)", event->op.site->file, event->op.site->line);
	putchar('\n');
}

/* ---- executions ---- */

static void entry(int thread)
{
	static const struct ex_site begins = {"begins", "", 0};
	struct ex_event event = {.outcome = ""};

	threads[thread].op = (struct ex_op){.kind = EX_PAUSE, .site = &begins};
	step_begins();
	ex_done(&event);
	run->body((unsigned)thread);
	if (signal_pending((unsigned)thread))
		signal_comes();
	if (run->ends)
		run->ends();
	threads[thread].ended = true;
	step_aside();
	abort(); /* no thread goes on here */
}

static void thread_begin(unsigned t)
{
	struct thread *thread = &threads[t];
	char *stack = thread->stack ? thread->stack : malloc(STACK);

	if (!stack)
		abort();
	*thread = (struct thread){.stack = stack, .op = {.kind = EX_PAUSE}};
	thread->priority = (unsigned)roll(1000);
	getcontext(&thread->start);
	thread->start.uc_stack.ss_sp = stack;
	thread->start.uc_stack.ss_size = STACK;
	makecontext(&thread->start, (void (*)(void))entry, 1, (int)t);
}

struct pool_thread *ex_pool(unsigned thread)
{
	return &threads[thread].pool;
}

static void execute(void)
{
	depth = 0;
	current = NOBODY;
	depend_begin();
	redundant = false;
	signals_begin();
	lead_begin();
	nodes[0].asleep = 0;
	for (unsigned t = 0; t < run->threads; t++)
		thread_begin(t);
	memory_begin(run->threads);
	run->begin();
	running = true;
	if (_setjmp(explorer) == 0)
		go_on(choose());
	running = false;
	if (current < NOBODY)
		pool_switch(&threads[current].pool, &threads[current].pool);
	counts.executions++;
	counts.redundant += redundant;
	if (redundant || failure[0] || anybody_gave_up())
		return;
	if (options->classes)
		class_note();
	run->end();
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool enough(double since)
{
	if (options->executions && counts.executions >= options->executions)
		return true;
	return options->seconds > 0 && counts.executions % 64 == 0 &&
	       now() - since >= options->seconds;
}

static void explore_randomly(double since)
{
	do {
		roll_from(options->seed + counts.executions);
		planned = 0;
		execute();
	} while (!failure[0] && !enough(since));
}

static void explore_all(double since)
{
	planned = 0;
	do {
		execute();
		if (failure[0])
			return;
		counts.complete = !next_execution();
	} while (!counts.complete && !enough(since));
}

static void replay(const char *text)
{
	read_plan(text);
	planned = 0;
	execute();
}

static void explain(const struct ex_options *was)
{
	char *text = write_plan();
	struct ex_options again = {.strategy = EX_REPLAY,
				   .replay = text,
				   .print = true,
				   .stale = was->stale,
				   .no_retries = was->no_retries};

	printf("FAILED: %s\nschedule %s\n", failure, text);
	if (was->strategy != EX_REPLAY) {
		failure[0] = '\0';
		options = &again;
		replay(text);
		printf("      %s\n", failure[0] ? failure : "(not seen again)");
		options = was;
	}
	free(text);
}

/* A library that has been broken on purpose may crash; that is a failure as well. */
static void crashed(int signal)
{
	(void)signal;
	if (!running)
		abort();
	ex_fail("thread %u crashes", current);
}

static void catch_crashes(void)
{
	static char stack[64 * 1024];
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	const struct sigaction action = {.sa_handler = crashed,
					 .sa_flags = SA_ONSTACK | SA_NODEFER};

	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

struct ex_counts ex_explore(const struct ex_run *program, const struct ex_options *how)
{
	double since = now();

	catch_crashes();
	run = program;
	options = how;
	counts = (struct ex_counts){0};
	failure[0] = '\0';
	if (how->strategy == EX_REPLAY) {
		replay(how->replay);
	} else if (how->strategy == EX_RANDOM || how->strategy == EX_PCT) {
		explore_randomly(since);
	} else {
		explore_all(since);
	}
	if (failure[0]) {
		counts.failure = failure;
		if (!how->brief)
			explain(how);
	}
	counts.seconds = now() - since;
	return counts;
}
