/* SPDX-License-Identifier: MIT
 *
 * words.c - what the threads of a program do.  A script is a row of words:
 *
 *	+X	lock in mode X		?X	trylock
 *	~X	timedlock that may time out
 *	=X	timedlock whose deadline never comes
 *	-X	unlock what the last of these got, if it did
 *	*X	unlock whatever one holds: misuse
 *	^X	bump, if held
 *	X3	a weight
 *	U:X	convert what one holds	U?X	tryconvert	U~X	timedconvert
 *	>X	request with a callback; the program says what that does (otherwise: unlock)
 *	again	a request with a callback for mode 0, unless it would be one too many
 *	@X	request without
 *	wait	for the last of these	wait~	that may time out	poll
 *	cancel	the last request	cancel0	the first of thread 0, if pub was there
 *	pub	others may cancel one's request from now on
 *	hand	of two that say so the second gives back what thread 0 holds in mode 0
 *	!X	run a section		!Xref	that drops its owner's reference to the lock
 *	&X	the same, without waiting
 *	close	reopen	limit1		one at most in line
 *	look	fifolock_waiting	snap	fifolock_snapshot
 *	#X	fifolock_contended	pos	where the last request is in line
 *	%X	while there is no item, wait for the condition, holding X; take one
 *	%~X	the same, until a wait times out	%1X %1~X	one wait, whatever there is
 *	put	an item		open	items without end
 *	signal	broadcast	the condition
 *	2+X	the same on a second lock; so with most words
 *	ref	drop one's reference to the lock: done while holding it exclusively
 *	last	free the lock's memory if that was the last reference
 *	destroy	the same, with fifolock_destroy before
 *	new	a slot from the pool
 *	free	the first of those goes back
 *	if-idle	destroy the lock and free its memory, if that can be done
 */
#include "words.h"
#include "core/queue.h"

#include <errno.h>
#include <fifolock/request.h>
#include <stdlib.h>
#include <string.h>

#define ASKED 3 /* requests of each thread */

static const struct program *program;
static const struct watch_table *table;
static unsigned threads;
static struct {
	fifolock_t lock;
	unsigned references;
	bool is_last[EX_THREADS];
	uint32_t held[EX_THREADS][FIFOLOCK_MAX_MODES];
	/* What it protects: a thread that has it to itself writes, the others read. */
	uint64_t data;
} locks[LOCKS];
static bool may_time_out[EX_THREADS]; /* its innermost wait */

static bool held_once; /* thread 0 */

/* The one that the thread's words are about. */
#define MY locks[watch_where()]

fifolock_t *words_lock(void)
{
	return &MY.lock;
}

static void use_data(unsigned mode, uint32_t n)
{
	bool writes = mode == 0 && n == table->exclusive;

	if ((writes || table->with_all) && !program->misuse)
		memory_touch(&MY.data, sizeof(MY.data), writes);
}

void words_got(unsigned mode, uint32_t n)
{
	MY.held[ex_current()][mode] += n;
	held_once |= ex_current() == 0;
	use_data(mode, n);
}

bool words_lack_memory(void)
{
	return program->cold != 0;
}

void words_lost(unsigned mode)
{
	use_data(mode, 1);
	MY.held[ex_current()][mode]--;
}

/* A callback may wait inside a wait. */
bool words_limit_wait(bool times_out)
{
	unsigned me = ex_current();
	bool before = may_time_out[me];

	may_time_out[me] = times_out;
	ex_park_limits(me, times_out, program->spurious);
	return before;
}

static const struct timespec some_time;

static void asks(char how, unsigned mode, uint32_t n)
{
	bool before = words_limit_wait(how == '~');
	int error;

	watch_asks(how == '?'		      ? WATCH_TRY
		   : how == '~' || how == '=' ? WATCH_TIMED
					      : WATCH_WAIT,
		   mode, n);
	if (how == '?')
		error = fifolock_trylock_n(words_lock(), mode, n);
	else if (how == '+')
		error = fifolock_lock_n(words_lock(), mode, n);
	else
		error = fifolock_timedlock_n(words_lock(), mode, n, &some_time);
	watch_answer(error, false);
	words_limit_wait(before);
	if (!error)
		words_got(mode, n);
}

