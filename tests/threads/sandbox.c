/* SPDX-License-Identifier: MIT
 *
 * sandbox.c - waits where the system refuses what they are made of: slower, but with
 * the same meaning.
 *
 * Each sandbox is a child of its own, with all that is to be seen in its exit status: 0, or
 * the line of the first check that failed.
 */
#define _GNU_SOURCE
#include "common.h"
#include "sandbox.h"
#include <fifolock/cond.h>
#include <fifolock/request.h>
#include <limits.h>
#include "core/queue.h"

#define MS 1000000

/* ---- the clock as the library reads it ---- */

static int64_t clock_ahead_s; /* atomic: CLOCK_REALTIME, set by so much */
static unsigned clock_reads;  /* atomic: of CLOCK_REALTIME */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME) {
		now->tv_sec += __atomic_load_n(&clock_ahead_s, __ATOMIC_ACQUIRE);
		__atomic_add_fetch(&clock_reads, 1, __ATOMIC_RELEASE);
	}
	return rc;
}

/* ---- in a child ---- */

#define must(ok)                            \
	do {                                \
		if (!(ok))                  \
			_exit_at(__LINE__); \
	} while (0)

/* An exit status has 8 bits. */
static _Noreturn void _exit_at(int line)
{
	dprintf(STDERR_FILENO, "line %d\n", line); /* stdio's locks are futexes */
	_exit(1);
}

struct scene {
	fifolock_t lock;
	fifolock_cond_t cond;
	pthread_t thread;
	struct timespec deadline;
	unsigned turns; /* under the lock */
	unsigned began; /* atomic */
	unsigned done;	/* atomic: how many are */
	unsigned go;	/* atomic */
	int rc;
};

