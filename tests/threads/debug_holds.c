/* SPDX-License-Identifier: MIT
 *
 * debug_holds.c - the debug build's accounts of which thread holds what: right for any number of
 * holds, whatever interrupts, and no thread is accused of what is not so.
 */
#define _GNU_SOURCE
#include "reports.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MANY 10000

static fifolock_t locks[MANY];
static unsigned stage; /* atomic */

/* ---- any number ---- */

Test(debug_holds, of_sixty_five_locks_are_right, .description = "no false alarm")
{
	keep_reports();
	for (unsigned i = 0; i < 65; i++)
		cr_assert_eq(fifolock_lock(&locks[i], S), 0);
	cr_assert_eq(fifolock_unlock(&locks[0], S), 0);
	cr_assert_eq(fifolock_lock(&locks[64], S), 0);
	cr_assert_eq(fifolock_unlock_n(&locks[64], S, 2), 0);
	cr_assert_eq(reports, 0);
}

/* Given back in another order, part by part; and then not once more. */
Test(debug_holds, of_ten_thousand_locks_in_several_modes_are_right,
     .description = "no false alarm, and no miss")
{
	keep_reports();
	for (unsigned i = 0; i < MANY; i++) {
		cr_assert_eq(fifolock_init(&locks[i], &fifolock_update_modes), 0);
		cr_assert_eq(fifolock_lock_n(&locks[i], S, 1 + i % 3), 0);
		cr_assert_eq(fifolock_lock(&locks[i], U), 0);
	}
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_unlock(&locks[i * 7919 % MANY], U), 0);
	for (unsigned i = 0; i < MANY; i++)
		for (unsigned left = 1 + i % 3; left; left--)
			cr_assert_eq(fifolock_unlock(&locks[i], S), 0);
	cr_assert_eq(reports, 0);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_unlock(&locks[i], S), EPERM);
	cr_assert_eq(reports, 5, "the 1st, the 10th, ... the 10000th");
}

static void *add_and_take_away(void *arg)
{
	unsigned from = (unsigned)(uintptr_t)arg;
	uintptr_t faults = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = from; i < MANY; i += 8)
			faults += fifolock_lock(&locks[i], S) != 0;
		for (unsigned i = from; i < MANY; i += 8)
			faults += fifolock_unlock(&locks[MANY - 1 - i], S) != EPERM;
		for (unsigned i = from; i < MANY; i += 8)
			faults += fifolock_unlock(&locks[i], S) != 0;
	}
	return (void *)faults;
}

/* Threads 0 to 3 take the locks that are 0 to 3 modulo 8, and give back those that are 7 to 4. */
Test(debug_holds, of_many_threads_are_each_threads_own, .description = "EPERM")
{
	pthread_t thread[4];
	void *faults;

	keep_reports();
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, add_and_take_away, (void *)i);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &faults);
		cr_assert_null(faults);
	}
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_holds(&locks[i], S), 0);
}

#ifndef SANITIZED
Test(debug_holds, that_could_not_be_written_down_accuse_nobody, .description = "EPERM")
{
	const struct rlimit none = {0, 0};
	char stack[65536];

	memset(stack, 0, sizeof(stack)); /* it cannot grow later */
	__asm__ volatile("" : : "r"(stack) : "memory");
	cr_assert_eq(fifolock_lock(&locks[0], S), 0);
	keep_reports();
	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_lock(&locks[i], S), 0);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(fifolock_unlock(&locks[i], S), 0);
	cr_assert_eq(reports, 0);
}
#endif

/* ---- one's own holds in one's way ---- */

static pthread_t in_line(void *(*run)(void *), fifolock_t *lock)
{
	uint32_t before = fifolock_waiting(lock);
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, run, lock), 0);
	while (fifolock_waiting(lock) == before)
		sched_yield();
	return thread;
}

static void *pass(void *lock)
{
	int error = fifolock_lock(lock, X);

	return (void *)(intptr_t)(error ? error : fifolock_unlock(lock, X));
}

