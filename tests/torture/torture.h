/* SPDX-License-Identifier: MIT
 *
 * torture.h - what the parts of the torture program share.
 *
 *	options.h   what rounds may have, and what is reported;
 *	main.c	    options; lives: the child processes that do the work
 *	plan.c	    a seed and a number -> what one round is going to do
 *	table.c	    random mode tables, and what they promise
 *	target.c    the locks under torture and the memory they are in
 *	events.c    the library's events -> each lock's log of grants
 *	call.c	    every call of the library, written down;  request.c: asking by requests;
 *	hold.c	    what a holder does besides giving back;  section.c: sections;
 *	shadow.c    holds, counted by the holders
 *	worker.c    what a thread does;  use.c: while it holds;  thief.c: what it does in rounds of misuse
 *	disturb.c   what is done to threads;  handler.c: in their signal handlers;
 *	watch.c	    to the locks;  nomem.c: and what fails
 *	round.c	    starts threads, ends them, has everything checked
 *	check.c	    rest, totals, slots;  line.c: the order of the line
 *	sweep.c	    along all that happened, in the order of time;
 *	judge.c	    each grant and refusal against what certainly was then;
 *	wait.c	    conditions, and  sight.c  what was said of the line, likewise
 *	watchdog.c  a stall -> a dump
 *	odd.c	    what is refused
 *	tally.c	    the report
 *
 * Nothing that is written down orders threads: all counting is relaxed (under a race
 * detector; see stamp()), so that what orders the sections is the lock alone.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The oracle asks for its assertions by test.h; here one that fails is a violation. */
#define TEST_H
#define cr_assert(ok, ...) ((ok) ? (void)0 : violation(__VA_ARGS__))
__attribute__((noreturn, format(printf, 1, 2))) void violation(const char *format, ...);
#include "../support/oracle.h"
#include <fifolock/cond.h>
#include <fifolock/fifolock.h>

#define TARGETS	    4
#define SEATS	    160
#define DISTURBERS  8
#define HELD	    TARGETS
#define GIFTS	    32
#define SHADOW_SEEN 64
#define CONDS	    2
#define WAITS	    4096 /* for conditions, in a round */
/* Calls in a step at most: of each lock a look, a request, 8 of a holder, two releases. */
#define STEP_CALLS (12 * TARGETS)

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#define SANITIZED  1
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#include "options.h"

extern struct options options;
extern struct tally *tally;

uint64_t now_ns(void);

struct plan;

/* ---- tables ---- */

/* A predicate with sense in it: so many rooms; a hold of mode m takes need[m] of them; and
 * three modes that go together in pairs only, which no matrix says. */
struct rooms {
	unsigned count;
	uint32_t rooms;
	uint32_t need[FIFOLOCK_MAX_MODES];
	unsigned trio[3];
};

struct table {
	struct rules rules;
	fifolock_modes_t modes;
	struct rules_dice dice;
	struct rooms rooms;
	bool monotone;				 /* fewer holds never allow less */
	uint32_t usable;			 /* modes that a free lock grants */
	uint32_t weight_max[FIFOLOCK_MAX_MODES]; /* and this many of each */
	uint32_t apart[FIFOLOCK_MAX_MODES];	 /* bit x: never held together with x */
	bool zero_will_do;			 /* the table of a lock of zero bytes */
	int share;	 /* a mode that all threads can hold together; -1: none */
	uint32_t clique; /* modes of which one hold exists at most */
	uint32_t reads;	 /* modes apart from all of the clique */
	uint8_t shift[FIFOLOCK_MAX_MODES]; /* each mode's place in a shadow */
};

/* Modulo, so that nothing is left to say about modes that are not there. */
static inline bool in_set(uint32_t modes, unsigned mode)
{
	return modes >> mode % FIFOLOCK_MAX_MODES & 1;
}

void table_random(struct table *table, const struct plan *plan, uint64_t *random);
void table_semaphore(struct table *table, const struct plan *plan, uint32_t size);
unsigned table_random_mode(const struct table *table, uint64_t *random);
uint64_t table_unit(const struct table *table, unsigned mode);
/* Can these holds have come about, one after the other, by the rules? */
bool table_reachable(const struct table *table, uint64_t shadow);
bool table_allows_all(const struct table *table, const uint32_t holds[]);