static void gives(char how, unsigned mode, uint32_t n)
{
	unsigned me = ex_current();
	int error;

	if (how == '-') {
		if (MY.held[me][mode] < n)
			return;
		use_data(mode, n);
		MY.held[me][mode] -= n;
	}
	watch_gives(mode, n);
	error = fifolock_unlock_n(words_lock(), mode, n);
	watch_gave(error, program->misuse);
}

static void converts(char how, unsigned from, unsigned to)
{
	unsigned me = ex_current();
	bool before;
	int error;

	if (!MY.held[me][from])
		return;
	before = words_limit_wait(how == '~');
	watch_converts(how == '?'   ? WATCH_TRY
		       : how == '~' ? WATCH_TIMED
				    : WATCH_WAIT,
		       from, to);
	if (how == '?')
		error = fifolock_tryconvert(words_lock(), from, to);
	else if (how == '~')
		error = fifolock_timedconvert(words_lock(), from, to, &some_time);
	else
		error = fifolock_convert(words_lock(), from, to);
	watch_answer(error, false);
	words_limit_wait(before);
	if (error)
		return;
	MY.held[me][from]--;
	words_got(to, 1);
}

static void bumps(unsigned mode)
{
	unsigned me = ex_current();
	int error;

	if (!MY.held[me][mode])
		return;
	use_data(mode, 1);
	MY.held[me][mode]--;
	watch_asks(WATCH_BUMP, mode, 1);
	watch_gives(mode, 1);
	error = fifolock_bump(words_lock(), mode);
	watch_bumped(error);
	if (!error)
		words_got(mode, 1);
}

/* ---- requests ---- */

static struct asked {
	fifolock_request_t request;
	unsigned number; /* of its account */
	unsigned users;	 /* how many may still touch it: its end, those that cancel it */
	unsigned mode, lock;
	bool over;
} asked[EX_THREADS][ASKED];
static unsigned asked_count[EX_THREADS];
static uint32_t published[EX_THREADS];

static unsigned count_words(const char *script, const char *what)
{
	size_t length = strlen(what);
	unsigned count = 0;

	for (; script; script = strchr(script, ' ')) {
		script += *script == ' ';
		count += !strncmp(script, what, length) &&
			 (script[length] == ' ' || !script[length]);
	}
	return count;
}

static unsigned cancels_of(unsigned thread)
{
	char word[] = "cancel0";
	unsigned count = count_words(program->scripts[thread], "cancel");

	word[6] = (char)('0' + thread);
	for (unsigned t = 0; t < threads; t++)
		count += count_words(program->scripts[t], word);
	return count;
}

/* After the last of them its memory may be anything: nothing may touch it. */
static void done_with(struct asked *which)
{
	if (--which->users || !which->request.done)
		return;
	if (!cancels_of((unsigned)(which - asked[0]) / ASKED))
		memory_touch(&which->request, sizeof(which->request), true);
	memset(&which->request, 0xfd, sizeof(which->request));
	memory_is_free(&which->request);
}

static void callback_runs(unsigned mode)
{
	words_got(mode, 1);
	if (program->callback)
		words_run(program->callback);
	else
		gives('-', mode, 1);
}

static void called(void *ctx, int status)
{
	struct asked *which = ctx;
	unsigned before = watch_on(which->lock);

	watch_called(which->number, status);
	which->over = true;
	done_with(which);
	if (status == 0)
		callback_runs(which->mode);
	watch_on(before);
}

static void requests(bool calls, unsigned mode)
{
	unsigned me = ex_current();
	struct asked *new = &asked[me][asked_count[me]++];
	int error;

	if (asked_count[me] > ASKED)
		ex_fail("explorer: too many requests of one thread");
	new->number = watch_asks(calls ? WATCH_CALL : WATCH_REQUEST, mode, 1);
	new->users = 1 + cancels_of(me);
	new->mode = mode;
	new->lock = watch_where();
	error = fifolock_request(words_lock(), mode, 1, &new->request,
				 calls ? called : NULL, new);
	watch_answer(error, program->cold != 0);
	if (error == EINPROGRESS)
		return;
	new->over = true;
	done_with(new);
	if (!error && calls)
		callback_runs(mode);
	else if (!error)
		words_got(mode, 1);
}

