/* SPDX-License-Identifier: MIT
 *
 * park.h - spin, sleep, wake: the only system calls of the library.  Layer 1.
 *
 * What a futex promises, and what it does not (after futex(2)):
 *
 *	park(addr, expected):	if *addr == expected, sleep until unparked; the
 *				comparison and falling asleep are one step
 *				against unpark.  May also return for no reason.
 *	unpark(addr):		wakes one sleeper on addr, if there is one.  Only the
 *				address matters, never what is stored there.
 *
 * It orders no memory: whoever wakes reads the word again, with acquire.
 */
#ifndef FL_PARK_H
#define FL_PARK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Until when to wait: an absolute time on one of two clocks. */
struct fl_deadline {
	const struct timespec *at;
	clockid_t clock;
};

/* Both leave errno alone.  Async-signal-safe. */
int fl_park(const uint32_t *addr, uint32_t expected, const struct fl_deadline *deadline);
void fl_unpark(const uint32_t *addr);

/* EINVAL: a clock that cannot be waited on, no time, or nanoseconds out of range. */
int fl_deadline_check(const struct fl_deadline *deadline);
bool fl_deadline_passed(const struct fl_deadline *deadline);

/* CLOCK_MONOTONIC as of the last tick, in nanoseconds: cheap, and never 0. */
uint64_t fl_now_coarse(void);

/* How long the waiter that is next spins, in turns of fl_relax(), 0 on a single
 * processor; and how long one hovers while the line stands still, in turns of
 * fl_yield(). */
uint32_t fl_spin_turns(void);
uint32_t fl_hover_turns(void);
uint32_t fl_look_turns(void); /* after so many yields a section's owner looks; 1 and up */
void fl_relax(void);
void fl_yield(void);
void fl_nap(uint32_t ns); /* sleep so long, or less */

/* How many the process may run on, and which one this is. */
uint32_t fl_processors(void);
unsigned fl_processor(void);

#endif
