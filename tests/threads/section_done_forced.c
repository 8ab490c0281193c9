/* SPDX-License-Identifier: MIT
 *
 * section_done_forced.c - a thread falls asleep at the very moment at which another one, which has just run
 * its section, tells it so by a store (run.c).
 */
#define _GNU_SOURCE
#include "hooks.h"
#include "other_thread.h"
#include "core/processors.h"
#include "core/slot.h"
#include "test.h"
#include "thread_state.h"

#include <fifolock/request.h>
#include <unistd.h>

#define X FIFOLOCK_EXCLUSIVE

_Thread_local struct hooks hooks;

static fifolock_t lock;
static pthread_t first, second;
static pid_t first_id;				  /* atomic */
static bool first_is_in, second_is_in, may_sleep; /* atomic */
static unsigned have_run;
static int answers[2];

/* In the thread that runs the sections: it has seen that no thread sleeps, and is about to store. */
static void the_first_falls_asleep(void)
{
	set(&may_sleep);
	while (thread_state(__atomic_load_n(&first_id, __ATOMIC_ACQUIRE)) != 'S')
		sched_yield();
}

static void first_section(void *unused)
{
	(void)unused;
	have_run++;
	hooks.grant = the_first_falls_asleep;
}

static void second_section(void *unused)
{
	(void)unused;
	have_run++;
}

static void first_waits(void)
{
	set(&first_is_in);
	until(&may_sleep);
}

static void second_waits(void)
{
	set(&second_is_in);
	until(&may_sleep);
}

/* This thread is the newest in line; its arrival is known when it first looks at its slot. */
static void before_it_looks(void (*act)(void))
{
	hooks.loads =
		&fl_slot_at((uint32_t)__atomic_load_n(&lock.arrivals, __ATOMIC_ACQUIRE))
			 ->word;
	hooks.loaded = act;
}

static void first_joins(void)
{
	before_it_looks(first_waits);
}

static void second_joins(void)
{
	before_it_looks(second_waits);
}

static void runs_the_first(void)
{
	__atomic_store_n(&first_id, gettid(), __ATOMIC_RELEASE);
	hooks.join = first_joins;
	answers[0] = fifolock_run(&lock, X, first_section, NULL);
}

static void runs_the_second(void)
{
	hooks.join = second_joins;
	answers[1] = fifolock_run(&lock, X, second_section, NULL);
}

static void while_two_come(void *unused)
{
	(void)unused;
	first = begins(runs_the_first);
	until(&first_is_in);
	second = begins(runs_the_second);
	until(&second_is_in);
}

Test(told, by_a_store_a_thread_that_is_falling_asleep_wakes_up, .description = "G3")
{
	/* With so few one thread runs the sections of those behind it. */
	fl_processors_begin(2);
	for (unsigned i = 0; i < 20; i++) {
		first_is_in = second_is_in = may_sleep = false;
		have_run = 0;
		cr_assert_eq(fifolock_run(&lock, X, while_two_come, NULL), 0);
		pthread_join(first, NULL);
		pthread_join(second, NULL);
		cr_assert_null(hooks.grant);
		cr_assert_eq(have_run, 2u);
		cr_assert_eq(answers[0], 0);
		cr_assert_eq(answers[1], 0);
	}
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
