/* SPDX-License-Identifier: MIT
 *
 * programs.c - the programs.
 *
 * A thread is a script of words:
 *
 *	+X	lock in mode X		?X	trylock
 *	~X	timedlock that may time out
 *	=X	timedlock whose deadline never comes
 *	-X	unlock what the last of these got, if it did
 *	*X	unlock whatever one holds: misuse
 *	X3	a weight
 *	look	fifolock_waiting
 *	ref	drop one's reference to the lock: done while holding it exclusively
 *	last	free the lock's memory if that was the last reference
 *	destroy	the same, with fifolock_destroy before
 *	new	a slot from the pool
 *	free	the first of those goes back
 *	if-idle	destroy the lock and free its memory, if that can be done
 */
#define _GNU_SOURCE
#include "park.h"
#include "programs.h"
#include "queue.h"
#include "watch.h"
#include "word.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

enum { X, S, U };

static fifolock_modes_t semaphore3, asymmetric, by_rule, odd_rule, pair_rule;

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
	{&fifolock_mutex, exclusive_only, "X", 1, true},
	{&fifolock_shared_exclusive, shared_exclusive, "XS", 1, true},
	{&fifolock_update, update, "XSU", 1, true},
	{&semaphore3, three, "X", 3, true},
	{&asymmetric, asymmetric_limits, "XS", 1, false},
	{&by_rule, of_four, "XS", 1, true},
	{&odd_rule, odd_of_four, "XS", 1, false},
	{&pair_rule, pair, "XS", 1, false},
};
enum { MUTEX, SHARED, UPDATE, THREE, LIMITS, RULE, ODD, PAIR };

