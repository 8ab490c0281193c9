/* SPDX-License-Identifier: MIT
 *
 * fifolock/inspect.h - look at a lock: what is held, what waits, how long it takes.
 *
 *	fifolock_dump(&lock, stderr);
 *
 *	static fifolock_stats_t stats;			// a name and counters
 *
 *	fifolock_stats_init(&stats, "cache", &fifolock_update_modes);
 *	fifolock_init(&lock, &stats.modes);		// instead of &fifolock_update_modes
 *
 * Results and callers are as in fifolock/fifolock.h.
 */
#ifndef FIFOLOCK_INSPECT_H
#define FIFOLOCK_INSPECT_H

#include <fifolock/fifolock.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_snapshot(3): a lock at one moment ---- */

/* One request in line. */
struct fifolock_in_line {
	/* Its number in the order of arrival.  Numbers count up, and wrap. */
	uint32_t ticket;
	/* It is for n holds of mode. */
	unsigned mode;
	uint32_t n;
	/* A conversion: the mode that is held.  Otherwise -1. */
	int from;
	/* It may leave the line: it has a deadline, or can be cancelled. */
	bool may_leave;
	/* For how long its thread has been asleep or, if no thread waits for
	 * it, for how long it has been in line; precise to a tick of the
	 * system.  0: its thread has not gone to sleep yet, so the request came
	 * a moment ago. */
	uint64_t age_ns;
};

/* A lock at one moment. */
struct fifolock_snapshot {
	/* How many modes there are, and the holds of each. */
	unsigned modes;
	uint32_t holds[FIFOLOCK_MAX_MODES];
	/* How many requests are in line and, if any are, the ticket of the
	 * head. */
	uint32_t waiting;
	uint32_t oldest_ticket;
	bool closed;
	/* The name of a table that counts, otherwise NULL. */
	const char *name;
};

/* A struct and a function of one name: g++ -Wshadow would say so. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

/* Describe the lock as it is at one moment: the holds, and the first room requests in line, from
 * the head on; conversions stand before all others.  line may be NULL if room is 0.  No request
 * is granted while it looks, which takes some nanoseconds for each request in line; if another
 * thread is granting, it waits for that thread first.
 *
 *	EAGAIN	the lock changed during each attempt; or another thread is granting, and the
 *		system (a debugger, a freezer) has kept it off its processor for a tenth of a
 *		second.  Try again, or be content with fifolock_holds
 *	EINVAL	lock or out is NULL, or the lock has been destroyed */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_snapshot(fifolock_t *lock,
						    struct fifolock_snapshot *out,
						    struct fifolock_in_line line[],
						    size_t room);

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* Print the same as text, for people: up to 64 requests, one a line.  It writes by stdio, and is no
 * cancellation point nevertheless.  EAGAIN, EINVAL: as above, nothing is printed. */
FIFOLOCK_API int fifolock_dump(fifolock_t *lock, FILE *out);

/* ---- fifolock_holders(3): what the debug build knows ---- */

/* The debug build (meson's option -Dchecked=true; "The debug build" in the guide) records which
 * thread has which hold, and reports misuse.  Both builds have the functions of this section, so
 * that a program links with either; in the release build they return ENOTSUP. */

/* The holds of one mode by one thread.  Only of tables whose holds have owners. */
struct fifolock_holder {
	/* Its number in /proc, as gettid() has it; in a child perhaps its
	 * parent's. */
	int thread;
	unsigned mode;
	uint32_t n;
	/* Since the first of them was taken. */
	uint64_t age_ns;
	/* The function that took it, such as "fifolock_lock", and where that
	 * was called, for addr2line. */
	const char *call;
	const void *at;
};

/* Describe the holders of a lock, in no order, each as it was at a moment of the call: *count is
 * how many there are, and the first room of them are in holders, which may be NULL if room is 0.
 *
 *	EINVAL	lock or count is NULL
 *	ENOTSUP	this is the release build */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_holders(const fifolock_t *lock,
						   struct fifolock_holder holders[],
						   size_t room, size_t *count);

/* Something that the debug build has found to be wrong. */
struct fifolock_report {
	/* "EPERM", "EDEADLK", "order" and so on; the guide lists them. */
	const char *kind;
	/* What would be printed.  Not valid any more when the callback has
	 * returned. */
	const char *text;
	/* How often this kind of report has come from this place: 1, 10, 100
	 * and so on. */
	uint64_t count;
	/* The lock, which may have been freed already; NULL: none. */
	const fifolock_t *lock;
	/* The function that was called, and from where. */
	const char *call;
	const void *at;
};

