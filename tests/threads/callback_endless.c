/* SPDX-License-Identifier: MIT
 *
 * callback_endless.c - callbacks that never end: how many one call runs, and which thread runs the rest.
 *
 * A machine is two requests that always have a next step: each asks for it and gives back.
 * It does not stop by itself; that a call returns at all is what is tested.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include <fifolock/cond.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCKS 9

/* What one call may run of younger ones, and what is in line when it begins. */
#define BOUND (256 + 4)

struct machine;

struct step {
	fifolock_request_t request[2];
	struct machine *machine;
	unsigned odd, at;
};

struct machine {
	fifolock_t lock[LOCKS];
	fifolock_modes_t modes;
	unsigned locks, mode;
	struct step step[2];
	bool stop; /* atomic */
	uint64_t steps;
	uint64_t here; /* those in the thread me */
	pthread_t me;
};

static void steps(void *ctx, int status)
{
	struct step *step = ctx;
	struct machine *machine = step->machine;
	fifolock_t *lock = &machine->lock[step->at], *next;
	int rc;

	fault_if(status);
	machine->steps++;
	machine->here += pthread_equal(pthread_self(), machine->me) != 0;
	if (!is_up(&machine->stop)) {
		step->odd ^= 1;
		step->at = (step->at + 1) % machine->locks;
		next = &machine->lock[step->at];
		rc = fifolock_request(next, X, 1, &step->request[step->odd], steps, step);
		fault_if(rc != EINPROGRESS);
	}
	fault_if(fifolock_unlock(lock, X));
}

/* Both steps in line for the first lock, which is held; the others are held by no thread but
 * the machine, which is always one lock behind itself. */
static void machine_waits(struct machine *machine, unsigned locks)
{
	*machine = (struct machine){.locks = locks, .me = pthread_self()};
	machine->modes = unowned(NULL);
	for (unsigned i = 0; i < locks; i++) {
		machine->lock[i].modes = &machine->modes;
		fault_if(fifolock_lock(&machine->lock[i], X));
	}
	for (unsigned i = 0; i < 2; i++) {
		machine->step[i].machine = machine;
		fault_if(fifolock_request(&machine->lock[0], X, 1,
					  &machine->step[i].request[0], steps,
					  &machine->step[i]) != EINPROGRESS);
	}
}

static bool drains(struct machine *machine)
{
	bool any = false;

	for (unsigned i = 0; i < machine->locks; i++)
		any |= fifolock_request_run_due(&machine->lock[i]) > 0;
	return any;
}

/* It has been let go in between, in this thread. */
static void machine_ends(struct machine *machine)
{
	cr_assert_leq(machine->here, BOUND);
	cr_assert_geq(machine->here, 2);
	cr_assert_eq(fifolock_holds(&machine->lock[0], X), 1,
		     "what is handed over holds");
	cr_assert_eq(fifolock_destroy(&machine->lock[0]), EBUSY);
	raise_flag(&machine->stop);
	while (drains(machine))
		;
	for (unsigned i = 0; i < machine->locks; i++)
		ends_well(&machine->lock[i]);
}

Test(handed, over_is_what_would_keep_an_unlock_for_ever, .description = "G3 G6")
{
	static struct machine machine;

	errno = MARK;
	machine_waits(&machine, 1);
	cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
	cr_assert_eq(errno, MARK);
	machine_ends(&machine);
}

/* ---- whatever call it is ---- */

static fifolock_t *lock_of_handler;

static void unlocks_in_handler(int signal)
{
	(void)signal;
	fault_if(fifolock_unlock(lock_of_handler, X));
}

static void no_section(void *arg)
{
	(void)arg;
}

/* Lets the machine go by another call than unlock. */
static void by_handler(struct machine *machine)
{
	lock_of_handler = &machine->lock[0];
	signal(SIGUSR1, unlocks_in_handler);
	raise(SIGUSR1);
}

static void by_drain(struct machine *machine)
{
	by_handler(machine);
	machine->here = 0;
	fault_if(!drains(machine));
}

static void by_section(struct machine *machine)
{
	fault_if(fifolock_unlock(&machine->lock[0], X));
	machine->here = 0;
	fault_if(fifolock_run(&machine->lock[0], X, no_section, NULL));
}

static void by_lock(struct machine *machine)
{
	fault_if(fifolock_unlock(&machine->lock[0], X));
	machine->here = 0;
	fault_if(fifolock_lock(&machine->lock[0], X));
	fault_if(fifolock_unlock(&machine->lock[0], X));
}

/* A conversion that makes room, the release of a bump, a hold of a condition. */
static void by_convert(struct machine *machine)
{
	fifolock_t *lock = &machine->lock[0];

	/* To SHARED, given back by another conversion's end: nothing is beside it. */
	fault_if(fifolock_convert(lock, X, S));
	fault_if(machine->steps);
	fault_if(fifolock_unlock(lock, S));
}

static void by_bump(struct machine *machine)
{
	fifolock_t *lock = &machine->lock[0];

	fault_if(fifolock_bump(lock, X));
	fault_if(fifolock_unlock(lock, X));
}

