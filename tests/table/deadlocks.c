/* SPDX-License-Identifier: MIT
 *
 * deadlocks.c - owners that wait for each other: found when looked for, and the youngest request is
 * refused; what looks like one and is none.
 */
#define _GNU_SOURCE
#include "puppets.h"

/* Two cross: A has 1 and wants 2, B has 2 and wants 1. */
static void cross(struct stage *stage)
{
	half_crosses(stage);
	cr_assert_str_eq(looks(stage, true), "");
	waits_for(stage, B, 1, X);
}

Script(deadlock, of_two_that_cross_is_found_and_the_younger_refused, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	cross(&stage);
	cr_assert_str_eq(looks(&stage, false), "A X2+ B X1+");
	cr_assert_str_eq(looks(&stage, false), "A X2+ B X1+");
	refuses(&stage, B);
	cr_assert(busy(&stage, A));
	gives_key(&stage, B, 2);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 2);
	stage_closes(&stage);
}

Script(deadlock, of_many_in_a_ring_is_found, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	for (unsigned i = 0; i < 7; i++)
		takes_key(&stage, i, i + 1, X);
	/* D closes the ring. */
	for (unsigned i = 4; i != 3; i = (i + 1) % 7) {
		waits_for(&stage, i, (i + 1) % 7 + 1, S);
		cr_assert_str_eq(looks(&stage, true), "");
	}
	waits_for(&stage, D, 5, X);
	cr_assert_str_eq(looks(&stage, false),
			 "A S2+ B S3+ C S4+ D X5+ E S6+ F S7+ G S1+");
	refuses(&stage, D);
	gives_key(&stage, D, 4);
	for (unsigned i = 2; i != 3; i = (i + 6) % 7) {
		goes_on(&stage, i, (i + 1) % 7 + 1);
		gives_key(&stage, i, i + 1);
	}
	stage_closes(&stage);
}

Script(deadlock, may_be_for_an_earlier_waiter_and_not_for_a_holder, "G1 G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	takes_key(&stage, A, 1, S);
	takes_key(&stage, C, 2, X);
	waits_for(&stage, B, 1, X);
	waits_for(&stage, C, 1, S); /* fits beside A, but B came first */
	cr_assert_str_eq(looks(&stage, true), "");
	waits_for(&stage, A, 2, X);
	cr_assert_str_eq(looks(&stage, false), "A X2+ C S1. B X1+");
	refuses(&stage, A);
	gives_key(&stage, A, 1);
	goes_on(&stage, B, 1);
	goes_on(&stage, C, 1);
	gives_key(&stage, C, 2);
	stage_closes(&stage);
}

Script(deadlock, with_oneself_is_one, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	takes_key(&stage, A, 1, X);
	waits_for(&stage, A, 1, S);
	cr_assert_str_eq(looks(&stage, false), "A S1+");
	refuses(&stage, A);
	/* The hold that it had is where it was: the call has not written to it. */
	gives_key(&stage, A, 1);
	stage_closes(&stage);
}

Script(deadlock, of_a_reader_that_reads_again_behind_a_writer_is_found, "G3")
{
	static struct stage stage;
	fifolock_hold_t first;

	stage_opens(&stage, NULL, NULL);
	takes_key(&stage, A, 1, S);
	waits_for(&stage, B, 1, X);
	cr_assert_str_eq(looks(&stage, true), "");
	first = stage.cast[A].holds[1];
	waits_for(&stage, A, 1, S);
	cr_assert_str_eq(looks(&stage, false), "A S1. B X1+");
	refuses(&stage, A);
	cr_assert_eq(memcmp(&first, &stage.cast[A].holds[1], sizeof(first)), 0);
	gives_key(&stage, A, 1);
	goes_on(&stage, B, 1);
	stage_closes(&stage);
}

/* ---- all of several holders ---- */

/* Two at most, or one alone. */
static void two_at_most(fifolock_modes_t *modes)
{
	static const struct fifolock_mode rules[] = {{.conflicts = 3},
						     {.max = 2, .conflicts = 1}};

	cr_assert_eq(fifolock_modes_compile(modes, rules, 2, NULL, 0), 0);
}

/* C wants one of the two that A and B have. */
Script(deadlock, is_one_only_if_no_holder_of_a_semaphore_can_go_on, "G3")
{
	static struct stage stage;
	fifolock_modes_t modes;
	unsigned refused, other;

	two_at_most(&modes);
	stage_opens(&stage, &modes, NULL);
	takes_key(&stage, A, 1, S);
	takes_key(&stage, B, 1, S);
	takes_key(&stage, C, 2, X);
	waits_for(&stage, C, 1, S);
	cr_assert_str_eq(looks(&stage, true), "");
	waits_for(&stage, A, 2, X);
	cr_assert_str_eq(looks(&stage, true), "", "B can give back what it has");
	waits_for(&stage, B, 2, X);
	cr_assert_neq(looks(&stage, false)[0], '\0');
	refused = (unsigned)stage.youngest;
	cr_assert(refused == A || refused == B, "C asked first");
	other = refused == A ? B : A;
	refuses(&stage, refused);
	gives_key(&stage, refused, 1);
	goes_on(&stage, C, 2);
	goes_on(&stage, other, 1);
	gives_key(&stage, other, 2);
	gives_key(&stage, C, 1);
	stage_closes(&stage);
}