static void asks_again(const char *rest)
{
	(void)rest;
	if (asked_count[ex_current()] < ASKED)
		requests(true, 0);
}

static void cancels(struct asked *which)
{
	if (!which->over) {
		int error;

		watch_cancels(which->number);
		error = fifolock_request_cancel(&which->request);
		watch_cancelled(which->number, error);
		if (!error) {
			which->over = true;
			done_with(which);
		}
	}
	done_with(which);
}

static struct asked *last_asked(void)
{
	unsigned me = ex_current();

	return &asked[me][asked_count[me] - 1];
}

static void cancel(const char *whose)
{
	unsigned thread;

	if (*whose < '0' || *whose > '9') {
		cancels(last_asked());
		return;
	}
	thread = (unsigned)(*whose - '0');
	if (fl_load_acquire(&published[thread]))
		cancels(&asked[thread][0]);
	else
		done_with(&asked[thread][0]);
}

static void publish(const char *rest)
{
	(void)rest;
	fl_store_release(&published[ex_current()], 1);
}

static void ended(struct asked *which, int error)
{
	watch_waited(error);
	which->over = error != ETIMEDOUT && error != EINPROGRESS;
	if (!error)
		words_got(which->mode, 1);
}

static void waits(const char *how)
{
	struct asked *which = last_asked();
	bool before;

	if (which->over)
		return;
	before = words_limit_wait(*how == '~');
	watch_waits(which->number);
	ended(which,
	      fifolock_request_wait(&which->request, *how == '~' ? &some_time : NULL));
	words_limit_wait(before);
}

static void polls(const char *rest)
{
	struct asked *which = last_asked();

	(void)rest;
	if (which->over)
		return;
	watch_waits(which->number);
	ended(which, fifolock_request_poll(&which->request));
}

static void position(const char *rest)
{
	struct asked *which = last_asked();

	(void)rest;
	watch_looks_closely();
	watch_position(which->number, fifolock_request_position(&which->request));
}

/* A hold that is given back by the thread that is done with it last. */
static uint32_t handed[LOCKS];

static void hands(const char *rest)
{
	unsigned which = watch_where();
	uint32_t before = 0;

	(void)rest;
	while (!fl_cas_acq_rel(&handed[which], &before, before + 1))
		;
	if (!before)
		return;
	locks[which].held[ex_current()][0]++;
	locks[which].held[0][0]--;
	gives('-', 0, 1);
}

/* ---- sections ---- */

static struct section {
	fifolock_section_t later;
	unsigned owner, number, mode, lock;
	bool drops;
	uint64_t result; /* what it did is seen by its owner */
} sections[EX_THREADS][ASKED];
static unsigned section_count[EX_THREADS];

static void section(void *arg)
{
	struct section *mine = arg;
	unsigned before = watch_on(mine->lock);

	watch_section(mine->number, true);
	use_data(mine->mode, 1);
	memory_touch(&mine->result, sizeof(mine->result), true);
	if (mine->drops)
		MY.is_last[mine->owner] = --MY.references == 0;
	watch_section(mine->number, false);
	watch_on(before);
}

static struct section *new_section(unsigned mode)
{
	unsigned me = ex_current();
	struct section *new = &sections[me][section_count[me]++];

	if (section_count[me] > ASKED)
		ex_fail("explorer: too many sections of one thread");
	new->owner = me;
	new->mode = mode;
	new->lock = watch_where();
	return new;
}

static void runs(unsigned mode, bool drops)
{
	struct section *new = new_section(mode);
	bool before = words_limit_wait(false);
	int error;

	new->drops = drops;
	new->number = watch_asks(WATCH_RUN, mode, 1);
	error = fifolock_run(words_lock(), mode, section, new);
	watch_answer(error, false);
	words_limit_wait(before);
	memory_touch(&new->result, sizeof(new->result), true);
}

static void section_done(void *ctx, int status)
{
	struct section *mine = ctx;
	unsigned before = watch_on(mine->lock);

	watch_called(mine->number, status);
	watch_on(before);
	memory_touch(&mine->later, sizeof(mine->later), true);
	memset(&mine->later, 0xfd, sizeof(mine->later));
}