static void by_condition(struct machine *machine)
{
	struct timespec past = {.tv_sec = 1};
	fifolock_cond_t cond = {0};

	fault_if(fifolock_cond_timedwait(&cond, &machine->lock[0], X, &past) !=
		 ETIMEDOUT);
	fault_if(fifolock_unlock(&machine->lock[0], X));
}

static void runs_machine(void *arg)
{
	struct machine *machine = arg;

	fault_if(fifolock_unlock(&machine->lock[0], X));
}

/* A section on another lock gives back. */
static void inside_section(struct machine *machine)
{
	fifolock_t other = {0};

	fault_if(fifolock_run(&other, X, runs_machine, machine));
}

Test(handed, over_is_what_would_keep_any_call_for_ever, .description = "G3 G6")
{
	static void (*const by[])(struct machine *) = {
		by_handler, by_drain, by_section,   by_lock,
		by_convert, by_bump,  by_condition, inside_section};
	static struct machine machine;

	for (unsigned i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		machine_waits(&machine, 1);
		by[i](&machine);
		cr_assert_geq(machine.steps, 2, "way %u", i);
		/* A bump or a wait is two calls, and one to get in line is one more. */
		cr_assert_leq(machine.here, 3 * BOUND, "way %u", i);
		machine.here = 2;
		machine_ends(&machine);
	}
}

/* From lock to lock: the next one is taken, asked for, and given back, which makes the next
 * step due. */
static void steps_on(void *ctx, int status)
{
	struct step *step = ctx;
	struct machine *machine = step->machine;
	fifolock_t *lock = &machine->lock[step->at], *next;

	fault_if(status);
	machine->steps++;
	machine->here += pthread_equal(pthread_self(), machine->me) != 0;
	if (!is_up(&machine->stop)) {
		step->odd ^= 1;
		step->at = (step->at + 1) % machine->locks;
		next = &machine->lock[step->at];
		fault_if(fifolock_trylock(next, X));
		fault_if(fifolock_request(next, X, 1, &step->request[step->odd], steps_on,
					  step) != EINPROGRESS);
		fault_if(fifolock_unlock(next, X));
	}
	fault_if(fifolock_unlock(lock, X));
}

Test(handed, over_is_a_machine_on_several_locks, .description = "G3 G6")
{
	for (unsigned locks = 2; locks <= LOCKS; locks++) {
		static struct machine machine;
		struct step *step = &machine.step[0];

		machine = (struct machine){.locks = locks, .me = pthread_self()};
		machine.modes = unowned(NULL);
		for (unsigned i = 0; i < locks; i++)
			machine.lock[i].modes = &machine.modes;
		step->machine = &machine;
		cr_assert_eq(fifolock_lock(&machine.lock[0], X), 0);
		cr_assert_eq(fifolock_request(&machine.lock[0], X, 1, &step->request[0],
					      steps_on, step),
			     EINPROGRESS);
		cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
		/* With more locks than a call remembers a tick of the clock decides. */
		cr_assert(locks > 4 || machine.here <= BOUND);
		raise_flag(&machine.stop);
		while (drains(&machine))
			;
		for (unsigned i = 0; i < locks; i++)
			ends_well(&machine.lock[i]);
	}
}

/* ---- which thread takes it over ---- */

static void *comes(void *arg)
{
	struct machine *machine = arg;

	machine->me = pthread_self();
	machine->here = 0;
	raise_flag(&machine->stop);
	fault_if(fifolock_lock(&machine->lock[0], S));
	fault_if(machine->here == 0);
	fault_if(fifolock_unlock(&machine->lock[0], S));
	return NULL;
}

Test(handed, over_to_who_gets_in_line_next, .description = "G1 G3")
{
	static struct machine machine;
	pthread_t thread;

	machine_waits(&machine, 1);
	cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
	cr_assert_eq(fifolock_trylock(&machine.lock[0], S), EBUSY);
	pthread_create(&thread, NULL, comes, &machine);
	pthread_join(thread, NULL);
	cr_assert_eq(fifolock_request_run_due(&machine.lock[0]), 0);
	ends_well(&machine.lock[0]);
}

/* It waits already, and no other thread comes: then the machine goes on until its turn. */
static void *has_its_turn(void *arg)
{
	struct machine *machine = arg;

	fault_if(fifolock_lock(&machine->lock[0], S));
	raise_flag(&machine->stop);
	fault_if(fifolock_unlock(&machine->lock[0], S));
	return NULL;
}

#define BEFORE 1000

static uint64_t order; /* atomic: not needed, but called in any thread */

static void in_order(void *ctx, int status)
{
	struct job *job = ctx;

	job->place = ++order;
	told(ctx, status);
}