Script(deadlock, of_conversions_is_found, "G3")
{
	static struct stage stage;

	stage_opens(&stage, &fifolock_update_modes, NULL);
	takes_key(&stage, A, 1, S);
	takes_key(&stage, B, 1, U);
	takes_key(&stage, B, 3, X);
	waits_for(&stage, A, 3, S);
	cr_assert_str_eq(looks(&stage, true), "");
	queues_to(&stage, B, CONVERTS, 1, X);
	cr_assert_str_eq(looks(&stage, false), "A S3+ B U>X1+");
	refuses(&stage, B);
	gives_key(&stage, B, 3);
	cr_assert_eq(answer(&stage, A), 0);
	queues_to(&stage, B, CONVERTS, 1, X);
	cr_assert_str_eq(looks(&stage, true), "");
	gives_key(&stage, A, 1);
	cr_assert_eq(answer(&stage, B), 0);
	gives_key(&stage, A, 3);
	gives_key(&stage, B, 1);
	stage_closes(&stage);
}

Script(deadlock, of_two_conversions_of_different_keys_is_found, "G3")
{
	static struct stage stage;

	stage_opens(&stage, &fifolock_update_modes, NULL);
	for (unsigned k = 1; k <= 2; k++) {
		takes_key(&stage, A, k, k == 1 ? U : S);
		takes_key(&stage, B, k, k == 1 ? S : U);
	}
	queues_to(&stage, B, CONVERTS, 2, X);
	cr_assert_str_eq(looks(&stage, true), "");
	queues_to(&stage, A, CONVERTS, 1, X);
	cr_assert_str_eq(looks(&stage, false), "A U>X1+ B U>X2+");
	refuses(&stage, A);
	gives_key(&stage, A, 2);
	cr_assert_eq(answer(&stage, B), 0);
	gives_key(&stage, A, 1);
	gives_key(&stage, B, 1);
	gives_key(&stage, B, 2);
	stage_closes(&stage);
}

/* ---- bystanders ---- */

Script(deadlock, those_who_only_wait_for_it_are_not_part_of_it, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	takes_key(&stage, E, 5, X);
	cross(&stage);
	waits_for(&stage, C, 1, X); /* behind B */
	waits_for(&stage, E, 2, S); /* behind A */
	waits_for(&stage, D, 5, X);
	cr_assert_str_eq(looks(&stage, false), "A X2+ B X1+");
	refuses(&stage, B);
	gives_key(&stage, B, 2);
	goes_on(&stage, A, 1);
	goes_on(&stage, C, 1);
	gives_key(&stage, A, 2);
	goes_on(&stage, E, 2);
	gives_key(&stage, E, 5);
	goes_on(&stage, D, 5);
	stage_closes(&stage);
}

Script(deadlock, two_at_once_are_both_found, "G3")
{
	static struct stage stage;
	const char *text;

	stage_opens(&stage, NULL, NULL);
	cross(&stage);
	takes_key(&stage, C, 3, X);
	takes_key(&stage, D, 4, S);
	waits_for(&stage, D, 3, S);
	waits_for(&stage, C, 4, X);
	text = looks(&stage, true);
	cr_assert(strcmp(text, "A X2+ B X1+ | C X4+ D S3+") == 0 ||
			  strcmp(text, "C X4+ D S3+ | A X2+ B X1+") == 0,
		  "%s", text);
	cr_assert_eq(answer(&stage, B), EDEADLK);
	cr_assert_eq(answer(&stage, C), EDEADLK);
	settle(&stage);
	gives_key(&stage, B, 2);
	gives_key(&stage, C, 3);
	cr_assert_eq(answer(&stage, A), 0);
	cr_assert_eq(answer(&stage, D), 0);
	gives_key(&stage, A, 1);
	gives_key(&stage, A, 2);
	gives_key(&stage, D, 3);
	gives_key(&stage, D, 4);
	stage_closes(&stage);
}

Script(deadlock, is_none_where_holds_go_together, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	takes_key(&stage, A, 1, S);
	takes_key(&stage, B, 2, S);
	takes_key(&stage, A, 2, S);
	takes_key(&stage, B, 1, S);
	waits_for(&stage, C, 1, X);
	waits_for(&stage, D, 2, X);
	cr_assert_str_eq(looks(&stage, true), "");
	for (unsigned k = 1; k <= 2; k++) {
		gives_key(&stage, A, k);
		gives_key(&stage, B, k);
		goes_on(&stage, B + k, k);
	}
	stage_closes(&stage);
}

/* ---- each way to wait ---- */

/* B waits in some way for key 1, and is refused. */
static void refuses_one_that(enum deed deed)
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	stage.cast[B].deadline = in_an_hour();
	takes_key(&stage, A, 1, X);
	takes_key(&stage, B, 3, X);
	waits_for(&stage, A, 3, X);
	queues_to(&stage, B, deed, 1, X);
	cr_assert_str_eq(looks(&stage, false), "A X3+ B X1+");
	refuses(&stage, B);
	cr_assert_eq(stage.cast[B].ran, 0);
	cr_assert(fits(stage.table, puppet_key(2), X),
		  "of the set, too, nothing is held");
	gives_key(&stage, B, 3);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 3);
	stage_closes(&stage);
}

Script(deadlock, of_each_way_to_wait_is_refused, "G3 G4")
{
	refuses_one_that(TAKES);
	refuses_one_that(TAKES_UNTIL);
	refuses_one_that(TAKES_SET);
	refuses_one_that(RUNS);
}
