/* SPDX-License-Identifier: MIT
 *
 * rows_fifolock.c - this library, and the lock that people write by hand.
 */
#include "handmade.h"
#include "rows.h"

#include <fifolock/request.h>

static unsigned mode_of(enum mode mode)
{
	return mode == SHARED ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE;
}

SIZE(fifo, fifolock_t)

void row_fifo_init(void *lock)
{
	must(fifolock_init(lock, &fifolock_shared_exclusive_modes));
}

void row_fifo_lock(void *lock, enum mode mode)
{
	must(fifolock_lock(lock, mode_of(mode)));
}

void row_fifo_unlock(void *lock, enum mode mode)
{
	must(fifolock_unlock(lock, mode_of(mode)));
}

void row_fifo_destroy(void *lock)
{
	must(fifolock_destroy(lock));
}

PAIRS(fifo)

void row_fifo_run(void *lock, enum mode mode, void (*section)(void *arg), void *arg)
{
	must(fifolock_run(lock, mode_of(mode), section, arg));
}

static void nothing(void *arg)
{
	(void)arg;
}

void row_fifo_run_pairs(void *lock, enum mode mode, unsigned long n)
{
	for (; n; n--)
		row_fifo_run(lock, mode, nothing, NULL);
}

SIZE(byhand, struct handmade)

void row_byhand_init(void *lock)
{
	must(handmade_init(lock));
}

void row_byhand_lock(void *lock, enum mode mode)
{
	must(handmade_lock(lock, mode == SHARED));
}

void row_byhand_unlock(void *lock, enum mode mode)
{
	must(handmade_unlock(lock, mode == SHARED));
}

void row_byhand_destroy(void *lock)
{
	must(handmade_destroy(lock));
}

PAIRS(byhand)
