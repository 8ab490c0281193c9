/* SPDX-License-Identifier: MIT
 *
 * bounded_queue.c - producers and consumers, a ring between them, and two conditions.
 *
 * The thread that has waited longest is served first, at the conditions as in the line, so no producer
 * and no consumer is left behind by the others.
 */
#include <fifolock/cond.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PRODUCERS 3
#define CONSUMERS 2
#define ITEMS	  4000 /* of each producer */
#define ROOM	  8

/* All zero: empty. */
struct queue {
	fifolock_t lock;
	fifolock_cond_t not_full;
	fifolock_cond_t not_empty;
	bool finished; /* nothing more will be put in */
	unsigned first, count;
	unsigned long items[ROOM];
};

static struct queue queue;

/* False: the queue has been shut down. */
static bool put(struct queue *q, unsigned long item)
{
	if (fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE) != 0)
		return false; /* closed: not held */
	while (q->count == ROOM)
		if (fifolock_cond_wait(&q->not_full, &q->lock, FIFOLOCK_EXCLUSIVE) != 0)
			return false;
	q->items[(q->first + q->count++) % ROOM] = item;
	fifolock_cond_signal(&q->not_empty);
	fifolock_unlock(&q->lock, FIFOLOCK_EXCLUSIVE);
	return true;
}

/* False: there is nothing, and there will be nothing; or the queue has been shut down. */
static bool take(struct queue *q, unsigned long *item)
{
	bool any;

	if (fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE) != 0)
		return false; /* closed: not held */
	while (q->count == 0 && !q->finished)
		if (fifolock_cond_wait(&q->not_empty, &q->lock, FIFOLOCK_EXCLUSIVE) != 0)
			return false;
	any = q->count > 0;
	if (any) {
		*item = q->items[q->first];
		q->first = (q->first + 1) % ROOM;
		q->count--;
		fifolock_cond_signal(&q->not_full);
	}
	fifolock_unlock(&q->lock, FIFOLOCK_EXCLUSIVE);
	return any;
}

/* To drain it: what has been put in is taken out, and then all threads come back. */
static void finish(struct queue *q)
{
	if (fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE) != 0)
		return;
	q->finished = true;
	fifolock_cond_broadcast(&q->not_empty);
	fifolock_unlock(&q->lock, FIFOLOCK_EXCLUSIVE);
}

/* To abort: all threads come back at once, and what is in the queue stays there. */
static void shut_down(struct queue *q)
{
	fifolock_close(&q->lock);
}

static void *produce(void *unused)
{
	(void)unused;
	for (unsigned long i = 1; i <= ITEMS && put(&queue, i); i++)
		;
	return NULL;
}

static void *consume(void *sum)
{
	unsigned long item;

	while (take(&queue, &item))
		*(unsigned long *)sum += item;
	return NULL;
}

static void start(pthread_t threads[], unsigned count, void *(*routine)(void *),
		  unsigned long sums[])
{
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, routine, sums ? &sums[i] : NULL))
			abort();
}

static void join(const pthread_t threads[], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const unsigned long wanted = PRODUCERS * (ITEMS * (ITEMS + 1UL) / 2);
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	unsigned long sums[CONSUMERS] = {0}, total = 0;

	start(consumers, CONSUMERS, consume, sums);
	start(producers, PRODUCERS, produce, NULL);
	join(producers, PRODUCERS);
	finish(&queue);
	join(consumers, CONSUMERS);
	for (unsigned i = 0; i < CONSUMERS; i++)
		total += sums[i];
	printf("%lu of %lu\n", total, wanted);

	queue.finished = false;
	start(consumers, CONSUMERS, consume, sums); /* they find nothing, and wait */
	shut_down(&queue);
	join(consumers, CONSUMERS);
	return total != wanted || fifolock_destroy(&queue.lock) != 0;
}
