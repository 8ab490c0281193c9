/* SPDX-License-Identifier: MIT
 *
 * park.h - spin, sleep, wake, and what time it is.
 *
 * The system calls here: futex, sched_yield, getcpu and the reading of clocks (both mostly
 * without a call), and where futex is refused clock_nanosleep, nanosleep or ppoll.
 * Elsewhere: what asks for the number of processors (processors.c), mmap for slots (pool.c),
 * write to an eventfd (request.c) and of the debug build's reports (debug.c), stdio where
 * something is printed (fifolock_dump).  Each of them may be refused.
 *
 * What a futex promises, and what it does not (after futex(2)):
 *
 *	park(addr, expected):	if *addr == expected, sleep until unparked; the
 *				comparison and falling asleep are one step
 *				against unpark.  May also return for no reason.
 *	unpark(addr):		wakes one sleeper on addr, if there is one.  Only the
 *				address matters, never what is stored there.
 *
 * It orders no memory: a thread that wakes up reads the word again, with acquire.
 *
 * Where the system refuses it (a sandbox, an old kernel), a wait is slower but has the same
 * meaning: a deadline ends it no earlier than its clock says, on CLOCK_REALTIME also if that
 * is set meanwhile, then 0.1 s late at most; and a grant ends it within 13 ms.  What cannot
 * be repaired is a thread in a sandbox from which no wake-up gets out, if another
 * thread fell asleep before that was known: it sleeps on until its deadline or the next
 * signal.
 */
#ifndef FL_PARK_H
#define FL_PARK_H

#include "processors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Until when to wait: an absolute time on one of two clocks.  A wait that may end for other
 * reasons, too, says where they are noted.  Only the pthread
 * face has such waits, and there at may be NULL, any time is taken as it is, and a wait may
 * heed signals: end when a handler has run. */
struct fl_deadline {
	const struct timespec *at;
	clockid_t clock;
	bool heeds_signals;
	uint32_t *ended; /* atomic; NULL: for no other reason */
};

/* In *ended, beside the id of the slot that waits: the one that comes second to this word, the
 * thread that waits or the one that ends it, finds what the other has written. */
#define FL_ENDED_BY_OTHER \
	(UINT32_C(1) << 30) /* which rouses the slot, if there is one yet */
#define FL_ENDED_BY_SIGNAL (UINT32_C(1) << 31)
#define FL_ENDED	   (FL_ENDED_BY_OTHER | FL_ENDED_BY_SIGNAL)
#define FL_ENDED_SLOT	   ((UINT32_C(1) << 28) - 1)

/* Both leave errno alone.  Async-signal-safe. */
int fl_park(const uint32_t *addr, uint32_t expected, const struct fl_deadline *deadline);
void fl_unpark(const uint32_t *addr);

/* EINVAL: a clock that cannot be waited on, no time, or nanoseconds out of range. */
int fl_deadline_check(const struct fl_deadline *deadline);
bool fl_deadline_passed(const struct fl_deadline *deadline);

/* Read from CLOCK_REALTIME, and given as one of CLOCK_MONOTONIC: decades ahead, and about the
 * time of day.  Only for a thread that is about to wait. */
bool fl_deadline_astray(const struct fl_deadline *deadline);

/* No time is no deadline. */
static inline const struct fl_deadline *
fl_deadline_or_none(const struct fl_deadline *deadline)
{
	return deadline->at ? deadline : NULL;
}

/* CLOCK_MONOTONIC as of the last tick, in nanoseconds: cheap, and never 0. */
uint64_t fl_now_coarse(void);

/* The same in units of about a millisecond, never 0: only differences count. */
#define FL_SINCE_SHIFT 20
uint32_t fl_since_now(void);

/* How long the waiter that is next spins, in turns of fl_relax(), 0 on a single
 * processor; and how long one yields while the line stands still, in turns of
 * fl_yield(). */
uint32_t fl_spin_count(void);
uint32_t fl_yield_count(void);
uint32_t
fl_run_poll_yields(void); /* after so many yields a section's owner looks; 1 and up */
void fl_relax(void);
bool fl_yield(void);	  /* false: refused; it has slept for a moment instead */
void fl_nap(uint32_t ns); /* sleep so long, or less; under a second */

/* Which one this is. */
unsigned fl_processor(void);

#endif
