/* SPDX-License-Identifier: MIT
 *
 * holds.c - holds that are taken and given back.
 */
#include "common.h"

static fifolock_t lock;

static void mutex_body(long me)
{
	(void)me;
	for (int i = 0; i < TURNS; i++) {
		must(fifolock_lock(&lock, X) == 0);
		data[0]++;
		fifolock_unlock(&lock, X);
	}
}

static void mutex(void)
{
	fifolock_init(&lock, &fifolock_mutex_modes);
	crowd(mutex_body);
	must(data[0] == THREADS * TURNS);
	must(fifolock_destroy(&lock) == 0);
}

static void shared_body(long me)
{
	long sum = 0;

	for (int i = 0; i < TURNS; i++) {
		unsigned mode = (i + me) % 3 ? S : X;

		must(fifolock_lock(&lock, mode) == 0);
		if (mode == X)
			data[i % 8]++;
		else
			sum += data[i % 8];
		fifolock_unlock(&lock, mode);
	}
	must(sum >= 0);
}

static void shared(void)
{
	fifolock_init(&lock, NULL);
	crowd(shared_body);
}

static void intent_body(long me)
{
	static const unsigned modes[] = {IX, S, U, X, IS};

	for (int i = 0; i < TURNS; i++) {
		unsigned mode = modes[(i + me) % 5];

		must(fifolock_lock(&lock, mode) == 0);
		/* IX excludes S, U, and X; two of S go together, as do two of IX. */
		if (mode == X || mode == U)
			data[0] += data[1];
		else if (mode == S)
			must(data[1] >= 0);
		if (mode == X)
			data[1]++;
		fifolock_unlock(&lock, mode);
	}
}

static void intent(void)
{
	fifolock_init(&lock, &fifolock_intent_modes);
	crowd(intent_body);
}

/* IX is given back before S is taken, and the other way round. */
static void intent_shared_body(long me)
{
	static long parts[THREADS];

	for (int i = 0; i < TURNS; i++) {
		must(fifolock_lock(&lock, IX) == 0);
		parts[me]++;
		fifolock_unlock(&lock, IX);
		must(fifolock_lock(&lock, S) == 0);
		must(parts[0] + parts[1] + parts[2] > 0);
		fifolock_unlock(&lock, S);
	}
}

static void intent_shared(void)
{
	fifolock_init(&lock, &fifolock_intent_modes);
	crowd(intent_shared_body);
}

static void convert_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		must(fifolock_lock(&lock, me ? U : S) == 0);
		must(data[0] >= 0);
		if (me) {
			must(fifolock_convert(&lock, U, X) == 0);
			data[0]++;
			must(fifolock_convert(&lock, X, i % 2 ? S : U) == 0);
			must(data[0] > 0);
		}
		fifolock_unlock(&lock, me && i % 2 == 0 ? U : S);
	}
}

static void convert(void)
{
	fifolock_init(&lock, &fifolock_update_modes);
	crowd(convert_body);
	must(data[0] == (THREADS - 1) * TURNS);
}

static void timed_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct timespec at = in_ms((i + me) % 4 ? 2000 : 0);
		unsigned mode = i % 3 ? X : S;
		int error = fifolock_timedlock(&lock, mode, &at);

		must(error == 0 || error == ETIMEDOUT);
		if (error)
			continue;
		if (mode == X)
			data[0]++;
		else
			must(data[0] >= 0);
		fifolock_unlock(&lock, mode);
	}
}

static void timed(void)
{
	fifolock_init(&lock, NULL);
	crowd(timed_body);
}

static void try_body(long me)
{
	(void)me;
	for (int i = 0; i < TURNS; i++) {
		unsigned mode = i % 3 ? X : S;

		if (fifolock_trylock(&lock, mode) != 0)
			continue;
		if (mode == X)
			data[0]++;
		else
			must(data[0] >= 0);
		fifolock_unlock(&lock, mode);
	}
}

static void try(void)
{
	fifolock_init(&lock, NULL);
	crowd(try_body);
}

