/* SPDX-License-Identifier: MIT
 *
 * debug_order.c - the debug build reports locks that are taken in one order and in another,
 * the first time that they are, and nothing else.
 */
#include "reports.h"

#define CHAIN 300

static fifolock_t a, b, c, g, chain[CHAIN];
static fifolock_cond_t cond;

static void take(fifolock_t *lock, unsigned mode)
{
	if (fifolock_lock(lock, mode))
		abort();
}

static void give(fifolock_t *lock, unsigned mode)
{
	if (fifolock_unlock(lock, mode))
		abort();
}

static void nest(fifolock_t *outer, unsigned outer_mode, fifolock_t *inner,
		 unsigned inner_mode)
{
	take(outer, outer_mode);
	take(inner, inner_mode);
	give(inner, inner_mode);
	give(outer, outer_mode);
}

static void *nest_b_a(void *unused)
{
	nest(&b, X, &a, X);
	return unused;
}

/* ---- what is reported ---- */

Test(debug_order, inverted_is_reported_at_once_with_all_places, .description = "order")
{
	keep_reports();
	nest(&a, X, &b, X);
	nest(&a, X, &b, X);
	cr_assert_eq(reports, 0);
	in_thread(nest_b_a, NULL);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_lock", "an order that has been another");
	cr_assert_eq(report[0].lock, &a);
	cr_assert_eq(times(report[0].text, "[+0x"), 5, "four, and the call's own");
	cr_assert_eq(times(report[0].text, "exclusive since fifolock_lock"), 2);
	in_thread(nest_b_a, NULL);
	nest(&a, X, &b, X);
	cr_assert_eq(reports, 1);
}

Test(debug_order, of_three_locks_is_reported_when_it_closes, .description = "order")
{
	keep_reports();
	nest(&a, X, &b, X);
	nest(&b, X, &c, S);
	cr_assert_eq(reports, 0);
	nest(&c, X, &a, X);
	cr_assert_eq(reports, 1);
	cr_assert_eq(times(report[0].text, " held lock "), 3);
}

/* What is held besides counts, too, however much it is. */
Test(debug_order, of_hundreds_of_locks_held_at_once_is_known, .description = "order")
{
	keep_reports();
	for (unsigned i = 0; i < CHAIN; i++)
		take(&chain[i], X);
	for (unsigned i = 0; i < CHAIN; i++)
		give(&chain[i], X);
	cr_assert_eq(reports, 0);
	nest(&chain[CHAIN - 1], X, &chain[0], X);
	cr_assert_eq(reports, 1);
	cr_assert_not_null(strstr(report[0].text, "and 288 more"), "%s", report[0].text);
}

/* ---- what waits, and what does not ---- */

Test(debug_order, of_tries_is_no_order, .description = "a try does not wait")
{
	keep_reports();
	take(&a, X);
	cr_assert_eq(fifolock_trylock(&b, X), 0);
	give(&b, X);
	give(&a, X);
	nest(&b, X, &a, X);
	cr_assert_eq(reports, 0);
}

Test(debug_order, from_what_was_tried_is_one, .description = "a try holds")
{
	keep_reports();
	take(&c, X);
	cr_assert_eq(fifolock_trylock(&a, X), 0);
	take(&b, X); /* from a and from c */
	give(&b, X);
	give(&a, X);
	give(&c, X);
	nest(&b, X, &a, X);
	cr_assert_eq(reports, 1);
	nest(&b, X, &c, X);
	cr_assert_eq(reports, 2);
}

Test(debug_order, with_a_deadline_is_no_order, .description = "it ends by itself")
{
	struct timespec until = test_in_ns(CLOCK_MONOTONIC, 1000000);

	keep_reports();
	take(&a, X);
	cr_assert_eq(fifolock_timedlock(&b, X, &until), 0);
	give(&b, X);
	give(&a, X);
	nest(&b, X, &a, X);
	cr_assert_eq(reports, 0);
}

/* The wait ends with the lock being taken again, deadline or not. */
Test(debug_order, of_a_wait_for_a_condition_is_one, .description = "order")
{
	struct timespec past = {1, 0};

	keep_reports();
	take(&a, X);
	take(&b, X);
	cr_assert_eq(reports, 0);
	cr_assert_eq(fifolock_cond_timedwait(&cond, &a, X, &past), ETIMEDOUT);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_cond_timedwait", "asked for lock");
	give(&b, X);
	give(&a, X);
}

