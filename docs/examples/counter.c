/* SPDX-License-Identifier: MIT
 *
 * counter.c - many threads, one small thing to do with the lock held: sections.
 *
 * Each thread asks for its section to be run in turn. Under load one thread runs those of
 * several others in a row, so what they write stays in one processor's cache.
 */
#include <fifolock/request.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define SAMPLES 20000
#define BUCKETS 8

static fifolock_t lock;

/* Written in EXCLUSIVE, read in SHARED. */
static struct {
	unsigned long count;
	unsigned long sum;
	unsigned long bucket[BUCKETS];
} histogram;

/* All that a section needs, as it may run in another thread. */
struct sample {
	unsigned value;
	unsigned long number; /* out: the how-manieth it was */
};

static void add(void *arg)
{
	struct sample *sample = arg;

	histogram.sum += sample->value;
	histogram.bucket[sample->value % BUCKETS]++;
	sample->number = ++histogram.count;
}

static int record(unsigned value, unsigned long *number)
{
	struct sample sample = {.value = value};
	int error = fifolock_run(&lock, FIFOLOCK_EXCLUSIVE, add, &sample);

	/* add has run, wherever that was, and what it wrote is here. */
	if (!error)
		*number = sample.number;
	return error;
}

static void *work(void *failed)
{
	unsigned long last = 0, number = 0;

	for (unsigned i = 0; i < SAMPLES; i++, last = number)
		if (record(i, &number) != 0 || number <= last)
			*(bool *)failed = true;
	return NULL;
}

/* A plain locker beside them: it waits in the same line. */
static bool looks_right(void)
{
	unsigned long total = 0;
	bool right;

	if (fifolock_lock(&lock, FIFOLOCK_SHARED) != 0)
		return false;
	for (unsigned i = 0; i < BUCKETS; i++)
		total += histogram.bucket[i];
	right = total == histogram.count;
	fifolock_unlock(&lock, FIFOLOCK_SHARED);
	return right;
}

int main(void)
{
	const unsigned long sum = (unsigned long)SAMPLES * (SAMPLES - 1) / 2;
	pthread_t threads[THREADS];
	bool failed[THREADS] = {false}, right = true;

	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &failed[i]) != 0)
			return 1;
	for (unsigned looks = 0; looks < 100; looks++)
		right = looks_right() && right;
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		right = right && !failed[i];
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		printf("%u: %lu\n", i, histogram.bucket[i]);
	return !(right && looks_right() && histogram.count == THREADS * SAMPLES &&
		 histogram.sum == THREADS * sum);
}
