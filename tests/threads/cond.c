/* SPDX-License-Identifier: MIT
 *
 * cond.c - waiting for a condition: which is signalled, where in line that puts
 * him, and what is refused.
 */
#define _GNU_SOURCE
#include "room.h"

#include <fifolock/inspect.h>

#define CROWD 8

/* ---- signal ---- */

Test(cond, a_signal_is_for_who_has_waited_longest, .description = "G1")
{
	struct waiter waiters[CROWD] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < CROWD; i++)
		joins(&waiters[i], &room, X);
	for (unsigned i = 0; i < CROWD; i++) {
		locks(&room);
		cr_assert_eq(fifolock_waiting(&room.lock), 0, "none is in line");
		cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
		cr_assert_eq(fifolock_waiting(&room.lock), 1, "one is");
		cr_assert_not(back(&waiters[i]));
		unlocks(&room);
		cr_assert_eq(answer(&waiters[i]), 0);
		cr_assert_eq(waiters[i].place, i);
	}
	is_free(&room.lock);
}

Test(cond, a_signal_needs_no_hold, .description = "G3")
{
	struct waiter waiters[2] = {0};
	struct room room = {.entered = 0};

	joins(&waiters[0], &room, X);
	joins(&waiters[1], &room, S);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(answer(&waiters[0]), 0);
	cr_assert_not(back(&waiters[1]));
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(answer(&waiters[1]), 0);
	is_free(&room.lock);
}

Test(cond, a_signal_to_nobody_is_not_kept, .description = "conditions")
{
	struct waiter waiter = {.patience = 1000000};
	struct room room = {.entered = 0};

	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	joins(&waiter, &room, X);
	cr_assert_eq(answer(&waiter), ETIMEDOUT);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0, "none any more");
	is_free(&room.lock);
}

Test(cond, a_signal_puts_one_at_the_end_of_the_line, .description = "G1")
{
	struct waiter before = {0}, waiter = {0}, after = {0};
	struct room room = {.entered = 0};

	joins(&waiter, &room, X);
	locks(&room);
	lines_up(&before, &room);
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	lines_up(&after, &room);
	unlocks(&room);
	cr_assert_eq(answer(&before) + answer(&waiter) + answer(&after), 0);
	cr_assert_eq(before.place, 0);
	cr_assert_eq(waiter.place, 1);
	cr_assert_eq(after.place, 2);
	is_free(&room.lock);
}

Test(cond, one_that_is_signalled_has_waited_in_line_since, .description = "snapshot")
{
	struct fifolock_snapshot snapshot;
	struct fifolock_in_line line;
	struct waiter waiter = {0};
	struct room room = {.entered = 0};
	uint64_t from, signalled;

	joins(&waiter, &room, X);
	locks(&room);
	from = tick();
	cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
	signalled = tick();
	while (tick() == signalled)
		;
	cr_assert_eq(fifolock_snapshot(&room.lock, &snapshot, &line, 1), 0);
	cr_assert_eq(snapshot.waiting, 1);
	cr_assert_gt(line.age_ns, 0);
	cr_assert_leq(line.age_ns, tick() - from);
	unlocks(&room);
	cr_assert_eq(answer(&waiter), 0);
}

/* ---- broadcast ---- */

Test(cond, a_broadcast_is_a_line_not_a_herd, .description = "G1 G6")
{
	struct waiter waiters[CROWD] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < CROWD; i++)
		joins(&waiters[i], &room, X);
	__atomic_store_n(&room.stay, true, __ATOMIC_RELEASE);
	locks(&room);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	cr_assert_eq(fifolock_waiting(&room.lock), CROWD);
	unlocks(&room);
	while (!back(&waiters[0]))
		sched_yield();
	cr_assert_eq(fifolock_waiting(&room.lock), CROWD - 1);
	cr_assert_eq(fifolock_holds(&room.lock, X), 1);
	__atomic_store_n(&room.stay, false, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < CROWD; i++) {
		cr_assert_eq(answer(&waiters[i]), 0);
		cr_assert_eq(waiters[i].place, i);
	}
	is_free(&room.lock);
}

