/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "park.h"
#include "atomic.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu/arch.h>

int fl_park(const uint32_t *addr, uint32_t expected, const struct fl_deadline *deadline)
{
	int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
	int saved = errno;
	int error = 0;

	/* FUTEX_WAIT_BITSET because its time-out is absolute, and on
	 * CLOCK_REALTIME follows the clock. */
	if (deadline && deadline->clock == CLOCK_REALTIME)
		op |= FUTEX_CLOCK_REALTIME;
	if (syscall(SYS_futex, addr, op, expected, deadline ? deadline->at : NULL, NULL,
		    FUTEX_BITSET_MATCH_ANY) != 0 &&
	    (errno == ETIMEDOUT || (errno == EINVAL && deadline))) /* before 1970 */
		error = ETIMEDOUT;
	errno = saved;
	return error;
}

void fl_unpark(const uint32_t *addr)
{
	int saved = errno;

	syscall(SYS_futex, addr, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
	errno = saved;
}

int fl_deadline_check(const struct fl_deadline *deadline)
{
	if (deadline->clock != CLOCK_MONOTONIC && deadline->clock != CLOCK_REALTIME)
		return EINVAL;
	if (!deadline->at || deadline->at->tv_nsec < 0 ||
	    deadline->at->tv_nsec > 999999999)
		return EINVAL;
	return 0;
}

bool fl_deadline_passed(const struct fl_deadline *deadline)
{
	struct timespec now;

	clock_gettime(deadline->clock, &now);
	if (now.tv_sec != deadline->at->tv_sec)
		return now.tv_sec > deadline->at->tv_sec;
	return now.tv_nsec >= deadline->at->tv_nsec;
}

uint64_t fl_now_coarse(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 1;
}

void fl_relax(void)
{
	caa_cpu_relax();
}

void fl_yield(void)
{
	sched_yield();
}

/* Not nanosleep(), which is a cancellation point. */
void fl_nap(uint32_t ns)
{
	const struct timespec time = {.tv_nsec = ns};
	int saved = errno;

	syscall(SYS_nanosleep, &time, NULL);
	errno = saved;
}

/* Written once, before main or by dlopen. */
static uint32_t spin_turns = 20;
static uint32_t hover_turns = 64;
static uint32_t look_turns = 16;
static uint32_t processors = 1;

static void knob(const char *name, uint32_t *value)
{
	const char *text = secure_getenv(name);
	unsigned long number;
	char *end;

	if (!text || !*text)
		return;
	number = strtoul(text, &end, 10);
	if (*end == '\0' && number <= UINT32_MAX)
		*value = (uint32_t)number;
}

/* Here and not at the first wait: that may come beside a setenv, and in a thread that
 * is pinned to one processor of many. */
__attribute__((constructor)) static void find_knobs(void)
{
	cpu_set_t mine;

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		processors = (uint32_t)CPU_COUNT(&mine);
	else
		processors = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (processors == 1)
		spin_turns = 0;
	knob("FIFOLOCK_SPIN", &spin_turns);
	knob("FIFOLOCK_HOVER", &hover_turns);
	knob("FIFOLOCK_LOOK", &look_turns);
	look_turns += look_turns == 0;
}

uint32_t fl_spin_turns(void)
{
	return spin_turns;
}

uint32_t fl_hover_turns(void)
{
	return hover_turns;
}

uint32_t fl_look_turns(void)
{
	return look_turns;
}

uint32_t fl_processors(void)
{
	return processors;
}

unsigned fl_processor(void)
{
	int processor = sched_getcpu();

	return processor < 0 ? 0 : (unsigned)processor;
}