static void weights_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		bool all = (i + me) % 3 == 0;
		uint32_t n = all ? 4 : 1 + (uint32_t)me;

		must(fifolock_lock_n(&lock, 0, n) == 0);
		if (all)
			data[0]++;
		else
			must(data[0] >= 0);
		fifolock_unlock_n(&lock, 0, 1);
		if (n > 1)
			fifolock_unlock_n(&lock, 0, n - 1);
	}
}

/* All units are the right to write. */
static void weights(void)
{
	fifolock_modes_t four;

	must(fifolock_modes_semaphore(&four, 4) == 0);
	fifolock_init(&lock, &four);
	crowd(weights_body);
}

static void bump_body(long me)
{
	(void)me;
	for (int i = 0; i < TURNS; i++) {
		must(fifolock_lock(&lock, X) == 0);
		data[0]++;
		must(fifolock_bump(&lock, X) == 0);
		data[0]++;
		fifolock_unlock(&lock, X);
	}
}

static void bump(void)
{
	fifolock_init(&lock, NULL);
	crowd(bump_body);
	must(data[0] == 2 * THREADS * TURNS);
}

static fifolock_modes_t table;

static void table_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		unsigned mode = (i + me) % 2;

		must(fifolock_lock(&lock, mode) == 0);
		if (mode == 0)
			data[0]++;
		else
			must(data[0] >= 0);
		fifolock_unlock(&lock, mode);
	}
}

static void with_table(bool owned)
{
	must(fifolock_modes_owner_checked(&table, owned) == 0);
	fifolock_init(&lock, &table);
	crowd(table_body);
	must(fifolock_destroy(&lock) == 0);
}

static void user_table(void)
{
	static const struct fifolock_mode modes[] = {
		{.name = "write", .max = 1, .conflicts = 1u << 1},
		{.name = "read", .conflicts = 1u << 0},
	};

	must(fifolock_modes_compile(&table, modes, 2, NULL, 0) == 0);
	with_table(false);
	with_table(true);
}

static bool writes_or_reads(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return mode == 0 ? holds[0] + holds[1] == 0 : holds[0] == 0;
}

static void predicate(void)
{
	must(fifolock_modes_predicate(&table, 2, 100, writes_or_reads, NULL) == 0);
	with_table(false);
	with_table(true);
}

static void counted(void)
{
	static fifolock_stats_t stats;
	struct fifolock_counts counts;

	must(fifolock_stats_init(&stats, "counted", NULL) == 0);
	fifolock_init(&lock, &stats.modes);
	crowd(shared_body);
	must(fifolock_stats_read(&stats, X, &counts) == 0);
	must(fifolock_stats_read(&stats, S, &counts) == 0);
}

/* More than ThreadSanitizer lets a thread hold of its own mutexes. */
static void many_body(long me)
{
	static fifolock_t locks[200];

	(void)me;
	for (int i = 0; i < 200; i++)
		must(fifolock_lock(&locks[i], X) == 0);
	data[0]++;
	for (int i = 0; i < 200; i++)
		fifolock_unlock(&locks[i], X);
}

static void many(void)
{
	fifolock_init(&lock, NULL);
	crowd(many_body);
}

static void again_body(long me)
{
	(void)me;
	for (int i = 0; i < 100; i++)
		must(fifolock_lock_n(&lock, S, 3) == 0);
	must(data[0] == 0);
	for (int i = 0; i < 300; i++)
		fifolock_unlock(&lock, S);
}

/* Many holds of one lock. */
static void again(void)
{
	fifolock_init(&lock, NULL);
	crowd(again_body);
}

const struct program holds_programs[] = {
	{"mutex", mutex, false},
	{"shared", shared, false},
	{"intent", intent, false},
	{"intent-shared", intent_shared, false},
	{"convert", convert, false},
	{"timed", timed, false},
	{"try", try, false},
	{"weights", weights, false},
	{"bump", bump, false},
	{"table", user_table, false},
	{"predicate", predicate, false},
	{"counted", counted, false},
	{"many", many, false},
	{"again", again, false},
	{NULL, NULL, false},
};
