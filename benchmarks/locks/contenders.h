/* SPDX-License-Identifier: MIT
 *
 * contenders.h - the locks that are compared: one row per lock.
 */
#ifndef BENCHMARKS_CONTENDERS_H
#define BENCHMARKS_CONTENDERS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mode {
	EXCLUSIVE,
	SHARED,
};

/* Every function gets a pointer to size() bytes of zeroed memory, aligned for any
 * word.  A lock that fails aborts the program: a wrong figure is worse than none.
 * A thread holds at most one lock of a row at a time, in one mode, once. */
struct contender {
	const char *name;
	const char *description;
	/* NULL, or the Debian package it was built without; then there are no functions. */
	const char *absent;
	bool ours;	 /* of this library */
	bool usual;	 /* measured unless others are asked for */
	bool has_shared; /* false: shared requests take it exclusively */
	bool fifo;	 /* grants strictly in the order asked */
	bool spins;	 /* waiters never sleep: more threads than processors, and a run
			     * may take for ever */
	bool overlaps;	 /* shared sections run beside an exclusive one: a floor for
			     * readers, no lock */
	size_t (*size)(void);
	void (*init)(void *lock);
	void (*lock)(void *lock, enum mode mode);
	void (*unlock)(void *lock, enum mode mode);
	void (*destroy)(void *lock);
	/* NULL, or how sections are run instead of between lock and unlock, which may be
	 * NULL then. */
	void (*run)(void *lock, enum mode mode, void (*section)(void *arg), void *arg);
	/* n times lock and unlock, called directly as a user's program would. */
	void (*pairs)(void *lock, enum mode mode, unsigned long n);
	/* NULL, or what a thread calls before its first lock and after its last. */
	void (*thread_begin)(void);
	void (*thread_end)(void);
};

/* Row number i of those that were built, of those that were not; NULL past the last. */
const struct contender *contender_at(unsigned i);
const struct contender *contender_absent_at(unsigned i);

/* NULL where there is no such row.  It may be one with ->absent. */
const struct contender *contender_named(const char *name);

/* A lock of that kind, ready for use, alone on its cache lines; ends the program if
 * there is no memory. */
void *contender_new(const struct contender *row);
void contender_free(const struct contender *row, void *lock);

/* The same for count locks packed side by side, stride bytes from one to the next. */
void *contender_array(const struct contender *row, size_t count, size_t *stride);
void contender_array_free(const struct contender *row, void *array, size_t count);

#ifdef __cplusplus
}
#endif

#endif
