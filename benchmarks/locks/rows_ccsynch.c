/* SPDX-License-Identifier: MIT
 *
 * rows_ccsynch.c - CC-Synch (Fatourou, Kallimanis, "Revisiting the Combining
 * Synchronization Technique", PPoPP 2012, algorithm 1): each thread swaps a fresh node in
 * for the newest one, writes its section in that, and waits there; a thread that finds that it need
 * not wait runs the sections that follow, up to a bound, and leaves the rest to the
 * next.  Sections run in the order of the swaps.
 *
 * In the paper waiters spin.  Here they yield after a while, so that it can be measured
 * with more threads than processors; they never sleep.
 */
#include "rows.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#define BOUND 256  /* sections that one thread runs for others in a row */
#define SPINS 2000 /* then yield between looks */

struct node {
	void (*section)(void *arg);
	void *arg;
	struct node *next; /* atomic */
	bool completed;
	bool wait; /* atomic */
} __attribute__((aligned(128)));

struct ccsynch {
	struct node *newest; /* atomic */
};

/* The next that this thread swaps in. */
static __thread struct node *spare;

static struct node *node_new(void)
{
	struct node *node = aligned_alloc(sizeof(*node), sizeof(*node));

	must(!node);
	*node = (struct node){0};
	return node;
}

SIZE(ccsynch, struct ccsynch)

void row_ccsynch_init(void *lock)
{
	((struct ccsynch *)lock)->newest = node_new();
}

void row_ccsynch_destroy(void *lock)
{
	free(((struct ccsynch *)lock)->newest);
}

void row_ccsynch_begin(void)
{
	spare = node_new();
}

void row_ccsynch_end(void)
{
	free(spare);
}

/* Our section in the newest node, and a fresh one behind it. */
static struct node *announce(struct ccsynch *lock, void (*section)(void *arg), void *arg)
{
	struct node *fresh = spare, *node;

	fresh->next = NULL;
	fresh->wait = true;
	fresh->completed = false;
	node = __atomic_exchange_n(&lock->newest, fresh, __ATOMIC_ACQ_REL);
	node->section = section;
	node->arg = arg;
	__atomic_store_n(&node->next, fresh, __ATOMIC_RELEASE);
	spare = node;
	return node;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" : : : "memory");
#endif
}

static void await_turn(const struct node *node)
{
	for (unsigned spins = 0; __atomic_load_n(&node->wait, __ATOMIC_ACQUIRE);) {
		if (++spins > SPINS)
			sched_yield();
		else
			relax();
	}
}

/* The sections from node on; the first whose node has nothing behind it is not there
 * yet. */
static void combine(struct node *node)
{
	for (unsigned ran = 0; ran < BOUND; ran++) {
		struct node *next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE);

		if (!next)
			break;
		node->section(node->arg);
		node->completed = true;
		__atomic_store_n(&node->wait, false, __ATOMIC_RELEASE);
		node = next;
	}
	__atomic_store_n(&node->wait, false, __ATOMIC_RELEASE);
}

void row_ccsynch_run(void *lock, enum mode mode, void (*section)(void *arg), void *arg)
{
	struct node *node = announce(lock, section, arg);

	(void)mode;
	await_turn(node);
	if (!node->completed)
		combine(node);
}

static void nothing(void *arg)
{
	(void)arg;
}

void row_ccsynch_pairs(void *lock, enum mode mode, unsigned long n)
{
	for (; n; n--)
		row_ccsynch_run(lock, mode, nothing, NULL);
}
