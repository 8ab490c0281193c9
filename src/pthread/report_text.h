/* SPDX-License-Identifier: MIT
 *
 * report_text.h - the report as people read it.
 */
#ifndef FL_REPORT_TEXT_H
#define FL_REPORT_TEXT_H

#include <stdint.h>

/* Times by their highest bit and the two below it: a fifth too long at most. */
#define FL_TIMES 256u

static inline unsigned fl_time_index(uint64_t ns)
{
	unsigned high;

	if (ns < 4)
		return (unsigned)ns;
	high = 63u - (unsigned)__builtin_clzll(ns);
	return (high - 1) * 4 + (unsigned)(ns >> (high - 2) & 3);
}

/* The longest that is counted there. */
static inline uint64_t fl_time_at(unsigned index)
{
	unsigned high = index / 4 + 1;

	if (index < 4)
		return index;
	return ((UINT64_C(4) + index % 4 + 1) << (high - 2)) - 1;
}

/* What is known of one lock.  All is added to by any thread. */
struct fl_waited {
	uintptr_t lock; /* 0: none */
	uint64_t asked; /* since it was waited for first */
	uint64_t waits;
	uint64_t total; /* nanoseconds */
	uint64_t longest;
	uint64_t line;	/* most in line */
	uintptr_t site; /* from where the longest wait was asked for */
	uintptr_t what; /* a string that stays */
	uintptr_t born; /* where it was initialised; 0: not known */
	uint32_t times[FL_TIMES];
};

/* To stderr (target "-"), or to a file, in whose name %p is the process's number. */
void fl_report_write(const char *target, const struct fl_waited *table, uint32_t places,
		     uint64_t unknown);

#endif
