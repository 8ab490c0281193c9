/* SPDX-License-Identifier: MIT
 *
 * park.c - see park.h.
 *
 * A sandbox may refuse any of these calls, from any moment on and to some threads only.  So
 * nothing is learnt once and for all: each wait begins with the best way, and goes on
 * with the next one when that is refused.
 *
 *	FUTEX_WAIT_BITSET	until an absolute time, of either clock
 *	FUTEX_WAIT		for a while; then the clock and the word are looked at again
 *	a nap			the same without being woken: short at first, then longer
 *
 * Refused is every answer but those that a wait has: what an honest kernel never says
 * (a time-out before the time, "the word has changed" when it has not) counts, too.
 *
 * Wakes are tried in three ways as well.  When all are refused, waiters can rely on being
 * woken no more: from then on all of the process look again as often as they would nap.
 *
 *	relaxed   because
 *	[HINT]    Decides how to sleep and for how long.  The caller looks at the word again.
 */
#define _GNU_SOURCE
#include "park.h"
#include "atomic.h"
#include "thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu/arch.h>

#define SECOND	  1000000000
#define NAP_FIRST 50000		/* 0.05 ms, */
#define NAP_TWICE 8		/* doubled so many times: 12.8 ms */
#define SLICE	  (SECOND / 10) /* how late a clock that was set is noticed */

/* ---- clocks ---- */

/* False: it cannot be read. */
static bool clock_read(clockid_t clock, struct timespec *now)
{
	int saved = errno;

	if (clock_gettime(clock, now) == 0)
		return true;
	errno = saved;
	return false;
}

int fl_deadline_check(const struct fl_deadline *deadline)
{
	if (deadline->clock != CLOCK_MONOTONIC && deadline->clock != CLOCK_REALTIME)
		return EINVAL;
	if (!deadline->at)
		return deadline->ended ? 0 : EINVAL;
	return deadline->at->tv_nsec < 0 || deadline->at->tv_nsec >= SECOND ? EINVAL : 0;
}

/* How many nanoseconds until then, most at most; 0: it has come.  If the clock cannot be
 * read it is the kernel that says so: unread. */
static int64_t time_left(const struct fl_deadline *deadline, int64_t most, int64_t unread)
{
	const struct timespec *at = deadline->at;
	struct timespec now;
	int64_t left;

	if (!at)
		return most;
	if (!clock_read(deadline->clock, &now))
		return unread;
	if (at->tv_sec < now.tv_sec)
		return 0;
	/* Both count from long ago, so nothing overflows; most is at most a second. */
	if (at->tv_sec - now.tv_sec > 1)
		return most;
	left = (int64_t)(at->tv_sec - now.tv_sec) * SECOND + at->tv_nsec - now.tv_nsec;
	return left < 0 ? 0 : left < most ? left : most;
}

bool fl_deadline_passed(const struct fl_deadline *deadline)
{
	return time_left(deadline, SECOND, SECOND) == 0;
}

#define YEAR (INT64_C(365) * 24 * 3600)

bool fl_deadline_astray(const struct fl_deadline *deadline)
{
	int64_t at = deadline->at ? deadline->at->tv_sec : 0;
	struct timespec up, day;

	return !deadline->ended && deadline->clock == CLOCK_MONOTONIC &&
	       clock_read(CLOCK_MONOTONIC, &up) && at > up.tv_sec + 10 * YEAR &&
	       clock_read(CLOCK_REALTIME, &day) && at > day.tv_sec - YEAR &&
	       at < day.tv_sec + YEAR;
}

uint64_t fl_now_coarse(void)
{
	struct timespec now;

	if (!clock_read(CLOCK_MONOTONIC_COARSE, &now) &&
	    !clock_read(CLOCK_MONOTONIC, &now))
		return 1;
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec + 1;
}

uint32_t fl_since_now(void)
{
	uint32_t now = (uint32_t)(fl_now_coarse() >> FL_SINCE_SHIFT);

	return now + (now == 0);
}

/* ---- the calls: 0 or what errno said ---- */

static int call_error(long answer)
{
	return answer < 0 ? errno : 0;
}

static int wait_until(const uint32_t *addr, uint32_t expected,
		      const struct fl_deadline *deadline)
{
	int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;

	if (deadline && deadline->clock == CLOCK_REALTIME)
		op |= FUTEX_CLOCK_REALTIME;
	return call_error(syscall(SYS_futex, addr, op, expected,
				  deadline ? deadline->at : NULL, NULL,
				  FUTEX_BITSET_MATCH_ANY));
}

static int wait_for(const uint32_t *addr, uint32_t expected, int64_t ns)
{
	const struct timespec length = {0, (long)ns};

	return call_error(syscall(SYS_futex, addr, FUTEX_WAIT | FUTEX_PRIVATE_FLAG,
				  expected, &length, NULL, 0));
}

static int wake(const uint32_t *addr)
{
	int error = call_error(syscall(SYS_futex, addr, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
				       1, NULL, NULL, 0));

	if (error)
		error = call_error(syscall(SYS_futex, addr,
					   FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 1,
					   NULL, NULL, FUTEX_BITSET_MATCH_ANY));
#if defined(SYS_futex_wake) || defined(__x86_64__) || defined(__aarch64__)
#ifndef SYS_futex_wake
#define SYS_futex_wake 454 /* Linux 6.7, the same on both */
#endif
	if (error) /* 32 bits, private */
		error = call_error(syscall(SYS_futex_wake, addr,
					   (unsigned long)FUTEX_BITSET_MATCH_ANY, 1,
					   0x02 | FUTEX_PRIVATE_FLAG));
#endif
	return error;
}

