/* SPDX-License-Identifier: MIT
 *
 * fifolock/inspect.h - look at a lock: who holds, who waits, how long it takes.
 *
 *	fifolock_dump(&lock, stderr);
 *
 *	static fifolock_stats_t stats;			// a name and counters
 *	fifolock_stats_init(&stats, "cache", &fifolock_update_modes);
 *	fifolock_init(&lock, &stats.modes);		// instead of &fifolock_update_modes
 *
 * Every int function returns 0 or a positive errno and leaves errno alone. Any
 * thread may call them, a signal handler may not.
 */
#ifndef FIFOLOCK_INSPECT_H
#define FIFOLOCK_INSPECT_H

#include <fifolock/fifolock.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One request in line. */
struct fifolock_in_line {
	uint32_t ticket; /* its number; they count up, and wrap */
	unsigned mode;
	uint32_t n;	/* how many holds of it */
	int from;	/* a conversion: the mode it holds; otherwise -1 */
	bool may_leave; /* it has a deadline, or can be cancelled */
	uint64_t
		age_ns; /* how long it has slept or, if no thread waits, been in line; to the
			  * system's tick. 0: its thread is awake, so it came just now */
};

struct fifolock_snapshot {
	unsigned modes; /* how many there are */
	uint32_t holds[FIFOLOCK_MAX_MODES];
	uint32_t waiting;	/* in line */
	uint32_t oldest_ticket; /* of the head, if anybody is in line */
	bool closed;
	const char *name; /* of counted locks; otherwise NULL */
};

/* The lock at one moment: holds, and the first room requests in line, from the head
 * on (a conversion stands before all others). line may be NULL with room 0. While it
 * looks, which takes some nanoseconds for each request, nobody in line is granted.
 * EAGAIN: whatever moment it took the lock had changed before it was done; or another thread
 * is granting, and has been off its processor for a tenth of a second (a debugger, a
 * freezer). Try again, or believe fifolock_holds. EINVAL lock or out NULL. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_snapshot(fifolock_t *lock,
						    struct fifolock_snapshot *out,
						    struct fifolock_in_line line[],
						    size_t room);

/* The same as text, for people: up to 64 requests, one a line. EINVAL lock or out NULL,
 * EAGAIN as above. Not a cancellation point, although it writes. */
FIFOLOCK_API int fifolock_dump(fifolock_t *lock, FILE *out);

/* ---- the debug build (-Dchecked=true): see the guide, also for FIFOLOCK_DEBUG ----
 *
 * Both builds have these functions, so a program links with either. In the release build, which
 * knows nothing of holders and reports nothing, they answer ENOTSUP. */

/* Holds of one mode by one thread. Only of owner-checked tables. */
struct fifolock_holder {
	int thread; /* its number in /proc, as gettid has it; in a child, perhaps its parent's */
	unsigned mode;
	uint32_t n;
	uint64_t age_ns;  /* since the first of them was taken */
	const char *call; /* by which: "fifolock_lock" */
	const void *at;	  /* from where: for addr2line */
};

/* The holders of a lock, each as it was at a moment of the call, in no order: how many there are,
 * and the first room of them. holders may be NULL with room 0. EINVAL lock or count NULL.
 * ENOTSUP. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_holders(const fifolock_t *lock,
						   struct fifolock_holder holders[],
						   size_t room, size_t *count);

/* Something that the debug build has found to be wrong. */
struct fifolock_report {
	const char *kind; /* "EPERM", "EDEADLK", "order", ...: the guide has them all */
	const char *text; /* as it would be printed; gone when the callback returns */
	uint64_t count; /* how often this kind has come from this place: 1, 10, 100 ... */
	const fifolock_t *lock; /* which may be gone; NULL: none */
	const char *call;	/* the function, and from where it was called */
	const void *at;
};

/* Call call(report, ctx) for each report instead of printing it; NULL: print again. It runs where
 * the report is made: in any thread, inside any function of the library, in a signal handler if
 * that made the mistake; so it had better only note what it is told, or abort. What it does wrong
 * itself is printed. ENOTSUP. */
