/* SPDX-License-Identifier: MIT
 *
 * system.c - what the library asks the system for.  See machine.h, seam.h.
 */
#define _GNU_SOURCE
#include "machine.h"
#include "cells.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>

void sim_own(const void *at);
void sim_relax(void);
int sim_sched_yield(void);
int sim_sched_getcpu(void);
int sim_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sim_clock_gettime(clockid_t clock, struct timespec *at);
long sim_syscall(long number, ...);

void sim_own(const void *at)
{
	touch(at, 1, OWN);
}

void sim_relax(void)
{
	path_waits();
	spend(prices.pause);
}

int sim_sched_yield(void)
{
	yield();
	return 0;
}

int sim_sched_getcpu(void)
{
	spend(prices.tick);
	return (int)my_processor();
}

/* Also when the library is loaded, before main. */
int sim_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	(void)pid;
	CPU_ZERO_S(size, set);
	for (unsigned i = 0; i < cell_processors(); i++)
		CPU_SET_S(i, size, set);
	return 0;
}

/* ---- clocks ---- */

static bool is_coarse(clockid_t clock)
{
	return clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_REALTIME_COARSE;
}

int sim_clock_gettime(clockid_t clock, struct timespec *at)
{
	uint64_t time = running() ? now() : EPOCH;

	if (running())
		spend(is_coarse(clock) ? prices.tick : prices.clock);
	if (is_coarse(clock))
		time -= time % TICK;
	at->tv_sec = (time_t)(time / SEC);
	at->tv_nsec = (long)(time % SEC / NS);
	return 0;
}

static uint64_t picoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * SEC + (uint64_t)time->tv_nsec * NS;
}

/* ---- futex ---- */

static long answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

/* The kernel's, with a spin lock: one for all, as there is one lock here. */
static char bucket __attribute__((aligned(128)));

void system_begin(void)
{
	lines_part(&bucket, sizeof(bucket), KERNEL);
}

static long futex_wait(const uint32_t *at, uint32_t expected, uint64_t until)
{
	spend(prices.system);
	touch(&bucket, 1, CHANGE);
	touch(at, sizeof(*at), LOAD);
	if (*at != expected)
		return answer(EAGAIN);
	return answer(park(at, until) ? 0 : ETIMEDOUT);
}

static long futex(const uint32_t *at, int op, uint32_t value, const struct timespec *time)
{
	uint64_t until = time ? picoseconds(time) : UINT64_MAX;

	if (!running())
		return 0;
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return futex_wait(at, value, time ? now() + until : until);
	case FUTEX_WAIT_BITSET:
		return futex_wait(at, value, until);
	case FUTEX_WAKE:
		spend(prices.system);
		touch(&bucket, 1, CHANGE);
		return unpark(at, value);
	default:
		return answer(ENOSYS);
	}
}

static long nap(const struct timespec *time)
{
	spend(prices.system);
	my_turn();
	park(NULL, now() + picoseconds(time));
	return 0;
}

long sim_syscall(long number, ...)
{
	long args[4];
	va_list list;

	va_start(list, number);
	for (unsigned i = 0; i < 4; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	switch (number) {
	case SYS_futex:
		return futex((const uint32_t *)args[0], (int)args[1], (uint32_t)args[2],
			     (const struct timespec *)args[3]);
	case SYS_clock_nanosleep:
		return nap((const struct timespec *)args[2]);
	default:
		return answer(ENOSYS);
	}
}
