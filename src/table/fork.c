/* SPDX-License-Identifier: MIT
 *
 * fork.c - liburcu's threads and locks, across fork().
 *
 * Its threads are not in the child, where nothing would be freed any more, and its locks may be held by one
 * of them at that moment.  So they pause, and the child makes its own.  A program's own handlers are
 * registered later than these: what they do before a fork comes first, and what they do after it
 * last.
 *
 *	relaxed   because
 *	[TOLD]    It becomes true before the threads are there that it is about.
 */
#define RCU_BP
#define URCU_API_MAP
#include "fork.h"
#include "quiet.h"
#include "core/atomic.h"

#include <errno.h>
#include <pthread.h>
#include <urcu-bp.h>

static bool needed;  /* atomic */
static bool pausing; /* they do, since before */
static int error = ENOMEM;

static void before(void)
{
	pausing = fl_load_relaxed(&needed); /* [TOLD] */
	if (!pausing)
		return;
	fl_quiet(true);
	call_rcu_before_fork();
	urcu_bp_before_fork();
	fl_quiet(false);
}

static void in_parent(void)
{
	if (!pausing)
		return;
	fl_quiet(true);
	urcu_bp_after_fork_parent();
	call_rcu_after_fork_parent();
	fl_quiet(false);
}

/* ThreadSanitizer ends a child that makes threads; in such a one nothing is freed. */
static void in_child(void)
{
	if (!pausing)
		return;
	fl_quiet(true);
	urcu_bp_after_fork_child();
	if (!fl_hearer || !fl_hearer->ends_forked_threads)
		call_rcu_after_fork_child();
	fl_quiet(false);
}

__attribute__((constructor)) static void register_handlers(void)
{
	error = pthread_atfork(before, in_parent, in_child);
}

int fl_fork_watch(void)
{
	fl_store_relaxed(&needed, true); /* [TOLD] */
	return error;
}
