/* SPDX-License-Identifier: MIT
 *
 * programs.c - the programs, and what the words of their scripts do:
 *
 *	a	find key a, and put it
 *	A	take the key's lock, if no thread has it, write what it guards, and give it back
 *	As	the same in shared mode; read what it guards
 *	=A	wait for it	~A	which may time out; =As and ~As
 *	+a	find	-a	put
 *	!a	as a, while there is no memory
 *	*	look at all, put each afterwards	*1	until one has been found
 *
 * Keys a to h are numbers; l, m and n are long ones, l and m with the same hash; s is short.  All have one home
 * slot; in a program with two, d to h have the other.
 */
#include "../programs.h"
#include "lives.h"
#include "locks.h"
#include "table/find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 26
#define MOST 8 /* entries that a thread has found, at a time */

const struct program programs[] = {
#ifdef EX_REAL_LOCK
#include "waits.list.h"
#else
#include "programs.list.h"
#endif
};
const unsigned program_count = sizeof(programs) / sizeof(programs[0]);

static const struct program *program;
static unsigned threads;

static struct fl_homes homes;
static fifolock_table_t table;
static struct fl_key keys[KEYS];
static unsigned char bytes[KEYS][KEY_BYTES];
static uint64_t data[KEYS]; /* what each guards */
static struct fl_entry *found[EX_THREADS + 1][KEYS];

/* ---- keys ---- */

static void long_key(char letter, char says, uint64_t word)
{
	unsigned which = (unsigned)(letter - 'a');

	memset(bytes[which], says, KEY_BYTES);
	keys[which].key = fifolock_key_bytes(bytes[which], KEY_BYTES);
	keys[which].word = word;
	keys[which].hash = 2 * word * sizeof(struct fl_home);
}

/* With two slots one bit of the hash says which. */
static void number(unsigned which, uint64_t from, uint64_t slot)
{
	while ((fl_key_spread(from, 0) / sizeof(struct fl_home) & 1) != slot)
		from += KEYS;
	if (fl_key_prepare(&keys[which], fifolock_key(from), 0))
		abort();
}

void programs_prepare(void)
{
	for (unsigned k = 0; k < KEYS; k++)
		number(k, k == KEYS - 1 ? 0 : 1000 + k, k >= 'd' - 'a' && k <= 'h' - 'a');
	long_key('l', 'l', 1);
	long_key('m', 'm', 1);
	long_key('n', 'n', 2);
	long_key('s', 's', 3);
	keys['s' - 'a'].key.n = 5;
}

/* (The linker puts it in place of fl_key_prepare.) */
int __real_fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed);
int __wrap_fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed);

int __wrap_fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed)
{
	for (unsigned k = 0; key.bytes && k < KEYS; k++)
		if (key.bytes == keys[k].key.bytes) {
			*out = keys[k];
			return 0;
		}
	return __real_fl_key_prepare(out, key, seed);
}

/* What the checker asks.  A far key's word is constant. */
bool ex_is_hint(const void *at, const struct ex_site *site)
{
	unsigned which = far_which((uintptr_t)at);

	return locks_is_hint(site) ||
	       (which < far_made() && at == &far_entry(which)->word);
}

bool ex_is_retried(const char *function)
{
	return !strcmp(function, "bury") || !strcmp(function, "unclaim") ||
	       !strcmp(function, "fl_entry_settle") ||
	       !strcmp(function, "fl_entry_use") || !strcmp(function, "put_far");
}

/* ---- words ---- */

static unsigned key_of(char letter)
{
	return (unsigned)((letter | 0x20) - 'a');
}

static void find(unsigned thread, unsigned key)
{
	struct fl_entry *entry = NULL;
	int error;

	lives_finds(thread);
	error = fl_find(&table, &keys[key], 0, &entry);
	error = error == FL_TAKEN ? 0 : error;
	lives_found(thread, key, error, entry);
	found[thread][key] = error ? NULL : entry;
}

static void put(unsigned thread, unsigned key)
{
	struct fl_entry *entry = found[thread][key];

	if (!entry)
		return;
	lives_puts(thread, entry);
	fl_put(&table, entry);
	lives_has_put(thread);
}