/* Call call(report, ctx) for each report, instead of printing it; NULL: print again.  It is called
 * where the mistake is made: by any thread, inside any function of this library, in a signal
 * handler if that made the mistake.  So let it note the report, or abort.  A mistake that it makes
 * itself is printed.
 *
 *	ENOTSUP	this is the release build */
FIFOLOCK_API int
fifolock_debug_on_report(void (*call)(const struct fifolock_report *report, void *ctx),
			 void *ctx);

/* ---- fifolock_stats_read(3): count what locks do ---- */

/* What has happened in one mode, to all locks that use the table.  Times are in nanoseconds.
 *
 * All numbers are of one moment of the call, whatever goes on beside it.  So waited <= grants <=
 * taken, held <= taken, wait_max_ns <= wait_ns, and the sum of waits is waited.  Nothing but held
 * ever decreases.  A number that does not fit into 64 bits stays at UINT64_MAX.
 *
 * Each request ends as one of grants, refused, timed_out, turned_away, cancelled.  A request is
 * what lock, trylock, timedlock, request, run and run_async ask for; a conversion is one for its
 * new mode, and a bump and the end of a wait for a condition take their hold anew.  A call that
 * fails because of its arguments (EINVAL, ERANGE), or for want of a hold (EPERM), makes none. */
struct fifolock_counts {
	/* Holds that were granted: n for a request for n. */
	uint64_t taken;
	/* Requests that were granted; counted at the grant, not when its thread
	 * notices. */
	uint64_t grants;
	/* Those of them that had a place in line.  The end of a wait for a
	 * condition has none: that wait is for the signal. */
	uint64_t waited;
	/* Requests that never had a place in line: a try that did not fit or
	 * would have passed a request (EBUSY), a line as long as it may be
	 * (EAGAIN), a lock that was closed (ECANCELED), no memory for a place
	 * (ENOMEM); in the debug build also those that could never have been
	 * granted (EDEADLK). */
	uint64_t refused;
	/* Requests whose deadline passed first, in line or before that. */
	uint64_t timed_out;
	/* Requests that were refused in line: the lock was closed (ECANCELED),
	 * or it was a conversion that would have waited for ever (EDEADLK), or
	 * one whose hold another thread has given back (EPERM). */
	uint64_t turned_away;
	/* Requests that were cancelled in time. */
	uint64_t cancelled;
	/* All waits of requests that had a place in line and were granted,
	 * added up: from the call to the grant. */
	uint64_t wait_ns;
	/* The longest of them. */
	uint64_t wait_max_ns;
	/* The time of all holds, added up, each as often as its weight says:
	 * from the grant to the beginning of the unlock, or until now. */
	uint64_t held_ns;
	/* How many holds exist now. */
	uint64_t held;
	/* waits[i]: how many of the waits took less than 2^i ns, and at least
	 * half of that; the last one counts all longer ones, too. */
	uint64_t waits[40];
};

/* A table that counts, and its name, for one lock or many: a lock uses its field modes as its
 * table; copies of that count here, too.  The other fields are private.  A lock that uses such a
 * table reads a clock in each call, and writes to these counters; other locks pay nothing. */
typedef struct fifolock_stats {
	fifolock_modes_t modes;
	const char *name;
	uint64_t counts[FIFOLOCK_MAX_MODES][176];
} fifolock_stats_t;

/* Make *stats a table with the rules of modes (NULL: shared/exclusive) that counts, beginning at 0.
 * The name is kept as a pointer.  *stats must stay, unmoved, as long as a lock uses it.  In a child
 * after fork() it must be made anew if other threads of the parent were using it.
 *
 *	EINVAL	stats is NULL, or modes is a table that counts */
FIFOLOCK_API int fifolock_stats_init(fifolock_stats_t *stats, const char *name,
				     const fifolock_modes_t *modes);

/* Read the counts of one mode.  No thread that takes or gives holds waits for this call.  The call
 * waits, some nanoseconds, for threads that are counting at that moment, and for another reader.
 *
 *	EAGAIN	the system (a debugger) has kept such a thread off its processor for a second or
 *		so: *out is as it was
 *	EINVAL	the mode is not in the table; stats or out is NULL */
FIFOLOCK_API int fifolock_stats_read(const fifolock_stats_t *stats, unsigned mode,
				     struct fifolock_counts *out);

#ifdef __cplusplus
}
#endif

#endif