static void runs_later(unsigned mode)
{
	struct section *new = new_section(mode);

	new->number = watch_asks(WATCH_RUN_LATER, mode, 1);
	watch_answer(fifolock_run_async(words_lock(), mode, &new->later, section, new,
					section_done, new),
		     program->cold != 0);
}

/* ---- rules ---- */

static void rules(bool closes)
{
	watch_rules();
	if (closes ? fifolock_close(words_lock()) : fifolock_reopen(words_lock()))
		ex_fail("close is refused");
	watch_ruled(closes);
}

static void closes(const char *rest)
{
	(void)rest;
	rules(true);
}

static void opens(const char *rest)
{
	(void)rest;
	rules(false);
}

static void limits(const char *rest)
{
	if (fifolock_limit_waiters(words_lock(), (uint32_t)(*rest - '0')))
		ex_fail("limit is refused");
}

static void looks(const char *rest)
{
	(void)rest;
	watch_looks();
	watch_saw(fifolock_waiting(words_lock()));
}

/* ---- the lock's end ---- */

static void ref(const char *rest)
{
	(void)rest;
	MY.is_last[ex_current()] = --MY.references == 0;
}

static void freed(void)
{
	watch_freed();
	memory_free(words_lock(), sizeof(fifolock_t));
}

static void last(const char *rest)
{
	(void)rest;
	if (MY.is_last[ex_current()])
		freed();
}

static void destroys(const char *rest)
{
	int error;

	(void)rest;
	if (!MY.is_last[ex_current()])
		return;
	if ((error = fifolock_destroy(words_lock())))
		ex_fail("G5: the last holder cannot destroy the lock: %d", error);
	freed();
}

/* No thread asks any more: this thread may destroy the lock as soon as it can. */
static void if_idle(const char *rest)
{
	(void)rest;
	if (!fifolock_destroy(words_lock()))
		freed();
}

/* ---- slots as such ---- */

static struct fl_slot *own[EX_THREADS][4];

static void new_slot(const char *rest)
{
	struct fl_slot *slot = fl_slot_new();
	unsigned me = ex_current(), at = 0;

	(void)rest;
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

static void free_slot(const char *rest)
{
	struct fl_slot **mine = own[ex_current()], *slot = mine[0];

	(void)rest;
	memmove(mine, mine + 1, 3 * sizeof(*mine));
	mine[3] = NULL;
	fl_slot_free(slot);
}

/* ---- words ---- */

static const struct {
	const char *name;
	void (*does)(const char *rest);
} words[] = {
	{"look", looks},	  {"ref", ref},
	{"new", new_slot},	  {"free", free_slot},
	{"last", last},		  {"if-idle", if_idle},
	{"destroy", destroys},	  {"pub", publish},
	{"cancel", cancel},	  {"wait", waits},
	{"poll", polls},	  {"close", closes},
	{"reopen", opens},	  {"limit", limits},
	{"pos", position},	  {"snap", words_snapshot},
	{"signal", words_signal}, {"broadcast", words_broadcast},
	{"put", words_put},	  {"open", words_open},
	{"hand", hands},	  {"again", asks_again},
};

static bool run_name(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i].name);

		if (!strncmp(word, words[i].name, length)) {
			words[i].does(word + length);
			return true;
		}
	}
	return false;
}

static unsigned mode_of(const char *word, char letter)
{
	const char *mode = letter ? strchr(table->letters, letter) : NULL;

	if (!mode)
		ex_fail("explorer: no mode in \"%s\"", word);
	return (unsigned)(mode - table->letters);
}

/* %X, %~X, %1X, %1~X */
static void run_wait(const char *word)
{
	bool once = *++word == '1';
	bool timed;

	word += once;
	timed = *word == '~';
	word += timed;
	words_wait(mode_of(word, word[0]), once, timed);
}

