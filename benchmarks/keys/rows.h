/* SPDX-License-Identifier: MIT
 *
 * rows.h - what the files with the functions of the rows have in common.
 */
#ifndef BENCHMARKS_KEYS_ROWS_H
#define BENCHMARKS_KEYS_ROWS_H

#include "contenders.h"

#include <stdlib.h>

#define LOCK_UNLOCK(row)                                                 \
	void row_##row##_lock(void *locks, uint64_t key, enum mode mode, \
			      union hold *hold);                         \
	void row_##row##_unlock(void *locks, union hold *hold)

/* rows_table.c */
void *row_table_create(size_t keys);
void *row_table_sized_create(size_t keys);
void row_table_destroy(void *locks);
LOCK_UNLOCK(table);
void row_table_bytes_lock(void *locks, uint64_t key, enum mode mode, union hold *hold);

/* rows_stripes.c */
void *row_stripes_64_create(size_t keys);
void *row_stripes_1024_create(size_t keys);
void row_stripes_destroy(void *locks);
LOCK_UNLOCK(stripes);

/* rows_mutexes.c */
void *row_mutexes_create(size_t keys);
void row_mutexes_destroy(void *locks);
LOCK_UNLOCK(mutexes);

static inline void must(int error)
{
	if (__builtin_expect(error != 0, 0))
		abort();
}

static inline void *must_have(void *memory)
{
	must(!memory);
	return memory;
}

#endif
