/* SPDX-License-Identifier: MIT
 *
 * bounded_queue.c - producers and consumers, a ring between them, and two conditions.
 *
 * Who has waited longest is served first, at the conditions as in the line, so no producer
 * and no consumer is left behind by the others.
 */
#include <fifolock/cond.h>
#include <pthread.h>
#include <stdio.h>

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

static void put(struct queue *q, unsigned long item)
{
	fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE);
	while (q->count == ROOM)
		fifolock_cond_wait(&q->not_full, &q->lock, FIFOLOCK_EXCLUSIVE);
	q->items[(q->first + q->count++) % ROOM] = item;
	fifolock_cond_signal(&q->not_empty);
	fifolock_unlock(&q->lock, FIFOLOCK_EXCLUSIVE);
}

/* False: there is nothing, and there will be nothing. */
static bool take(struct queue *q, unsigned long *item)
{
	bool any;

	fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE);
	while (q->count == 0 && !q->finished)
		fifolock_cond_wait(&q->not_empty, &q->lock, FIFOLOCK_EXCLUSIVE);
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

static void finish(struct queue *q)
{
	fifolock_lock(&q->lock, FIFOLOCK_EXCLUSIVE);
	q->finished = true;
	fifolock_cond_broadcast(&q->not_empty);
	fifolock_unlock(&q->lock, FIFOLOCK_EXCLUSIVE);
}

static void *produce(void *unused)
{
	(void)unused;
	for (unsigned long i = 1; i <= ITEMS; i++)
		put(&queue, i);
	return NULL;
}

static void *consume(void *sum)
{
	unsigned long item;

	while (take(&queue, &item))
		*(unsigned long *)sum += item;
	return NULL;
}

int main(void)
{
	const unsigned long wanted = PRODUCERS * (ITEMS * (ITEMS + 1UL) / 2);
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	unsigned long sums[CONSUMERS] = {0}, total = 0;

	for (unsigned i = 0; i < CONSUMERS; i++)
		if (pthread_create(&consumers[i], NULL, consume, &sums[i]) != 0)
			return 1;
	for (unsigned i = 0; i < PRODUCERS; i++)
		if (pthread_create(&producers[i], NULL, produce, NULL) != 0)
			return 1;
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	finish(&queue);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		pthread_join(consumers[i], NULL);
		total += sums[i];
	}
	printf("%lu of %lu\n", total, wanted);
	return total != wanted || fifolock_destroy(&queue.lock) != 0;
}