/* ---- naps ---- */

/* syscall(), because nanosleep() and the like are cancellation points. */
static int nap_by(unsigned way, uint32_t ns)
{
	struct timespec length = {0, (long)ns}; /* ppoll writes to it */

	switch (way) {
	case 0:
		return call_error(
			syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL));
	case 1:
		return call_error(syscall(SYS_nanosleep, &length, NULL));
	case 2:
		return call_error(syscall(SYS_ppoll, NULL, 0, &length, NULL, 0));
	default:
		sched_yield();
		return 0;
	}
}

void fl_nap(uint32_t ns)
{
	int saved = errno;
	unsigned way = 0;
	int error;

	do
		error = nap_by(way++, ns);
	while (error && error != EINTR);
	errno = saved;
}

/* ---- sleep and wake ---- */

enum { UNTRIED, HEARD, REFUSED };
static uint32_t wakes; /* which of them; atomic */

/* No thread sleeps here: may this thread wake? */
static void try_wake(void)
{
	static const uint32_t nobody;
	uint32_t untried = UNTRIED;

	fl_cas_relaxed(&wakes, &untried, wake(&nobody) ? REFUSED : HEARD); /* [HINT] */
}

static bool wakes_refused(void)
{
	if (fl_load_relaxed(&wakes) == UNTRIED) /* [HINT] */
		try_wake();
	return fl_load_relaxed(&wakes) == REFUSED; /* [HINT] */
}

static bool changed(const uint32_t *addr, uint32_t expected)
{
	return fl_load_relaxed(addr) != expected; /* [HINT] */
}

/* A wait as it should be.  True: refused, or an answer that makes no sense. */
static bool park_refused(const uint32_t *addr, uint32_t expected,
			 const struct fl_deadline *deadline, int *error)
{
	*error = wait_until(addr, expected, deadline);
	switch (*error) {
	case ETIMEDOUT:
		return !deadline || time_left(deadline, SECOND, 0) != 0;
	case EAGAIN:
		*error = 0;
		return !changed(addr, expected);
	case EINTR:
		*error = deadline && deadline->heeds_signals ? EINTR : 0;
		return false;
	default:
		return *error != 0;
	}
}

/* One look later. */
static void pause_for(const uint32_t *addr, uint32_t expected, unsigned turn,
		      const struct fl_deadline *deadline)
{
	int64_t rest = NAP_FIRST << (turn < NAP_TWICE ? turn : NAP_TWICE);
	int64_t slice = wakes_refused() ? rest : SLICE;
	int error;

	if (deadline) {
		slice = time_left(deadline, slice, slice);
		rest = time_left(deadline, rest, rest);
	}
	error = wait_for(addr, expected, slice);
	if (error && error != ETIMEDOUT && error != EINTR && !changed(addr, expected))
		fl_nap((uint32_t)rest);
}

static int park_slowly(const uint32_t *addr, uint32_t expected,
		       const struct fl_deadline *deadline)
{
	for (unsigned turn = 0; !changed(addr, expected); turn++) {
		if (deadline && fl_deadline_passed(deadline))
			return ETIMEDOUT;
		pause_for(addr, expected, turn, deadline);
	}
	return 0;
}

int fl_park(const uint32_t *addr, uint32_t expected, const struct fl_deadline *deadline)
{
	int saved = errno;
	int error;

	/* Before the clocks began the kernel says EINVAL. */
	if (deadline && deadline->at && deadline->at->tv_sec < 0)
		return ETIMEDOUT;
	if (wakes_refused() || park_refused(addr, expected, deadline, &error))
		error = park_slowly(addr, expected, deadline);
	errno = saved;
	return error;
}

void fl_unpark(const uint32_t *addr)
{
	int saved = errno;

	if (fl_unlikely(wake(addr)))
		fl_store_relaxed(&wakes, (uint32_t)REFUSED); /* [HINT] */
	errno = saved;
}

/* ---- staying awake ---- */

void fl_relax(void)
{
	caa_cpu_relax();
}

bool fl_yield(void)
{
	int saved = errno;

	if (fl_likely(sched_yield() == 0))
		return true;
	fl_nap(NAP_FIRST);
	errno = saved;
	return false;
}

/* Written once, before main or by dlopen. */
static uint32_t spin_turns = 20;
static uint32_t yield_count = 64;
static uint32_t run_poll_yields = 16;
static bool spin_said;

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
FL_LOADED static void find_knobs(void)
{
	uint32_t said = UINT32_MAX, count = 0;

	knob("FIFOLOCK_PROCESSORS", &count);
	fl_processors_begin(count);
	knob("FIFOLOCK_SPIN_COUNT", &said);
	spin_said = said != UINT32_MAX;
	if (spin_said)
		spin_turns = said;
	knob("FIFOLOCK_YIELD_COUNT", &yield_count);
	knob("FIFOLOCK_RUN_POLL_YIELDS", &run_poll_yields);
	run_poll_yields += run_poll_yields == 0;
}

uint32_t fl_spin_count(void)
{
	return spin_said || fl_processors() > 1 ? spin_turns : 0;
}

uint32_t fl_yield_count(void)
{
	return yield_count;
}

uint32_t fl_run_poll_yields(void)
{
	return run_poll_yields;
}

unsigned fl_processor(void)
{
	int saved = errno;
	int processor = sched_getcpu();

	errno = saved;
	return processor < 0 ? 0 : (unsigned)processor;
}
