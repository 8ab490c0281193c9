/* SPDX-License-Identifier: MIT
 *
 * floors.c - the least that a lock could cost on this machine: an atomic operation to
 * take it and one to give it back, and each way to pass the turn to another thread.
 *
 * Two pinned threads pass the turn to and fro.  The first of them measures slices of
 * many turns, and the median slice counts: one in which some other program had the
 * processor says nothing about the machine.
 */
#define _GNU_SOURCE
#include "floors.h"
#include "figures.h"
#include "crew.h"
#include "ticks.h"

#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define LINE	      128
#define STACK_SIZE    (64u << 10)
#define SLICES	      500
#define ALWAYS_INLINE inline __attribute__((always_inline))

static double slice_ns(void (*some)(void *what, unsigned long n), void *what,
		       unsigned long n)
{
	uint64_t before = ticks_now();

	some(what, n);
	return (double)ticks_ns(before, ticks_now()) / (double)n;
}

/* How many take one slice; the first tries may find the processor cold. */
static unsigned long slice_length(void (*some)(void *what, unsigned long n), void *what,
				  double ns)
{
	double least = ns;

	for (int i = 0; i < 5; i++) {
		double now = slice_ns(some, what, 20);

		least = now < least ? now : least;
	}
	return (unsigned long)(ns / (least + 0.1)) + 1;
}

static double median_slice(void (*some)(void *what, unsigned long n), void *what,
			   double seconds)
{
	uint64_t ends = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
	unsigned long n = slice_length(some, what, seconds * 1e9 / SLICES);
	double ns[SLICES];
	unsigned count = 0;

	do
		ns[count++] = slice_ns(some, what, n);
	while (count < SLICES && clock_ns(CLOCK_MONOTONIC) < ends);
	return median(ns, count);
}

void two_atomics(void *word, unsigned long n)
{
	for (; n; n--) {
		__atomic_fetch_add((uint64_t *)word, 1, __ATOMIC_ACQUIRE);
		__atomic_fetch_sub((uint64_t *)word, 1, __ATOMIC_RELEASE);
	}
}

static double measure_two_atomics(double seconds)
{
	_Alignas(LINE) uint64_t word[LINE / sizeof(uint64_t)] = {0};

	return median_slice(two_atomics, word, seconds);
}

/* Whose turn it is. */
enum {
	FIRST,
	SECOND,
	OVER,
};

static ALWAYS_INLINE uint32_t turn_now(const uint32_t *turn)
{
	return __atomic_load_n(turn, __ATOMIC_ACQUIRE);
}

/* n turns, or until it is over. */
static ALWAYS_INLINE void pass(uint32_t *turn, uint32_t mine, unsigned long n,
			       void (*await_change)(uint32_t *turn, uint32_t from),
			       void (*wake)(uint32_t *turn))
{
	for (; n; n--) {
		while (turn_now(turn) == !mine)
			await_change(turn, !mine);
		if (turn_now(turn) == OVER)
			return;
		__atomic_store_n(turn, !mine, __ATOMIC_RELEASE);
		wake(turn);
	}
}

static ALWAYS_INLINE void look_again(uint32_t *turn, uint32_t from)
{
	(void)turn;
	(void)from;
}

static ALWAYS_INLINE void nobody_sleeps(uint32_t *turn)
{
	(void)turn;
}

static ALWAYS_INLINE void yield(uint32_t *turn, uint32_t from)
{
	(void)turn;
	(void)from;
	sched_yield();
}

static ALWAYS_INLINE void futex_sleep(uint32_t *turn, uint32_t from)
{
	syscall(SYS_futex, turn, FUTEX_WAIT_PRIVATE, from, NULL);
}

static ALWAYS_INLINE void futex_wake(uint32_t *turn)
{
	syscall(SYS_futex, turn, FUTEX_WAKE_PRIVATE, 1);
}

static void pass_spinning(uint32_t *turn, uint32_t mine, unsigned long n)
{
	pass(turn, mine, n, look_again, nobody_sleeps);
}

static void pass_yielding(uint32_t *turn, uint32_t mine, unsigned long n)
{
	pass(turn, mine, n, yield, nobody_sleeps);
}

static void pass_by_futex(uint32_t *turn, uint32_t mine, unsigned long n)
{
	pass(turn, mine, n, futex_sleep, futex_wake);
}