/* ---- plan ---- */

struct plan {
	uint64_t number;
	uint64_t seed;
	uint64_t features;
	unsigned targets, seats, births; /* births: how often each seat is taken again */
	uint32_t steps;			 /* of each thread */
	uint32_t timed_of_16, try_of_16, nap_of_1024, long_of_16;
	uint32_t generations;  /* how often mortal locks end */
	uint32_t jitter;       /* atomic operations between delays, at most */
	uint32_t work;	       /* turns inside, at most */
	uint32_t clique_of_16; /* how often a request is for a mode of the clique */
};

void plan_make(struct plan *plan, uint64_t number);
uint64_t life_features(uint64_t life);
static inline bool has(const struct plan *plan, enum feature feature)
{
	return plan->features >> feature & 1;
}

/* ---- what is written down ---- */

enum kind {
	REQUEST,
	RELEASE,
	LOOK,
	CONVERT,
	SECTION,
	BUMP,
	WAIT,	/* for a condition */
	SIGNAL, /* or a broadcast */
	CLOSE,
	OPEN,
	LIMIT,
	SNAPSHOT,
	CONTENDED,
};
enum how { LOCK, TRY, TIMED };

/* Moments of a call, and where in an entry their stamps are. */
#define MOMENTS(X)                                                               \
	X(BEGUN, begun)	  /* before the call */                                  \
	X(PUSHED, pushed) /* after it took its ticket */                         \
	X(SLEPT, slept)	  /* before it parked the first time, and the last */    \
	X(SLEPT_LAST, slept_last)                                                \
	X(LEFT, left)	    /* after it decided to leave */                      \
	X(REFUSED, refused) /* before it was told so */                          \
	X(COMMIT, commit)   /* before the commit that granted it (by the log) */ \
	X(INSIDE, inside)   /* its section has begun, and is about to end */     \
	X(OUTSIDE, outside)                                                      \
	X(ASKED, asked) /* before it asked for its position, and after */        \
	X(ANSWERED, answered)                                                    \
	X(ENDED, ended) /* after the call */

enum moment {
	NEVER,
#define X(moment, name) moment,
	MOMENTS(X)
#undef X
};

/* One call.  Of the stamps 0 is "never"; of one lock they are all different. */
struct entry {
	uint8_t kind;
	uint8_t target;
	uint8_t mode; /* wanted */
	uint8_t how;
	uint16_t weight;
	uint8_t error;
	uint8_t from; /* a conversion's; the condition, of a WAIT or SIGNAL */
	bool joined;
	bool signalled; /* joined by another thread on its behalf */
	bool kept;	/* a conversion that waits: the shadow counts what it holds */
	bool all;	/* a broadcast */
	bool unsure;	/* a look that may have given up */
	bool request;	/* no thread waits for it: it may want for memory */
	uint32_t ticket;
	uint32_t told; /* a number that the call told: waiting, moved, a limit, a yes */
	uint32_t position; /* as told in between */
#define X(moment, name) uint32_t name;
	MOMENTS(X)
#undef X
	uint32_t until;	   /* certainly in line until here, if at all (by line.c) */
	uint64_t deadline; /* ns, CLOCK_MONOTONIC */
};

/* What makes calls one at a time: a thread, or its signal handlers. */
struct actor {
	struct entry *entries;
	uint32_t used; /* written by its owner only, atomic: others watch it move */
	uint32_t room;
	uint64_t random;
};

/* One line of a lock's log: committed in this order. */
struct granted {
	uint32_t ticket;
	uint32_t stamp;
	uint16_t weight;
	uint8_t mode;
	bool ahead;
};

/* A snapshot of a lock, and the call that took it. */
#define SIGHTS	   1024u
#define SIGHT_MOST 40u

struct sighted {
	uint32_t ticket, n;
	uint8_t mode;
	int8_t from;
	bool may_leave;
};

struct sight {
	struct entry *entry;
	uint32_t holds[FIFOLOCK_MAX_MODES];
	uint32_t waiting;
	bool closed;
	bool found; /* the holds were those of a moment (by sweep.c) */
	struct sighted line[SIGHT_MOST];
};

