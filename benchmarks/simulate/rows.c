/* SPDX-License-Identifier: MIT
 *
 * rows.c - the locks.  Compiled like the library: each access is seen.
 *
 *	mcs		Mellor-Crummey, Scott, TOCS 1991
 *	cc-synch	Fatourou, Kallimanis, PPoPP 2012: as published, it spins for ever, here with
 *			a yield after 15 us
 *	mutex		a word and a futex, newcomers first: Drepper, "Futexes are tricky"
 */
#include "rows.h"
#include "machine.h"

#include <fifolock/fifolock.h>
#include <fifolock/request.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE __attribute__((aligned(128)))

char the_lock[256] LINE;

/* ---- ours ---- */

static fifolock_t *ours(void)
{
	return (fifolock_t *)the_lock;
}

static unsigned mode_of(bool shared)
{
	return shared ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE;
}

static void our_lock(unsigned thread, bool shared)
{
	(void)thread;
	(void)fifolock_lock(ours(), mode_of(shared));
}

static void our_unlock(unsigned thread, bool shared)
{
	(void)thread;
	(void)fifolock_unlock(ours(), mode_of(shared));
}

static void our_run(unsigned thread, bool shared, void (*section)(void *arg), void *arg)
{
	(void)thread;
	(void)fifolock_run(ours(), mode_of(shared), section, arg);
}

/* ---- MCS ---- */

static struct mcs {
	struct mcs *next;
	uint32_t waits;
} LINE mcs_of[THREADS];

static struct mcs **mcs_newest(void)
{
	return (struct mcs **)(void *)the_lock;
}

static void mcs_lock(unsigned thread, bool shared)
{
	struct mcs *mine = &mcs_of[thread], *older;

	(void)shared;
	mine->next = NULL;
	mine->waits = 1;
	older = __atomic_exchange_n(mcs_newest(), mine, __ATOMIC_ACQ_REL);
	if (!older)
		return;
	__atomic_store_n(&older->next, mine, __ATOMIC_RELEASE);
	while (__atomic_load_n(&mine->waits, __ATOMIC_ACQUIRE))
		caa_cpu_relax();
}

static void mcs_unlock(unsigned thread, bool shared)
{
	struct mcs *mine = &mcs_of[thread], *newest = mine, *next;

	(void)shared;
	next = __atomic_load_n(&mine->next, __ATOMIC_ACQUIRE);
	if (!next) {
		if (__atomic_load_n(mcs_newest(), __ATOMIC_RELAXED) == mine &&
		    __atomic_compare_exchange_n(mcs_newest(), &newest, NULL, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return;
		while (!(next = __atomic_load_n(&mine->next, __ATOMIC_ACQUIRE)))
			caa_cpu_relax();
	}
	__atomic_store_n(&next->waits, 0, __ATOMIC_RELEASE);
}

/* ---- ticket lock ---- */

static struct tickets {
	uint32_t next, serves;
} * tickets(void)
{
	return (struct tickets *)(void *)the_lock;
}

static void ticket_lock(unsigned thread, bool shared)
{
	uint32_t mine = __atomic_fetch_add(&tickets()->next, 1, __ATOMIC_RELAXED);

	(void)thread;
	(void)shared;
	while (__atomic_load_n(&tickets()->serves, __ATOMIC_ACQUIRE) != mine)
		caa_cpu_relax();
}

static void ticket_unlock(unsigned thread, bool shared)
{
	uint32_t serves = __atomic_load_n(&tickets()->serves, __ATOMIC_RELAXED);

	(void)thread;
	(void)shared;
	__atomic_store_n(&tickets()->serves, serves + 1, __ATOMIC_RELEASE);
}

/* ---- CC-Synch ---- */

#define SERVES 256

static struct cc {
	struct cc *next;
	void (*section)(void *arg);
	void *arg;
	uint32_t waits;
	bool completed;
} LINE cc_nodes[THREADS + 1], *cc_mine[THREADS];

static struct cc **cc_newest(void)
{
	return (struct cc **)(void *)the_lock;
}

/* The first thread that comes finds a node that does not wait. */
static struct cc *cc_joins(struct cc *next)
{
	struct cc *node = __atomic_exchange_n(cc_newest(), next, __ATOMIC_ACQ_REL);

	return node ? node : &cc_nodes[THREADS];
}

static void cc_await(const struct cc *node)
{
	unsigned turns = 0;

	while (__atomic_load_n(&node->waits, __ATOMIC_ACQUIRE)) {
		caa_cpu_relax();
		if (++turns > 15 * US / prices.pause)
			sched_yield();
	}
}

static void cc_serve(struct cc *node)
{
	struct cc *next;
	unsigned left;

	for (left = SERVES; left; left--, node = next) {
		next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE);
		if (!next)
			break;
		node->section(node->arg);
		node->completed = true;
		__atomic_store_n(&node->waits, 0, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&node->waits, 0, __ATOMIC_RELEASE);
}

static void cc_run(unsigned thread, bool shared, void (*section)(void *arg), void *arg)
{
	struct cc *next = cc_mine[thread] ? cc_mine[thread] : &cc_nodes[thread], *node;

	(void)shared;
	next->next = NULL;
	next->waits = 1;
	next->completed = false;
	node = cc_joins(next);
	node->section = section;
	node->arg = arg;
	__atomic_store_n(&node->next, next, __ATOMIC_RELEASE);
	cc_mine[thread] = node;
	cc_await(node);
	if (!node->completed)
		cc_serve(node);
}

/* ---- a mutex that barges: 0 free, 1 taken, 2 and a thread may sleep ---- */

static uint32_t *mutex(void)
{
	return (uint32_t *)(void *)the_lock;
}

static void mutex_lock(unsigned thread, bool shared)
{
	uint32_t was = 0;

	(void)thread;
	(void)shared;
	if (__atomic_compare_exchange_n(mutex(), &was, 1, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(mutex(), 2, __ATOMIC_ACQUIRE) != 0)
		syscall(SYS_futex, mutex(), FUTEX_WAIT_PRIVATE, 2, NULL);
}

static void mutex_unlock(unsigned thread, bool shared)
{
	(void)thread;
	(void)shared;
	if (__atomic_exchange_n(mutex(), 0, __ATOMIC_RELEASE) == 2)
		syscall(SYS_futex, mutex(), FUTEX_WAKE_PRIVATE, 1, NULL);
}

const struct row rows[] = {
	{"mcs", mcs_lock, mcs_unlock, NULL, false},
	{"ticket", ticket_lock, ticket_unlock, NULL, false},
	{"mutex", mutex_lock, mutex_unlock, NULL, false},
	{"fifolock", our_lock, our_unlock, NULL, true},
	{"fifolock-run", NULL, NULL, our_run, true},
	{"cc-synch", NULL, NULL, cc_run, false},
};
const size_t row_count = sizeof(rows) / sizeof(rows[0]);

const struct row *row_named(const char *name)
{
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	for (size_t i = 0; i < floor_count; i++)
		if (strcmp(floors[i].name, name) == 0)
			return &floors[i];
	return NULL;
}