static int ask(unsigned thread, char how, unsigned key, unsigned mode,
	       fifolock_hold_t *hold)
{
	static const struct timespec deadline = {1, 0};

	ex_park_limits(thread, how == '~', 0);
	switch (how) {
	case '=':
		return fifolock_table_lock(&table, keys[key].key, mode, hold);
	case '~':
		return fifolock_table_timedlock(&table, keys[key].key, mode, &deadline,
						hold);
	default:
		return fifolock_table_trylock(&table, keys[key].key, mode, hold);
	}
}

static void lock(unsigned thread, char how, const char *what)
{
	unsigned key = key_of(what[0]), mode = what[1] == 's';
	fifolock_hold_t hold;
	int error;

	lives_finds(thread);
	error = ask(thread, how, key, mode, &hold);
	if (error == (how == '~' ? ETIMEDOUT : how == '=' ? -1 : EBUSY)) {
		lives_busy(thread);
		return;
	}
	lives_found(thread, key, error, hold.entry);
	lives_holds(thread, key, mode, true);
	memory_touch(&data[key], sizeof(data[key]), mode == 0);
	lives_holds(thread, key, mode, false);
	lives_puts(thread, hold.entry);
	if (fifolock_table_unlock(&hold))
		ex_fail("thread %u cannot give back key %c", thread, 'a' + key);
	lives_has_put(thread);
}

static void without_memory(unsigned thread, unsigned key)
{
	far_lack_memory(thread, true);
	find(thread, key);
	far_lack_memory(thread, false);
	put(thread, key);
}

struct looks {
	struct fl_entry *entries[MOST];
	unsigned count;
	bool once;
};

static bool look(struct fl_entry *entry, void *ctx)
{
	struct looks *looks = ctx;

	lives_each_found(ex_current(), entry);
	if (looks->count == MOST)
		ex_fail("explorer: more than %d keys at a time", MOST);
	looks->entries[looks->count++] = entry;
	return !looks->once;
}

static void look_at_all(unsigned thread, bool once)
{
	struct looks looks = {.once = once};

	lives_each(thread);
	fl_find_each(&table, look, &looks);
	lives_each_ended(thread, !once);
	for (unsigned i = 0; i < looks.count; i++) {
		lives_puts(thread, looks.entries[i]);
		fl_put(&table, looks.entries[i]);
		lives_has_put(thread);
	}
}

static void word(unsigned thread, const char *text)
{
	switch (*text) {
	case '+':
		find(thread, key_of(text[1]));
		break;
	case '-':
		put(thread, key_of(text[1]));
		break;
	case '!':
		without_memory(thread, key_of(text[1]));
		break;
	case '*':
		look_at_all(thread, text[1] == '1');
		break;
	case '=':
	case '~':
		lock(thread, *text, text + 1);
		break;
	case 'a' ... 'z':
		find(thread, key_of(*text));
		put(thread, key_of(*text));
		break;
	default:
		lock(thread, '?', text);
	}
}

/* Before the threads begin: a letter for each is found, a capital taken and given back. */
static void hold(const char *held)
{
	for (unsigned t = 0; held[t]; t++)
		if (held[t] >= 'a')
			find(t, key_of(held[t]));
		else if (held[t] != '.')
			lock(t, '?', &held[t]);
}

static void body(unsigned thread)
{
	const char *text = program->scripts[thread];

	while (*text) {
		word(thread, text);
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
}

/* ---- a program ---- */

static void begin(void)
{
	memset(&homes, 0, sizeof(homes));
	memset(data, 0, sizeof(data));
	memset(found, 0, sizeof(found));
	far_begin();
	table = (fifolock_table_t){.homes = &homes,
				   .mask = fl_homes_mask(program->table + 1),
				   .slots = program->table + 1,
				   .modes = locks_modes(),
				   .plain = true,
				   .far = far_table()};
	lives_begin(&table, keys, KEYS);
	locks_begin(threads);
	memory_watch(homes.at, sizeof(*homes.at) * table.slots, "home");
	memory_watch(homes.bytes, sizeof(*homes.bytes) * table.slots, "bytes");
	memory_watch(data, sizeof(data), "data");
	if (program->held)
		hold(program->held);
	lives_go_on();
}

static void end(void)
{
	locks_end(threads);
	lives_end(!program->kept);
}

struct ex_run program_run(const struct program *which)
{
	program = which;
	threads = 0;
	while (threads < EX_THREADS && program->scripts[threads])
		threads++;
	return (struct ex_run){
		.threads = threads, .begin = begin, .body = body, .end = end};
}

void program_signal(unsigned window)
{
	(void)window;
}
