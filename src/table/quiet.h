/* SPDX-License-Identifier: MIT
 *
 * quiet.h - what a race detector is not to see.
 *
 * liburcu is not instrumented, so what its threads free is a race to ThreadSanitizer; so is what this
 * library's own calls of the C library do, where it is not instrumented either.  helgrind and
 * drd see each load and store of both.
 */
#ifndef FL_QUIET_H
#define FL_QUIET_H

#include "observe/detector.h"

/* Found before any other constructor runs, and then constant.  NULL: none. */
extern const struct fl_detector *fl_hearer;

/* true before a call of liburcu, false after it. */
static inline void fl_quiet(bool yes)
{
	if (__builtin_expect(fl_hearer != NULL, 0) && fl_hearer->ignore)
		fl_hearer->ignore(yes);
}

/* Around what is seen as it is where this library is instrumented.  Neither within the other. */
static inline void fl_quiet_here(bool yes)
{
	if (!FL_INSTRUMENTED)
		fl_quiet(yes);
}

/* Memory that a tool which sees each load and store is not to look at, until it is freed. */
static inline void fl_hide(const void *from, size_t size)
{
	if (__builtin_expect(fl_hearer != NULL, 0) && fl_hearer->hide)
		fl_hearer->hide(from, size);
}

/* Before the memory of a lock is freed, which such a tool would remember. */
static inline void fl_lock_gone(const void *lock)
{
	if (__builtin_expect(fl_hearer != NULL, 0) && fl_hearer->hide && fl_hearer->gone)
		fl_hearer->gone(lock);
}

/* Where this library is instrumented liburcu is not, which hands things from thread to thread. */
static inline void fl_handed_over(const void *thing)
{
	if (FL_INSTRUMENTED && fl_hearer)
		fl_hearer->before(thing);
}

static inline void fl_handed(const void *thing)
{
	if (FL_INSTRUMENTED && fl_hearer && thing)
		fl_hearer->after(thing);
}

#endif
