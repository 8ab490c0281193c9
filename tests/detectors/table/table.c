/* SPDX-License-Identifier: MIT
 *
 * table.c - programs with locks by key.  A key that is idle has no lock, so that most of these
 * lock calls meet a new one, at the key's home or away from it.
 */
#include "../common.h"
#include <fifolock/table.h>

static fifolock_table_t *table;
static int turn; /* relaxed: it orders nothing */

static void begin(size_t keys, const fifolock_modes_t *modes)
{
	struct fifolock_table_options options = {.keys = keys};

	must(fifolock_table_create(&table, modes, &options) == 0);
}

static void end(void)
{
	must(fifolock_table_destroy(table) == 0);
}

/* Integers, short texts, long ones. */
static fifolock_key_t key_of(int i, char text[200])
{
	if (i % 3 == 0)
		return fifolock_key((uint64_t)i);
	memset(text, 'k', 199);
	text[i % 3 == 1 ? 20 : 199] = 0;
	text[0] = (char)('a' + i);
	return fifolock_key_text(text);
}

/* ---- one key after the other ---- */

static void changes(int i, unsigned mode)
{
	char text[200];
	fifolock_hold_t hold;

	must(fifolock_table_lock(table, key_of(i, text), mode, &hold) == 0);
	if (mode == X)
		data[i]++;
	else
		must(data[i] >= 0);
	must(fifolock_table_unlock(&hold) == 0);
}

static void keys_body(long me)
{
	for (int i = 0; i < 10 * TURNS; i++)
		changes((int)(i + me) % 6, (i + me) % 4 == 0 ? S : X);
}

static void keys(void)
{
	begin(64, NULL);
	crowd(keys_body);
	end();
}

/* With one slot: all keys but one are away from it. */
static void far(void)
{
	begin(1, NULL);
	crowd(keys_body);
	end();
}

/* ---- several at once, so that each is now at home, now not ---- */

static void moves_body(long me)
{
	for (int i = 0; i < 4 * TURNS; i++) {
		char text[200];
		int first = (int)(i + me) % 5;
		fifolock_hold_t hold;

		must(fifolock_table_lock(table, key_of(first, text), X, &hold) == 0);
		data[first]++;
		changes(first + 1, X);
		data[first]++;
		must(fifolock_table_unlock(&hold) == 0);
	}
}

static void moves(void)
{
	begin(2, NULL);
	crowd(moves_body);
	end();
}

/* ---- one after the other, by threads that nothing else orders ---- */

static void in_turn_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		while (__atomic_load_n(&turn, __ATOMIC_RELAXED) % THREADS != me)
			sched_yield();
		changes(0, X);
		changes(1, X);
		__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
	}
}

static void in_turn(void)
{
	begin(1, NULL);
	crowd(in_turn_body);
	end();
}

/* ---- what else takes a hold ---- */

static void converts_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct timespec at = in_ms(10000);
		fifolock_hold_t hold;
		long seen;

		must(fifolock_table_timedlock(table, fifolock_key(7), U, &at, &hold) ==
		     0);
		seen = data[0];
		must(fifolock_table_convert(&hold, X) == 0);
		must(data[0] == seen);
		data[0] += me;
		must(fifolock_table_tryconvert(&hold, S) == 0);
		seen = data[0];
		must(fifolock_table_unlock(&hold) == 0);
	}
}

static void converts(void)
{
	begin(1, &fifolock_update_modes);
	crowd(converts_body);
	end();
}

struct asked {
	fifolock_key_request_t request;
	int which;
	_Atomic bool done;
};

static void granted(void *ctx, int status)
{
	struct asked *asked = ctx;

	must(status == 0);
	data[asked->which]++;
	asked->done = true;
}

static void requests_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct asked asked = {.which = (int)(i + me) % 2};
		char text[200];
		int error = fifolock_table_request(table, key_of(asked.which, text), X, 1,
						   &asked.request, granted, &asked);

		must(error == 0 || error == EINPROGRESS);
		if (error == 0)
			granted(&asked, 0);
		while (!asked.done)
			sched_yield();
		data[asked.which]++;
		must(fifolock_table_unlock(&asked.request.hold) == 0);
	}
}

