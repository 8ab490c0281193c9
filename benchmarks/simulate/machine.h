/* SPDX-License-Identifier: MIT
 *
 * machine.h - a machine of 1 to 128 processors, simulated by one thread.
 *
 *	lines.c		cache lines: which processor has which, and what an access takes
 *	schedule.c	which processor acts next, and which thread runs on it
 *	threads.c	coroutines
 *	sleep.c		futex, timers, yields
 *	path.c		transfers on the critical path
 *	seen.c		each access of the library and of the other rows (see below)
 *	sites.c		where in the sources lines are asked for
 *	steps.c		what the threads do, access by access
 *	system.c	what they ask the system for
 *	rows.c		the locks
 *	floors.c	what no lock could do better
 *	load.c		what the threads do with them
 *	cells.c		one row, one number of threads: a process of its own
 *	measured.c	the same on a real machine, to compare with
 *	limits.c	figures that must not get worse
 *	table.c		what is printed
 *	main.c		options
 *
 * The shipped sources are compiled with -fsanitize=thread, and seen.c is the run-time
 * library of that: so each access to memory, atomic or plain, is seen, and no name from
 * inside the library is known here.  seam.h stands between them and the system.
 *
 * Every processor has a time.  The one with the earliest acts next (by number, if two
 * have the same), so an execution depends on nothing but its parameters.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESSORS 128
#define THREADS	   1024

/* ---- prices, in picoseconds ---- */

#define NS  UINT64_C(1000)
#define US  (1000 * NS)
#define MS  (1000 * US)
#define SEC (1000 * MS)

/*    name, ns, what */
#define PRICES(X)                                                          \
	X(hit, 1, "an access to a line that the processor has")            \
	X(call, 1, "a function: its own instructions")                     \
	X(change, 7, "a read-modify-write, besides the access")            \
	X(transfer, 75, "a line that another processor has")               \
	X(upgrade, 75, "a line to be written of which others have a copy") \
	X(serve, 10, "the next copy of a line that is only read")          \
	X(window, 150, "of work past which a processor looks for loads")   \
	X(pause, 40, "a pause between two looks")                          \
	X(clock, 25, "reading a clock")                                    \
	X(tick, 8, "reading a coarse clock")                               \
	X(yield, 500, "a yield")                                           \
	X(change_over, 430, "from one thread to another, besides")         \
	X(system, 300, "a futex call, to begin with")                      \
	X(sleep, 400, "going to sleep, besides")                           \
	X(wake, 600, "waking a thread, besides")                           \
	X(rouse, 5300, "a processor that is idle: until the woken thread runs")

#define PRICE(name, ns, what) uint64_t name;
struct prices {
	PRICES(PRICE)
};
#undef PRICE
extern struct prices prices;

#define SLICE (3 * MS)	   /* of a processor on which several threads run */
#define TICK  (4 * MS)	   /* of the coarse clock */
#define WARM  (SEC / 2000) /* waiting for a processor so long, another may take it */
#define EPOCH (1000 * SEC) /* what a clock says at the beginning */

/* ---- lines ---- */

enum access { LOAD, STORE, CHANGE, OWN, FETCH };
enum part { OTHERS, LOCK, DATA, KERNEL, PARTS }; /* whose line: others are slots, nodes */

struct counts {
	uint64_t loads, changes, transfers, waiting_loads;
};

void lines_part(const void *at, size_t size, enum part part);
void touch(const void *at, size_t size, enum access access);
void touch_early(const void *at); /* a load whose value is not needed yet */
void touch_late(void);		  /* now it is */
void work(uint64_t time);	  /* that needs no memory */

/* ---- threads and processors ---- */

struct thread;
struct line;
struct request;

struct path {
	uint64_t turn; /* the section whose end it began at */
	unsigned transfers;
};

void threads_begin(unsigned processors, unsigned threads, void (*body)(unsigned number));
void threads_run(void); /* until threads_stop() */
void threads_stop(void);
bool running(void);
unsigned my_number(void);
unsigned my_processor(void);
unsigned processors_count(void);
uint64_t now(void);
uint64_t time_busy(void);   /* of all processors */
void spend(uint64_t price); /* this thread's time */
void spend_until(uint64_t when);
void my_turn(void);	      /* no thread has an earlier time */
bool is_my_own(uintptr_t at); /* stack, thread-local */
uint64_t *stores_done(void);  /* when what the processor has written so far is seen */
uint64_t *early_done(void);
uint64_t *looks_ahead(void); /* how far loads have gone ahead of the work */
struct path *my_path(void);
struct path *stored_path(void); /* of what has been written, but not seen */
bool *waits(void);		/* it has begun to wait inside its call */

/* For sleep.c. */
struct thread *me(void);
void leave_processor(void); /* off, until thread_ready */
void go_behind(void);	    /* the others of this processor first */
bool others_here(void);
void thread_ready(struct thread *thread, uint64_t when);
struct path *path_of(struct thread *thread);
void timer_within(void); /* there is one more */

void system_begin(void);
bool park(const void *at, uint64_t until); /* UINT64_MAX: for ever.  False: timed out */
unsigned unpark(const void *at, unsigned most);
void yield(void);
uint64_t timers_next(void);
void timers_fire(uint64_t when);

/* ---- the critical path ---- */

void path_load(struct line *line, bool transferred);
void path_store(struct line *line, bool transferred);
void path_change(struct line *line, bool transferred);
void path_waits(void);
void path_wakes(struct thread *thread);
void path_begins(uint64_t turn); /* a section has ended */

/* A cache line. */
struct line {
	uintptr_t at;
	uint64_t copies[PROCESSORS / 64];
	int owner; /* may write; -1: none */
	bool touched;
	enum part part;
	uint64_t arrives; /* at the owner */
	uint64_t held;	  /* not taken from it before */
	struct request *asked;
	uint64_t leaves; /* for the one that asks next, not before */
	struct path path;
};

extern struct counts counts[PARTS];

#endif
