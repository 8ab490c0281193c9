/* SPDX-License-Identifier: MIT
 *
 * inside.h - what schedule.c and threads.c share.
 */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "machine.h"

#include <setjmp.h>
#include <ucontext.h>

#define STACK  (64 * 1024)
#define LOCALS 1024

struct thread {
	jmp_buf here;
	ucontext_t start;
	char *stack;
	bool started;
	unsigned number;
	struct processor *on;
	struct thread *next; /* of the queue */
	uint64_t queued;     /* since */
	struct path path;
	bool waits;
	char locals[LOCALS];
};

struct processor {
	unsigned number;
	uint64_t now, busy, slice_ends;
	uint64_t stores, early, ahead;
	struct path stored;
	struct thread *runs; /* NULL: idle */
	struct thread *first, *last;
};

extern struct processor processors[PROCESSORS];
extern unsigned processor_count;
extern struct processor
	*acts; /* this one, which is in no list; NULL: the program itself */

/* schedule.c */
void charge(struct processor *processor, uint64_t price);
void enqueue(struct processor *processor, struct thread *thread);
void runs_next(struct processor *processor); /* or nothing */
void is_busy(struct processor *processor);   /* it is to act at its time */
bool pull(struct processor *idle);	     /* a thread from elsewhere */
void slice_over(struct processor *processor);
bool is_too_early(
	void); /* for acts: another one has an earlier time, or its slice is over */
struct processor *earliest(void);

#endif
