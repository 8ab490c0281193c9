/* SPDX-License-Identifier: MIT
 *
 * account.h - the second account of the lock, as watch.c, commit.c and answers.c share it.
 */
#ifndef EX_ACCOUNT_H
#define EX_ACCOUNT_H

#include "watch.h"
#include "core/queue.h"

#define REQUESTS 64
#define NESTED	 8 /* releases inside releases: a handler's, a callback's */
#define NOBODY	 EX_THREADS
#define ACCOUNTS 3 /* two locks, and the guard of the condition */

/* A wait for a condition: ASKED, LISTED, and then ASKED again if it has taken itself off, or
 * PUSHED by the thread that signals. */
enum state { ASKED, LISTED, PUSHED, ANNOUNCED, LEFT, HELD, REFUSED, OVER };

struct release {
	unsigned mode;
	uint32_t n;
	bool done;
};

struct request {
	unsigned thread;
	enum watch_call call;
	unsigned mode;
	uint32_t n;
	int from; /* a conversion: the mode it holds; otherwise -1 */
	enum state state;
	const struct fl_slot *slot; /* NULL: not in line */
	uint32_t ticket;
	unsigned asked_at, over_at; /* steps */
	unsigned pushed_at, announced_at;
	int verdict;		/* REFUSED: why */
	unsigned pusher;	/* the thread that has pushed it */
	struct request *behind; /* that the push has found there; NULL: none */
	bool known;		/* none that comes later may pass it; stays so */
	bool left;		/* its slot may be in line still */
	bool slot_back;		/* to the pool */
	bool taken;		/* in line; a conversion when a scanner has taken it in */
	bool told;
	bool cause;	  /* of an EBUSY: seen while it asked */
	uint32_t limit;	  /* so many may be in line, at some moment of it; 0: all */
	bool full;	  /* as many were in line as may be */
	bool lost;	  /* what is to be converted is not held */
	bool closed;	  /* the lock was, at some moment of it */
	bool turned_away; /* the lock was closed for certain when it asked */
	bool in_line;	  /* the call that made it has returned before its end */
	bool called;	  /* back */
	bool calls;	  /* is to be called back */
	unsigned cancels; /* under way */
	bool cancelled;
	/* A section: the thread that has the hold that it is run under. */
	unsigned server;
	bool running, ran, released;
	bool disowned; /* is told by the thread that takes the role */
	/* A wait for a condition. */
	bool timed, listed, signalled;
	bool shut;  /* turned away by a closing */
	bool noted; /* by a signal, which is about to move it; or by itself: it leaves */
	uintptr_t note; /* where that is decided */
	const struct release *gives;
	struct request *outer; /* of the same thread: this one is a callback's */
};

struct caller {
	struct request *request; /* in progress, the innermost */
	struct release releases[NESTED];
	unsigned nested;
	unsigned runs;	       /* calls that run sections */
	struct request *moved; /* that it has signalled last */
	bool looks;
	uint32_t seen;	       /* the first ticket that it has not seen */
	uint32_t fewest, most; /* in line while it looked */
	unsigned looks_from;   /* the moment when it began to look closely (looks.c) */
};

/* What a thread does with the role of the scanner (keeps.c). */
struct passing {
	const struct fl_slot *slot; /* says PASSING or RECALLED; NULL: none */
	bool moved;		    /* another slot has it */
	struct request *heir;	    /* that one's */
	bool news; /* has been told of some, and has not announced them */
};

/* What is left to the thread that takes the role from a slot whose thread goes on with another. */
struct bequest {
	const struct fl_slot *slot; /* to be given back; NULL: none */
	struct request *served;	    /* to be told first that its section has run */
};

