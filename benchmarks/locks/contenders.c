/* SPDX-License-Identifier: MIT
 *
 * contenders.c - the table of locks that are compared.
 */
#include "contenders.h"
#include "rows.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE	     128 /* two lines: processors fetch the neighbour too */

#define COMMON(row)                                         \
	.size = row_##row##_size, .lock = row_##row##_lock, \
	.unlock = row_##row##_unlock, .destroy = row_##row##_destroy
#define CALLS(row) COMMON(row), .init = row_##row##_init, .pairs = row_##row##_pairs

/* The functions of a lock from a library, or what to install for the next build. */
#ifdef HAVE_NSYNC
#define NSYNC(row) CALLS(row)
#else
#define NSYNC(row) .absent = "libnsync-dev"
#endif
#ifdef HAVE_CK
#define CK(row) CALLS(row)
#else
#define CK(row) .absent = "libck-dev"
#endif
#ifdef HAVE_ABSL
#define ABSL(row) CALLS(row)
#else
#define ABSL(row) .absent = "libabsl-dev"
#endif
#ifdef HAVE_BOOST
#define BOOST(row) CALLS(row)
#else
#define BOOST(row) .absent = "libboost-thread-dev"
#endif
#ifdef HAVE_TBB
#define TBB(row) CALLS(row)
#else
#define TBB(row) .absent = "libtbb-dev"
#endif
#ifdef HAVE_URCU
#define URCU(row) CALLS(row), .thread_begin = row_urcu_begin, .thread_end = row_urcu_end
#else
#define URCU(row) .absent = "liburcu-dev"
#endif

static const struct contender contenders[] = {
	{
		.name = "fifolock",
		.ours = true,
		.usual = true,
		.description = "this library, through its shared object",
		.has_shared = true,
		.fifo = true,
		CALLS(fifo),
	},
	{
		.name = "fifolock-run",
		.ours = true,
		.usual = true,
		.description = "this library: sections run by the thread that is at it, "
			       "in order",
		.has_shared = true,
		.fifo = true,
		COMMON(fifo),
		.init = row_fifo_init,
		.run = row_fifo_run,
		.pairs = row_fifo_run_pairs,
	},
	{
		.name = "pthread_mutex",
		.usual = true,
		.description = "the C library's mutex",
		CALLS(mutex),
	},
	{
		.name = "pthread_mutex-adaptive",
		.description = "the same, of the kind that spins before it sleeps",
		COMMON(mutex),
		.init = row_mutex_adaptive_init,
		.pairs = row_mutex_pairs,
	},
	{
		.name = "pthread_rwlock",
		.usual = true,
		.description = "the C library's read-write lock, default kind",
		.has_shared = true,
		CALLS(rwlock),
	},
	{
		.name = "pthread_rwlock-writer",
		.description = "the same; the unlock of a writer lets writers go first",
		.has_shared = true,
		COMMON(rwlock),
		.init = row_rwlock_writer_init,
		.pairs = row_rwlock_pairs,
	},
	{
		.name = "pthread_rwlock-writer-nonrecursive",
		.description = "the same; new readers also wait for waiting writers",
		.has_shared = true,
		COMMON(rwlock),
		.init = row_rwlock_nonrecursive_init,
		.pairs = row_rwlock_pairs,
	},
	{
		.name = "sem_t",
		.description = "the C library's semaphore with one unit, as a mutex",
		CALLS(semaphore),
	},
	{
		.name = "c11-mtx",
		.description = "mtx_t, the mutex of C11",
		CALLS(c11),
	},
	{
		.name = "handmade-fifo",
		.usual = true,
		.description = "a mutex, a list, a condition variable per waiter",
		.has_shared = true,
		.fifo = true,
		CALLS(byhand),
	},
	{
		.name = "cc-synch",
		.description =
			"CC-Synch: sections run by one of the waiters, which yield",
		.fifo = true,
		.size = row_ccsynch_size,
		.init = row_ccsynch_init,
		.run = row_ccsynch_run,
		.pairs = row_ccsynch_pairs,
		.destroy = row_ccsynch_destroy,
		.thread_begin = row_ccsynch_begin,
		.thread_end = row_ccsynch_end,
	},
	{
		.name = "nsync_mu",
		.description =
			"nsync: reader-writer lock; a thread that waited long goes first",
		.has_shared = true,
		.usual = true,
		NSYNC(nsync),
	},
	{
		.name = "ck-ticket",
		.description = "Concurrency Kit: ticket lock, all spin on one word",
		.fifo = true,
		.spins = true,
		CK(ck_ticket),
	},
	{
		.name = "ck-mcs",
		.description = "Concurrency Kit: MCS lock, each spins on its own line",
		.fifo = true,
		.spins = true,
		.usual = true,
		CK(ck_mcs),
	},
	{
		.name = "ck-tflock",
		.description = "Concurrency Kit: task-fair reader-writer ticket lock",
		.has_shared = true,
		.fifo = true,
		.spins = true,
		CK(ck_tflock),
	},
	{
		.name = "ck-pflock",
		.description = "Concurrency Kit: readers and writers in alternate phases",
		.has_shared = true,
		.spins = true,
		CK(ck_pflock),
	},
	{
		.name = "ck-rwlock",
		.description = "Concurrency Kit: reader-writer lock that prefers writers",
		.has_shared = true,
		.spins = true,
		CK(ck_rwlock),
	},
	{
		.name = "absl-mutex",
		.description = "Abseil's reader-writer mutex, its deadlock search off",
		.has_shared = true,
		.usual = true,
		ABSL(absl),
	},
	{
		.name = "boost-shared_mutex",
		.description = "Boost: a mutex and condition variables around counts",
		.has_shared = true,
		.usual = true,
		BOOST(boost),
	},
	{
		.name = "tbb-queuing_mutex",
		.description = "oneTBB: queue, each spins on its own place, then yields",
		.fifo = true,
		.spins = true,
		TBB(tbb_queuing),
	},
	{
		.name = "tbb-queuing_rw_mutex",
		.description = "oneTBB: the same for readers and writers",
		.has_shared = true,
		.fifo = true,
		.spins = true,
		TBB(tbb_queuing_rw),
	},
	{
		.name = "tbb-rw_mutex",
		.description = "oneTBB: reader-writer lock, waiters spin, then sleep",
		.has_shared = true,
		.usual = true,
		TBB(tbb_rw),
	},
	{
		.name = "tbb-spin_mutex",
		.description = "oneTBB: one byte, waiters spin, then yield",
		.spins = true,
		TBB(tbb_spin),
	},
	{
		.name = "tbb-spin_rw_mutex",
		.description = "oneTBB: reader-writer lock, waiters spin, then yield",
		.has_shared = true,
		.spins = true,
		TBB(tbb_spin_rw),
	},
	{
		.name = "urcu-read",
		.description = "no lock, a floor: RCU readers; mutex, grace period",
		.has_shared = true,
		.overlaps = true,
		URCU(urcu),
	},
};

