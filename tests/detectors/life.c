/* SPDX-License-Identifier: MIT
 *
 * life.c - closing, the end of a lock, memory that is used again, signal handlers.
 */
#include "common.h"
#include <signal.h>
#include <sys/mman.h>

static fifolock_t lock;

/* ---- closing: what was done before it is seen by the threads that it turns away ---- */

static bool closing; /* plain */

static void close_body(long me)
{
	if (me == 0) {
		while (fifolock_waiting(&lock) < THREADS - 1)
			sched_yield();
		closing = true;
		must(fifolock_close(&lock) == 0);
		return;
	}
	must(fifolock_lock(&lock, me == 1 ? X : S) == ECANCELED);
	must(closing);
	must(fifolock_lock(&lock, X) == ECANCELED);
}

static void closed(void)
{
	fifolock_init(&lock, NULL);
	must(fifolock_lock(&lock, X) == 0);
	crowd(close_body);
	fifolock_unlock(&lock, X);
	must(fifolock_destroy(&lock) == 0);
	fifolock_init(&lock, NULL);
	must(fifolock_lock(&lock, X) == 0);
	fifolock_unlock(&lock, X);
}

/* ---- the last one frees it ---- */

struct object {
	fifolock_t lock;
	int users; /* by the lock */
	long value;
};

static struct object *object;

static void last_body(long me)
{
	struct object *mine = object;
	bool last;

	must(fifolock_lock(&mine->lock, S) == 0);
	must(mine->value == 7);
	fifolock_unlock(&mine->lock, S);
	must(fifolock_lock(&mine->lock, X) == 0);
	last = --mine->users == 0;
	fifolock_unlock(&mine->lock, X);
	if (!last)
		return;
	if (me % 2)
		must(fifolock_destroy(&mine->lock) == 0);
	mine->value = 0;
	free(mine);
}

static void last(void)
{
	for (int i = 0; i < TURNS; i++) {
		object = calloc(1, sizeof(*object));
		object->users = THREADS;
		object->value = 7;
		crowd(last_body);
	}
}

/* ---- memory that is used again ---- */

static void pair_in_order(fifolock_t *one, fifolock_t *two)
{
	must(fifolock_lock(one, X) == 0);
	must(fifolock_lock(two, X) == 0);
	data[0]++;
	fifolock_unlock(two, X);
	fifolock_unlock(one, X);
}

/* The same memory, in turn four locks that are never destroyed and plain data. */
static void again(void)
{
	static fifolock_t memory[2];
	long *plain = (long *)memory;

	pair_in_order(&memory[0], &memory[1]);
	memset(memory, 0, sizeof(memory));
	pair_in_order(&memory[1], &memory[0]);
	fifolock_init(&memory[0], &fifolock_mutex_modes);
	fifolock_init(&memory[1], &fifolock_update_modes);
	pair_in_order(&memory[0], &memory[1]);
	for (unsigned i = 0; i < 10; i++)
		plain[i] = (long)i;
	must(plain[7] == 7);
}

static void in_order_only(fifolock_t *one, fifolock_t *two)
{
	must(fifolock_lock(one, X) == 0);
	must(fifolock_lock(two, X) == 0);
	fifolock_unlock(two, X);
	fifolock_unlock(one, X);
}

static void reused_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		fifolock_t *two = calloc(2, sizeof(*two));

		in_order_only(&two[0], &two[1]);
		free(two);
		two = calloc(2, sizeof(*two));
		two[0].modes = two[1].modes = NULL;
		if (me == 1) {
			must(fifolock_destroy(&two[1]) == 0);
			fifolock_init(&two[1], &fifolock_mutex_modes);
		}
		must(fifolock_lock(&two[1], X) == 0);
		must(fifolock_lock(&two[0], X) == 0);
		fifolock_unlock(&two[0], X);
		fifolock_unlock(&two[1], X);
		free(two);
	}
}

static void reused(void)
{
	again();
	data[0] = 0;
	for (int i = 0; i < 3; i++) {
		long *page;
		fifolock_t *locks = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		pair_in_order(&locks[i & 1], &locks[~i & 1]);
		munmap(locks, 4096);
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		page[0] = 1;
		munmap(page, 4096);
	}
}

static void reused_by_many_body(long me)
{
	long before = data[7]; /* which none writes */

	reused_body(me);
	must(before == data[7]);
}

/* One frame after the other at the same place. */
__attribute__((noinline)) static void frame(bool backwards)
{
	fifolock_t two[2] = {FIFOLOCK_INIT(NULL), FIFOLOCK_INIT(NULL)};

	in_order_only(&two[backwards], &two[!backwards]);
}

static void frames_body(long me)
{
	(void)me;
	for (int i = 0; i < TURNS; i++)
		frame(i % 2);
}

static void frames(void)
{
	crowd(frames_body);
}

/* ---- handlers ---- */

static void gives_back(int signal)
{
	(void)signal;
	data[0]++;
	fifolock_unlock(&lock, X);
}

static void signals_body(long me)
{
	(void)me;
	for (int i = 0; i < TURNS; i++) {
		must(fifolock_lock(&lock, X) == 0);
		data[0]++;
		pthread_kill(pthread_self(), SIGUSR1);
	}
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = gives_back};

	fifolock_init(&lock, NULL);
	sigaction(SIGUSR1, &action, NULL);
	crowd(signals_body);
	must(data[0] == 2L * THREADS * TURNS);
}

/* ---- a signal for a thread that waits in line: its handler lets the holder go on ---- */

static _Atomic bool go_on;

static void lets_go(int signal)
{
	(void)signal;
	go_on = true;
}

static pthread_t waiter;

static void *waits(void *arg)
{
	(void)arg;
	must(fifolock_lock(&lock, X) == 0);
	fifolock_unlock(&lock, X);
	return NULL;
}

static void interrupts(void)
{
	struct sigaction action = {.sa_handler = lets_go, .sa_flags = SA_RESTART};
	struct timespec moment = {.tv_nsec = 50000000};

	fifolock_init(&lock, NULL);
	sigaction(SIGUSR1, &action, NULL);
	must(fifolock_lock(&lock, X) == 0);
	must(pthread_create(&waiter, NULL, waits, NULL) == 0);
	while (fifolock_waiting(&lock) == 0)
		sched_yield();
	nanosleep(&moment, NULL);
	pthread_kill(waiter, SIGUSR1);
	while (!go_on)
		sched_yield();
	fifolock_unlock(&lock, X);
	pthread_join(waiter, NULL);
}

/* ---- threads that none joins ---- */

static _Atomic int ended;

static void *detached(void *arg)
{
	(void)arg;
	must(fifolock_lock(&lock, X) == 0);
	data[0]++;
	fifolock_unlock(&lock, X);
	ended++;
	return NULL;
}

static void detach(void)
{
	pthread_t thread;

	fifolock_init(&lock, NULL);
	for (int i = 0; i < TURNS; i++) {
		must(pthread_create(&thread, NULL, detached, NULL) == 0);
		pthread_detach(thread);
	}
	while (ended < TURNS)
		sched_yield();
	must(fifolock_lock(&lock, S) == 0);
	must(data[0] == TURNS);
	fifolock_unlock(&lock, S);
}

static void reuse_by_many(void)
{
	crowd(reused_by_many_body);
}

const struct program life_programs[] = {
	{"close", closed, false},
	{"last", last, false},
	{"reused", reused, false},
	{"reused-by-many", reuse_by_many, false},
	{"frames", frames, false},
	{"signals", signals, false},
	{"interrupts", interrupts, false},
	{"detached", detach, false},
	{NULL, NULL, false},
};
