/* SPDX-License-Identifier: MIT
 *
 * convert.c - one hold for another: what is done at once, which waits before which,
 * and which would wait for ever.
 */
#define _GNU_SOURCE
#include "stage.h"

#include <fifolock/request.h>

/* ---- to a weaker mode ---- */

Test(weaker, lets_in_all_at_the_head_of_the_line_who_then_fit, .description = "G1 G3")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "XSSUXS");
	cr_assert_eq(converts(&stage, 0, 'S'), 0);
	cr_assert_str_eq(now(&stage), "S+ S+ S+ U+ X. S.");
	for (unsigned i = 0; i < 4; i++)
		gives_back(&stage, i);
	cr_assert_str_eq(now(&stage), "S- S- S- U- X+ S.");
	stage_ends(&stage);
}

Test(weaker, passes_nobody_who_does_not_fit, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "XUSUS");
	cr_assert_eq(converts(&stage, 0, 'U'), 0);
	cr_assert_str_eq(now(&stage), "U+ U. S. U. S.");
	cr_assert_eq(converts(&stage, 0, 'S'), 0);
	cr_assert_str_eq(now(&stage), "S+ U+ S+ U. S.");
	stage_ends(&stage);
}

Test(weaker, is_done_at_once_while_conversions_wait, .description = "G3")
{
	struct stage stage;

	stage_on(&stage, &fifolock_intent_modes);
	ask_all(&stage, "xss");
	cr_assert(waits(&stage, 1, 'S'));
	asks(&stage, 's');
	cr_assert_str_eq(now(&stage), "x+ s>S. s+ s.");
	cr_assert_eq(converts(&stage, 0, 's'), 0);
	cr_assert_str_eq(now(&stage), "s+ S+ s+ s+");
	stage_ends(&stage);
}

Test(weaker, to_itself_changes_nothing, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	asks(&stage, 'X');
	cr_assert_eq(converts(&stage, 0, 'S'), 0);
	cr_assert_eq(tries(&stage, 1, 'U'), 0);
	cr_assert_str_eq(now(&stage), "S+ U+ X.");
	stage_ends(&stage);
}

/* ---- to a stronger mode ---- */

Test(stronger, is_done_at_once_past_the_line_when_it_fits, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SXS");
	cr_assert_eq(converts(&stage, 0, 'X'), 0);
	cr_assert_str_eq(now(&stage), "X+ X. S.");
	cr_assert_eq(converts(&stage, 0, 'U'), 0);
	cr_assert_str_eq(now(&stage), "U+ X. S.");
	cr_assert_eq(tries(&stage, 0, 'X'), 0);
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "X- X+ S.");
	stage_ends(&stage);
}

Test(stronger, waits_before_the_line_for_the_other_holders, .description = "G1 G3")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SSUXS");
	cr_assert(waits(&stage, 2, 'X'));
	cr_assert_str_eq(now(&stage), "S+ S+ U>X. X. S.");
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "S+ S- U>X. X. S.");
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "S- S- X+ X. S.");
	gives_back(&stage, 2);
	cr_assert_str_eq(now(&stage), "S- S- X- X+ S.");
	stage_ends(&stage);
}

Test(stronger, those_who_come_while_it_waits_wait_behind_it, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert(waits(&stage, 1, 'X'));
	asks(&stage, 'S');
	cr_assert_eq(fifolock_trylock(&stage.lock, S), EBUSY);
	cr_assert_str_eq(now(&stage), "S+ U>X. S.");
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "S- X+ S.");
	cr_assert_eq(converts(&stage, 1, 'S'), 0);
	cr_assert_str_eq(now(&stage), "S- S+ S+");
	stage_ends(&stage);
}

Test(stronger, of_two_who_wait_for_each_other_the_second_is_told, .description = "G3")
{
	struct stage stage;

	stage_on(&stage, NULL);
	ask_all(&stage, "SSX");
	cr_assert(waits(&stage, 0, 'X'));
	cr_assert_eq(converts(&stage, 1, 'X'), EDEADLK);
	cr_assert_eq(tries(&stage, 1, 'X'), EBUSY);
	stage.cast[1].deadline = in_an_hour();
	cr_assert_eq(told(&stage, 1, CONVERTS_UNTIL, 'X'), EDEADLK);
	cr_assert_str_eq(now(&stage), "S>X. S+ X.");
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "X+ S- X.");
	stage_ends(&stage);
}

