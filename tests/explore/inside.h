/* SPDX-License-Identifier: MIT
 *
 * inside.h - what the parts of the explorer share.
 */
#ifndef EX_INSIDE_H
#define EX_INSIDE_H

#include "explore.h"

#include <setjmp.h>
#include <ucontext.h>

#define NOBODY EX_THREADS

typedef uint32_t set; /* of threads */

struct thread {
	jmp_buf here;
	ucontext_t start;
	char *stack;
	struct ex_op op; /* the next */
	struct pool_thread pool;
	bool started, ended, woken;
	bool given_up;	  /* see ex_retry */
	bool awaits;	  /* see ex_yield */
	unsigned last;	  /* of its events, as an index + 1 */
	bool interrupted; /* a signal ended its sleep: EINTR */
	bool timed;	  /* parked with a deadline */
	bool may_time_out;
	unsigned spurious;
	unsigned events;	    /* so far */
	uint16_t clock[EX_THREADS]; /* of its last event */
	unsigned priority;
};

/* A point of an execution: what was chosen there and what is still to be chosen. */
struct node {
	unsigned chosen;
	unsigned outcome, outcomes;
	unsigned preemptions;
	set enabled;
	set asleep; /* their step here has been explored elsewhere */
	set todo, tried;
};

/* run.c: the execution in progress. */
extern struct thread threads[EX_THREADS];
extern struct node nodes[EX_DEPTH + 1];
extern struct ex_event events[EX_DEPTH];
extern unsigned depth;	 /* steps taken */
extern unsigned planned; /* nodes[0..planned) are decided */
extern unsigned current;
extern const struct ex_run *run;
extern const struct ex_options *options;
void stop_here(bool redundant); /* the execution is over */

/* schedule.c */
unsigned choose(void); /* which thread takes the next step */
bool anybody_gave_up(void);
bool may_wake(const struct thread *thread); /* without an unpark */
uint64_t roll(uint64_t bound);
void roll_from(uint64_t seed);
bool next_execution(void); /* the next undecided alternative */
void read_plan(const char *text);
unsigned planned_outcome(void);
char *write_plan(void);

/* depend.c */
void depend_begin(void);
void before_step(void);				/* the one of the current thread */
void order_event(unsigned index);		/* finds what else has to be tried */
set still_asleep(const struct ex_event *event); /* after it */

/* lead.c */
void lead_begin(void);
bool lead_is_on(void);
set lead(set enabled); /* those of them that may go on now */

/* classes.c */
void class_note(void); /* the execution that has just ended */

/* signals.c */
void signals_begin(void);
bool signal_pending(unsigned thread);
bool signal_due(unsigned thread); /* before the step that it is about to take */
void signal_comes(void);
void signal_wakes(void);

#endif