/* The two threads. */
struct pair {
	_Alignas(LINE) uint32_t turn;
	_Alignas(LINE) void (*pass)(uint32_t *turn, uint32_t mine, unsigned long n);
	double seconds;
	double ns; /* found out by the first, 0 if nothing */
	struct seat {
		struct pair *pair;
		unsigned processor;
		bool refused; /* the processor; the turn guards it */
	} seats[2];
};

static void sit_down(struct seat *seat)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(seat->processor, &one);
	seat->refused = sched_setaffinity(0, sizeof(one), &one) != 0;
}

static void pass_and_return(void *what, unsigned long n)
{
	struct pair *pair = what;

	pair->pass(&pair->turn, FIRST, n);
}

/* Once the turn has been there and back, the second has sat down too. */
static void be_first(struct pair *pair)
{
	pass_and_return(pair, 2);
	if (!pair->seats[FIRST].refused && !pair->seats[SECOND].refused)
		pair->ns = median_slice(pass_and_return, pair, pair->seconds) / 2;
	while (turn_now(&pair->turn) == SECOND)
		sched_yield();
	__atomic_store_n(&pair->turn, OVER, __ATOMIC_RELEASE);
	futex_wake(&pair->turn);
}

static void be_one_of_two(void *argument)
{
	struct seat *seat = argument;
	struct pair *pair = seat->pair;

	sit_down(seat);
	if (seat == &pair->seats[FIRST])
		be_first(pair);
	else
		pair->pass(&pair->turn, SECOND, -1ul);
}

/* Neighbours on one core share more than most threads do. */
static bool same_core(unsigned a, unsigned b)
{
	const char *path = "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list";
	char siblings[2][256] = {"", ""};

	for (int i = 0; i < 2; i++) {
		char name[128];
		FILE *file;

		snprintf(name, sizeof(name), path, i ? b : a);
		file = fopen(name, "r");
		if (!file)
			return false;
		if (!fgets(siblings[i], sizeof(siblings[i]), file))
			siblings[i][0] = '\0';
		fclose(file);
	}
	return strcmp(siblings[0], siblings[1]) == 0;
}

/* The first processor that this process may use, and the next, if possible one on
 * another core.  How many there are. */
static unsigned choose_processors(unsigned chosen[2])
{
	unsigned count = 0;
	cpu_set_t mine;

	if (sched_getaffinity(0, sizeof(mine), &mine) != 0)
		return 0;
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &mine))
			continue;
		if (count < 2)
			chosen[count++] = i;
		else if (same_core(chosen[0], chosen[1]))
			chosen[1] = i;
		else
			break;
	}
	return count;
}

static double run_pair(struct pair *pair)
{
	struct crew crew;

	if (crew_start(&crew, 2, STACK_SIZE, be_one_of_two, pair->seats,
		       sizeof(pair->seats[0])) != 0) {
		pair->turn = OVER;
		pair->seats[SECOND].refused = true;
	}
	crew_end(&crew);
	return pair->ns;
}

static double measure_pair(void (*how)(uint32_t *, uint32_t, unsigned long),
			   bool same_processor, double seconds)
{
	struct pair pair = {.pass = how, .seconds = seconds};
	unsigned processors[2];
	unsigned count = choose_processors(processors);

	if (same_processor && count)
		processors[SECOND] = processors[FIRST];
	else if (count < 2)
		return 0;
	for (int i = FIRST; i <= SECOND; i++)
		pair.seats[i] = (struct seat){&pair, processors[i], false};
	return run_pair(&pair);
}

static double measure_line(double seconds)
{
	return measure_pair(pass_spinning, false, seconds);
}

static double measure_futex_same(double seconds)
{
	return measure_pair(pass_by_futex, true, seconds);
}

static double measure_futex_other(double seconds)
{
	return measure_pair(pass_by_futex, false, seconds);
}

static double measure_yield(double seconds)
{
	return measure_pair(pass_yielding, true, seconds);
}

static const struct floor floors[] = {
	{"two-atomics", "an atomic add and an atomic subtract on one word",
	 measure_two_atomics},
	{"line-handover", "a cache line to a thread that spins on another processor",
	 measure_line},
	{"futex-same-processor", "wake a thread of the same processor and sleep",
	 measure_futex_same},
	{"futex-other-processor", "wake a thread of another processor and sleep",
	 measure_futex_other},
	{"yield-switch", "sched_yield to another thread of the same processor",
	 measure_yield},
};

const struct floor *floor_at(unsigned i)
{
	return i < COUNT(floors) ? &floors[i] : NULL;
}
