/* SPDX-License-Identifier: MIT
 *
 * held.c - which locks this thread reads.
 *
 * POSIX lets a thread that has a lock for reading have it so once more.  Where a writer waits, that
 * is behind the writer, which waits for the thread: so the thread must be let in past the line.
 * It must be known for that; and which mode pthread_rwlock_unlock gives back is known by it, too,
 * without a look at the lock.  Mostly a thread reads one lock at a time: that one has a place of
 * its own (held.h).
 *
 * What is here is a hint.  A lock that was given back by another thread, which POSIX does not
 * allow, stays here; so a thread is let in past the line only where there is a reader at that
 * moment (rwlock.c), and what is given back is looked up if it is not known.
 */
#include "held.h"

#define MOST 60

FL_ALL_MY const void *fl_held_one;

FL_MY struct {
	uint32_t count;
	uint32_t others; /* so many more, that have had no room */
	const void *locks[MOST];
} held;

void fl_held_add(const void *lock)
{
	if (held.count < MOST)
		held.locks[held.count++] = lock;
	else
		held.others++;
}

/* Where it is, and one more; 0: it is not. */
static uint32_t find(const void *lock)
{
	uint32_t at = held.count;

	while (at && held.locks[at - 1] != lock)
		at--;
	return at;
}

bool fl_held_remove(const void *lock)
{
	uint32_t at = find(lock);

	if (at)
		held.locks[at - 1] = held.locks[--held.count];
	return at;
}

void fl_held_one_less(void)
{
	held.others -= held.others != 0;
}

bool fl_held_is(const void *lock)
{
	return fl_held_one == lock || held.others || find(lock);
}
