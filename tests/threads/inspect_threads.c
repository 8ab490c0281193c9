/* SPDX-License-Identifier: MIT
 *
 * inspect_threads.c - snapshots while others lock: each is one moment.
 */
#define _GNU_SOURCE
#include "common.h"
#include "random.h"
#include <fifolock/inspect.h>

struct square {
	fifolock_t lock;
	unsigned threads;
	bool over; /* atomic */
	unsigned wrong;
	void (*crosses)(struct square *square, uint64_t *random);
};

static void wrong(struct square *square, bool is)
{
	__atomic_add_fetch(&square->wrong, is, __ATOMIC_RELAXED);
}

static void reads_or_writes(struct square *square, uint64_t *random)
{
	unsigned mode = oracle_below(random, 3) ? S : X;

	wrong(square, fifolock_lock(&square->lock, mode) != 0);
	if (oracle_below(random, 4) == 0)
		sched_yield();
	wrong(square, fifolock_unlock(&square->lock, mode) != 0);
}

/* Holds three units, in one step, of one mode or the other. */
static void holds_three(struct square *square, uint64_t *random)
{
	unsigned mode = oracle_below(random, 2);

	wrong(square, fifolock_lock_n(&square->lock, mode, 3) != 0);
	if (oracle_below(random, 4) == 0)
		sched_yield();
	wrong(square, fifolock_unlock_n(&square->lock, mode, 3) != 0);
}

/* Has a hold all the while. */
static void upgrades(struct square *square, uint64_t *random)
{
	(void)random;
	wrong(square, fifolock_convert(&square->lock, U, X) != 0);
	wrong(square, fifolock_convert(&square->lock, X, S) != 0);
	sched_yield();
	wrong(square, fifolock_convert(&square->lock, S, U) != 0);
}

/* Upgrades among readers, which it waits for. */
static void reads_or_upgrades(struct square *square, uint64_t *random)
{
	unsigned mode = oracle_below(random, 2) ? S : U;

	wrong(square, fifolock_lock(&square->lock, mode) != 0);
	if (mode == U) {
		wrong(square, fifolock_convert(&square->lock, U, X) != 0);
		mode = X;
	}
	if (oracle_below(random, 4) == 0)
		sched_yield();
	wrong(square, fifolock_unlock(&square->lock, mode) != 0);
}

static void *crosses(void *arg)
{
	static uint64_t seeds; /* atomic */
	struct square *square = arg;
	uint64_t random = __atomic_add_fetch(&seeds, 1, __ATOMIC_RELAXED);

	while (!__atomic_load_n(&square->over, __ATOMIC_ACQUIRE))
		square->crosses(square, &random);
	return NULL;
}

/* Tickets without a gap, but for those of conversions; and a thread that is in line for one holds
 * what it is to give. */
static bool line_makes_sense(const struct fifolock_snapshot *out,
			     const struct fifolock_in_line line[], size_t room)
{
	bool ahead = out->waiting && line[0].from >= 0;

	if (ahead && (out->holds[U] != 1 || out->holds[X] || line[0].mode != X))
		return false;
	for (size_t i = 0; i < out->waiting && i < room; i++) {
		if (line[i].mode >= out->modes || line[i].may_leave)
			return false;
		if (line[i].from != (ahead && i == 0 ? U : -1))
			return false;
		if (line[i].n != 1 && line[i].n != 3)
			return false;
		if (i > 1 && line[i].ticket <= line[i - 1].ticket)
			return false;
	}
	return out->waiting == 0 || line[0].ticket == out->oldest_ticket;
}

static void watched(struct square *square, bool (*ok)(const struct fifolock_snapshot *))
{
	uint64_t seen = 0, tries = 0, with_line = 0;
	struct fifolock_in_line line[8];
	pthread_t threads[6];

	for (unsigned i = 0; i < square->threads; i++)
		pthread_create(&threads[i], NULL, crosses, square);
	while (seen < test_scaled(20000) || (square->threads > 1 && with_line == 0)) {
		struct fifolock_snapshot out;
		int rc = fifolock_snapshot(&square->lock, &out, line, 8);

		if (++tries % 16 == 0)
			sched_yield();
		quick_check(rc == 0 || rc == EAGAIN, "snapshot: %d", rc);
		if (rc)
			continue;
		seen++;
		with_line += out.waiting > 0;
		quick_check(ok(&out), "holds %u %u %u, %u in line", out.holds[0],
			    out.holds[1], out.holds[2], out.waiting);
		quick_check(out.waiting <= square->threads && !out.closed, "line");
		quick_check(line_makes_sense(&out, line, 8), "line");
	}
	__atomic_store_n(&square->over, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < square->threads; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(square->wrong, 0);
}

static bool four_read_or_one_writes(const struct fifolock_snapshot *out)
{
	return out->holds[X] <= 1 && (out->holds[X] == 0 || out->holds[S] == 0) &&
	       out->holds[X] + out->holds[S] + out->waiting <= 4;
}

static bool one_updates(const struct fifolock_snapshot *out)
{
	return out->holds[X] + out->holds[U] <= 1 &&
	       (out->holds[X] == 0 || out->holds[S] == 0) &&
	       out->holds[X] + out->holds[S] + out->waiting <= 4;
}

static bool in_threes(const struct fifolock_snapshot *out)
{
	return out->holds[0] % 3 == 0 && out->holds[1] % 3 == 0 && out->holds[0] <= 3 &&
	       out->holds[1] <= 6 &&
	       out->holds[0] / 3 + out->holds[1] / 3 + out->waiting <= 4;
}

static bool never_without(const struct fifolock_snapshot *out)
{
	return out->holds[X] + out->holds[S] + out->holds[U] == 1 && out->waiting == 0;
}

Test(snapshot, is_one_moment_while_others_lock, .description = "G2")
{
	struct square square = {.threads = 4, .crosses = reads_or_writes};

	watched(&square, four_read_or_one_writes);
	cr_assert_eq(fifolock_destroy(&square.lock), 0);
}

Test(snapshot, is_one_moment_while_others_take_several, .description = "G2")
{
	const struct fifolock_mode table[2] = {{.max = 3}, {.max = 6}};
	fifolock_modes_t modes;
	struct square square = {
		.lock = FIFOLOCK_INIT(&modes), .threads = 4, .crosses = holds_three};

	cr_assert_eq(fifolock_modes_compile(&modes, table, 2, NULL, 0), 0);
	watched(&square, in_threes);
	cr_assert_eq(fifolock_destroy(&square.lock), 0);
}

Test(snapshot, finds_who_is_in_line_to_convert_with_its_hold, .description = "G2")
{
	struct square square = {.lock = FIFOLOCK_INIT(&fifolock_update_modes),
				.threads = 4,
				.crosses = reads_or_upgrades};

	watched(&square, one_updates);
	cr_assert_eq(fifolock_destroy(&square.lock), 0);
}

Test(snapshot, never_finds_who_converts_without_a_hold, .description = "G2")
{
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	struct square square = {
		.lock = FIFOLOCK_INIT(&modes), .threads = 1, .crosses = upgrades};

	cr_assert_eq(fifolock_lock(&square.lock, U), 0);
	watched(&square, never_without);
	cr_assert_eq(fifolock_unlock(&square.lock, U), 0);
	cr_assert_eq(fifolock_destroy(&square.lock), 0);
}