Test(cond, a_broadcast_to_shared_ones_lets_them_in_together, .description = "G3")
{
	struct waiter waiters[CROWD] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < CROWD; i++)
		joins(&waiters[i], &room, S);
	__atomic_store_n(&room.stay, true, __ATOMIC_RELEASE);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	while (now(&room.returned) < CROWD)
		sched_yield();
	cr_assert_eq(fifolock_holds(&room.lock, S), CROWD);
	__atomic_store_n(&room.stay, false, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < CROWD; i++)
		cr_assert_eq(answer(&waiters[i]), 0);
	is_free(&room.lock);
}

Test(cond, a_broadcast_keeps_the_order_of_modes, .description = "G1 G2")
{
	static const unsigned modes[] = {S, S, X, S, X};
	struct waiter waiters[5] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < 5; i++)
		joins(&waiters[i], &room, modes[i]);
	__atomic_store_n(&room.stay, true, __ATOMIC_RELEASE);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	while (now(&room.returned) < 2)
		sched_yield();
	cr_assert_eq(fifolock_holds(&room.lock, S), 2);
	cr_assert_eq(fifolock_waiting(&room.lock), 3);
	__atomic_store_n(&room.stay, false, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(answer(&waiters[i]), 0);
		cr_assert(i < 2 ? waiters[i].place < 2 : waiters[i].place == i);
	}
	is_free(&room.lock);
}

Test(cond, all_that_are_called_back_are_let_in_over_the_limit, .description = "G3")
{
	struct waiter waiters[4] = {0};
	struct room room = {.entered = 0};

	for (unsigned i = 0; i < 4; i++)
		joins(&waiters[i], &room, X);
	cr_assert_eq(fifolock_limit_waiters(&room.lock, 1), 0);
	locks(&room);
	cr_assert_eq(fifolock_cond_broadcast(&room.cond), 0);
	cr_assert_eq(fifolock_waiting(&room.lock), 4);
	unlocks(&room);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(answer(&waiters[i]), 0);
	is_free(&room.lock);
}

Test(cond, any_mode_can_wait_and_is_held_again, .description = "G2")
{
	static const fifolock_modes_t *const table = &fifolock_intent_modes;

	for (unsigned mode = 0; mode < 6; mode++) {
		struct waiter waiter = {0};
		struct room room = {.lock = FIFOLOCK_INIT(table), .stay = true};

		joins(&waiter, &room, mode);
		cr_assert_eq(fifolock_cond_signal(&room.cond), 0);
		while (!back(&waiter))
			sched_yield();
		for (unsigned m = 0; m < 6; m++)
			cr_assert_eq(fifolock_holds(&room.lock, m), m == mode);
		__atomic_store_n(&room.stay, false, __ATOMIC_RELEASE);
		cr_assert_eq(answer(&waiter), 0);
		is_free(&room.lock);
	}
}

/* ---- errors ---- */

Test(cond, refuses_what_is_not_held_and_what_is_not_there, .description = "G7")
{
	const struct timespec wrong = {0, 1000000000}, past = {0, 1};
	struct room room = {.entered = 0};
	fifolock_cond_t *cond = &room.cond;
	fifolock_t *lock = &room.lock;

	cr_assert_eq(fifolock_cond_wait(cond, lock, X), EPERM);
	cr_assert_eq(fifolock_cond_timedwait(cond, lock, S, &past), EPERM);
	cr_assert_eq(fifolock_lock(lock, S), 0);
	cr_assert_eq(fifolock_cond_wait(cond, lock, X), EPERM);
	cr_assert_eq(fifolock_cond_wait(cond, lock, 2), EINVAL);
	cr_assert_eq(fifolock_cond_timedwait(cond, lock, 2, &past), EINVAL);
	cr_assert_eq(fifolock_cond_timedwait(cond, lock, S, &wrong), EINVAL);
	cr_assert_eq(fifolock_cond_clockwait(cond, lock, S, CLOCK_REALTIME, &wrong),
		     EINVAL);
	cr_assert_eq(fifolock_cond_clockwait(cond, lock, S, 77, &past), EINVAL);
	cr_assert_eq(fifolock_holds(lock, S), 1);
	cr_assert_eq(fifolock_cond_signal(cond), 0);
	cr_assert_eq(fifolock_waiting(lock), 0);
	cr_assert_eq(fifolock_unlock(lock, S), 0);
	cr_assert_eq(fifolock_destroy(lock), 0);
	cr_assert_eq(fifolock_cond_wait(cond, lock, S), EINVAL);
}
