/* SPDX-License-Identifier: MIT
 *
 * rows.h - what the files with the functions of the rows have in common.
 */
#ifndef BENCHMARKS_ROWS_H
#define BENCHMARKS_ROWS_H

#include "contenders.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The functions of one row.  The size is one of them because some of the types are
 * known to C++ alone. */
#define ROW(row)                                             \
	size_t row_##row##_size(void);                       \
	void row_##row##_init(void *lock);                   \
	void row_##row##_lock(void *lock, enum mode mode);   \
	void row_##row##_unlock(void *lock, enum mode mode); \
	void row_##row##_destroy(void *lock);                \
	void row_##row##_pairs(void *lock, enum mode mode, unsigned long n)

/* rows_fifolock.c */
ROW(fifo);
ROW(byhand);
void row_fifo_run(void *lock, enum mode mode, void (*section)(void *arg), void *arg);
void row_fifo_run_pairs(void *lock, enum mode mode, unsigned long n);

/* rows_ccsynch.c: no lock and unlock */
size_t row_ccsynch_size(void);
void row_ccsynch_init(void *lock);
void row_ccsynch_destroy(void *lock);
void row_ccsynch_begin(void);
void row_ccsynch_end(void);
void row_ccsynch_run(void *lock, enum mode mode, void (*section)(void *arg), void *arg);
void row_ccsynch_pairs(void *lock, enum mode mode, unsigned long n);

/* rows_libc.c */
ROW(mutex);
ROW(rwlock);
ROW(semaphore);
ROW(c11);
void row_mutex_adaptive_init(void *lock);
void row_rwlock_writer_init(void *lock);
void row_rwlock_nonrecursive_init(void *lock);

/* rows_nsync.c */
ROW(nsync);

/* rows_ck.c */
ROW(ck_ticket);
ROW(ck_mcs);
ROW(ck_tflock);
ROW(ck_pflock);
ROW(ck_rwlock);

/* rows_urcu.c */
ROW(urcu);
void row_urcu_begin(void);
void row_urcu_end(void);

/* contenders_cpp.cc */
ROW(absl);
ROW(boost);
ROW(tbb_queuing);
ROW(tbb_queuing_rw);
ROW(tbb_rw);
ROW(tbb_spin);
ROW(tbb_spin_rw);

static inline void must(int error)
{
	if (__builtin_expect(error != 0, 0))
		abort();
}

/* Arrays hold locks at any multiple of eight bytes. */
#define SIZE(row, type)                                                \
	static_assert(alignof(type) <= 8, "arrays would misplace it"); \
	size_t row_##row##_size(void)                                  \
	{                                                              \
		return sizeof(type);                                   \
	}

/* For locks that need no more than zeroed memory, and leave nothing behind. */
#define PLAIN(row, type)                     \
	SIZE(row, type)                      \
	void row_##row##_init(void *lock)    \
	{                                    \
		(void)lock;                  \
	}                                    \
	void row_##row##_destroy(void *lock) \
	{                                    \
		(void)lock;                  \
	}

/* The loop that calls the two functions of a row directly. */
#define PAIRS(row)                                                          \
	void row_##row##_pairs(void *lock, enum mode mode, unsigned long n) \
	{                                                                   \
		for (; n; n--) {                                            \
			row_##row##_lock(lock, mode);                       \
			row_##row##_unlock(lock, mode);                     \
		}                                                           \
	}

#ifdef __cplusplus
}
#endif

#endif
