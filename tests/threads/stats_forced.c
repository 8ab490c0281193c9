/* SPDX-License-Identifier: MIT
 *
 * stats_forced.c - threads that read, and threads that are interrupted, in the middle of counting.
 *
 * The library is compiled once more with hooks (hooks.h): after a load of the word by which
 * a book is entered another thread reads the counts, or a handler takes and gives.
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "common.h"
#include "observe/book.h"

_Thread_local struct hooks hooks;

static fifolock_stats_t stats;
static fifolock_t lock, other;
static struct fifolock_counts counts;
static int rc;

static void *reads_there(void *arg)
{
	rc = fifolock_stats_read(&stats, S, &counts);
	return arg;
}

static void reads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, reads_there, NULL))
		abort();
	pthread_join(thread, NULL);
}

static void handles(void)
{
	if (fifolock_trylock(&other, S) || fifolock_unlock(&other, S))
		abort();
}

/* The loads of the door: before it is entered; and, behind it, after the clock was read. */
static void (*deed)(void);

static void then_behind(void)
{
	hooks.loaded = deed;
}

static void begins(void)
{
	cr_assert_eq(fifolock_stats_init(&stats, "windows", NULL), 0);
	fifolock_init(&lock, &stats.modes);
	fifolock_init(&other, &stats.modes);
	hooks.loads = fl_book_of(&stats.modes, S);
}

static void has_counted(uint64_t taken, uint64_t held)
{
	cr_assert_eq(fifolock_stats_read(&stats, S, &counts), 0);
	cr_assert_eq(counts.taken, taken);
	cr_assert_eq(counts.grants, taken);
	cr_assert_eq(counts.held, held);
}

Test(stats_windows, do_not_keep_a_handler_waiting, .description = "G6")
{
	begins();
	deed = handles;
	hooks.loaded = handles; /* before */
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	has_counted(2, 1);
	hooks.loaded = then_behind; /* and behind the door */
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	has_counted(3, 0);
	hooks.loaded = then_behind;
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	has_counted(5, 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
}

Test(stats_windows, have_a_reader_before_the_door_see_nothing_of_it,
     .description = "counts")
{
	begins();
	hooks.loaded = reads;
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(rc, 0);
	cr_assert_eq(counts.held, 0);
	has_counted(1, 1);
	hooks.loaded = reads;
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(rc, 0);
	cr_assert_eq(counts.held, 1);
	has_counted(1, 0);
}

/* It is stopped there for as long as the reader has patience. */
Test(stats_windows, have_a_reader_give_up_on_who_is_stopped, .description = "counts")
{
	begins();
	deed = reads;
	counts.held = 77;
	hooks.loaded = then_behind;
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(rc, EAGAIN);
	cr_assert_eq(counts.held, 77, "nothing was written");
	has_counted(1, 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	has_counted(1, 0);
}
