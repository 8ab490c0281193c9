/* SPDX-License-Identifier: MIT
 *
 * programs.c - the programs.
 *
 * What the words of their scripts do is in words.c.
 */
#define _GNU_SOURCE
#include "programs.h"
#include "core/queue.h"
#include "watch.h"
#include "core/word.h"
#include "words.h"
#include "core/role.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

enum { X, S, U };

static fifolock_modes_t semaphore3, asymmetric, late, by_rule, odd_rule, pair_rule;

static bool exclusive_only(const uint32_t holds[], unsigned mode)
{
	(void)mode;
	return holds[X] == 0;
}

static bool shared_exclusive(const uint32_t holds[], unsigned mode)
{
	return holds[X] == 0 && (mode == S || holds[S] == 0);
}

static bool update(const uint32_t holds[], unsigned mode)
{
	if (mode == X)
		return !holds[X] && !holds[S] && !holds[U];
	return !holds[X] && (mode == S || !holds[U]);
}

static bool three(const uint32_t holds[], unsigned mode)
{
	(void)mode;
	return holds[X] < 3;
}

/* X only while fewer than two hold S; S whatever happens, four of them. */
static bool asymmetric_limits(const uint32_t holds[], unsigned mode)
{
	if (mode == X)
		return holds[X] < 1 && holds[S] < 2;
	return holds[S] < 4;
}

/* X beside one S; nothing beside X. */
static bool late_limits(const uint32_t holds[], unsigned mode)
{
	return holds[X] < 1 && holds[S] < (mode == X ? 2 : 4);
}

/* A rule that a hold more can satisfy: X with none or with two of S. */
static bool odd(const uint32_t holds[], unsigned mode)
{
	if (mode == X)
		return !holds[X] && holds[S] != 1;
	return !holds[X];
}

/* X only with just two of S. */
static bool pair(const uint32_t holds[], unsigned mode)
{
	if (mode == X)
		return !holds[X] && holds[S] == 2;
	return holds[S] < 4 && !holds[X];
}

static bool pair_as_rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return pair(holds, mode);
}

static bool shared_exclusive_rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return shared_exclusive(holds, mode);
}

static bool odd_as_rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return odd(holds, mode);
}

static bool of_four(const uint32_t holds[], unsigned mode)
{
	return holds[mode] < 4 && shared_exclusive(holds, mode);
}

static bool odd_of_four(const uint32_t holds[], unsigned mode)
{
	return holds[mode] < 4 && odd(holds, mode);
}

static const struct watch_table tables[] = {
	{&fifolock_mutex_modes, exclusive_only, "X", 1, true},
	{&fifolock_shared_exclusive_modes, shared_exclusive, "XS", 1, true},
	{&fifolock_update_modes, update, "XSU", 1, true},
	{&semaphore3, three, "X", 3, true},
	{&asymmetric, asymmetric_limits, "XS", 1, false},
	{&by_rule, of_four, "XS", 1, true},
	{&odd_rule, odd_of_four, "XS", 1, false},
	{&pair_rule, pair, "XS", 1, false},
	{&late, late_limits, "XS", 1, false},
};
enum { MUTEX, SHARED, UPDATE, THREE, LIMITS, RULE, ODD, PAIR, LATE };

void programs_prepare(void)
{
	static const uint32_t limits[] = {0, 2}, late_x[] = {1, 2}, late_s[] = {1, 4};
	static const struct fifolock_mode modes[] = {
		{.name = "X", .max = 1, .limits = limits},
		{.name = "S", .max = 4},
	};

	static const struct fifolock_mode late_modes[] = {
		{.name = "X", .max = 1, .limits = late_x},
		{.name = "S", .max = 4, .limits = late_s},
	};

	if (fifolock_modes_semaphore(&semaphore3, 3) ||
	    fifolock_modes_compile(&asymmetric, modes, 2, NULL, 0) ||
	    fifolock_modes_compile(&late, late_modes, 2, NULL, 0) ||
	    fifolock_modes_predicate(&by_rule, 2, 4, shared_exclusive_rule, NULL) ||
	    fifolock_modes_predicate(&odd_rule, 2, 4, odd_as_rule, NULL) ||
	    fifolock_modes_predicate(&pair_rule, 2, 4, pair_as_rule, NULL))
		abort();
}

/* ---- programs ---- */

const struct program programs[] = {
#include "programs.list.h"
};
const unsigned program_count = sizeof(programs) / sizeof(programs[0]);