static unsigned get(const unsigned *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void put(unsigned *at, unsigned value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Whatever is refused: not by the library, nor by what it may not call. */
static void until(const unsigned *at, unsigned value)
{
	while (get(at) < value)
		sched_yield();
}

static unsigned asleep(void)
{
	unsigned n = 0;

	for (uint32_t id = 1; id <= fl_slots_made(); id++)
		n += __atomic_load_n(&fl_slot_at(id)->word, __ATOMIC_ACQUIRE) ==
		     FL_ASLEEP;
	return n;
}

static void until_asleep(unsigned n)
{
	while (asleep() < n)
		sched_yield();
}

static int64_t ns_of(struct timespec at)
{
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ns_of(now);
}

/* Holds here go from thread to thread, and one thread asks for what does not fit beside its
 * own. */
static const fifolock_modes_t *unowned_modes(void)
{
	static fifolock_modes_t modes;

	if (!modes.capacity[X])
		modes = unowned(NULL);
	return &modes;
}

/* A wait that times out: not before, without changing errno, and asleep for most of it. */
struct timed {
	clockid_t clock;
	struct timespec deadline;
	int64_t began, cpu;
};

static struct timed timed_on(clockid_t clock, int64_t ns)
{
	errno = 77;
	return (struct timed){clock, test_in_ns(clock, ns), now_ns(CLOCK_MONOTONIC),
			      now_ns(CLOCK_THREAD_CPUTIME_ID)};
}

static void timed_ends(const struct timed *timed, int rc)
{
	int64_t took = now_ns(CLOCK_MONOTONIC) - timed->began;
	int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID) - timed->cpu;

	must(errno == 77);
	must(rc == ETIMEDOUT);
	must(now_ns(timed->clock) >= ns_of(timed->deadline));
	must(cpu < took / 2);
}

/* By every call that has a deadline. The lock is held S. */
static void deadlines_end(fifolock_t *lock, int64_t ns)
{
	fifolock_cond_t cond = {0};
	fifolock_request_t request;
	struct timed timed = timed_on(CLOCK_MONOTONIC, ns);

	timed_ends(&timed, fifolock_timedlock(lock, X, &timed.deadline));
	timed = timed_on(CLOCK_REALTIME, ns);
	timed_ends(&timed, fifolock_clocklock(lock, X, CLOCK_REALTIME, &timed.deadline));
	timed = timed_on(CLOCK_REALTIME, ns);
	timed_ends(&timed, fifolock_cond_clockwait(&cond, lock, S, CLOCK_REALTIME,
						   &timed.deadline));
	must(fifolock_request(lock, X, 1, &request, NULL, NULL) == EINPROGRESS);
	timed = timed_on(CLOCK_MONOTONIC, ns);
	timed_ends(&timed, fifolock_request_wait(&request, &timed.deadline));
	must(fifolock_request_cancel(&request) == 0);
}

/* It does not end: what glibc makes that of is refused, too. */
static void *leaves(struct scene *scene)
{
	__atomic_add_fetch(&scene->done, 1, __ATOMIC_RELEASE);
	for (;;)
		sleep(1);
	return NULL;
}

static void *waits_until(void *arg)
{
	struct scene *scene = arg;

	__atomic_add_fetch(&scene->began, 1, __ATOMIC_RELEASE);
	until(&scene->go, 1);
	scene->rc = fifolock_clocklock(&scene->lock, X, CLOCK_REALTIME, &scene->deadline);
	return leaves(scene);
}

/* Holds until the other is asleep, so each grant has to end a sleep. */
static void *takes_turns(void *arg)
{
	struct scene *scene = arg;
	struct timespec never = {INT64_MAX, 999999999};

	__atomic_add_fetch(&scene->began, 1, __ATOMIC_RELEASE);
	until(&scene->go, 1);
	for (unsigned i = 0; i < 6; i++) {
		int rc;

		errno = 77;
		rc = i % 3 == 0	  ? fifolock_lock(&scene->lock, X)
		     : i % 3 == 1 ? fifolock_timedlock(&scene->lock, X, &never)
				  : fifolock_clocklock(&scene->lock, X, CLOCK_REALTIME,
						       &never);
		must(rc == 0 && errno == 77);
		if (++scene->turns < 12)
			until_asleep(1);
		errno = 77;
		must(fifolock_unlock(&scene->lock, X) == 0);
		must(errno == 77);
		while (i < 5 && fifolock_holds(&scene->lock, X) == 0)
			sched_yield();
	}
	return leaves(scene);
}

static void before_time_began(fifolock_t *lock)
{
	const struct timespec never[] = {{-1, 0}, {INT64_MIN, 0}, {0, 0}};

	for (unsigned i = 0; i < 3; i++) {
		must(fifolock_timedlock(lock, X, &never[i]) == ETIMEDOUT);
		must(fifolock_clocklock(lock, X, CLOCK_REALTIME, &never[i]) == ETIMEDOUT);
	}
}

static void live_in_sandbox(const struct refused calls[], int error)
{
	static struct scene scene;
	fifolock_t held = {.modes = unowned_modes()};
	pthread_t thread;

	for (int i = 0; i < 2; i++)
		must(pthread_create(&thread, NULL, takes_turns, &scene) == 0);
	until(&scene.began, 2);
	must(sandbox(calls, error, EVERY_THREAD));
	put(&scene.go, 1);
	must(fifolock_lock(&held, S) == 0);
	until(&scene.done, 2);
	deadlines_end(&held, 15 * MS);
	before_time_began(&held);
	_exit(0);
}

/* ---- what is refused ---- */

#define COMMAND 0x7fu
#define NO_REALTIME                                                   \
	{                                                             \
		SYS_futex, FUTEX_CLOCK_REALTIME, FUTEX_CLOCK_REALTIME \
	}
#define NO_UNTIL                                      \
	{                                             \
		SYS_futex, COMMAND, FUTEX_WAIT_BITSET \
	}
#define NO_WAIT                                \
	{                                      \
		SYS_futex, COMMAND, FUTEX_WAIT \
	}
#define NO_WAKE                                       \
	{SYS_futex, COMMAND, FUTEX_WAKE},             \
	{                                             \
		SYS_futex, COMMAND, FUTEX_WAKE_BITSET \
	}
#define NO_FUTEX                                     \
	{SYS_futex, 0, 0}, {454, 0, 0}, {455, 0, 0}, \
	{                                            \
		456, 0, 0                            \
	}
#define NO(call)                 \
	{                        \
		SYS_##call, 0, 0 \
	}
#define END              \
	{                \
		-1, 0, 0 \
	}
#define NO_SCHED NO(sched_yield), NO(getcpu), NO(sched_getaffinity)

static const struct refused sandboxes[][16] = {
	{NO_REALTIME, END},
	{NO_UNTIL, END},
	{NO_WAIT, END},
	{NO_UNTIL, NO_WAIT, END},
	{{SYS_futex, COMMAND, FUTEX_WAKE}, END},
	{NO_WAKE, END},
	{NO_WAKE, {454, 0, 0}, END},
	{NO_WAKE, NO_UNTIL, {454, 0, 0}, END},
	{NO_FUTEX, END},
	{NO(sched_yield), END},
	{NO(getcpu), NO(rseq), END},
	{NO(sched_getaffinity), END},
	{NO(membarrier), END},
	{NO(mmap), NO(munmap), NO(madvise), END},
	{NO(clock_nanosleep), NO_FUTEX, END},
	{NO(clock_nanosleep), NO(nanosleep), NO_FUTEX, END},
	{NO_SCHED, END},
	{NO_SCHED, NO_REALTIME, END},
	{NO_SCHED, NO_UNTIL, NO_WAIT, END},
	{NO_SCHED, NO_FUTEX, NO(mmap), NO(membarrier), END},
	{NO_SCHED, NO_FUTEX, NO(clock_nanosleep), END},
};

#define SANDBOXES (sizeof(sandboxes) / sizeof(sandboxes[0]))

static bool left_out(void)
{
#ifdef SANITIZED
	printf("left out: a sanitizer makes system calls of its own\n");
	return true;
#else
	if (sandbox_works())
		return false;
	printf("left out: no seccomp here\n");
	return true;
#endif
}

/* All at once: they mostly sleep. */
static unsigned failures(int error)
{
	pid_t children[SANDBOXES];
	unsigned failed = 0;
	int status;

	for (unsigned i = 0; i < SANDBOXES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			live_in_sandbox(sandboxes[i], error);
	}
	for (unsigned i = 0; i < SANDBOXES; i++) {
		waitpid(children[i], &status, 0);
		if (!status)
			continue;
		failed++;
		fprintf(stderr, "sandbox %u, errno %d: status %#x\n", i, error,
			(unsigned)status);
	}
	return failed;
}

Test(sandbox, what_answers_enosys_makes_waits_slower_not_wrong, .description = "G3 G4")
{
	if (!left_out())
		cr_assert_eq(failures(ENOSYS), 0);
}

Test(sandbox, what_answers_eperm_makes_waits_slower_not_wrong, .description = "G3 G4")
{
	if (!left_out())
		cr_assert_eq(failures(EPERM), 0);
}

Test(sandbox, what_answers_einval_makes_waits_slower_not_wrong, .description = "G3 G4")
{
	if (!left_out())
		cr_assert_eq(failures(EINVAL), 0);
}

/* ---- one thread in it, another outside ---- */

static void *lets_in_from_within(void *arg)
{
	static const struct refused calls[] = {{SYS_futex, 0, 0}, END};
	struct scene *scene = arg;

	must(sandbox(calls, EPERM, THIS_THREAD));
	errno = 77;
	must(fifolock_unlock(&scene->lock, X) == 0);
	must(errno == 77);
	return leaves(scene);
}

/* Asleep before any thread could know. */
static void wakes_those_outside(void)
{
	static struct scene scene;
	pthread_t thread;

	scene.lock.modes = unowned_modes();
	must(fifolock_lock(&scene.lock, X) == 0);
	scene.deadline = (struct timespec){INT64_MAX, 0};
	put(&scene.go, 1);
	must(pthread_create(&thread, NULL, waits_until, &scene) == 0);
	until_asleep(1);
	must(pthread_create(&thread, NULL, lets_in_from_within, &scene) == 0);
	until(&scene.done, 2);
	must(scene.rc == 0);
	_exit(0);
}

Test(sandbox, of_one_thread_lets_it_wake_those_outside, .description = "G3")
{
	pid_t child;
	int status = 0;

	if (left_out())
		return;
	if (syscall(454, &status, 1UL, 0, 0x82) < 0) {
		printf("left out: futex_wake came with Linux 6.7\n");
		return;
	}
	child = fork();
	if (child == 0)
		wakes_those_outside();
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

/* ---- CLOCK_REALTIME is set while it is waited for ---- */

static const struct refused clocks[][8] = {
	{NO_REALTIME, END},
	{NO_FUTEX, END},
};

static void wait_in(const struct refused calls[], struct scene *scene, int64_t ns)
{
	must(pthread_create(&scene->thread, NULL, waits_until, scene) == 0);
	until(&scene->began, 1);
	must(sandbox(calls, ENOSYS, EVERY_THREAD));
	must(fifolock_lock(&scene->lock, X) == 0);
	scene->deadline = test_in_ns(CLOCK_REALTIME, ns);
	put(&scene->go, 1);
	until_asleep(1);
}

static void set_forward(const struct refused calls[])
{
	static struct scene scene;

	wait_in(calls, &scene, 3600 * INT64_C(1000000000));
	__atomic_store_n(&clock_ahead_s, 7200, __ATOMIC_RELEASE);
	until(&scene.done, 1);
	must(scene.rc == ETIMEDOUT);
	_exit(0);
}

/* Its time is over by any clock but the one that was set: it looks again, and waits. */
static void set_back(const struct refused calls[])
{
	static struct scene scene;
	unsigned reads;

	__atomic_store_n(&clock_ahead_s, 3600, __ATOMIC_RELEASE);
	wait_in(calls, &scene, 100 * MS);
	__atomic_store_n(&clock_ahead_s, 0, __ATOMIC_RELEASE);
	while (now_ns(CLOCK_REALTIME) + 3600 * INT64_C(1000000000) <
	       ns_of(scene.deadline))
		sched_yield();
	reads = get(&clock_reads);
	until(&clock_reads, reads + 4);
	must(!get(&scene.done));
	must(fifolock_unlock(&scene.lock, X) == 0);
	until(&scene.done, 1);
	must(scene.rc == 0);
	_exit(0);
}

static int child_status(void (*act)(const struct refused calls[]),
			const struct refused calls[])
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		act(calls);
	waitpid(child, &status, 0);
	return status;
}

Test(sandbox, a_deadline_follows_the_clock_when_it_is_set, .description = "G4")
{
	if (left_out())
		return;
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(child_status(set_forward, clocks[i]), 0);
		cr_assert_eq(child_status(set_back, clocks[i]), 0);
	}
}