Test(debug_order, of_a_conversion_is_one, .description = "order")
{
	keep_reports();
	take(&a, S);
	take(&b, X);
	cr_assert_eq(fifolock_convert(&a, S, X), 0);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_convert", "exclusive: fifolock_convert at");
	give(&b, X);
	give(&a, X);
}

Test(debug_order, of_a_bump_is_one, .description = "order")
{
	keep_reports();
	take(&a, X);
	take(&b, X);
	cr_assert_eq(fifolock_bump(&a, X), 0);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_bump", "asked for lock");
	give(&b, X);
	give(&a, X);
}

static void nest_in_section(void *lock)
{
	take(lock, X);
	give(lock, X);
}

Test(debug_order, of_sections_is_one, .description = "order")
{
	keep_reports();
	cr_assert_eq(fifolock_run(&a, X, nest_in_section, &b), 0);
	take(&b, X);
	cr_assert_eq(fifolock_run(&a, X, nest_in_section, &c), 0);
	give(&b, X);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_run", "exclusive since fifolock_run at");
}

/* ---- modes ---- */

/* Both may go in at once; but not with a thread between that waits for what does not fit beside
 * them. That is so from when a thread waits so on both. */
Test(debug_order, of_shared_holds_is_one_once_exclusive_is_asked_for,
     .description = "first come, first served")
{
	keep_reports();
	nest(&a, S, &b, S);
	nest(&b, S, &a, S);
	cr_assert_eq(reports, 0);
	take(&a, X);
	give(&a, X);
	cr_assert_eq(reports, 0);
	take(&b, X);
	cr_assert_eq(reports, 1);
	reports_last("order", "fifolock_lock", "with this mode asked for");
	cr_assert_eq(times(report[0].text, "shared since"), 2);
	give(&b, X);
}

