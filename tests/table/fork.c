/* SPDX-License-Identifier: MIT
 *
 * fork.c - tables across fork(): a thread of liburcu's frees what they no longer need, and is not in
 * the child.  The keys are away from home, where that is so.
 */
#define _GNU_SOURCE
#include "test.h"
#include <fifolock/table.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { X = FIFOLOCK_EXCLUSIVE };

#define KEY_BYTES 1000

static fifolock_table_t *table_of_one_slot(void)
{
	struct fifolock_table_options options = {.keys = 1};
	fifolock_table_t *table = NULL;

	return fifolock_table_create(&table, NULL, &options) ? NULL : table;
}

/* One key holds the slot, so the others are born away from it. */
static bool births(fifolock_table_t *table, uint64_t n)
{
	char bytes[KEY_BYTES] = {0};
	fifolock_hold_t first, hold;
	bool ok;

	ok = fifolock_table_lock(table, fifolock_key((uintptr_t)&ok), FIFOLOCK_SHARED,
				 &first) == 0;
	for (uint64_t i = 0; ok && i < n; i++) {
		memcpy(bytes, &i, sizeof(i));
		ok = fifolock_table_lock(table, fifolock_key_bytes(bytes, KEY_BYTES), X,
					 &hold) == 0 &&
		     fifolock_table_unlock(&hold) == 0;
	}
	return ok && fifolock_table_unlock(&first) == 0;
}

static bool is_all_right(pid_t child)
{
	int status = -1;

	return waitpid(child, &status, 0) == child && status == 0;
}

#ifndef SANITIZED
struct worker {
	pthread_t thread;
	fifolock_table_t *table;
	uint64_t n;
	bool *over; /* atomic; NULL: once */
	bool ok;
};

static void *work(void *arg)
{
	struct worker *worker = arg;

	do
		worker->ok = births(worker->table, worker->n);
	while (worker->ok && worker->over &&
	       !__atomic_load_n(worker->over, __ATOMIC_RELAXED));
	return NULL;
}

static void start(struct worker *worker, fifolock_table_t *table, uint64_t n, bool *over)
{
	*worker = (struct worker){.table = table, .n = n, .over = over};
	pthread_create(&worker->thread, NULL, work, worker);
}

static bool finish(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
	return worker->ok;
}

/* By a thread that liburcu has not met. */
static bool births_by_another(fifolock_table_t *table, uint64_t n)
{
	struct worker worker;

	start(&worker, table, n, NULL);
	return finish(&worker);
}

static long most_resident_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

Test(table_fork, a_child_frees_what_a_table_of_the_parent_no_longer_needs,
     .description = "table")
{
	fifolock_table_t *table = table_of_one_slot();
	struct worker worker;
	pid_t child;

	cr_assert_not_null(table);
	start(&worker, table, 100, NULL);
	cr_assert(finish(&worker));
	child = fork();
	if (child == 0) {
		long before = most_resident_kb();
		bool ok = births_by_another(table, 200000);

		ok &= most_resident_kb() - before < 100000;
		_exit(!ok || fifolock_table_destroy(table) != 0);
	}
	cr_assert(is_all_right(child));
	cr_assert(births(table, 100));
	cr_assert_eq(fifolock_table_destroy(table), 0);
}

/* A call that the fork cuts in two may leave liburcu's queue so in the child, which then may use no
 * table. */
Test(table_fork, amid_calls_harms_no_side, .description = "table")
{
	fifolock_table_t *busy = table_of_one_slot();
	struct worker workers[2];
	bool over = false, ok = true;

	cr_assert_not_null(busy);
	for (int i = 0; i < 2; i++)
		start(&workers[i], busy, 10, &over);
	for (uint64_t i = test_scaled(20); ok && i; i--) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		ok = is_all_right(child);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	ok &= finish(&workers[0]);
	ok &= finish(&workers[1]);
	cr_assert(ok);
	cr_assert_eq(fifolock_table_destroy(busy), 0);
}
#endif

/* ---- handlers of the program's own ---- */

static fifolock_table_t *handled;

static void uses(void)
{
	if (!births(handled, 1))
		abort();
}

/* In a thread that has not been in the table. */
static void *forks(void *arg)
{
	pid_t child = fork();

	if (child == 0)
		_exit(!births(handled, 1));
	*(bool *)arg = is_all_right(child);
	return NULL;
}

Test(table_fork, is_no_time_at_which_a_handler_may_not_use_a_table,
     .description = "table")
{
	pthread_t thread;
	bool ok = false;

	handled = table_of_one_slot();
	cr_assert_not_null(handled);
	cr_assert(births(handled, 10));
	cr_assert_eq(pthread_atfork(uses, uses, uses), 0);
	pthread_create(&thread, NULL, forks, &ok);
	pthread_join(thread, NULL);
	cr_assert(ok);
	cr_assert_eq(fifolock_table_destroy(handled), 0);
}
