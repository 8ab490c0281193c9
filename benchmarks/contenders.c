/* SPDX-License-Identifier: MIT
 *
 * contenders.c - the table of locks that are compared.
 */
#include "contenders.h"
#include "handmade.h"

#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <fifolock/request.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE	     128 /* two lines: processors fetch the neighbour too */

static inline void must(int error)
{
	if (__builtin_expect(error != 0, 0))
		abort();
}

/* The loop that calls the two functions of a row directly. */
#define PAIRS(row)                                                           \
	static void row##_pairs(void *lock, enum mode mode, unsigned long n) \
	{                                                                    \
		for (; n; n--) {                                             \
			row##_lock(lock, mode);                              \
			row##_unlock(lock, mode);                            \
		}                                                            \
	}

static void fifo_init(void *lock)
{
	must(fifolock_init(lock, &fifolock_shared_exclusive));
}

static void fifo_lock(void *lock, enum mode mode)
{
	must(fifolock_lock(lock, mode == SHARED ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE));
}

static void fifo_unlock(void *lock, enum mode mode)
{
	must(fifolock_unlock(lock,
			     mode == SHARED ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE));
}

static void fifo_destroy(void *lock)
{
	must(fifolock_destroy(lock));
}

PAIRS(fifo)

static void fifo_run(void *lock, enum mode mode, void (*section)(void *arg), void *arg)
{
	must(fifolock_run(lock, mode == SHARED ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE,
			  section, arg));
}

static void nothing(void *arg)
{
	(void)arg;
}

static void fifo_run_pairs(void *lock, enum mode mode, unsigned long n)
{
	for (; n; n--)
		fifo_run(lock, mode, nothing, NULL);
}

static void mutex_init(void *lock)
{
	must(pthread_mutex_init(lock, NULL));
}

static void mutex_lock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_mutex_lock(lock));
}

static void mutex_unlock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_mutex_unlock(lock));
}

static void mutex_destroy(void *lock)
{
	must(pthread_mutex_destroy(lock));
}

PAIRS(mutex)

static void rwlock_init(void *lock)
{
	must(pthread_rwlock_init(lock, NULL));
}

static void rwlock_lock(void *lock, enum mode mode)
{
	must(mode == SHARED ? pthread_rwlock_rdlock(lock) : pthread_rwlock_wrlock(lock));
}

static void rwlock_unlock(void *lock, enum mode mode)
{
	(void)mode;
	must(pthread_rwlock_unlock(lock));
}

static void rwlock_destroy(void *lock)
{
	must(pthread_rwlock_destroy(lock));
}

PAIRS(rwlock)

static void byhand_init(void *lock)
{
	must(handmade_init(lock));
}

static void byhand_lock(void *lock, enum mode mode)
{
	must(handmade_lock(lock, mode == SHARED));
}

static void byhand_unlock(void *lock, enum mode mode)
{
	must(handmade_unlock(lock, mode == SHARED));
}

static void byhand_destroy(void *lock)
{
	must(handmade_destroy(lock));
}

PAIRS(byhand)

#define CALLS(row)                                                      \
	.init = row##_init, .lock = row##_lock, .unlock = row##_unlock, \
	.destroy = row##_destroy, .pairs = row##_pairs

static const struct contender contenders[] = {
	{
		.name = "fifolock",
		.description = "this library, through its shared object",
		.size = sizeof(fifolock_t),
		.has_shared = true,
		.fifo = true,
		CALLS(fifo),
	},
	{
		.name = "fifolock-run",
		.description = "this library: sections run by whoever is at it, in order",
		.size = sizeof(fifolock_t),
		.has_shared = true,
		.fifo = true,
		.init = fifo_init,
		.lock = fifo_lock,
		.unlock = fifo_unlock,
		.destroy = fifo_destroy,
		.run = fifo_run,
		.pairs = fifo_run_pairs,
	},
	{
		.name = "pthread_mutex",
		.description = "the C library's mutex",
		.size = sizeof(pthread_mutex_t),
		CALLS(mutex),
	},
	{
		.name = "pthread_rwlock",
		.description = "the C library's read-write lock, default kind",
		.size = sizeof(pthread_rwlock_t),
		.has_shared = true,
		CALLS(rwlock),
	},
	{
		.name = "handmade-fifo",
		.description = "a mutex, a list, a condition variable per waiter",
		.size = sizeof(struct handmade),
		.has_shared = true,
		.fifo = true,
		CALLS(byhand),
	},
};

const struct contender *contender_at(unsigned i)
{
	return i < COUNT(contenders) ? &contenders[i] : NULL;
}

const struct contender *contender_named(const char *name)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_at(i)); i++)
		if (strcmp(row->name, name) == 0)
			break;
	return row;
}

void *contender_new(const struct contender *row)
{
	size_t size = (row->size + LINE - 1) / LINE * LINE;
	void *lock = aligned_alloc(LINE, size);

	if (!lock)
		err(1, "%s", row->name);
	memset(lock, 0, size);
	row->init(lock);
	return lock;
}

void contender_free(const struct contender *row, void *lock)
{
	row->destroy(lock);
	free(lock);
}