/* Row number i of those that are present, or absent. */
static const struct contender *row_at(unsigned i, bool present)
{
	for (unsigned at = 0; at < COUNT(contenders); at++)
		if (!contenders[at].absent == present && i-- == 0)
			return &contenders[at];
	return NULL;
}

const struct contender *contender_at(unsigned i)
{
	return row_at(i, true);
}

const struct contender *contender_absent_at(unsigned i)
{
	return row_at(i, false);
}

const struct contender *contender_named(const char *name)
{
	for (unsigned i = 0; i < COUNT(contenders); i++)
		if (strcmp(contenders[i].name, name) == 0)
			return &contenders[i];
	return NULL;
}

static void *room_for(const struct contender *row, size_t size)
{
	size_t lines = (size + LINE - 1) / LINE * LINE;
	void *room = aligned_alloc(LINE, lines);

	if (!room)
		err(1, "%s", row->name);
	return memset(room, 0, lines);
}

void *contender_new(const struct contender *row)
{
	void *lock = room_for(row, row->size());

	row->init(lock);
	return lock;
}

void contender_free(const struct contender *row, void *lock)
{
	row->destroy(lock);
	free(lock);
}

static size_t stride_of(const struct contender *row)
{
	return (row->size() + 7) / 8 * 8;
}

void *contender_array(const struct contender *row, size_t count, size_t *stride)
{
	char *array;

	*stride = stride_of(row);
	array = room_for(row, count * *stride);
	for (size_t i = 0; i < count; i++)
		row->init(array + i * *stride);
	return array;
}

void contender_array_free(const struct contender *row, void *array, size_t count)
{
	size_t stride = stride_of(row);

	for (size_t i = 0; i < count; i++)
		row->destroy((char *)array + i * stride);
	free(array);
}
