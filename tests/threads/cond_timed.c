/* SPDX-License-Identifier: MIT
 *
 * cond_timed.c - waiting for a condition with a deadline, and on a lock that is
 * closed.
 */
#define _GNU_SOURCE
#include "random.h"
#include "room.h"

/* ---- deadlines ---- */

Test(cond, a_time_out_takes_the_hold_again, .description = "G4")
{
	for (unsigned i = 0; i < 4; i++) {
		struct timespec past = {0, 1};
		struct waiter waiter = {.realtime = i % 2,
					.patience = 500000,
					.deadline = i < 2 ? NULL : &past};
		struct room room = {.stay = true};

		starts(&waiter, &room, i ? X : S);
		while (!back(&waiter))
			sched_yield();
		cr_assert_eq(fifolock_holds(&room.lock, i ? X : S), 1);
		__atomic_store_n(&room.stay, false, __ATOMIC_RELEASE);
		cr_assert_eq(answer(&waiter), ETIMEDOUT);
		cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
		is_free(&room.lock);
	}
}

Test(cond, a_signal_in_time_is_no_time_out, .description = "G4")
{
	struct waiter monotonic = {.patience = HOUR};
	struct waiter real = {.patience = HOUR, .realtime = true};
	struct room room = {.entered = 0};

	joins(&monotonic, &room, X);
	joins(&real, &room, S);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	cr_assert_eq(answer(&monotonic), 0);
	cr_assert_eq(answer(&real), 0);
	is_free(&room.lock);
}

/* A thread that has timed out waits for the lock as long as it takes.  False: it had the lock again
 * before we had it. */
static bool times_out_while_locked(int64_t patience)
{
	struct waiter waiter = {.patience = patience}, behind = {0};
	struct room room = {.entered = 0};
	bool was_back;

	joins(&waiter, &room, X);
	locks(&room);
	was_back = back(&waiter);
	while (!was_back && fifolock_waiting(&room.lock) == 0)
		sched_yield();
	lines_up(&behind, &room);
	cr_assert_eq(back(&waiter), was_back);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0, "none waits");
	cr_assert_eq(fifolock_waiting(&room.lock), was_back ? 1 : 2);
	unlocks(&room);
	cr_assert_eq(answer(&behind), 0);
	cr_assert_eq(behind.place, 1);
	cr_assert_eq(answer(&waiter), ETIMEDOUT);
	is_free(&room.lock);
	return !was_back;
}

Test(cond, a_time_out_waits_in_line_for_the_hold, .description = "G1 G4")
{
	int64_t patience = 500000;

	for (unsigned done = 0; done < 10;) {
		if (times_out_while_locked(patience))
			done++;
		else
			patience *= 2;
	}
}

/* One signal at about the deadline of the first: it is the first's, or the second's, and
 * never both's or neither's.  The one that was signalled is in line before us. */
static void signal_meets_time_out(int64_t patience, int64_t early)
{
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	struct timespec moment = test_in_ns(CLOCK_MONOTONIC, patience - early);
	struct waiter first = {.deadline = &deadline}, second = {0};
	struct room room = {.entered = 0};
	bool second_is_back;
	int rc;

	joins(&first, &room, X);
	joins(&second, &room, X);
	until_moment(&moment);
	quick_check(fifolock_cond_signal(&room.cond) == 0, "signal");
	locks(&room);
	second_is_back = back(&second);
	unlocks(&room);
	rc = answer(&first);
	quick_check(rc == (second_is_back ? ETIMEDOUT : 0),
		    "the first got %d, and the second %s", rc,
		    second_is_back ? "the signal" : "nothing");
	quick_check(fifolock_cond_signal(&room.cond) == 0, "signal again");
	quick_check(answer(&second) == 0, "second");
	is_free(&room.lock);
}

Test(cond, a_signal_that_meets_a_time_out_is_not_lost, .description = "G3 G4")
{
	uint64_t random = 3;
	int64_t early;

	for (uint64_t i = 0; i < test_scaled(1000); i++) {
		early = (int64_t)oracle_below(&random, 150000) - 130000;
		signal_meets_time_out(150000 + oracle_below(&random, 100000), early);
	}
}

/* ---- a closed lock ---- */

Test(cond, a_signal_after_a_closing_is_too_late_for_anybody, .description = "G4")
{
	struct waiter waiters[3] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < 3; i++)
		joins(&waiters[i], &room, i == 1 ? S : X);
	cr_assert_eq(fifolock_close(&room.lock), 0);
	cr_assert_eq(fifolock_waiting(&room.lock), 0);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(answer(&waiters[0]), ECANCELED);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	cr_assert_eq(answer(&waiters[1]), ECANCELED);
	cr_assert_eq(answer(&waiters[2]), ECANCELED);
	cr_assert_eq(fifolock_holds(&room.lock, X), 0);
	cr_assert_eq(fifolock_holds(&room.lock, S), 0);
	is_free(&room.lock);
}

Test(cond, signalled_and_in_line_when_the_lock_is_closed, .description = "G4")
{
	struct waiter waiter = {0};
	struct room room = {.entered = 0};

	joins(&waiter, &room, X);
	locks(&room);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(fifolock_close(&room.lock), 0);
	cr_assert_eq(answer(&waiter), ECANCELED);
	unlocks(&room);
	is_free(&room.lock);
}

/* False: it was not yet closed. */
static bool times_out_when_closed(int64_t patience)
{
	struct waiter waiter = {.patience = patience};
	struct room room = {.entered = 0};
	int rc;

	joins(&waiter, &room, X);
	cr_assert_eq(fifolock_close(&room.lock), 0);
	rc = answer(&waiter);
	cr_assert_eq(fifolock_holds(&room.lock, X), 0);
	cr_assert(rc == ECANCELED || rc == ETIMEDOUT);
	is_free(&room.lock);
	return rc == ECANCELED;
}

Test(cond, a_time_out_on_a_closed_lock_is_turned_away, .description = "G4")
{
	for (int64_t patience = 500000; !times_out_when_closed(patience);)
		patience *= 2;
}

Test(cond, a_closing_ends_the_wait_without_a_signal, .description = "G4")
{
	struct waiter waiters[2] = {{.patience = 0}, {.patience = HOUR}};
	struct room room = {.entered = 0};

	joins(&waiters[0], &room, X);
	joins(&waiters[1], &room, S);
	cr_assert_eq(fifolock_close(&room.lock), 0);
	cr_assert_eq(answer(&waiters[0]), ECANCELED);
	cr_assert_eq(answer(&waiters[1]), ECANCELED);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0, "none is there");
	is_free(&room.lock);
}

Test(cond, a_closing_of_another_lock_does_not, .description = "G3")
{
	struct waiter waiter = {0};
	struct room room = {.entered = 0};
	fifolock_t other = {0};

	joins(&waiter, &room, X);
	cr_assert_eq(fifolock_close(&other), 0);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(answer(&waiter), 0);
	is_free(&room.lock);
}

Test(cond, a_closing_that_is_over_again_ended_the_wait_all_the_same, .description = "G4")
{
	struct waiter waiter = {0};
	struct room room = {.entered = 0};

	joins(&waiter, &room, X);
	cr_assert_eq(fifolock_close(&room.lock), 0);
	cr_assert_eq(fifolock_reopen(&room.lock), 0);
	cr_assert_eq(answer(&waiter), ECANCELED);
	is_free(&room.lock);
}