Test(debug_holds, in_the_way_of_ones_own_conversion_are_reported,
     .description = "EDEADLK")
{
	keep_reports();
	cr_assert_eq(fifolock_lock_n(&locks[0], S, 2), 0);
	cr_assert_eq(fifolock_convert(&locks[0], S, X), EDEADLK);
	reports_last("EDEADLK", "fifolock_convert", "what it keeps besides");
	cr_assert_eq(fifolock_tryconvert(&locks[0], S, X), EBUSY);
	cr_assert_eq(fifolock_unlock(&locks[0], S), 0);
	cr_assert_eq(fifolock_convert(&locks[0], S, X), 0);
	cr_assert_eq(fifolock_unlock(&locks[0], X), 0);
	cr_assert_eq(reports, 1);
}

Test(debug_holds, in_the_way_of_ones_own_bump_are_reported, .description = "EDEADLK")
{
	pthread_t writer;
	void *result;

	keep_reports();
	cr_assert_eq(fifolock_lock_n(&locks[0], S, 2), 0);
	writer = in_line(pass, &locks[0]);
	cr_assert_eq(fifolock_bump(&locks[0], S), EDEADLK);
	reports_last("EDEADLK", "fifolock_bump", "a request in line before it");
	cr_assert_eq(fifolock_holds(&locks[0], S), 2);
	cr_assert_eq(fifolock_unlock(&locks[0], S), 0);
	cr_assert_eq(fifolock_bump(&locks[0], S), 0);
	cr_assert_eq(pthread_join(writer, &result), 0);
	cr_assert_null(result);
	cr_assert_eq(fifolock_unlock(&locks[0], S), 0);
	cr_assert_eq(reports, 1);
}

/* ---- other lives ---- */

Test(debug_holds, are_not_those_of_another_lock_in_the_same_memory,
     .description = "no false alarm")
{
	struct fifolock_holder holder;
	size_t n;

	keep_reports();
	cr_assert_eq(fifolock_lock(&locks[0], X), 0);
	memset(&locks[0], 0, sizeof(locks[0]));
	cr_assert_eq(fifolock_lock(&locks[0], X), 0);
	cr_assert_eq(fifolock_holders(&locks[0], &holder, 1, &n), 0);
	cr_assert_eq(n, 1);
	cr_assert_eq(holder.n, 1);
	cr_assert_eq(fifolock_unlock(&locks[0], X), 0);
	locks[0] = (fifolock_t)FIFOLOCK_INIT(&fifolock_update_modes);
	cr_assert_eq(fifolock_lock(&locks[0], U), 0);
	cr_assert_eq(fifolock_unlock(&locks[0], U), 0);
	cr_assert_eq(reports, 0);
	cr_assert_eq(fifolock_unlock(&locks[0], X), EPERM);
}

static void *take_and_end(void *lock)
{
	return (void *)(intptr_t)fifolock_lock(lock, S);
}

static void *give_shared(void *lock)
{
	return (void *)(intptr_t)fifolock_unlock(lock, S);
}

/* A later thread may have the same number, stack and thread-local storage. */
Test(debug_holds, of_a_thread_that_has_ended_are_nobodys, .description = "EPERM")
{
	keep_reports();
	cr_assert_eq(in_thread(take_and_end, &locks[0]), 0);
	reports_last("a thread ends that holds", "fifolock_lock", "holds shared since");
	cr_assert_eq(report[0].lock, &locks[0]);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(in_thread(give_shared, &locks[0]), EPERM);
	cr_assert_eq(reports, 3);
	reports_last("EPERM", "fifolock_unlock", "of a thread that holds 0");
}

