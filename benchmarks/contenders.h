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

/* Every function gets a pointer to size bytes of zeroed memory, alone on its
 * cache lines.  A lock that fails aborts the program: a wrong figure is worse
 * than none. */
struct contender {
	const char *name;
	const char *description;
	size_t size;
	bool has_shared; /* false: shared requests take it exclusively */
	bool fifo;	 /* grants strictly in the order asked */
	void (*init)(void *lock);
	void (*lock)(void *lock, enum mode mode);
	void (*unlock)(void *lock, enum mode mode);
	void (*destroy)(void *lock);
	/* NULL, or how sections are run instead of between lock and unlock. */
	void (*run)(void *lock, enum mode mode, void (*section)(void *arg), void *arg);
	/* n times lock and unlock, called directly as a user's program would. */
	void (*pairs)(void *lock, enum mode mode, unsigned long n);
};

/* Row number i, NULL past the last. */
const struct contender *contender_at(unsigned i);
const struct contender *contender_named(const char *name);

/* A lock of that kind, ready for use; ends the program if there is no memory. */
void *contender_new(const struct contender *row);
void contender_free(const struct contender *row, void *lock);

#ifdef __cplusplus
}
#endif

#endif
