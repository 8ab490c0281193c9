/* SPDX-License-Identifier: MIT
 *
 * floors.c - the least that a lock could cost, as measured by fifolock-bench --floors: two
 * atomic operations, and each way to pass the turn between two threads.  Compiled like the
 * library.
 */
#include "rows.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t *turn(void)
{
	return (uint32_t *)(void *)the_lock;
}

static bool is_turn_of(unsigned thread)
{
	return __atomic_load_n(turn(), __ATOMIC_ACQUIRE) == thread;
}

static void pass(unsigned thread)
{
	__atomic_store_n(turn(), !thread, __ATOMIC_RELEASE);
}

static void await_looking(unsigned thread, bool shared)
{
	(void)shared;
	while (!is_turn_of(thread))
		;
}

static void pass_looking(unsigned thread, bool shared)
{
	(void)shared;
	pass(thread);
}

static void await_yielding(unsigned thread, bool shared)
{
	(void)shared;
	while (!is_turn_of(thread))
		sched_yield();
}

static void await_asleep(unsigned thread, bool shared)
{
	(void)shared;
	while (!is_turn_of(thread))
		syscall(SYS_futex, turn(), FUTEX_WAIT_PRIVATE, !thread, NULL);
}

static void pass_waking(unsigned thread, bool shared)
{
	(void)shared;
	pass(thread);
	syscall(SYS_futex, turn(), FUTEX_WAKE_PRIVATE, 1);
}

static void two_atomics(unsigned thread, bool shared)
{
	(void)thread;
	(void)shared;
	__atomic_fetch_add(turn(), 1, __ATOMIC_ACQUIRE);
	__atomic_fetch_sub(turn(), 1, __ATOMIC_RELEASE);
}

static void nothing(unsigned thread, bool shared)
{
	(void)thread;
	(void)shared;
}

const struct row floors[] = {
	{"two-atomics", two_atomics, nothing, NULL, false},
	{"pass-line", await_looking, pass_looking, NULL, false},
	{"pass-yield", await_yielding, pass_looking, NULL, false},
	{"pass-futex", await_asleep, pass_waking, NULL, false},
};
const size_t floor_count = sizeof(floors) / sizeof(floors[0]);
