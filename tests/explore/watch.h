/* SPDX-License-Identifier: MIT
 *
 * watch.h - what must be true after each step: the guarantees, from the headers' text.
 */
#ifndef EX_WATCH_H
#define EX_WATCH_H

#include "explore.h"

#include <fifolock/cond.h>
#include <fifolock/inspect.h>

/* A mode table as its author means it, for modes by number. */
struct watch_table {
	const fifolock_modes_t *modes;
	bool (*allows)(const uint32_t holds[], unsigned mode);
	const char *letters; /* names of the modes */
	uint32_t exclusive;  /* so many holds of mode 0 exclude those of ... */
	bool with_all;	     /* all modes, else of mode 0 only */
};

/* Locks by number: 0 and 1, and the guard of the condition. */
#define WATCH_GUARD 2
enum watch_how {
	WATCH_PLAIN,
	WATCH_CLOSELY, /* a thread looks at it: see looks.c */
	WATCH_INNER,   /* its requests are made inside of other calls */
};
void watch_begin(unsigned which, fifolock_t *lock, const struct watch_table *table,
		 enum watch_how how);
void watch_end(bool idle); /* after the last step */

/* From now on the calls of this thread are on that one; the answer: and were on this. */
unsigned watch_on(unsigned which);
unsigned watch_where(void);

/* The calls of a thread; a signal handler's or a callback's come between those of its thread.
 * A request is known by its number. */
enum watch_call {
	WATCH_WAIT,
	WATCH_TIMED,
	WATCH_TRY,
	WATCH_RUN, /* a section to be run */
	WATCH_RUN_LATER,
	WATCH_CALL,    /* to be called back */
	WATCH_REQUEST, /* to be waited for, or polled */
	WATCH_BUMP,
	WATCH_COND,
};
unsigned watch_asks(enum watch_call call, unsigned mode, uint32_t n);
unsigned watch_converts(enum watch_call call, unsigned from, unsigned to);
void watch_answer(int error, bool may_lack_memory);
void watch_bumped(int error);
void watch_gives(unsigned mode, uint32_t n);
void watch_gave(int error, bool may_be_refused);
void watch_looks(void);
void watch_saw(uint32_t waiting);
void watch_freed(void);

/* Requests that no thread waits for. */
void watch_called(unsigned request, int status);
void watch_waits(unsigned request); /* its answer is watch_waited, in that thread */
void watch_waited(int error);
void watch_cancels(unsigned request);
void watch_cancelled(unsigned request, int error);

/* The section of a request begins, or has ended. */
void watch_section(unsigned request, bool begins);

/* The lock is being closed, or opened. */
void watch_rules(void);
void watch_ruled(bool closes);

/* Conditions (waits.c).  A wait: watch_gives comes after its beginning. */
void waits_begin(const fifolock_cond_t *cond);
unsigned watch_cond_waits(unsigned mode, bool timed);
void watch_cond_waited(int error, bool may_lack_memory);
void watch_signals(bool all);
void watch_signalled(int error, bool may_lack_memory);

/* Looks at a lock (looks.c): what they say was so at some moment of the call. */
void watch_looks_closely(void);
void watch_snapshot(int error, const struct fifolock_snapshot *snapshot,
		    const struct fifolock_in_line line[], size_t room);
void watch_contended(unsigned mode, bool contended);
void watch_position(unsigned request, uint32_t position);

/* Which lock an address is of; the table of that lock. */
bool watch_is_word(uintptr_t at);
bool watch_role_rests(uintptr_t word);
bool watch_is_role(uintptr_t at); /* a note that says that a thread has it */
bool watch_saw_owner(const struct ex_event *event);
bool watch_is_lock(unsigned which, uintptr_t at, size_t *offset);
const struct watch_table *watched_table(uintptr_t at);

#endif
