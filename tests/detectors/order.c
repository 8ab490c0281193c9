/* SPDX-License-Identifier: MIT
 *
 * order.c - programs that are wrong, whatever the threads' turns: two holders that go
 * together and write the same; two locks taken in both orders.
 */
#include "common.h"

static fifolock_t lock, other;

static void *takes(void *mode)
{
	unsigned m = (unsigned)(uintptr_t)mode;

	must(fifolock_lock(&lock, m) == 0);
	beside++;
	fifolock_unlock(&lock, m);
	return NULL;
}

/* One after the other, and nothing but the lock between them. */
static void together(const fifolock_modes_t *modes, unsigned a, unsigned b)
{
	pthread_t one, two;

	fifolock_init(&lock, modes);
	pthread_create(&one, NULL, takes, (void *)(uintptr_t)a);
	pthread_create(&two, NULL, takes, (void *)(uintptr_t)b);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
}

static void race_shared(void)
{
	together(NULL, S, S);
}

static void race_update(void)
{
	together(&fifolock_update_modes, U, S);
}

static void race_intent(void)
{
	together(&fifolock_intent_modes, IX, IX);
}

static bool one_writes(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return mode == 0 ? holds[0] + holds[1] == 0 : holds[0] == 0;
}

static void race_predicate(void)
{
	fifolock_modes_t modes;

	must(fifolock_modes_predicate(&modes, 2, 50, one_writes, NULL) == 0);
	together(&modes, 1, 1);
}

static void in_order(fifolock_t *one, fifolock_t *two, unsigned mode)
{
	must(fifolock_lock(one, X) == 0);
	must(fifolock_lock(two, mode) == 0);
	fifolock_unlock(two, mode);
	fifolock_unlock(one, X);
}

static void *forwards(void *arg)
{
	(void)arg;
	in_order(&lock, &other, X);
	return NULL;
}

static void *backwards(void *arg)
{
	(void)arg;
	in_order(&other, &lock, S);
	return NULL;
}

static void runs(void *(*body)(void *arg))
{
	pthread_t thread;

	pthread_create(&thread, NULL, body, NULL);
	pthread_join(thread, NULL);
}

/* Never at once, so that nothing happens, this time. */
static void inversion(void)
{
	fifolock_init(&lock, NULL);
	runs(forwards);
	runs(backwards);
}

static void *tries_backwards(void *arg)
{
	struct timespec at = in_ms(1000);

	(void)arg;
	must(fifolock_lock(&other, X) == 0);
	must(fifolock_trylock(&lock, X) == 0);
	fifolock_unlock(&lock, X);
	must(fifolock_timedlock(&lock, X, &at) == 0);
	fifolock_unlock(&lock, X);
	fifolock_unlock(&other, X);
	return NULL;
}

/* Correct: a thread that tries, or waits for a while, is not deadlocked. */
static void tried(void)
{
	fifolock_init(&lock, NULL);
	runs(forwards);
	runs(tries_backwards);
}

const struct program order_programs[] = {
	{"race-shared", race_shared, true},
	{"race-update", race_update, true},
	{"race-intent", race_intent, true},
	{"race-predicate", race_predicate, true},
	{"inversion", inversion, true},
	{"tried", tried, false},
	{NULL, NULL, false},
};
