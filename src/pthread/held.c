/* SPDX-License-Identifier: MIT
 *
 * held.c - which locks this thread reads.
 *
 * POSIX lets a thread that has a lock for reading have it so once more.  Where a writer waits, that
 * is behind the writer, which waits for the thread: so the thread must be let in past the line.
 * It must be known for that; and which mode pthread_rwlock_unlock gives back is known by it, too,
 * without a look at the lock.
 *
 * What is here is a hint.  A lock that was given back by another thread, which POSIX does not
 * allow, stays here; so a thread is let in past the line only where there is a reader at that
 * moment (rwlock.c), and what is given back is looked up if it is not known.
 */
#include "face.h"

#define MOST 62

FL_MY struct {
	uint32_t count;
	uint32_t others; /* so many more, that have had no room */
	const void *locks[MOST];
} held;

void fl_reads(const void *lock)
{
	if (fl_likely(held.count < MOST))
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

bool fl_reads_no_more(const void *lock)
{
	uint32_t at = find(lock);

	if (fl_likely(at))
		held.locks[at - 1] = held.locks[--held.count];
	return at;
}

void fl_reads_one_less(void)
{
	held.others -= held.others != 0;
}

bool fl_is_reading(const void *lock)
{
	return held.others || find(lock);
}
