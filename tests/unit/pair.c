/* SPDX-License-Identifier: MIT
 *
 * pair.c - two words are compared and written as one (core/atomic.h).
 */
#include "common.h"
#include "core/atomic.h"

#define THREADS 4
#define TURNS	20000

static struct {
	uint64_t at[2] __attribute__((aligned(16)));
} pair;

/* In a build without it nothing is tested. */
static bool swaps(uint64_t first, uint64_t second, uint64_t next, uint64_t other)
{
	return fl_cas_pair_acq_rel(pair.at, first, second, next, other);
}

static bool is(uint64_t first, uint64_t second)
{
	return pair.at[0] == first && pair.at[1] == second;
}

Test(pair, is_written_if_both_are_as_expected, .description = "core")
{
	if (!FL_HAS_PAIRS)
		return;
	pair.at[0] = 1, pair.at[1] = UINT64_MAX;
	cr_assert_not(swaps(2, UINT64_MAX, 5, 6));
	cr_assert_not(swaps(1, 0, 5, 6));
	cr_assert_not(swaps(UINT64_MAX, 1, 5, 6));
	cr_assert(is(1, UINT64_MAX));
	while (!swaps(1, UINT64_MAX, UINT64_C(1) << 63, 7))
		;
	cr_assert(is(UINT64_C(1) << 63, 7));
}

/* + 1, + 3.  What was read may be of two moments: then it is not written. */
static void *counts(void *unused)
{
	(void)unused;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		uint64_t first, second;

		do {
			second = fl_load_relaxed(&pair.at[1]);
			first = fl_load_relaxed(&pair.at[0]);
		} while (!swaps(first, second, first + 1, second + 3));
	}
	return NULL;
}

Test(pair, of_several_threads_is_never_half_written, .description = "core")
{
	pthread_t threads[THREADS];

	if (!FL_HAS_PAIRS)
		return;
	pair.at[0] = pair.at[1] = 0;
	for (unsigned i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, counts, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cr_assert(is(THREADS * TURNS, UINT64_C(3) * THREADS * TURNS));
}
