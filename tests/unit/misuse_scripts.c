/* SPDX-License-Identifier: MIT
 *
 * misuse_scripts.c - misuse of every kind in every state: refused, and not a bit has
 * changed.
 */
#include "test.h"
#include "script.h"

#define X FIFOLOCK_EXCLUSIVE
#define S FIFOLOCK_SHARED

/* Misuse: refused, and not a bit has changed. */

static bool same_lock(const fifolock_t *lock, const fifolock_t *before)
{
	return memcmp(lock, before, sizeof(*lock)) == 0;
}

Script(misuse, destroy_is_refused_while_held_or_waited_for, "G7")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);
	fifolock_t before;

	asks(&line, 'S');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	asks(&line, 'X');
	asks(&line, 'S');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ S.");
	line_ends(&line);
}

static bool never(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)holds, (void)mode, (void)ctx;
	return false;
}

Script(misuse, destroy_is_refused_while_waited_for_though_not_held, "G7")
{
	fifolock_modes_t modes;
	struct line line = line_with(&modes, "HG");
	fifolock_t before;

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, never, NULL), 0);
	asks(&line, 'G');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	cr_assert_str_eq(now(&line), "G.");
	line_ends(&line);
}

static void check_refused(fifolock_t *lock, unsigned mode, uint32_t n, int error)
{
	fifolock_t before = *lock;

	errno = 77;
	cr_assert_eq(fifolock_unlock_n(lock, mode, n), error);
	cr_assert_eq(errno, 77);
	cr_assert(same_lock(lock, &before));
}

Script(misuse, release_of_a_mode_that_is_not_held_is_refused, "G7")
{
	struct line line = line_on(&fifolock_intent_modes);

	for (unsigned m = 0; m < 6; m++)
		check_refused(&line.lock, m, 1, EPERM);
	asks(&line, 'S');
	for (unsigned m = 0; m < 6; m++)
		if (m != S)
			check_refused(&line.lock, m, 1, EPERM);
	check_refused(&line.lock, S, 2, EPERM);
	asks(&line, 'X');
	asks(&line, 'S');
	for (unsigned m = 0; m < 6; m++)
		if (m != S)
			check_refused(&line.lock, m, 1, EPERM);
	check_refused(&line.lock, S, 2, EPERM);
	cr_assert_str_eq(now(&line), "S+ X. S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ S.");
	line_ends(&line);
}

Script(misuse, second_release_is_refused, "G7")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);

	asks(&line, 'X');
	asks(&line, 'S');
	asks(&line, 'X');
	gives_back(&line, 0);
	check_refused(&line.lock, X, 1, EPERM);
	gives_back(&line, 1);
	check_refused(&line.lock, S, 1, EPERM);
	gives_back(&line, 2);
	check_refused(&line.lock, X, 1, EPERM);
	check_refused(&line.lock, S, 1, EPERM);
	line_ends(&line);
}

Script(misuse, unknown_modes_and_impossible_weights_are_refused, "G7")
{
	fifolock_modes_t modes = semaphore(5);
	struct line line = line_with(&modes, "P");

	asks_n(&line, 'P', 3);
	asks_n(&line, 'P', 3);
	check_refused(&line.lock, 1, 1, EINVAL);
	check_refused(&line.lock, 16, 1, EINVAL);
	check_refused(&line.lock, UINT32_MAX, 1, EINVAL);
	check_refused(&line.lock, 0, 0, ERANGE);
	check_refused(&line.lock, 0, 4, EPERM);
	check_refused(&line.lock, 0, 6, ERANGE);
	check_refused(&line.lock, 0, 8, ERANGE);
	check_refused(&line.lock, 0, UINT32_MAX, ERANGE);
	cr_assert_eq(fifolock_holds(&line.lock, 1), 0);
	cr_assert_eq(fifolock_holds(&line.lock, UINT32_MAX), 0);
	cr_assert_str_eq(now(&line), "P3+ P3.");
	line_ends(&line);
}

Test(misuse, destroyed_lock_is_refused_everything_until_initialised, .description = "G7")
{
	const struct timespec past = {0, 1};
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_mutex_modes), before;

	cr_assert_eq(fifolock_destroy(&lock), 0);
	before = lock;
	cr_assert_eq(fifolock_lock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_trylock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_timedlock(&lock, X, &past), EINVAL);
	cr_assert_eq(fifolock_unlock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_destroy(&lock), EINVAL);
	cr_assert_eq(fifolock_holds(&lock, X), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert(same_lock(&lock, &before));
	cr_assert_eq(fifolock_init(&lock, &fifolock_mutex_modes), 0);
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
}
