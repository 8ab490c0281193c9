/* SPDX-License-Identifier: MIT
 *
 * upgradeable_cache.c - look up with others, insert alone, without a deadlock in between.
 *
 * Two readers that both want to become writers wait for each other for ever. Here a thread that may
 * come to write asks for UPDATE: it goes together with SHARED, but only one may hold it. So
 * its conversion to EXCLUSIVE waits for readers only, and they leave.
 */
#include <fifolock/fifolock.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define ROUNDS	20000
#define KEYS	64

static fifolock_t lock = FIFOLOCK_INIT(&fifolock_update_modes);

/* Written in EXCLUSIVE, read in any mode. */
struct entry {
	bool known;
	unsigned long value;
};

static struct entry cache[KEYS];
static unsigned computed; /* how often; by the holder of UPDATE */

static unsigned long compute(unsigned key)
{
	unsigned long value = key;

	computed++;
	for (unsigned i = 0; i < 1000; i++)
		value = value * 31 + i;
	return value;
}

/* In UPDATE: readers go on while it computes, and leave before it writes. */
static int insert(struct entry *entry, unsigned key)
{
	unsigned long value = compute(key);
	int error = fifolock_convert(&lock, FIFOLOCK_UPDATE, FIFOLOCK_EXCLUSIVE);

	if (error)
		return error; /* UPDATE is still held */
	entry->value = value;
	entry->known = true;
	/* A weaker mode is had at once. No other thread comes between and takes it out. */
	return fifolock_convert(&lock, FIFOLOCK_EXCLUSIVE, FIFOLOCK_SHARED);
}

static const struct entry *find_or_insert(unsigned key)
{
	struct entry *entry = &cache[key];
	int error;

	if (fifolock_lock(&lock, FIFOLOCK_UPDATE) != 0)
		return NULL;
	/* Look again: the one that held UPDATE before may have put it in. */
	if (entry->known)
		error = fifolock_convert(&lock, FIFOLOCK_UPDATE, FIFOLOCK_SHARED);
	else
		error = insert(entry, key);
	if (error)
		fifolock_unlock(&lock, FIFOLOCK_UPDATE);
	return error ? NULL : entry;
}

/* The entry, in SHARED, which the caller gives back; NULL: nothing is held. */
static const struct entry *hold(unsigned key)
{
	if (fifolock_lock(&lock, FIFOLOCK_SHARED) != 0)
		return NULL;
	if (cache[key].known)
		return &cache[key];
	fifolock_unlock(&lock, FIFOLOCK_SHARED);
	return find_or_insert(key);
}

static void *work(void *sum)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct entry *entry = hold(i * 7 % KEYS);

		if (!entry)
			break;
		*(unsigned long *)sum += entry->value;
		fifolock_unlock(&lock, FIFOLOCK_SHARED);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	unsigned long sums[THREADS] = {0};
	bool same = true;

	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &sums[i]) != 0)
			return 1;
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		same = same && sums[i] == sums[0];
	}
	printf("%u keys, computed %u times\n", KEYS, computed);
	return !same || computed != KEYS || fifolock_destroy(&lock) != 0;
}
