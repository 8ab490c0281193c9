/* SPDX-License-Identifier: MIT
 *
 * given_back_forced.c - the hold that a request would have to wait for is given back when it has found the
 * lock taken, and before it is in line (is_given_back in wait.c).
 *
 * As in regressions_forced.c: in a hook of the thread under test another thread acts.
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "common.h"
#include "other_thread.h"

#include <fifolock/inspect.h>

_Thread_local struct hooks hooks;

static fifolock_t lock;
static unsigned mode; /* which the other thread holds */
static int said;

static void takes(void)
{
	said = fifolock_trylock(&lock, mode);
}

static void gives(void)
{
	said = fifolock_unlock(&lock, mode);
}

static void given_elsewhere(void)
{
	elsewhere(gives);
}

/* Looked at by a request that has to wait, when it has found no room. */
static void given_back_before_the_push(unsigned held)
{
	mode = held;
	elsewhere(takes);
	cr_assert_eq(said, 0);
	hooks.loads = &lock.control;
	hooks.loaded = given_elsewhere;
}

static uint32_t tickets(void)
{
	return (uint32_t)(__atomic_load_n(&lock.arrivals, __ATOMIC_RELAXED) >> 32);
}

static void is_held_alone(unsigned held)
{
	cr_assert_null(hooks.loaded);
	cr_assert_eq(said, 0);
	cr_assert_eq(fifolock_holds(&lock, held), 1u);
	cr_assert_eq(fifolock_unlock(&lock, held), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(given_back, before_the_push_it_is_taken_without_a_ticket, .description = "G6")
{
	given_back_before_the_push(X);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(tickets(), 0u);
	is_held_alone(X);
}

Test(given_back, before_the_push_it_is_taken_by_one_with_a_deadline, .description = "G6")
{
	const struct timespec at = in_an_hour();

	given_back_before_the_push(X);
	cr_assert_eq(fifolock_timedlock(&lock, X, &at), 0);
	cr_assert_eq(tickets(), 0u);
	is_held_alone(X);
}

Test(given_back, before_it_is_in_line_a_conversion_gives_what_it_has, .description = "G2")
{
	fifolock_init(&lock, &fifolock_update_modes);
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	given_back_before_the_push(U);
	cr_assert_eq(fifolock_convert(&lock, S, U), 0);
	cr_assert_eq(fifolock_holds(&lock, S), 0u);
	is_held_alone(U);
}

Test(given_back, before_the_push_it_is_counted, .description = "counts")
{
	fifolock_stats_t stats;
	struct fifolock_counts counts;

	cr_assert_eq(fifolock_stats_init(&stats, "given back", NULL), 0);
	fifolock_init(&lock, &stats.modes);
	given_back_before_the_push(X);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_stats_read(&stats, X, &counts), 0);
	cr_assert_eq(counts.taken, 2u);
	cr_assert_eq(counts.grants, 2u);
	cr_assert_eq(counts.held, 1u);
	is_held_alone(X);
}