static void run_sign(const char *word)
{
	bool converts_it = strchr(table->letters, word[0]);
	unsigned mode = mode_of(word, converts_it ? word[2] : word[1]);
	uint32_t n = 1;

	if (!converts_it && word[2] > '0' && word[2] <= '9')
		n = (uint32_t)(word[2] - '0');
	if (converts_it)
		converts(word[1], mode_of(word, word[0]), mode);
	else if (strchr("-*", word[0]))
		gives(word[0], mode, n);
	else if (strchr(">@", word[0]))
		requests(word[0] == '>', mode);
	else if (word[0] == '!')
		runs(mode, word[2] == 'r');
	else if (word[0] == '&')
		runs_later(mode);
	else if (word[0] == '^')
		bumps(mode);
	else if (word[0] == '#')
		words_contended(mode);
	else
		asks(word[0], mode, n);
}

static void run_word(const char *word)
{
	bool second = word[0] == '2';
	unsigned before = second ? watch_on(1) : 0;

	word += second;
	if (word[0] == '%')
		run_wait(word);
	else if (!run_name(word))
		run_sign(word);
	if (second)
		watch_on(before);
}

void words_run(const char *script)
{
	for (const char *word = script; word; word = strchr(word, ' ')) {
		word += *word == ' ';
		run_word(word);
	}
}

/* ---- the beginning ---- */

fifolock_t *words_lock_at(unsigned which)
{
	return &locks[which].lock;
}

bool words_holds(unsigned thread, unsigned mode)
{
	return locks[watch_where()].held[thread][mode];
}

bool words_held_once(void)
{
	return held_once;
}

void words_hold(unsigned thread, unsigned mode)
{
	locks[0].lock.word += table->modes->rows[mode].unit;
	locks[0].held[thread][mode]++;
}

static void begin_lock(fifolock_t *lock)
{
	fifolock_init(lock, table->modes);
	lock->arrivals = (uint64_t)program->ticket << 32;
	lock->dequeued = program->ticket;
	if (program->limit && fifolock_limit_waiters(lock, program->limit))
		ex_fail("explorer: no such limit");
}

void words_begin(const struct program *which, const struct watch_table *rules_of,
		 unsigned how_many)
{
	program = which;
	table = rules_of;
	threads = how_many;
	memset(locks, 0, sizeof(locks));
	for (unsigned t = 0; t < threads; t++)
		locks[0].references += strstr(program->scripts[t], "ref") != NULL;
	memset(own, 0, sizeof(own));
	memset(asked, 0, sizeof(asked));
	memset(asked_count, 0, sizeof(asked_count));
	memset(published, 0, sizeof(published));
	memset(handed, 0, sizeof(handed));
	held_once = false;
	memset(sections, 0, sizeof(sections));
	memset(section_count, 0, sizeof(section_count));
	for (unsigned i = 0; i < LOCKS; i++)
		begin_lock(&locks[i].lock);
	words_cond_begin();
}

static void watch_asked(unsigned thread)
{
	const char *script = program->scripts[thread];

	bool again = program->callback && strstr(program->callback, "again");

	for (unsigned i = 0; script && i < ASKED; i++) {
		script = strpbrk(script, ">@");
		if (!script && !again)
			break;
		script = script ? script + 1
				: program->scripts[thread] +
					  strlen(program->scripts[thread]);
		memory_watch(&asked[thread][i].request, sizeof(fifolock_request_t),
			     "request");
	}
}

void words_watch(void)
{
	for (unsigned i = 0; i < words_locks(program); i++) {
		memory_watch(&locks[i].lock, sizeof(locks[i].lock), "lock");
		memory_watch(&locks[i].data, sizeof(locks[i].data), "data");
	}
	for (unsigned t = 0; t < threads; t++)
		watch_asked(t);
	for (unsigned t = 0; t < threads; t++)
		if (strpbrk(program->scripts[t], "!&"))
			memory_watch(sections[t], sizeof(sections[t]), "section");
	if (words_cond(program))
		words_cond_watch();
}

/* ---- what a program needs ---- */

static bool says(const struct program *which, const char *what)
{
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (which->scripts[t] && strstr(which->scripts[t], what))
			return true;
	return which->callback && strstr(which->callback, what);
}

unsigned words_locks(const struct program *which)
{
	return says(which, "2") && !says(which, "X2") && !says(which, "S2") ? 2 : 1;
}

bool words_cond(const struct program *which)
{
	return says(which, "%") || says(which, "signal") || says(which, "broadcast");
}

bool words_look(const struct program *which)
{
	return says(which, "snap") || says(which, "#") || says(which, "pos");
}