static void *take_and_vanish(void *lock)
{
	__atomic_store_n(&stage, fifolock_lock(lock, X) == 0, __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return NULL;
}

/* No destructor runs, and nothing is told until a thread is about to wait. */
Test(debug_holds, of_a_thread_that_vanished_are_reported_to_who_waits,
     .description = "a wait for ever")
{
	struct fifolock_holder holder;
	pthread_t thread, waiter;
	void *result;
	size_t n;

	keep_reports();
	cr_assert_eq(pthread_create(&thread, NULL, take_and_vanish, &locks[0]), 0);
	while (!__atomic_load_n(&stage, __ATOMIC_ACQUIRE))
		sched_yield();
	cr_assert_eq(fifolock_holders(&locks[0], &holder, 1, &n), 0);
	while (syscall(SYS_tgkill, getpid(), holder.thread, 0) == 0)
		sched_yield();
	cr_assert_eq(reports, 0);
	waiter = in_line(pass, &locks[0]);
	cr_assert_eq(fifolock_close(&locks[0]), 0);
	cr_assert_eq(pthread_join(waiter, &result), 0);
	cr_assert_eq((intptr_t)result, ECANCELED);
	cr_assert_eq(reports, 1);
	reports_last("held by a thread that has ended", "fifolock_lock",
		     "which has ended, and holds exclusive since fifolock_lock at ");
}

static pthread_key_t keys[3];

static void give_at_the_end(void *lock)
{
	if (fifolock_unlock(lock, S))
		abort();
}

static void *leave_it_to_destructors(void *arg)
{
	fifolock_t *lock = arg;
	intptr_t faults = 0;

	for (unsigned i = 0; i < 3; i++) {
		faults += fifolock_lock(&lock[i], S) != 0;
		faults += pthread_setspecific(keys[i], &lock[i]) != 0;
	}
	return (void *)faults;
}

Test(debug_holds, that_a_destructor_gives_back_are_no_fault,
     .description = "no false alarm")
{
	keep_reports();
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(pthread_key_create(&keys[i], give_at_the_end), 0);
	cr_assert_eq(in_thread(leave_it_to_destructors, locks), 0);
	cr_assert_eq(reports, 0);
	cr_assert_eq(fifolock_holds(&locks[2], S), 0);
}

/* ---- forks ---- */

static int child_gives(void)
{
	if (fifolock_unlock(&locks[0], X) || fifolock_lock(&locks[0], X) ||
	    fifolock_unlock(&locks[0], X))
		return 1;
	if (fifolock_unlock(&locks[1], X) != EPERM)
		return 2;
	if (!strstr(report[0].text, "of the parent process holds exclusive"))
		return 3;
	if (fifolock_init(&locks[1], NULL) || fifolock_lock(&locks[1], X) ||
	    fifolock_unlock(&locks[1], X))
		return 4;
	return reports == 1 ? 0 : 5;
}

static void *hold_for_a_while(void *lock)
{
	int error = fifolock_lock(lock, X);

	__atomic_store_n(&stage, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == 1)
		sched_yield();
	return (void *)(intptr_t)(error ? error : fifolock_unlock(lock, X));
}

Test(debug_holds, are_a_forked_childs_own, .description = "no false alarm")
{
	pthread_t other;
	void *result;
	int status;
	pid_t child;

	keep_reports();
	cr_assert_eq(fifolock_lock(&locks[0], X), 0);
	pthread_create(&other, NULL, hold_for_a_while, &locks[1]);
	while (!__atomic_load_n(&stage, __ATOMIC_ACQUIRE))
		sched_yield();
	child = fork();
	if (child == 0)
		_exit(child_gives());
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "%#x", status);
	__atomic_store_n(&stage, 2, __ATOMIC_RELEASE);
	pthread_join(other, &result);
	cr_assert_null(result);
	cr_assert_eq(fifolock_unlock(&locks[0], X), 0);
	cr_assert_eq(reports, 0);
}

/* ---- handlers ---- */

static unsigned interrupts, handler_faults;
static fifolock_t spare;

/* Takes and gives something of its own, and gives back what the thread has left to it. */
static void interrupt(int signal)
{
	fifolock_t *own = &locks[100 + interrupts++ % 100];

	(void)signal;
	handler_faults += fifolock_trylock(own, S) != 0;
	handler_faults += fifolock_unlock(own, S) != 0;
	if (fifolock_holds(&spare, S) > 1)
		handler_faults += fifolock_unlock(&spare, S) != 0;
}