struct account {
	fifolock_t *lock; /* NULL: there is none */
	bool inner;	  /* its requests are made by a call on something else */
	const struct watch_table *table;
	bool looked_at; /* it may be looked at closely */
	bool freed;
	struct request requests[REQUESTS];
	unsigned request_count;
	unsigned line[REQUESTS]; /* in the order of the pushes */
	unsigned line_count;
	struct caller calls[EX_THREADS];
	unsigned scanner; /* NOBODY: there is none */
	unsigned scan_at; /* when it began */
	unsigned
		taker; /* has taken the role, and the word does not say so yet; or NOBODY */
	struct passing passes[EX_THREADS];
	const struct fl_slot *servers[EX_THREADS]; /* it keeps the role while it serves */
	struct request *served[EX_THREADS];
	struct bequest bequests[EX_THREADS];
	struct request *admitted; /* has no ticket yet */
	struct release *give;
	bool closed, ever_closed;
	bool closed_for_certain; /* and a call that did it has returned */
	unsigned ruling;	 /* calls that close or open */
	unsigned rules_at[EX_THREADS], opened_at;
};
extern struct account accounts[ACCOUNTS], *account; /* the one that is looked at */
extern unsigned account_step;

/* watch.c */
/* Of the lock that the current thread's calls are on, which becomes the one looked at. */
struct caller *account_mine(void);
struct request *account_numbered(unsigned which);
void account_decode(uint64_t word, uint32_t holds[]);
bool account_allows(const uint32_t holds[], const struct request *request);
void account_out_of_line(const struct request *request);
void account_note_causes(void);
void account_note_length(void);

/* Those in line, in the order in which they are granted: conversions before all others.
 * taken: those that a scanner has taken. */
unsigned account_order(struct request *order[], bool taken);

/* What a thread holds for sections: all have run?  false, too: it holds nothing for any. */
bool account_served(unsigned thread, unsigned *mode);
void account_served_over(unsigned thread);

void account_announced(struct request *request); /* NULL: none */

/* The one that has the slot, or had it last. */
struct request *account_of_slot(const struct fl_slot *slot);

/* keeps.c: the role of the scanner.  The owner may change the line. */
void keeps_begin(void);
bool keeps_owns(unsigned thread);
bool keeps_busy(void); /* a thread does something with it, or is about to */
bool keeps_speaks(const struct fl_slot *slot);
bool keeps_in_chain(const struct fl_slot *slot);
bool keeps_serves(const struct fl_slot *slot, unsigned *thread); /* is it a server? */
void keeps_first(const struct request *heir);			 /* none is before it */
uint32_t
keeps_gone(uint32_t *other); /* requests that have gone; while it is passed, or */
bool keeps_note(const struct ex_event *event, const struct fl_slot *slot);
bool keeps_passes(const struct ex_event *event); /* a step of it */
bool keeps_held(void); /* not at rest: a thread has it, by its note */
bool keeps_held_by(uint64_t note);
void keeps_word(const struct ex_event *event);
void keeps_tells(unsigned thread, const struct request *request);
void keeps_inherited(unsigned thread);
void keeps_freed(const struct fl_slot *slot);
void keeps_load(const struct ex_event *event);
void keeps_check(void); /* after any step */

/* answers.c */
struct request *account_asks(struct request request);
void account_over(struct request *request, int error);
bool account_has(const struct request *request); /* granted, and told */

/* Off the line: turned away, or about to be seen to have left. */
static inline bool account_is_off(const struct request *request)
{
	return request->slot && request->slot->verdict;
}

/* waits.c: conditions */
bool waits_moves(struct caller *caller); /* does it signal a thread, by this push? */
struct request *waits_moved(void);	 /* which */
void waits_guard_given(unsigned thread);
void waits_step(const struct ex_event *event);

/* looks.c */
void looks_begin(void);
void looks_note(void); /* in the account that a step has changed */

/* commit.c */
bool account_alone(unsigned mode); /* nothing fits beside it */
struct request *account_served_now(const struct fl_slot *server);
void account_check_chain(
	const struct fl_slot *keeper); /* the requests in line, and in which order */
void account_commit(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[]);

#endif
