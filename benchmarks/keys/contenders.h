/* SPDX-License-Identifier: MIT
 *
 * contenders.h - what people lock keys with: one row for each way.
 */
#ifndef BENCHMARKS_KEYS_CONTENDERS_H
#define BENCHMARKS_KEYS_CONTENDERS_H

#include "locks/contenders.h" /* enum mode */

#include <fifolock/table.h>
#include <stddef.h>
#include <stdint.h>

/* Sets of them. */
enum test {
	LOAD = 1,
	COLLIDE = 2,
	LIVE = 4, /* wants a lock for each key */
	CHURN = 8,
};

/* What a thread has taken. */
union hold {
	fifolock_hold_t key;
	void *lock;
};

/* A lock that fails aborts the program.  Keys are below 2^32. */
struct keyed {
	const char *name;
	const char *description;
	bool ours;
	unsigned tests; /* that it takes part in if it is named */
	unsigned usual; /* and if none is */
	/* About how many keys will be in use at one time. */
	void *(*create)(size_t keys);
	void (*destroy)(void *locks);
	void (*lock)(void *locks, uint64_t key, enum mode mode, union hold *hold);
	void (*unlock)(void *locks, union hold *hold);
};

/* What the others are compared with. */
#define KEYED_REFERENCE "stripes-1024"

/* Row number i, NULL past the last; the row of that name, NULL if there is none. */
const struct keyed *keyed_at(unsigned i);
const struct keyed *keyed_named(const char *name);

/* Which of 2^bits places that is the key's: the same for stripes and for buckets. */
static inline size_t keyed_place(uint64_t key, unsigned bits)
{
	return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
}

#endif
