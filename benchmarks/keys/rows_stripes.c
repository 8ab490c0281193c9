/* SPDX-License-Identifier: MIT
 *
 * rows_stripes.c - the usual answer: an array of read-write locks, of which a key's hash chooses
 * one.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <pthread.h>

/* Alone on its cache lines, for their benefit. */
struct stripe {
	pthread_rwlock_t lock;
} __attribute__((aligned(128)));

struct stripes {
	unsigned bits;
	struct stripe at[];
};

static void *create(unsigned bits)
{
	size_t size =
		sizeof(struct stripes) + ((size_t)1 << bits) * sizeof(struct stripe);
	struct stripes *stripes = must_have(aligned_alloc(128, size));

	stripes->bits = bits;
	for (unsigned i = 0; i < 1u << bits; i++)
		must(pthread_rwlock_init(&stripes->at[i].lock, NULL));
	return stripes;
}

void *row_stripes_64_create(size_t keys)
{
	(void)keys;
	return create(6);
}

void *row_stripes_1024_create(size_t keys)
{
	(void)keys;
	return create(10);
}

void row_stripes_destroy(void *locks)
{
	struct stripes *stripes = locks;

	for (unsigned i = 0; i < 1u << stripes->bits; i++)
		must(pthread_rwlock_destroy(&stripes->at[i].lock));
	free(stripes);
}

void row_stripes_lock(void *locks, uint64_t key, enum mode mode, union hold *hold)
{
	struct stripes *stripes = locks;
	pthread_rwlock_t *lock = &stripes->at[keyed_place(key, stripes->bits)].lock;

	must(mode == SHARED ? pthread_rwlock_rdlock(lock) : pthread_rwlock_wrlock(lock));
	hold->lock = lock;
}

void row_stripes_unlock(void *locks, union hold *hold)
{
	(void)locks;
	must(pthread_rwlock_unlock(hold->lock));
}