static const struct program *program;
static unsigned threads;

/* A thread that does not yield looks at the length of the line, but does the same whatever it is.  Where
 * nothing is handed over nothing is there to be taken. */
bool ex_is_hint(const void *at, const struct ex_site *site)
{
	if (strstr(site->file, "handed.c"))
		return !program->serves;
	if (program->yields || !strstr(site->file, "wait.c"))
		return false;
	return at == &words_lock_at(0)->dequeued || at == &words_lock_at(1)->dequeued ||
	       at == &words_condition()->guard.dequeued;
}

/* The loops that do nothing but load, decide, and try: to fail and go round is to
 * have come later. */
bool ex_is_retried(const char *function)
{
	static const char *const pure[] = {
		"fl_take",	 "announce_arrival",
		"fl_news",	 "fl_release_to",
		"fl_exchange",	 "fl_slot_leave",
		"fl_confirm",	 "fl_line_join",
		"fl_line_push",	 "fl_line_join_ahead",
		"fl_line_leave", "fl_line_touch",
		"pull_back",	 "fl_chain_push_back",
		"resume",	 "let_go",
		"say",		 "fl_control_set",
		"settle",	 "pop",
		"make",		 "fl_slot_free",
		"turn_away",	 "fl_closed_for_certain",
		"draw",
	};

	for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++)
		if (!strcmp(function, pure[i]))
			return true;
	return false;
}

uint32_t ex_serves_most(void)
{
	return program->serves ? program->serves : 256;
}

uint32_t ex_row_most(void)
{
	return program->row ? program->row : 16;
}

static void begin_holding(unsigned thread)
{
	const char *letters = tables[program->table].letters;
	const char *letter = strchr(letters, program->held[thread]);

	if (letter)
		words_hold(thread, (unsigned)(letter - letters));
}

static void begin(void)
{
	const struct watch_table *table = &tables[program->table];
	size_t size;
	const void *slots = pool_memory(&size);

	pool_begin(program->cold ? program->cold : 64);
	parks_begin(program->spin, program->yields);
	handed_begin();
	role_begin(program->unpaid);
	for (unsigned t = 0; t < threads && !program->cold; t++)
		pool_warm(ex_pool(t));
	for (unsigned t = 0; t < threads && program->met; t++)
		pool_has_met(ex_pool(t), words_lock_at(0), *program->met == 'X' ? X : S,
			     *program->met == 'X'   ? FL_MET_TO_RUN
			     : *program->met == 'S' ? FL_MET_IN_LINE
						    : FL_MET_BESIDE);
	for (unsigned i = 0; i < program->spare; i++)
		pool_spare();
	words_begin(program, table, threads);
	for (unsigned t = 0; program->held && program->held[t]; t++)
		begin_holding(t);
	watch_begin(0, words_lock_at(0), table,
		    words_look(program) ? WATCH_CLOSELY : WATCH_PLAIN);
	watch_begin(1, words_locks(program) > 1 ? words_lock_at(1) : NULL, table,
		    WATCH_PLAIN);
	watch_begin(WATCH_GUARD, words_cond(program) ? &words_condition()->guard : NULL,
		    &tables[SHARED], WATCH_INNER);
	memory_watch(slots, size, "slots");
	words_watch();
}

static void body(unsigned thread)
{
	words_run(program->scripts[thread]);
}

static void handler(void)
{
	words_run(program->handler);
}

/* There is something for the handler to give back, or it is to come at any time from then on. */
static bool handler_ready(void)
{
	return program->late ? words_held_once() : words_holds(0, X) || words_holds(0, S);
}

/* Threads that began with a slot end with it; as steps this would only permute. */
static void end(void)
{
	for (unsigned t = 0; t < threads && !program->cold; t++) {
		pool_switch(NULL, ex_pool(t));
		pool_thread_ends();
	}
	watch_end(!program->misuse && !program->kept);
}

struct ex_run program_run(const struct program *which)
{
	program = which;
	threads = 0;
	while (threads < EX_THREADS && program->scripts[threads])
		threads++;
	return (struct ex_run){
		.threads = threads,
		.begin = begin,
		.body = body,
		.ends = program->cold ? pool_thread_ends : NULL,
		.end = end,
		.first = which->first,
	};
}

void program_signal(unsigned window)
{
	ex_signal(0, window, handler_ready, program->handler ? handler : NULL);
}