Test(handed, over_is_nothing_where_a_thread_waits_in_line, .description = "G1 G3")
{
	static struct machine machine;
	static struct job job[BEFORE];
	pthread_t thread;

	machine_waits(&machine, 1);
	for (unsigned i = 0; i < BEFORE; i++) {
		job[i] = (struct job){.lock = &machine.lock[0], .mode = X, .n = 1};
		fault_if(fifolock_request(job[i].lock, X, 1, &job[i].request, in_order,
					  &job[i]) != EINPROGRESS);
	}
	pthread_create(&thread, NULL, has_its_turn, &machine);
	until_waiting(&machine.lock[0], BEFORE + 3);
	cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
	pthread_join(thread, NULL);
	while (drains(&machine))
		;
	for (unsigned i = 0; i < BEFORE; i++)
		cr_assert_eq(calls(&job[i]), 1);
	ends_well(&machine.lock[0]);
}

/* ---- what is older is served, and in order ---- */

Test(handed, over_are_the_younger_ones_only, .description = "G1 G3")
{
	static struct machine machine;
	static struct job job[BEFORE];

	machine_waits(&machine, 1);
	for (unsigned i = 0; i < BEFORE; i++) {
		job[i] = (struct job){.lock = &machine.lock[0], .mode = X, .n = 1};
		fault_if(asks(&job[i], job[i].lock, X) != EINPROGRESS);
	}
	cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
	for (unsigned i = 0; i < BEFORE; i++) {
		cr_assert_eq(calls(&job[i]), 1, "%u", i);
		cr_assert(!i || job[i].place > job[i - 1].place);
	}
	cr_assert_leq(machine.here, BOUND);
	machine_ends(&machine);
}

/* A row of readers at once, more than a call may run: the others are called by the next
 * one, in the order in which they asked. */
struct row {
	fifolock_t lock;
	struct job job[BEFORE];
	fifolock_request_t begins;
};

static void asks_for_all(void *ctx, int status)
{
	struct row *row = ctx;

	fault_if(status);
	for (unsigned i = 0; i < BEFORE; i++)
		fault_if(asks(&row->job[i], &row->lock, S) != EINPROGRESS);
	fault_if(fifolock_unlock(&row->lock, X));
}

Test(handed, over_in_the_order_in_which_they_asked, .description = "G1")
{
	static struct row row;
	fifolock_modes_t modes = unowned(NULL);
	unsigned called = 0;

	row.lock.modes = &modes;
	cr_assert_eq(fifolock_lock(&row.lock, X), 0);
	cr_assert_eq(fifolock_request(&row.lock, X, 1, &row.begins, asks_for_all, &row),
		     EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&row.lock, X), 0);
	for (unsigned i = 0; i < BEFORE; i++)
		called += calls(&row.job[i]);
	cr_assert_leq(called, 256);
	cr_assert_eq(fifolock_holds(&row.lock, S), BEFORE - called);
	cr_assert_eq(fifolock_request_poll(&row.job[BEFORE - 1].request), EINPROGRESS,
		     "not called back yet");
	cr_assert_eq(fifolock_request_cancel(&row.job[BEFORE - 1].request), EALREADY);
	/* Closing is not for holders. */
	cr_assert_eq(fifolock_close(&row.lock), 0);
	while (fifolock_request_run_due(&row.lock))
		;
	for (unsigned i = 0; i < BEFORE; i++) {
		cr_assert_eq(calls(&row.job[i]), 1);
		cr_assert_eq(row.job[i].status, 0);
		cr_assert(!i || row.job[i].place > row.job[i - 1].place);
	}
	ends_well(&row.lock);
}

/* Each process has what was handed over before the fork, with the holds. */
Test(handed, over_is_in_a_forked_child_too, .description = "G3")
{
	static struct machine machine;
	int status = -1;
	pid_t child;

	machine_waits(&machine, 1);
	cr_assert_eq(fifolock_unlock(&machine.lock[0], X), 0);
	child = fork();
	if (child == 0) {
		raise_flag(&machine.stop);
		while (drains(&machine))
			;
		_exit(fifolock_destroy(&machine.lock[0]));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	machine_ends(&machine);
}

/* ---- all at once ---- */

#define CREW 4

struct works {
	struct machine machine;
	uint64_t rounds, done;
};

static void *works(void *arg)
{
	struct works *all = arg;
	fifolock_t *lock = &all->machine.lock[0];

	for (uint64_t i = 0; i < all->rounds; i++) {
		fault_if(fifolock_lock(lock, i % 3 ? X : S));
		sched_yield();
		fault_if(fifolock_unlock(lock, i % 3 ? X : S));
		if (i % 16 == 0)
			fifolock_request_run_due(lock);
	}
	__atomic_fetch_add(&all->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

Test(handed, over_amid_lockers_nobody_is_lost, .description = "G3 G4")
{
	static struct works all;

	all.rounds = test_scaled(2000);
	machine_waits(&all.machine, 1);
	cr_assert_eq(fifolock_unlock(&all.machine.lock[0], X), 0);
	together(CREW, works, &all);
	cr_assert_eq(all.done, CREW);
	raise_flag(&all.machine.stop);
	while (drains(&all.machine))
		;
	ends_well(&all.machine.lock[0]);
}
