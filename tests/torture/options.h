/* SPDX-License-Identifier: MIT
 *
 * options.h - what rounds may have, what is reported of them, and the options.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* ---- what a round may have: name, chance of 16 per round, description ---- */

#define FEATURES(X)                                                                \
	X(weights, 7, "several holds in one step, given back whole or in parts")   \
	X(predicates, 4, "tables whose rule is a function")                        \
	X(timed, 9, "deadlines: past, close, far, on both clocks")                 \
	X(tries, 9, "trylock")                                                     \
	X(nest, 5, "several locks held at a time")                                 \
	X(births, 5, "threads that end and are born while others go on")           \
	X(pinned, 5, "threads pinned to one processor, and moved about")           \
	X(hogs, 3, "threads that only take processor time")                        \
	X(freezes, 3, "threads held up by a signal handler, wherever they are")    \
	X(signals, 4, "handlers that unlock and try")                              \
	X(gifts, 3, "holds given back by another thread")                          \
	X(priorities, 2, "nice, SCHED_FIFO, SCHED_BATCH, SCHED_IDLE")              \
	X(mortal, 7, "locks destroyed and unmapped by their last holder")          \
	X(stamps, 6, "every call stamped, for the sweep")                          \
	X(shadow, 12, "holds counted by the holders")                              \
	X(wrap, 4, "tickets that wrap")                                            \
	X(crowd, 1, "more threads than there are static slots")                    \
	X(thieves, 1, "releases of holds that are not there")                      \
	X(wishes, 2, "locks taken by a thread's destructors")                      \
	X(looks, 4, "fifolock_waiting and fifolock_holds, believed")               \
	X(requests, 6, "asking by requests that call back, are polled, cancelled") \
	X(converts, 6, "another mode for the one that is held")                    \
	X(sections, 6, "sections run in turn, by holders")                         \
	X(conditions, 5, "waits for conditions, signals by any thread")            \
	X(bumps, 4, "turns given to those in line")                                \
	X(closings, 3, "locks closed and opened again")                            \
	X(limits, 2, "lines that may be full")                                     \
	X(watchers, 4, "snapshots, positions, contended: believed")                \
	X(naps, 3, "holders that sleep")                                           \
	X(storms, 1, "deadlines that all pass behind one holder, again and again") \
	X(jitter, 6, "delays before the library's atomic operations")              \
	/* these for a whole life, a child process: */                             \
	X(stops, 5, "the process stopped and continued")                           \
	X(nomem, 6, "mmap fails by chance")                                        \
	X(asleep, 5,                                                               \
	  "waiters sleep at once (FIFOLOCK_SPIN_COUNT=0, FIFOLOCK_YIELD_COUNT=0)") \
	X(keyless, 2, "no key is left for the library's thread destructor")

enum feature {
#define X(name, chance, what) F_##name,
	FEATURES(X)
#undef X
		F_COUNT
};

#define ONE(name) (UINT64_C(1) << F_##name)

/* ---- what is reported at the end: the sum of all lives ---- */

#define TALLIES(X)                                                              \
	X(operations, "operations: calls that ask or give back")                \
	X(requests, "requests")                                                 \
	X(at_once, "granted at once")                                           \
	X(queued, "granted in line")                                            \
	X(busy, "EBUSY")                                                        \
	X(late, "ETIMEDOUT without joining")                                    \
	X(left, "ETIMEDOUT, left the line")                                     \
	X(no_memory, "ENOMEM")                                                  \
	X(releases, "releases")                                                 \
	X(refused, "releases refused with EPERM")                               \
	X(looks, "looks at waiting and holds")                                  \
	X(converted, "conversions")                                             \
	X(converted_in_line, "of them in line")                                 \
	X(deadlocks, "conversions refused with EDEADLK")                        \
	X(sections, "sections")                                                 \
	X(sections_by_others, "of them run by another thread")                  \
	X(waits, "waits for conditions")                                        \
	X(waits_late, "of them over with ETIMEDOUT")                            \
	X(signals, "signals and broadcasts")                                    \
	X(signalled, "waiters moved by them")                                   \
	X(bumps, "bumps that let others in")                                    \
	X(closings, "closings")                                                 \
	X(cancelled, "ECANCELED")                                               \
	X(full, "EAGAIN")                                                       \
	X(snapshots, "snapshots, in which nothing was wrong")                   \
	X(snapshots_again, "snapshots that said EAGAIN")                        \
	X(positions, "positions in line")                                       \
	X(contended, "questions whether a lock is contended")                   \
	X(by_request, "of them by a request, not by waiting")                   \
	X(weighted, "requests for more than one hold")                          \
	X(sleepers, "requests that slept")                                      \
	X(scans, "scans")                                                       \
	X(retries, "commits tried again")                                       \
	X(rounds, "rounds")                                                     \
	X(lives, "lives (processes)")                                           \
	X(tables_limits, "tables of limits")                                    \
	X(tables_presets, "presets")                                            \
	X(tables_dice, "predicates without sense")                              \
	X(tables_rooms, "predicates that count rooms")                          \
	X(threads, "threads")                                                   \
	X(wishes, "locks taken by destructors")                                 \
	X(by_handler, "releases by signal handlers")                            \
	X(handler_asks, "trylocks by signal handlers")                          \
	X(by_janitor, "releases by another thread")                             \
	X(interrupts, "signals handled")                                        \
	X(freezes, "threads frozen")                                            \
	X(stops, "SIGSTOPs of the process")                                     \
	X(delays, "delays before atomic operations")                            \
	X(hog_turns, "turns of processor hogs")                                 \
	X(moves, "moves between processors")                                    \
	X(priorities, "priorities changed")                                     \
	X(priorities_refused, "priorities not permitted")                       \
	X(mmap_failed, "allocations made to fail")                              \
	X(deaths, "locks destroyed and unmapped by their last holder")          \
	X(swept, "grants and refusals judged by the sweep")                     \
	X(quiet, "moments at which a lock was seen quiet with a line")          \
	X(sweeps_skipped, "locks whose sweep did not fit")                      \
	X(shadow_judged, "states of holds judged")                              \
	/* the largest seen, not a sum: */                                      \
	X(longest_wait_us, "longest wait in line [us]")                         \
	X(overshoot_us, "longest time past a deadline, until it returned [us]") \
	X(biggest_batch, "most requests granted by one commit")                 \
	X(longest_line, "longest line")                                         \
	X(slots, "slots made in one life")

struct tally {
#define X(name, what) uint64_t name;
	TALLIES(X)
#undef X
	uint64_t feature_rounds[F_COUNT];
	uint64_t started; /* ns */
	uint64_t round;	  /* now, for one that finds the process dead */
	uint32_t over;
};

void tally_add(uint64_t *sum, uint64_t more);
void tally_max(uint64_t *most, uint64_t seen);
void tally_print(const struct tally *tally);

struct options {
	uint64_t seed;
	double seconds;
	uint64_t operations; /* 0: by time */
	int64_t round;	     /* -1: all of them */
	unsigned threads;    /* 0: at random */
	uint64_t may;	     /* features that may occur */
	uint64_t must;	     /* and those that always do */
	unsigned stall;	     /* seconds without progress that are one */
	bool wedge;
	bool verbose;
	int64_t life; /* -1: the parent */
	int tally_fd;
};

/* Exit status of a life in which the watchdog found what --wedge did. */
#define WEDGE_FOUND 7

#define ROUNDS_PER_LIFE 32

#endif