Test(debug_holds, are_right_whatever_a_handler_interrupts,
     .description = "no false alarm")
{
	const struct itimerval often = {.it_interval.tv_usec = 50,
					.it_value.tv_usec = 50};
	const struct itimerval never = {0};
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
	unsigned faults = 0;

	keep_reports();
	cr_assert_eq(fifolock_lock(&spare, S), 0);
	cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	cr_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (unsigned i = 0; __atomic_load_n(&interrupts, __ATOMIC_RELAXED) < 500; i++) {
		fifolock_t *lock = &locks[i % 100];

		faults += fifolock_lock(lock, S) != 0;
		faults += fifolock_lock(&locks[100 + i % 7], S) != 0;
		faults += fifolock_lock(&spare, S) != 0; /* left to the handler */
		faults += fifolock_unlock(&locks[100 + i % 7], S) != 0;
		faults += fifolock_unlock(lock, S) != 0;
		while (fifolock_holds(&spare, S) > 1)
			;
	}
	cr_assert_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	cr_assert_eq(faults + handler_faults, 0);
	cr_assert_eq(reports, 0, "%s", report[0].text);
}

/* ---- all at once ---- */

#define FEW 12

static unsigned choose(uint64_t *random, unsigned n)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33) % n;
}

static void count_one(void *n)
{
	++*(unsigned *)n;
}

/* Some locks in their order, one before them by a try; converted; given back in any order. */
static unsigned go_up(uint64_t *random)
{
	unsigned at[5], mode[5], n = 0, faults = 0, runs = 0;
	unsigned first = 1 + choose(random, 4);

	for (unsigned i = first; n < 4 && i < FEW - 1; i += 1 + choose(random, 3)) {
		at[n] = i;
		mode[n] = choose(random, 3);
		faults += fifolock_lock(&locks[i], mode[n++]) != 0;
	}
	at[n] = choose(random, first);
	mode[n] = S;
	n += fifolock_trylock(&locks[at[n]], S) == 0;
	faults += fifolock_run(&locks[FEW - 1], X, count_one, &runs) != 0;
	for (unsigned i = 0; i < n; i++)
		if (mode[i] == X && choose(random, 2)) {
			mode[i] = S;
			faults += fifolock_tryconvert(&locks[at[i]], X, S) != 0;
		}
	for (; n; n--) {
		unsigned i = choose(random, n);

		faults += fifolock_unlock(&locks[at[i]], mode[i]) != 0;
		at[i] = at[n - 1];
		mode[i] = mode[n - 1];
	}
	return faults + (runs != 1);
}

static void *go_up_often(void *seed)
{
	uint64_t random = (uintptr_t)seed, faults = 0;

	for (uint64_t i = test_scaled(3000); i; i--)
		faults += go_up(&random);
	return (void *)(uintptr_t)faults;
}

Test(debug_holds, of_a_program_that_is_right_are_never_reported,
     .description = "no false alarm")
{
	pthread_t thread[4];
	void *faults;

	keep_reports();
	for (unsigned i = 0; i < FEW; i++)
		cr_assert_eq(fifolock_init(&locks[i], &fifolock_update_modes), 0);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, go_up_often, (void *)(i + 1));
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &faults);
		cr_assert_null(faults);
	}
	cr_assert_eq(reports, 0, "%s", report[0].text);
}

/* ---- the holders ---- */

static unsigned find(const struct fifolock_holder *holders, size_t n, unsigned mode)
{
	for (unsigned i = 0; i < n; i++)
		if (holders[i].mode == mode)
			return i;
	cr_assert(false, "no holder of mode %u", mode);
	return 0;
}

static void *hold_update(void *lock)
{
	int error = fifolock_lock(lock, U);

	__atomic_store_n(&stage, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == 1)
		sched_yield();
	return (void *)(intptr_t)(error ? error : fifolock_unlock(lock, U));
}

