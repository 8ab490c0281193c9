/* SPDX-License-Identifier: MIT
 *
 * words_cond.c - what the threads of a program do: conditions, and looks at a lock.
 */
#include "words.h"

#include <errno.h>
#include <string.h>

#define MANY 1000 /* items: as many as are wanted */
#define ROOM 16	  /* in a snapshot */

static fifolock_cond_t cond;
static uint64_t items; /* protected by the first lock */

void words_cond_begin(void)
{
	memset(&cond, 0, sizeof(cond));
	items = 0;
}

void words_cond_watch(void)
{
	memory_watch(&cond, sizeof(cond), "condition");
	memory_watch(&items, sizeof(items), "items");
	waits_begin(&cond);
}

fifolock_cond_t *words_condition(void)
{
	return &cond;
}

static bool takes(void)
{
	memory_touch(&items, sizeof(items), false);
	if (items == 0 || items >= MANY)
		return items;
	memory_touch(&items, sizeof(items), true);
	items--;
	return true;
}

/* A thread that could not have the lock puts nothing. */
static void puts_items(unsigned count)
{
	if (!words_holds(ex_current(), 0))
		return;
	memory_touch(&items, sizeof(items), true);
	items += count;
}

void words_put(const char *rest)
{
	(void)rest;
	puts_items(1);
}

void words_open(const char *rest)
{
	(void)rest;
	puts_items(MANY);
}

static int wait_once(unsigned mode, bool timed)
{
	static const struct timespec some_time;
	bool before = words_limit_wait(timed);
	int error;

	words_lost(mode);
	watch_cond_waits(mode, timed);
	error = timed ? fifolock_cond_timedwait(&cond, words_lock(), mode, &some_time)
		      : fifolock_cond_wait(&cond, words_lock(), mode);
	watch_cond_waited(error, words_lack_memory());
	words_limit_wait(before);
	if (error == 0 || error == ETIMEDOUT || error == ENOMEM)
		words_got(mode, 1);
	return error;
}

void words_wait(unsigned mode, bool once, bool timed)
{
	int error = 0;

	if (!words_holds(ex_current(), mode))
		return;
	if (once) {
		wait_once(mode, timed);
		return;
	}
	while (!error && !takes())
		error = wait_once(mode, timed);
	if (error == ETIMEDOUT)
		takes();
}

static void signals(bool all)
{
	watch_signals(all);
	watch_signalled(all ? fifolock_cond_broadcast(&cond)
			    : fifolock_cond_signal(&cond),
			words_lack_memory());
}

void words_signal(const char *rest)
{
	(void)rest;
	signals(false);
}

void words_broadcast(const char *rest)
{
	(void)rest;
	signals(true);
}

/* ---- looks ---- */

void words_snapshot(const char *rest)
{
	struct fifolock_snapshot snapshot;
	struct fifolock_in_line line[ROOM];

	(void)rest;
	watch_looks_closely();
	watch_snapshot(fifolock_snapshot(words_lock(), &snapshot, line, ROOM), &snapshot,
		       line, ROOM);
}

void words_contended(unsigned mode)
{
	watch_looks_closely();
	watch_contended(mode, fifolock_contended(words_lock(), mode));
}
