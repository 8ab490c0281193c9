/* SPDX-License-Identifier: MIT
 *
 * report.h - what the debug build says, and how often (report.c, place.c).
 *
 * A report may be made inside unlock, inside an allocator that a lock guards, in a signal
 * handler, in a child after fork: so it is put together by hand in memory from mmap, without
 * stdio, malloc or the dynamic linker's lock, and written by one system call.
 */
#ifndef FL_REPORT_H
#define FL_REPORT_H

#include "debug.h"

struct fl_text {
	char *at, *end;
};

void fl_text_add(struct fl_text *text, const char *string);
void fl_text_number(struct fl_text *text, uint64_t number);
void fl_text_hex(struct fl_text *text, uint64_t number);

/* "server(handle+0x1c) [+0x4711]": the offset is what addr2line -e wants. */
void fl_text_place(struct fl_text *text, const void *at);

/* "fifolock_lock at " and the place */
void fl_text_call(struct fl_text *text, const char *call, const void *at);

/* The same of the call that is reported, and in which thread it is. */
void fl_text_here(struct fl_text *text, const struct fl_site *site);

/* "lock 0x4040a0 cache" of a lock that is there */
void fl_text_lock(struct fl_text *text, const fifolock_t *lock);
void fl_text_lock_name(struct fl_text *text, const fifolock_t *lock);
void fl_text_mode(struct fl_text *text, const fifolock_t *lock, unsigned mode);

/* One report.  kind is a name for it, other (or 0) what tells it from others at the same place.
 * Begin: NULL if there is nothing to be said this time.  Otherwise write to text, and end. */
struct fl_report {
	const char *kind;
	const fifolock_t *lock;
	const struct fl_site *site;
	uint64_t other;
	uint64_t count;
	char *begin;
	struct fl_text text;
	char brief[400]; /* if there is no memory */
};

struct fl_text *fl_report_begin(struct fl_report *report);
void fl_report_end(struct fl_report *report);

/* By FIFOLOCK_DEBUG. */
bool fl_debug_orders(void);

#endif
