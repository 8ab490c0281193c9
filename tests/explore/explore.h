/* SPDX-License-Identifier: MIT
 *
 * explore.h - runs the threads of a small program as coroutines, in every order that
 * matters.
 *
 *	run.c		coroutines; one execution after another
 *	schedule.c	which thread takes the next step: exhaustively, at random, as told
 *	depend.c	which steps depend on each other
 *	classes.c	whether the reduction is right
 *	lead.c		how an execution begins
 *	signals.c	a signal handler in every window of a thread
 *	memory.c	what a step does to memory
 *	values.c	what a load may see
 *	parks.c		sleeping and waking
 *	races.c		data races, and use after free
 *	watch.c		what must be true after each step
 *	commit.c	... after one that ends a scan
 *	answers.c	... of what a call returns, and at the end
 *	waits.c		... of waits for a condition
 *	looks.c		... of looks at a lock
 *	programs.c	the programs: programs.list.h
 *	words.c		what their threads do
 *	main.c		options
 *	table/		the same of tables: other programs, another account
 *
 * A thread runs up to its next operation on shared memory (seam.h) or its next park or
 * unpark, and stops before it.  The schedule chooses one of the threads; its operation
 * is done in one step, and it runs up to the next.  What it does between two such
 * points touches plain memory only.  That this may be taken as part of the step is
 * not assumed but checked: every plain access of the library is reported by the
 * compiler (-fsanitize=thread, with races.c in place of its run-time library) and must be
 * ordered, by acquire and release, against all others that conflict with it.
 */
#ifndef EX_EXPLORE_H
#define EX_EXPLORE_H

#include "pool_inside.h"
#include "seam.h"

#include <fifolock/fifolock.h>

#define EX_THREADS   7
#define EX_DEPTH     4000
#define EX_LOCATIONS 128

enum ex_kind {
	EX_LOAD,
	EX_STORE,
	EX_CHANGE, /* swap, or, and */
	EX_CAS,
	EX_PAIR, /* a compare-and-swap of two words */
	EX_PARK, /* compare, and sleep if equal */
	EX_WAKE, /* come back from sleep */
	EX_UNPARK,
	EX_FREE,  /* the memory is no longer the lock's */
	EX_PAUSE, /* no effect */
};

/* What a thread is about to do. */
struct ex_op {
	enum ex_kind kind;
	uintptr_t at;
	size_t size;
	unsigned order;
	uint64_t expected; /* cas, park */
	const struct ex_site *site;
	bool timed; /* wake: there is a deadline */
};

/* What it did. */
struct ex_event {
	struct ex_op op;
	unsigned thread;
	unsigned nth;  /* of this thread, from 1 */
	unsigned woke; /* an unpark: which thread; EX_THREADS: none */
	uint64_t before, after;
	bool wrote;
	bool stale; /* a load: not the newest value */
	bool alone; /* a wake: it could have come without the unpark */
	const char *outcome;
	uint16_t clock[EX_THREADS]; /* the events before it by dependence */
};

enum ex_strategy { EX_ALL, EX_BOUNDED, EX_RANDOM, EX_PCT, EX_REPLAY };

struct ex_options {
	enum ex_strategy strategy;
	unsigned preemptions;	  /* EX_BOUNDED */
	uint64_t seed;		  /* EX_RANDOM, EX_PCT */
	unsigned long executions; /* at most; 0: all */
	double seconds;		  /* at most; 0: no limit */
	unsigned stale;		  /* so many loads of an execution may see an old value */
	const char *replay;
	bool print;	 /* each step */
	bool brief;	 /* not even a failure */
	bool classes;	 /* count them: see classes.c */
	bool no_retries; /* leave out what only tries again: see schedule.c */
};

struct ex_counts {
	unsigned long executions;
	unsigned long redundant; /* cut short: the same as an earlier one */
	unsigned long steps;
	double seconds;
	bool complete;
	const char *failure; /* NULL: none */
};

/* The program that is explored. */
struct ex_run {
	unsigned threads;
	void (*begin)(void);
	void (*body)(unsigned thread);
	void (*ends)(void); /* each thread, as steps; or NULL */
	void (*end)(void);  /* the execution */
	const char *first;  /* see lead.c; NULL: anything */
};