FIFOLOCK_API int
fifolock_debug_on_report(void (*call)(const struct fifolock_report *report, void *ctx),
			 void *ctx);

/* What has happened in one mode, to all locks that use the table; times in nanoseconds.
 *
 * All of it is as of one moment of the call, whatever goes on: so waited <= grants <= taken,
 * held <= taken, wait_max_ns <= wait_ns, and waits adds up to waited.  Nothing but held
 * ever gets less.  What does not fit into 64 bits stays at UINT64_MAX.
 *
 * Each request ends as one of: grants, refused, timed_out, turned_away, cancelled.  A request
 * is what lock, trylock, timedlock, request, run and run_async ask for; a conversion is one
 * for the mode that it converts to, and a bump and the end of a wait for a condition take
 * the hold anew.  Nothing else is a request: who is told EINVAL or ERANGE, or EPERM
 * because of a hold that is not there, has asked for nothing. */
struct fifolock_counts {
	/* Holds that were granted: n for a request for n. */
	uint64_t taken;
	/* Requests that were granted, from the moment of the grant, whenever their owner comes
	 * to look. */
	uint64_t grants;
	/* Of those, how many had a place in line.  The end of a wait for a condition has not:
	 * its wait is for the signal. */
	uint64_t waited;
	/* Requests that never had a place in line: a try that did not fit or would have passed
	 * somebody (EBUSY), a line as long as it may be (EAGAIN), a lock that was closed
	 * (ECANCELED), no memory to wait with (ENOMEM), and in the debug build one that could
	 * never have been granted (EDEADLK). */
	uint64_t refused;
	/* Requests whose deadline passed first, in line or before that. */
	uint64_t timed_out;
	/* Requests that had a place in line and were turned away: the lock was closed
	 * (ECANCELED), or it was a conversion that would have waited for ever (EDEADLK), or
	 * that another thread has left without its hold (EPERM). */
	uint64_t turned_away;
	/* Requests that were cancelled in time. */
	uint64_t cancelled;
	/* All waits of those that had a place in line and were granted, together: from the call
	 * to the grant. */
	uint64_t wait_ns;
	/* The longest of these. */
	uint64_t wait_max_ns;
	/* All holds together, those that last included: from the grant to the beginning of the
	 * unlock, each as often as its weight says. */
	uint64_t held_ns;
	/* How many holds last. */
	uint64_t held;
	/* How many of those that waited did so for less than 2^i ns, and no less than half of it;
	 * in the last one, for longer, too. */
	uint64_t waits[40];
};

/* A name and counters for one lock or many: a mode table that counts. A lock that
 * does not use one pays nothing for there being such a thing; one that does reads a
 * clock in each call and writes to these lines. Private, but for modes, of which copies
 * count here, too. */
typedef struct fifolock_stats {
	fifolock_modes_t modes;
	const char *name;
	uint64_t counts[FIFOLOCK_MAX_MODES][176];
} fifolock_stats_t;

/* Make *stats a table like modes (NULL: shared/exclusive), which counts, all counts
 * 0. name is kept by pointer. It must outlive the locks that use it, and not move. EINVAL
 * stats NULL, or modes of such a table.  In a child after fork() it must be made anew if
 * other threads of the parent were using it. */
FIFOLOCK_API int fifolock_stats_init(fifolock_stats_t *stats, const char *name,
				     const fifolock_modes_t *modes);

/* The counts of one mode, as of one moment.  Nobody who takes or gives waits for it; it
 * waits, some nanoseconds, for whoever is counting at that moment, and for another
 * reader.  EAGAIN, and *out as it was: such a thread has been off its processor for a
 * second or so, as when it is stopped by a debugger.  EINVAL. */
FIFOLOCK_API int fifolock_stats_read(const fifolock_stats_t *stats, unsigned mode,
				     struct fifolock_counts *out);

#ifdef __cplusplus
}
#endif

#endif
