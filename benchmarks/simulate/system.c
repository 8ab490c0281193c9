/* SPDX-License-Identifier: MIT
 *
 * system.c - what the library asks the system for.  See machine.h, seam.h.
 */
#define _GNU_SOURCE
#include "machine.h"
#include "cells.h"
#include "sites.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>

void sim_own(const void *at);
void sim_fetch(const void *at);
void sim_relax(void);
int sim_sched_yield(void);
int sim_sched_getcpu(void);
int sim_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sim_clock_gettime(clockid_t clock, struct timespec *at);
long sim_syscall(long number, ...);

void sim_own(const void *at)
{
	site_is(__builtin_return_address(0));
	touch(at, 1, OWN);
}

void sim_fetch(const void *at)
{
	site_is(__builtin_return_address(0));
	touch(at, 1, FETCH);
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

static long futex(const uint32_t *at, int op, uint32_t value, va_list *more)
{
	const struct timespec *time;
	uint64_t until = UINT64_MAX;

	if (!running())
		return 0;
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAKE:
		spend(prices.system);
		touch(&bucket, 1, CHANGE);
		return unpark(at, value);
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		time = va_arg(*more, const struct timespec *);
		if (time)
			until = picoseconds(time);
		if (time && (op & FUTEX_CMD_MASK) == FUTEX_WAIT)
			until += now();
		return futex_wait(at, value, until);
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

static long futex_call(va_list *args)
{
	const uint32_t *at = va_arg(*args, const uint32_t *);
	int op = va_arg(*args, int);
	uint32_t value = va_arg(*args, uint32_t);

	return futex(at, op, value, args);
}

/* clock, flags, how long */
static long nap_call(va_list *args)
{
	(void)va_arg(*args, int);
	(void)va_arg(*args, int);
	return nap(va_arg(*args, const struct timespec *));
}

long sim_syscall(long number, ...)
{
	va_list args;
	long is;

	va_start(args, number);
	is = number == SYS_futex	     ? futex_call(&args)
	     : number == SYS_clock_nanosleep ? nap_call(&args)
					     : answer(ENOSYS);
	va_end(args);
	return is;
}