/* At this time the lock's clock stood here: one that had a later deadline had not left yet. */
struct tick {
	uint64_t ns;
	uint32_t stamp;
};

#define TICKS 4096

/* A lock under torture.  The scanner's part is ordered by SCANNING, the guarded part by
 * the lock's modes; neither is atomic. */
struct target {
	fifolock_t *lock; /* atomic; NULL: gone */
	const struct table *table;
	unsigned index;
	uint32_t first_ticket, next_ticket;
	bool stamped, shadowed, mortal;
	unsigned char *page;
	struct table own_table;

	uint32_t clock __attribute__((aligned(64)));  /* atomic: stamps taken */
	uint64_t shadow __attribute__((aligned(64))); /* atomic: holds */

	struct granted *log __attribute__((aligned(64)));
	uint32_t log_room;
	uint32_t logged, pending, biggest;
	uint64_t scans, tries;

	struct tick ticks[TICKS]; /* the ticker's */
	unsigned ticked;

	uint64_t guarded[FIFOLOCK_MAX_MODES] __attribute__((aligned(64)));
	uint64_t clique;
	uint64_t visits[FIFOLOCK_MAX_MODES]; /* atomic: that guarded is to count */
	fifolock_cond_t conds[CONDS];
	uint32_t hush;	    /* atomic: closed, and none is to signal */
	uint32_t at_conds;  /* atomic: threads that wait for conditions */
	uint32_t sign_offs; /* atomic: threads that will yet use it */
};

enum { HOLD_MINE, HOLD_LEFT, HOLD_TAKEN };

struct hold {
	uint8_t target;
	uint8_t mode;
	uint16_t weight;
	uint32_t left_to_handler; /* atomic: HOLD_... */
};

/* A thread's place; several threads may take it one after the other. */
struct seat {
	unsigned index;
	unsigned lives;
	pthread_t thread;
	bool running;	/* guarded by round->births */
	uint32_t ended; /* atomic */
	uint32_t tid;	/* atomic */
	struct actor main, handler;
	uint32_t slot; /* atomic: of its last wait */
	uint64_t joined_ns;
	struct hold held[HELD];
	bool hasty;	    /* no far deadlines */
	uint32_t slow_scan; /* ns to pause in the midst of a scan */
	uint32_t count;
	uint64_t shadow_seen[TARGETS][SHADOW_SEEN]; /* states known to be right */
	/* counts, for the tally */
	uint64_t waited_most_ns, overshot_most_ns, judged, wishes, sleeps;
	uint64_t interrupts, freezes, delays, by_others;
};

/* Those that do things to locks, and look at them. */
enum watcher { CLOSER, LIMITER, SIGNALLER, WATCHER, WATCHERS };

struct gift {
	uint32_t state; /* atomic: 0 none, 1 being written or read, 2 there */
	struct hold hold;
};

struct round {
	struct plan plan;
	struct target targets[TARGETS];
	struct seat seats[SEATS];
	struct actor janitor, watchers[WATCHERS];
	struct sight *sights;
	uint32_t sighted;
	uint32_t waits; /* atomic: for conditions */
	struct gift gifts[GIFTS];
	pthread_mutex_t births;
	pthread_barrier_t start;
	pthread_barrier_t burial; /* of mortal locks */
	uint32_t generation;	  /* guarded by burial */
	sem_t deaths;
	uint32_t over;	/* atomic: all threads are done */
	uint32_t hurry; /* atomic: it has taken long enough */
	uint32_t made_before;
	struct entry *entries; /* all actors' */
	uint32_t entry_room;
};

extern struct round *the_round;		    /* one at a time */
extern _Thread_local struct seat *me;	    /* NULL: not a worker */
extern _Thread_local struct entry *my_call; /* not of handlers */

#define relaxed_load(p)	    __atomic_load_n((p), __ATOMIC_RELAXED)
#define relaxed_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define relaxed_add(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)

/* ---- the parts ---- */

void target_make(struct target *target, const struct plan *plan, unsigned index,
		 uint64_t *random);
void target_die(struct target *target,
		bool destroy); /* by its last holder, right after its unlock */
void target_reborn(struct target *target, const struct plan *plan, uint64_t *random);
void target_check_page(struct target *target);
void target_free(struct target *target);
struct target *target_of(const fifolock_t *lock);

