/* SPDX-License-Identifier: MIT
 *
 * fast_path.c - lock and unlock guess what is in the word, and the compare-and-swap
 * looks.  Whatever is there instead, they do what the table says.
 */
#define _GNU_SOURCE
#include "common.h"
#include <sys/mman.h>

#define MOST 3u

static const struct timespec past;

static void holds_are(const fifolock_t *lock, unsigned mode, uint32_t n)
{
	uint32_t held = fifolock_holds(lock, mode);

	cr_assert_eq(held, n, "mode %u: %u, not %u", mode, held, n);
}

static void not_held(fifolock_t *lock, unsigned mode, uint32_t n)
{
	fifolock_t before = *lock;

	cr_assert_eq(fifolock_unlock_n(lock, mode, n), EPERM);
	cr_assert_eq(memcmp(&before, lock, sizeof(before)), 0);
}

/* So many at once as there is room for: how many. */
static uint32_t takes(fifolock_t *lock, unsigned mode, uint32_t n)
{
	uint32_t held = 0;

	while (held < n && fifolock_timedlock(lock, mode, &past) == 0)
		holds_are(lock, mode, ++held);
	return held;
}

static void gives(fifolock_t *lock, unsigned mode, uint32_t held)
{
	while (held) {
		cr_assert_eq(fifolock_unlock(lock, mode), 0);
		holds_are(lock, mode, --held);
	}
	not_held(lock, mode, 1);
}

static void one_beside(const fifolock_modes_t *modes, unsigned a, unsigned b, uint32_t n)
{
	fifolock_t lock = FIFOLOCK_INIT(modes);
	uint32_t of_a = takes(&lock, a, n);
	uint32_t of_b = takes(&lock, b, MOST);

	cr_assert_geq(of_a, 1);
	if (!of_b)
		not_held(&lock, b, 1);
	holds_are(&lock, a, of_a);
	gives(&lock, a, of_a);
	holds_are(&lock, b, of_b);
	gives(&lock, b, of_b);
	is_free(&lock);
}

Test(first_try, each_mode_beside_each_other_is_counted_for_itself, .description = "G2 G7")
{
	fifolock_modes_t modes = unowned(&fifolock_intent_modes);
	unsigned pairs = 0;

	for (unsigned a = 0; a < modes.count; a++)
		for (unsigned b = 0; b < modes.count; b++, pairs++)
			for (uint32_t n = 1; a != b && n <= MOST; n++)
				one_beside(&modes, a, b, n);
	cr_assert_eq(pairs, 36);
}

static void part_back(const fifolock_modes_t *modes, uint32_t held, uint32_t back)
{
	fifolock_t lock = FIFOLOCK_INIT(modes);

	cr_assert_eq(fifolock_lock_n(&lock, 0, held), 0);
	if (back > held) {
		not_held(&lock, 0, back);
		back = 0;
	}
	cr_assert_eq(back ? fifolock_unlock_n(&lock, 0, back) : 0, 0);
	holds_are(&lock, 0, held - back);
	if (held > back)
		cr_assert_eq(fifolock_unlock_n(&lock, 0, held - back), 0);
	not_held(&lock, 0, 1);
	is_free(&lock);
}

Test(first_try, a_weight_is_given_back_in_parts_and_no_more_than_that,
     .description = "G2 G7")
{
	fifolock_modes_t table, modes;

	cr_assert_eq(fifolock_modes_semaphore(&table, 7), 0);
	modes = unowned(&table);
	for (uint32_t held = 1; held <= 7; held++)
		for (uint32_t back = 1; back <= 7; back++)
			part_back(&modes, held, back);
	cr_assert_eq(fifolock_modes_capacity(&modes, 0), 7);
}

Test(first_try, a_closed_lock_is_given_back_and_not_taken, .description = "G4")
{
	fifolock_modes_t modes = unowned(NULL);

	for (unsigned mode = 0; mode < 2; mode++) {
		fifolock_t lock = FIFOLOCK_INIT(&modes);

		cr_assert_eq(fifolock_lock(&lock, mode), 0);
		cr_assert_eq(fifolock_close(&lock), 0);
		cr_assert_eq(fifolock_lock(&lock, S), ECANCELED);
		holds_are(&lock, mode, 1);
		cr_assert_eq(fifolock_unlock(&lock, mode), 0);
		cr_assert_eq(fifolock_lock(&lock, mode), ECANCELED);
		not_held(&lock, mode, 1);
		cr_assert_eq(fifolock_reopen(&lock), 0);
		cr_assert_eq(fifolock_lock(&lock, mode), 0);
		cr_assert_eq(fifolock_unlock(&lock, mode), 0);
		is_free(&lock);
	}
}

static bool second_mode_only(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)holds, (void)ctx;
	return mode == 1;
}

static void counts(void *arg)
{
	++*(unsigned *)arg;
}

Test(first_try, a_predicate_is_asked_though_nobody_has_the_lock, .description = "G2")
{
	fifolock_modes_t modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	unsigned ran = 0;

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, second_mode_only, NULL), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
	cr_assert_eq(fifolock_timedlock(&lock, 0, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_lock(&lock, 1), 0);
	cr_assert_eq(fifolock_run(&lock, 1, counts, &ran), 0);
	cr_assert_eq(ran, 1);
	cr_assert_eq(fifolock_unlock(&lock, 1), 0);
	is_free(&lock);
}

Test(first_try, a_section_runs_beside_those_it_goes_with, .description = "G2")
{
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_intent_modes);
	unsigned ran = 0;

	cr_assert_eq(fifolock_lock(&lock, IS), 0);
	for (unsigned n = 1; n <= MOST; n++) {
		cr_assert_eq(fifolock_run(&lock, S, counts, &ran), 0);
		cr_assert_eq(ran, n);
		holds_are(&lock, S, 0);
	}
	holds_are(&lock, IS, 1);
	cr_assert_eq(fifolock_unlock(&lock, IS), 0);
	is_free(&lock);
}

/* A thread that tries again and again would take the line from the holder with each write. */
Test(first_try, a_trylock_that_finds_the_lock_held_writes_nothing, .description = "G6")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t *lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(lock, MAP_FAILED);
	*lock = (fifolock_t)FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_lock(lock, X), 0);
	cr_assert_eq(mprotect(lock, sizeof(*lock), PROT_READ), 0);
	cr_assert_eq(fifolock_trylock(lock, X), EBUSY);
	cr_assert_eq(fifolock_trylock(lock, S), EBUSY);
	cr_assert_eq(fifolock_trylock_n(lock, S, 2), EBUSY);
	cr_assert_eq(mprotect(lock, sizeof(*lock), PROT_READ | PROT_WRITE), 0);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
	is_free(lock);
	munmap(lock, sizeof(*lock));
}