void programs_prepare(void)
{
	static const uint32_t limits[] = {0, 2};
	static const struct fifolock_mode modes[] = {
		{.name = "X", .max = 1, .limits = limits},
		{.name = "S", .max = 4},
	};

	if (fifolock_modes_semaphore(&semaphore3, 3) ||
	    fifolock_modes_compile(&asymmetric, modes, 2, NULL, 0) ||
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
static fifolock_t lock;
static unsigned references;
static bool is_last[EX_THREADS];
static uint32_t held[EX_THREADS][FIFOLOCK_MAX_MODES];

/* park.h: what is not a step (memory.c has the rest). */
int fl_deadline_check(const struct fl_deadline *deadline)
{
	return deadline->at ? 0 : EINVAL;
}

bool fl_deadline_passed(const struct fl_deadline *deadline)
{
	(void)deadline;
	return false;
}

/* Who does not hover looks at the length of the line, but does the same whatever it is. */
bool ex_is_hint(const void *at, const struct ex_site *site)
{
	return at == &lock.gone && !program->hover && strstr(site->file, "wait.c");
}

uint32_t fl_spin_turns(void)
{
	return program->spin;
}

uint32_t fl_hover_turns(void)
{
	return program->hover;
}

uint64_t fl_now_coarse(void)
{
	return 1;
}

uint32_t fl_look_turns(void)
{
	return 1;
}

void fl_relax(void)
{
}

void fl_yield(void)
{
}

uint32_t fl_processors(void)
{
	return 1;
}

unsigned fl_processor(void)
{
	return 0;
}

/* What the lock protects: whoever has it to itself writes, the others read. */
static uint64_t data;

static void use_data(unsigned mode, uint32_t n)
{
	const struct watch_table *table = &tables[program->table];
	bool writes = mode == 0 && n == table->exclusive;

	if ((writes || table->with_all) && !program->misuse)
		memory_touch(&data, sizeof(data), writes);
}

static void asks(char how, unsigned mode, uint32_t n)
{
	static const struct timespec some_time;
	unsigned me = ex_current();
	int error;

	watch_asks(how == '?'		      ? WATCH_TRY
		   : how == '~' || how == '=' ? WATCH_TIMED
					      : WATCH_WAIT,
		   mode, n);
	ex_park_limits(me, how == '~', program->spurious);
	if (how == '?')
		error = fifolock_trylock_n(&lock, mode, n);
	else if (how == '+')
		error = fifolock_lock_n(&lock, mode, n);
	else
		error = fifolock_timedlock_n(&lock, mode, n, &some_time);
	watch_answer(error, program->cold != 0);
	if (error)
		return;
	held[me][mode] += n;
	use_data(mode, n);
}

static void gives(char how, unsigned mode, uint32_t n)
{
	unsigned me = ex_current();
	int error;

	if (how == '-') {
		if (held[me][mode] < n)
			return;
		use_data(mode, n);
		held[me][mode] -= n;
	}
	watch_gives(mode, n);
	error = fifolock_unlock_n(&lock, mode, n);
	watch_gave(error, program->misuse);
}

static void last(bool destroy)
{
	int error;

	if (!is_last[ex_current()])
		return;
	if (destroy && (error = fifolock_destroy(&lock)))
		ex_fail("G5: the last holder cannot destroy the lock: %d", error);
	watch_freed();
	memory_free(&lock, sizeof(lock));
}

/* Nobody asks any more: this thread may destroy the lock as soon as it can. */
static void if_idle(void)
{
	if (fifolock_destroy(&lock))
		return;
	watch_freed();
	memory_free(&lock, sizeof(lock));
}

/* Slots as such. */
static struct fl_slot *own[EX_THREADS][4];

static void new_slot(void)
{
	struct fl_slot *slot = fl_slot_new();
	unsigned me = ex_current(), at = 0;

	for (unsigned t = 0; slot && t < threads; t++)
		for (unsigned i = 0; i < 4; i++)
			if (own[t][i] == slot)
				ex_fail("a slot of thread %u's is given to thread %u", t,
					me);
	while (at < 3 && own[me][at])
		at++;
	own[me][at] = slot;
	memory_touch(&slot->ctx, sizeof(slot->ctx), true);
}

static void free_slot(void)
{
	struct fl_slot **mine = own[ex_current()], *slot = mine[0];

	memmove(mine, mine + 1, 3 * sizeof(*mine));
	mine[3] = NULL;
	fl_slot_free(slot);
}

static void run_word(const char *word)
{
	const char *letters = tables[program->table].letters;
	const char *mode = strchr(letters, word[1]);
	uint32_t n = 1;

	if (!strncmp(word, "look", 4)) {
		watch_looks();
		watch_saw(fifolock_waiting(&lock));
	} else if (!strncmp(word, "ref", 3)) {
		is_last[ex_current()] = --references == 0;
	} else if (!strncmp(word, "new", 3)) {
		new_slot();
	} else if (!strncmp(word, "free", 4)) {
		free_slot();
	} else if (!strncmp(word, "if-idle", 7)) {
		if_idle();
	} else if (!strncmp(word, "last", 4)) {
		last(false);
	} else if (!strncmp(word, "destroy", 7)) {
		last(true);
	} else {
		if (word[2] > '0' && word[2] <= '9')
			n = (uint32_t)(word[2] - '0');
		if (!mode)
			ex_fail("explorer: no mode in \"%s\"", word);
		(strchr("-*", word[0]) ? gives : asks)(word[0],
						       (unsigned)(mode - letters), n);
	}
}

static void run_script(const char *script)
{
	for (const char *word = script; word; word = strchr(word, ' ')) {
		word += *word == ' ';
		run_word(word);
	}
}

static void body(unsigned thread)
{
	run_script(program->scripts[thread]);
}

static void handler(void)
{
	run_script(program->handler);
}

/* There is something for the handler to give back. */
static bool handler_ready(void)
{
	return held[0][S] != 0;
}

static void begin_holding(unsigned thread)
{
	const char *letters = tables[program->table].letters;
	const char *letter = strchr(letters, program->held[thread]);
	unsigned mode = (unsigned)(letter - letters);

	if (!letter)
		return;
	lock.word += tables[program->table].modes->rows[mode].unit;
	held[thread][mode] = 1;
}

static void begin(void)
{
	size_t size;
	const void *slots = pool_memory(&size);

	pool_begin(program->cold ? program->cold : 64);
	for (unsigned t = 0; t < threads && !program->cold; t++)
		pool_warm(ex_pool(t));
	for (unsigned i = 0; i < program->spare; i++)
		pool_spare();
	memset(held, 0, sizeof(held));
	memset(own, 0, sizeof(own));
	references = threads;
	memset(is_last, 0, sizeof(is_last));
	fifolock_init(&lock, tables[program->table].modes);
	lock.line = (uint64_t)program->ticket << 32;
	lock.gone = program->ticket;
	watch_begin(&lock, &tables[program->table]);
	for (unsigned t = 0; program->held && program->held[t]; t++)
		begin_holding(t);
	memory_watch(&lock, sizeof(lock), "lock");
	memory_watch(slots, size, "slots");
	memory_watch(&data, sizeof(data), "data");
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
	};
}

void program_signal(unsigned window)
{
	ex_signal(0, window, handler_ready, program->handler ? handler : NULL);
}