Test(debug_order, of_shared_holds_waits_as_is_said,
     .description = "what the report is about happens")
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 1000000);
	fifolock_request_t x_a, x_b;

	take(&a, S);
	take(&b, S);
	cr_assert_eq(fifolock_request(&a, X, 1, &x_a, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(&b, X, 1, &x_b, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_timedlock(&a, S, &soon), ETIMEDOUT);
	cr_assert_eq(fifolock_timedlock(&b, S, &soon), ETIMEDOUT);
	cr_assert_eq(fifolock_request_cancel(&x_a), 0);
	cr_assert_eq(fifolock_request_cancel(&x_b), 0);
	give(&a, S);
	give(&b, S);
}

Test(debug_order, of_intents_is_none_where_nobody_asks_for_more,
     .description = "no false alarm")
{
	keep_reports();
	cr_assert_eq(fifolock_init(&a, &fifolock_intent_modes), 0);
	cr_assert_eq(fifolock_init(&b, &fifolock_intent_modes), 0);
	nest(&a, FIFOLOCK_INTENT_SHARED, &b, FIFOLOCK_INTENT_EXCLUSIVE);
	nest(&b, FIFOLOCK_INTENT_EXCLUSIVE, &a, FIFOLOCK_INTENT_SHARED);
	cr_assert_eq(reports, 0);
	nest(&a, S, &b, S); /* keeps out, and is kept out by, INTENT_EXCLUSIVE */
	cr_assert_eq(reports, 0, "no thread waits for what INTENT_SHARED on a keeps out");
	take(&a, X);
	cr_assert_eq(reports, 1);
	give(&a, X);
}

static bool at_most_one(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[mode] == 0;
}

Test(debug_order, of_predicates_and_semaphores_is_none, .description = "no false alarm")
{
	static fifolock_modes_t one, three;

	keep_reports();
	cr_assert_eq(fifolock_modes_predicate(&one, 1, 4, at_most_one, NULL), 0);
	cr_assert_eq(fifolock_modes_owner_checked(&one, true), 0);
	cr_assert_eq(fifolock_modes_semaphore(&three, 3), 0);
	cr_assert_eq(fifolock_init(&a, &one), 0);
	cr_assert_eq(fifolock_init(&b, &three), 0);
	nest(&a, 0, &b, 0);
	nest(&b, 0, &a, 0);
	nest(&a, 0, &c, X);
	nest(&c, X, &a, 0);
	cr_assert_eq(reports, 0);
}

/* ---- what cannot be at the same time ---- */

Test(debug_order, under_another_lock_is_none_until_it_is_seen_without,
     .description = "no false alarm")
{
	keep_reports();
	take(&g, X);
	nest(&a, X, &b, X);
	nest(&b, X, &a, X);
	give(&g, X);
	cr_assert_eq(reports, 0);
	nest(&a, X, &b, X); /* the other is under g still, but a thread can come so */
	cr_assert_eq(reports, 1);
}

/* Three locks in a row under g, and the last and the first without it: g keeps no thread apart. */
Test(debug_order, half_under_another_lock_is_one, .description = "order")
{
	keep_reports();
	take(&g, X);
	take(&a, X);
	nest(&b, X, &c, X);
	give(&a, X);
	give(&g, X);
	nest(&c, X, &a, X);
	cr_assert_eq(reports, 1);
}

Test(debug_order, under_a_shared_hold_is_one, .description = "order")
{
	keep_reports();
	take(&g, S);
	nest(&a, X, &b, X);
	nest(&b, X, &a, X);
	give(&g, S);
	cr_assert_eq(reports, 1);
}

/* ---- other lives ---- */

Test(debug_order, is_forgotten_with_the_lock, .description = "no false alarm")
{
	keep_reports();
	nest(&a, X, &b, X);
	cr_assert_eq(fifolock_destroy(&a), 0);
	cr_assert_eq(fifolock_init(&a, NULL), 0);
	nest(&b, X, &a, X);
	cr_assert_eq(fifolock_init(&b, NULL), 0);
	nest(&a, X, &b, X);
	memset(&a, 0, sizeof(a));
	nest(&b, X, &a, X);
	b = (fifolock_t)FIFOLOCK_INIT(&fifolock_mutex_modes);
	nest(&a, X, &b, X);
	cr_assert_eq(reports, 0);
	nest(&b, X, &a, X);
	cr_assert_eq(reports, 1);
}

/* Each pair of heap objects in an order of its own, as often as the table of orders is large and more;
 * an inversion of the last ones is still known. */
Test(debug_order, of_locks_that_come_and_go_takes_bounded_memory,
     .description = "no false alarm, and no miss")
{
	keep_reports();
	for (unsigned i = 0; i < 200000; i++) {
		fifolock_t *pair = chain + i * 2 % CHAIN, *first = pair + i / 7 % 2;

		memset(pair, 0, 2 * sizeof(*pair));
		nest(first, X, first == pair ? pair + 1 : pair, X);
	}
	cr_assert_eq(reports, 0);
	memset(chain, 0, sizeof(chain));
	for (unsigned i = 0; i < CHAIN; i += 2)
		nest(&chain[i], X, &chain[i + 1], X);
	nest(&chain[1], X, &chain[0], X);
	cr_assert_eq(reports, 1);
}

/* ---- at the same time ---- */

static unsigned ready;
static fifolock_t pairs[64][2];

/* Shared, so that no thread waits; exclusive has been asked for. */
static void *nest_all(void *arg)
{
	unsigned first = arg != NULL;

	for (unsigned i = 0; i < 64; i++) {
		__atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < 2 * (i + 1))
			;
		nest(&pairs[i][first], S, &pairs[i][!first], S);
	}
	return NULL;
}

Test(debug_order, inverted_by_two_threads_at_once_is_seen_by_one, .description = "order")
{
	pthread_t other;
	unsigned kinds = 0;

	keep_reports();
	for (unsigned i = 0; i < 64; i++)
		for (unsigned j = 0; j < 2; j++) {
			take(&pairs[i][j], X);
			give(&pairs[i][j], X);
		}
	cr_assert_eq(pthread_create(&other, NULL, nest_all, pairs), 0);
	nest_all(NULL);
	pthread_join(other, NULL);
	for (unsigned i = 0; i < 16 && i < reports; i++)
		kinds += strcmp(report[i].kind, "order") == 0;
	cr_assert_geq(kinds, 2, "from one place: the 1st, the 10th");
}