/* run.c */
struct ex_counts ex_explore(const struct ex_run *run, const struct ex_options *options);
unsigned ex_current(void);
bool ex_exploring(void);
unsigned ex_stale(void); /* how many loads of an execution may see an old value */
void ex_point(const struct ex_op *op);	 /* returns when the step is chosen */
unsigned ex_alternative(unsigned count); /* which of the outcomes of this step */
enum ex_woke { EX_WOKEN, EX_TIMED_OUT, EX_SPURIOUS };
enum ex_woke ex_woken(void);	    /* how this thread comes back from sleep */
unsigned ex_wake_one(uintptr_t at); /* EX_THREADS: no thread sleeps there */
void ex_yield(void);		    /* it waits for the end of a scan that it has seen */
void ex_nap(void);		    /* the same, or for a free slot */
void ex_retry(void);		    /* a loop that only tried is about to go round */
void ex_done(struct ex_event *event); /* the step, for the record */
struct pool_thread *ex_pool(unsigned thread);
void ex_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ex_park_limits(unsigned thread, bool may_time_out, unsigned spurious);
/* The handler runs in that thread before its window-th step since it is ready; at the
 * latest when the thread sleeps and nothing else wakes it, or ends. */
void ex_signal(unsigned thread, unsigned window, bool (*ready)(void),
	       void (*handler)(void));
bool ex_signal_ran(void); /* in its window, in any execution */

/* classes.c */
size_t class_count(uint64_t *which);

/* memory.c, values.c */
void memory_begin(unsigned threads);
void memory_step(const struct ex_op *op); /* ex_point, in the thread's time */
void memory_free(void *at, size_t size);  /* a step: poisons it */
/* A step: the value of 8 bytes becomes what next makes of it, if that says true. */
bool memory_update(void *at, const struct ex_site *site,
		   bool (*next)(uint64_t *value, void *ctx), void *ctx);
void memory_written(uintptr_t at, size_t size); /* plainly */
uintptr_t memory_barriers(void);		/* where steps with EX_FULL meet */
uint64_t memory_raw(uintptr_t at, size_t size);
const uint16_t *memory_clock(void); /* of the current thread */
/* Half of an acquire or release of the sources, of those met so far. */
struct memory_order {
	const struct ex_site *site;
	unsigned part; /* EX_ACQUIRE or EX_RELEASE */
};
const struct memory_order *memory_orders(unsigned *count);
void memory_weaken(const struct memory_order *order); /* take it as relaxed; NULL: none */

/* parks.c */
void parks_begin(unsigned spin, unsigned yields);
void parks_processors(unsigned how_many); /* as far as the sources know; 1 */

/* races.c */
void races_begin(unsigned threads);
void memory_watch(const void *at, size_t size, const char *name);
const char *memory_named(uintptr_t at); /* as watched; NULL: not */
size_t memory_offset(uintptr_t at);	/* in what is watched */
void memory_touch_atomically(uintptr_t at, size_t size, bool write);
void memory_touch(const void *at, size_t size, bool write); /* a plain access */
void memory_is_free(const void *at);
void memory_is_free_for(const void *at, uint32_t which); /* threads; and for no other */
/* A section of a reader begins, or ends: what the thread finds in it, and what is given up later, is not
 * freed before its end. */
void memory_protect(bool protects);
void memory_found(const void *at);
void memory_given_up(const void *at);
void memory_lend(const void *at); /* on the current thread's stack, */
void memory_return(void);	  /* until now */
void memory_quietly(bool quiet);  /* the checker itself looks */

/* trace.c */
void memory_name(uintptr_t at, char *text, size_t size);
void memory_values(const struct ex_event *event, char *text, size_t size);

/* programs.c: a load whose value makes no difference to what the program does */
bool ex_is_hint(const void *at, const struct ex_site *site);
bool ex_is_retried(const char *function); /* see no_retries */

/* watch.c, answers.c */
void watch_step(const struct ex_event *event);
void watch_rest(void); /* no thread can take a step but by a time-out */

#endif