Test(stronger, what_another_conversion_waits_for_may_still_become_weaker,
     .description = "G3")
{
	struct stage stage;

	stage_on(&stage, &fifolock_intent_modes);
	ask_all(&stage, "sx");
	cr_assert(waits(&stage, 0, 'S'));
	cr_assert_eq(converts(&stage, 1, 'b'), 0);
	cr_assert_str_eq(now(&stage), "s>S. b+");
	cr_assert_eq(converts(&stage, 1, 'U'), 0);
	cr_assert_str_eq(now(&stage), "S+ U+");
	stage_ends(&stage);
}

Test(stronger, conversions_wait_in_the_order_in_which_they_asked, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_intent_modes);
	ask_all(&stage, "xsssX");
	cr_assert(waits(&stage, 2, 'b'));
	cr_assert(waits(&stage, 1, 'S'));
	cr_assert(waits(&stage, 3, 'U'));
	cr_assert_str_eq(now(&stage), "x+ s>S. s>b. s>U. X.");
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "x- s>S. b+ s>U. X.");
	gives_back(&stage, 2);
	cr_assert_str_eq(now(&stage), "x- S+ b- U+ X.");
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "x- S- b- U+ X.");
	gives_back(&stage, 3);
	cr_assert_str_eq(now(&stage), "x- S- b- U- X+");
	stage_ends(&stage);
}

/* A later conversion does not pass an earlier one that still waits. */
Test(stronger, a_conversion_that_would_fit_later_passes_no_earlier_one,
     .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_intent_modes);
	ask_all(&stage, "xxss");
	cr_assert(waits(&stage, 2, 'S'));
	cr_assert(waits(&stage, 3, 'U'));
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "x- x+ s>S. s>U.");
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "x- x- S+ U+");
	stage_ends(&stage);
}

/* ---- errors ---- */

static void refuses(fifolock_t *lock, unsigned from, unsigned to, int error)
{
	const struct timespec past = {0, 1};
	fifolock_t before = *lock;

	cr_assert_eq(fifolock_convert(lock, from, to), error);
	cr_assert_eq(fifolock_tryconvert(lock, from, to), error);
	cr_assert_eq(fifolock_timedconvert(lock, from, to, &past), error);
	cr_assert_eq(memcmp(&before, lock, sizeof(before)), 0);
}

Test(convert, refuses_what_is_not_held_and_what_is_not_there, .description = "G7")
{
	const struct timespec wrong = {0, 1000000000};
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_update_modes);

	refuses(&lock, S, X, EPERM);
	refuses(&lock, S, S, EPERM);
	refuses(&lock, S, 3, EINVAL);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	refuses(&lock, S, X, EPERM);
	refuses(&lock, X, S, EPERM);
	refuses(&lock, X, X, EPERM);
	refuses(&lock, U, 3, EINVAL);
	refuses(&lock, 3, U, EINVAL);
	refuses(&lock, UINT32_MAX, UINT32_MAX, EINVAL);
	cr_assert_eq(fifolock_timedconvert(&lock, U, X, &wrong), EINVAL);
	cr_assert_eq(fifolock_holds(&lock, U), 1);
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	refuses(&lock, U, X, EINVAL);
}

Test(convert, one_of_several_holds, .description = "G2")
{
	fifolock_modes_t modes = unowned(&fifolock_intent_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_lock_n(&lock, IS, 5), 0);
	cr_assert_eq(fifolock_convert(&lock, IS, IX), 0);
	cr_assert_eq(fifolock_tryconvert(&lock, IS, IX), 0);
	cr_assert_eq(fifolock_tryconvert(&lock, IS, S), EBUSY);
	cr_assert_eq(fifolock_holds(&lock, IS), 3);
	cr_assert_eq(fifolock_holds(&lock, IX), 2);
	cr_assert_eq(fifolock_unlock_n(&lock, IX, 2), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, IS, 3), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(convert, closed_while_it_waits_keeps_what_is_held, .description = "G4")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert(waits(&stage, 1, 'X'));
	cr_assert_eq(fifolock_close(&stage.lock), 0);
	cr_assert_eq(answer(&stage, 1), ECANCELED);
	cr_assert_str_eq(now(&stage), "S+ U+");
	cr_assert_eq(converts(&stage, 1, 'X'), ECANCELED);
	cr_assert_eq(fifolock_reopen(&stage.lock), 0);
	cr_assert(waits(&stage, 1, 'X'));
	gives_back(&stage, 0);
	cr_assert_str_eq(now(&stage), "S- X+");
	stage_ends(&stage);
}