uint32_t stamp(struct target *target, uint32_t count);

/* A lock under torture, and not the guard of a condition. */
bool is_target(const fifolock_t *lock);

bool call_room(const struct actor *actor);
struct entry *call_open(struct actor *actor, enum kind kind, struct target *target,
			unsigned mode, uint32_t weight);
/* Between them is the library's call, which is to leave errno alone. */
void call_begin(struct actor *actor, struct entry *entry);
int call_end(struct actor *actor, struct entry *entry, int error);
/* A look gives up when another thread has been off its processor for long. */
#define LOOK_NS 90000000

struct timespec call_deadline(clockid_t clock, uint64_t *random, uint64_t *monotonic);

/* The error of the call; 0: it holds now. */
int call_ask(struct actor *actor, struct target *target, unsigned mode, uint32_t weight,
	     enum how how);
int request_ask(struct actor *actor, fifolock_t *lock, unsigned mode, uint32_t weight,
		const struct timespec *deadline);
int call_give(struct actor *actor, struct target *target, unsigned mode, uint32_t weight);
void call_look(struct actor *actor, struct target *target);

/* 0 and EDEADLK, EBUSY, ETIMEDOUT, ECANCELED, ENOMEM: then it is what it was. */
int call_convert(struct actor *actor, struct target *target, unsigned from, unsigned to,
		 enum how how);
/* ECANCELED: the hold is gone. */
int call_bump(struct actor *actor, struct target *target, unsigned mode);
int call_wait(struct actor *actor, struct target *target, unsigned mode, unsigned cond,
	      bool timed);
void call_signal(struct actor *actor, struct target *target, unsigned cond, bool all);
bool call_contended(struct actor *actor, struct target *target, unsigned mode);
void call_run(struct actor *actor, struct target *target, unsigned mode, bool later,
	      void (*inside)(struct target *target, unsigned mode));
int call_rule(struct actor *actor, struct target *target, enum kind kind, uint32_t most);
void call_snapshot(struct actor *actor, struct target *target);

/* A hold is counted from after its grant was seen until before it is given back. */
void shadow_add(struct target *target, unsigned mode, uint32_t weight);
void shadow_take(struct target *target, unsigned mode, uint32_t weight);
void shadow_judge(struct target *target, uint64_t shadow);

/* What is guarded, by those that are in it. */
struct inside {
	uint64_t guarded, clique;
};
struct inside come_in(struct target *target, unsigned mode);
void go_out(struct target *target, unsigned mode, struct inside inside);
void come_and_go(struct target *target, unsigned mode);

void *worker(void *seat);
void worker_release(struct seat *seat, struct actor *actor, const struct hold *hold);
bool take_from_handler(struct hold *hold);
void thief_step(struct seat *seat);
enum how some_way(struct seat *seat);
unsigned some_mode(struct seat *seat, const struct table *table);
void work(struct seat *seat);
bool run_section(struct seat *seat, struct target *target);
void make_use(struct seat *seat, struct target *target);
void wish_make(struct seat *seat);
void wish_key(void);

void watcher_turn(struct round *round, enum watcher watcher, uint64_t *random);

void disturb_start(struct round *round);
void disturb_stop(struct round *round);
bool gift_offer(struct round *round, const struct hold *hold);
void jitter_start(uint64_t random);
void gifts_drain(struct round *round);
void on_interrupt(int signal);
void on_freeze(int signal);
void nomem_start(bool on);
void nomem_exempt(bool yes); /* the calling thread */
void priority_change(uint64_t *random);
void move_thread(pthread_t thread, uint64_t *random);

/* What is refused, whatever the seed. */
void odd(void);

void round_run(struct round *round, uint64_t number);
void check_round(struct round *round);
/* Calls visit for each call of the round that was written down. */
void each_entry(struct round *round, void (*visit)(struct entry *entry, void *arg),
		void *arg);
void check_line(struct round *round, struct target *target);
void sweep(struct round *round, struct target *target);

void watchdog_start(void);
void watchdog_watch(struct round *round); /* NULL: nothing to watch */
void watchdog_dump(const struct round *round);

void *memory_get(size_t size);
void memory_return(void *memory, size_t size);
void pause_ns(uint64_t ns);

#endif
