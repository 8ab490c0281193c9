/* SPDX-License-Identifier: MIT
 *
 * report.h - which locks are most waited for: with-fifolock --report.
 */
#ifndef FL_REPORT_H
#define FL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* A bit that no kind of a mutex has, or 0: whether there will be a report.  Constant after
 * loading. */
#define FL_REPORTING UINT32_C(0x80000000)
extern uint32_t fl_reporting;

static inline bool fl_reports(void)
{
	return __builtin_expect(fl_reporting != 0, 0);
}

/* A call of the program's asks for a lock, at that place; then, in the same thread, it waits for it
 * (begin, with how many in line) and has it, or not (end).  what: as the report names it. */
void fl_report_asks(const void *lock, const char *what, const void *site);
uint64_t fl_report_wait_begins(const void *lock, uint32_t line);
void fl_report_wait_ends(const void *lock, uint64_t began);

/* It is initialised, at that place, which is written down in its 8 bytes there. */
void fl_report_born(void *made_at, const void *site);

void fl_report_forked(void); /* in the child */

#endif