Test(convert, what_fits_is_done_on_a_closed_lock, .description = "conversions")
{
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_tryconvert(&lock, X, U), 0);
	cr_assert_eq(fifolock_convert(&lock, U, S), 0);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(convert, in_line_is_not_kept_out_by_its_own_hold, .description = "G3")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert(waits(&stage, 0, 'X'));
	cr_assert_not(fifolock_contended(&stage.lock, S));
	cr_assert(fifolock_contended(&stage.lock, U));
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "X+ U-");
	stage_ends(&stage);
}

Test(convert, contended_is_by_all_holds_of_the_mode, .description = "G3")
{
	fifolock_request_t request;
	fifolock_modes_t modes;
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_semaphore(&modes, 2), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	cr_assert_eq(fifolock_lock_n(&lock, 0, 2), 0);
	cr_assert_eq(fifolock_request(&lock, 0, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert(fifolock_contended(&lock, 0));
	cr_assert_eq(fifolock_request_cancel(&request), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 2), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- time-outs ---- */

/* True if the one behind was really held up. */
static bool times_out(int64_t patience)
{
	struct stage stage;
	bool held_up;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	stage.cast[1].deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	stage.cast[1].to = X;
	tell(&stage, 1, CONVERTS_UNTIL);
	settle(&stage);
	asks(&stage, 'S');
	held_up = fifolock_waiting(&stage.lock) == 2;
	cr_assert_eq(answer(&stage, 1), ETIMEDOUT);
	cr_assert_str_eq(now(&stage), "S+ U+ S+");
	cr_assert_eq(fifolock_waiting(&stage.lock), 0);
	stage_ends(&stage);
	return held_up;
}

Test(convert, that_times_out_keeps_what_is_held_and_lets_those_behind_go_on,
     .description = "G3 G4")
{
	int64_t patience = 1000000;

	for (uint64_t done = 0; done < test_scaled(20);) {
		if (times_out(patience))
			done++;
		else
			patience *= 2;
	}
}

Test(convert, past_its_deadline_is_done_if_it_fits, .description = "G4")
{
	const struct timespec past = {0, 1};
	fifolock_modes_t modes = unowned(&fifolock_update_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_lock(&lock, U), 0);
	cr_assert_eq(fifolock_timedconvert(&lock, U, X, &past), 0);
	cr_assert_eq(fifolock_timedconvert(&lock, X, U, &past), 0);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_timedconvert(&lock, U, X, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_holds(&lock, U), 1);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_unlock(&lock, U), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- a rule that is a function: four rooms; big takes three, small one ---- */

static bool rooms(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[0] * 3 + holds[1] + (mode == 0 ? 3 : 1) <= 4;
}

Test(convert, asks_the_rule_as_if_the_hold_were_gone, .description = "G1 G2")
{
	fifolock_modes_t modes;
	struct stage stage;

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 4, rooms, NULL), 0);
	stage_on(&stage, &modes);
	stage.letters = "bs";
	ask_all(&stage, "sss");
	cr_assert_eq(tries(&stage, 0, 'b'), EBUSY);
	cr_assert(waits(&stage, 0, 'b'));
	asks(&stage, 's');
	cr_assert_str_eq(now(&stage), "s>b. s+ s+ s.");
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "b+ s- s+ s.");
	cr_assert_eq(converts(&stage, 0, 's'), 0);
	cr_assert_str_eq(now(&stage), "s+ s- s+ s+");
	stage_ends(&stage);
}