Test(debug_holds, are_told_with_thread_place_and_age, .description = "holders")
{
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_update_modes);
	struct fifolock_holder holders[4];
	char *text = NULL;
	size_t n = 9, length;
	pthread_t other;
	unsigned s, u;
	FILE *out;

	cr_assert_eq(fifolock_holders(&lock, NULL, 0, &n), 0);
	cr_assert_eq(n, 0);
	cr_assert_eq(fifolock_lock_n(&lock, S, 3), 0);
	pthread_create(&other, NULL, hold_update, &lock);
	while (!__atomic_load_n(&stage, __ATOMIC_ACQUIRE))
		sched_yield();
	cr_assert_eq(fifolock_holders(&lock, holders, 4, &n), 0);
	cr_assert_eq(n, 2);
	s = find(holders, n, S);
	u = find(holders, n, U);
	cr_assert_eq(holders[s].thread, (int)syscall(SYS_gettid));
	cr_assert_neq(holders[u].thread, holders[s].thread);
	cr_assert_eq(holders[s].n, 3);
	cr_assert_eq(holders[u].n, 1);
	cr_assert_str_eq(holders[s].call, "fifolock_lock_n");
	cr_assert_str_eq(holders[u].call, "fifolock_lock");
	cr_assert_gt(holders[s].age_ns, 0);
	cr_assert_eq(fifolock_holders(&lock, NULL, 0, &n), 0);
	cr_assert_eq(n, 2);
	cr_assert_eq(fifolock_holders(&lock, NULL, 1, &n), EINVAL);

	out = open_memstream(&text, &length);
	cr_assert_eq(fifolock_dump(&lock, out), 0);
	fclose(out);
	cr_assert_eq(times(text, "  thread "), 2, "%s", text);
	cr_assert_not_null(strstr(text, " holds 3 shared, for "), "%s", text);
	cr_assert_not_null(strstr(text, "since fifolock_lock_n at /"), "%s", text);
	free(text);
	__atomic_store_n(&stage, 2, __ATOMIC_RELEASE);
	pthread_join(other, NULL);
	cr_assert_eq(fifolock_holders(&lock, holders, 4, &n), 0);
	cr_assert_eq(n, 1);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), 0);
}

/* ---- memory ---- */

#if defined(__GLIBC__) && !defined(SANITIZED)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *p);

static _Thread_local bool watched;
static unsigned allocations;

void *malloc(size_t size)
{
	allocations += watched;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations += watched;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations += watched;
	return __libc_realloc(old, size);
}

void free(void *p)
{
	allocations += watched && p;
	__libc_free(p);
}

static void *hold_and_report(void *unused)
{
	intptr_t faults = 0;

	watched = true;
	for (unsigned i = 0; i < MANY; i++)
		faults += fifolock_lock(&locks[i], S) != 0;
	for (unsigned i = 0; i < MANY; i++)
		faults += fifolock_unlock(&locks[i], S) != 0;
	faults += fifolock_unlock(&locks[0], S) != EPERM;
	faults += fifolock_lock(&locks[1], X) || fifolock_lock(&locks[0], X);
	faults += fifolock_lock(&locks[0], X) != EDEADLK;
	faults += fifolock_lock(&locks[2], U) != EINVAL;
	watched = false;
	return unused ? NULL : (void *)faults;
}

/* The allocator itself may be guarded by a fifolock. */
Test(debug_holds, and_reports_never_call_malloc, .description = "no allocation")
{
	int out = dup(STDERR_FILENO);

	cr_assert_gt(out, 0);
	cr_assert_not_null(freopen("/dev/null", "w", stderr));
	for (unsigned i = 0; i < 40; i++) {
		pthread_key_t key;

		cr_assert_eq(pthread_key_create(&key, NULL), 0);
	}
	cr_assert_eq(in_thread(hold_and_report, NULL), 0);
	cr_assert_eq(allocations, 0);
	cr_assert_eq(dup2(out, STDERR_FILENO), STDERR_FILENO);
}
#endif