static void requests(void)
{
	fifolock_modes_t modes = fifolock_shared_exclusive_modes;

	fifolock_modes_owner_checked(&modes, false);
	begin(1, &modes);
	crowd(requests_body);
	end();
}

static void section(void *arg)
{
	data[*(int *)arg]++;
}

static void runs_body(long me)
{
	for (int i = 0; i < 4 * TURNS; i++) {
		int which = (int)(i + me) % 2;
		char text[200];

		if (i % 5 == 0)
			changes(which, X);
		else
			must(fifolock_table_run(table, key_of(which, text), X, section,
						&which) == 0);
	}
}

static void runs(void)
{
	begin(1, NULL);
	crowd(runs_body);
	end();
}

static void sets_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct fifolock_item items[3] = {0};
		char texts[3][200];

		for (int n = 0; n < 3; n++) {
			items[n].key = key_of((int)(i + n * me) % 6, texts[n]);
			items[n].mode = X;
		}
		must(fifolock_table_lock_all(table, items, 3, NULL) == 0);
		for (int n = 0; n < 3; n++)
			data[(i + n * me) % 6]++;
		must(fifolock_table_unlock_all(items, 3) == 0);
	}
}

static void sets(void)
{
	begin(2, NULL);
	crowd(sets_body);
	end();
}

/* ---- in any order, as deadlocks are found and refused ---- */

static bool locks_two(int one, int other)
{
	char texts[2][200];
	fifolock_hold_t first, second;
	int error;

	must(fifolock_table_lock(table, key_of(one, texts[0]), X, &first) == 0);
	error = fifolock_table_lock(table, key_of(other, texts[1]), X, &second);
	must(error == 0 || error == EDEADLK);
	data[one]++;
	if (!error) {
		data[other]++;
		must(fifolock_table_unlock(&second) == 0);
	}
	must(fifolock_table_unlock(&first) == 0);
	return !error;
}

static void refuses_body(long me)
{
	for (int i = 0; i < TURNS; i++)
		while (!locks_two(me % 2 ? 0 : 1, me % 2 ? 1 : 0))
			sched_yield();
}

static void refuses(void)
{
	struct fifolock_table_options options = {
		.keys = 1, .deadlock_after_ns = 1000000, .deadlock_refuse = true};

	must(fifolock_table_create(&table, NULL, &options) == 0);
	crowd(refuses_body);
	end();
}

/* ---- looked at meanwhile ---- */

static bool look(const struct fifolock_key_state *state, void *ctx)
{
	(void)ctx;
	return state->in_line <= THREADS;
}

static void looks_body(long me)
{
	for (int i = 0; i < TURNS; i++)
		if (me == 0)
			must(fifolock_table_each(table, look, NULL) == 0);
		else
			changes((int)(i + me) % 6, X);
}

static void looks(void)
{
	begin(2, NULL);
	crowd(looks_body);
	end();
}

/* ---- wrong: what two holders that go together write; two keys ---- */

static void *writes_beside(void *key)
{
	fifolock_hold_t hold;

	must(fifolock_table_lock(table, fifolock_key((uintptr_t)key), S, &hold) == 0);
	beside++;
	must(fifolock_table_unlock(&hold) == 0);
	return NULL;
}

/* One after the other, and nothing but the lock between them. */
static void together(size_t slots, uintptr_t one, uintptr_t other)
{
	pthread_t threads[2];

	begin(slots, NULL);
	pthread_create(&threads[0], NULL, writes_beside, (void *)one);
	pthread_create(&threads[1], NULL, writes_beside, (void *)other);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	end();
}

static void race_shared(void)
{
	together(64, 1, 1);
}

static void race_keys(void)
{
	together(64, 1, 2);
}

static void race_slot(void)
{
	together(1, 1, 2);
}

const struct program table_programs[] = {
	{"keys", keys, false},
	{"far", far, false},
	{"moves", moves, false},
	{"in-turn", in_turn, false},
	{"converts", converts, false},
	{"requests", requests, false},
	{"runs", runs, false},
	{"sets", sets, false},
	{"refuses", refuses, false},
	{"looks", looks, false},
	{"race-shared", race_shared, true},
	{"race-keys", race_keys, true},
	{"race-slot", race_slot, true},
	{NULL, NULL, false},
};
