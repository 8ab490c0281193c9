/* SPDX-License-Identifier: MIT
 *
 * sem.c - sem_*: values, waiting, deadlines; named and shared semaphores.
 */
#include "sems.h"
#include <fcntl.h>

Test(sem, it_begins_with_the_value_it_is_given)
{
	const unsigned values[] = {0, 1, 2, 1000, SEM_VALUE_MAX - 1, SEM_VALUE_MAX};
	sem_t sem;

	for (unsigned i = 0; i < LENGTH(values); i++) {
		memset(&sem, 0xa5, sizeof(sem));
		returns(sem_init(&sem, 0, values[i]), 0);
		returns(value_of(&sem), (long)values[i]);
		if (values[i] > 0) {
			returns(sem_wait(&sem), 0);
			returns(value_of(&sem), (long)values[i] - 1);
			returns(sem_post(&sem), 0);
		} else {
			fails(sem_trywait(&sem), EAGAIN);
		}
		returns(value_of(&sem), (long)values[i]);
		returns(sem_destroy(&sem), 0);
	}
}

Test(sem, no_value_is_above_the_maximum)
{
	sem_t sem;

	fails(sem_init(&sem, 0, SEM_VALUE_MAX + 1U), EINVAL);
	fails(sem_init(&sem, 0, UINT_MAX), EINVAL);
	returns(sem_init(&sem, 0, SEM_VALUE_MAX), 0);
	fails(sem_post(&sem), EOVERFLOW);
	fails(sem_post(&sem), EOVERFLOW);
	returns(value_of(&sem), SEM_VALUE_MAX);
	returns(sem_trywait(&sem), 0);
	returns(sem_post(&sem), 0);
	fails(sem_post(&sem), EOVERFLOW);
	returns(sem_wait(&sem), 0);
	returns(value_of(&sem), SEM_VALUE_MAX - 1);
	returns(sem_destroy(&sem), 0);
}

/* Not portable, and it works with glibc: one in static storage that has not been initialised. */
Test(sem, one_of_zeros_has_the_value_zero)
{
	static sem_t zeros;
	struct worker worker;

	returns(value_of(&zeros), 0);
	fails(sem_trywait(&zeros), EAGAIN);
	queues(&worker, wait_sem, &zeros);
	returns(sem_post(&zeros), 0);
	returns(answer(&worker), 0);
}

Test(sem, each_post_is_for_one_wait)
{
	sem_t sem;

	returns(sem_init(&sem, 0, 0), 0);
	for (int i = 1; i <= 1000; i++) {
		returns(sem_post(&sem), 0);
		returns(value_of(&sem), i);
	}
	for (int i = 1000; i-- > 0;) {
		returns(i % 2 ? sem_wait(&sem) : sem_trywait(&sem), 0);
		returns(value_of(&sem), i);
	}
	fails(sem_trywait(&sem), EAGAIN);
	returns(value_of(&sem), 0);
	returns(sem_destroy(&sem), 0);
}

Test(sem, a_post_wakes_one_that_waits)
{
	enum { MANY = 5 };
	struct worker worker[MANY];
	unsigned woken;
	sem_t sem;

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < MANY; i++)
		queues(&worker[i], wait_sem, &sem);
	returns(value_of(&sem), 0);
	fails(sem_trywait(&sem), EAGAIN);
	for (unsigned i = 0; i < MANY; i++) {
		returns(sem_post(&sem), 0);
		if (strict())
			returns(answer(&worker[i]),
				0); /* the one that has waited longest */
		for (woken = 0; woken < i + 1;) {
			woken = 0;
			for (unsigned j = 0; j < MANY; j++)
				woken += has_returned(&worker[j]);
			sched_yield();
		}
		returns(woken, i + 1);
		returns(value_of(&sem), 0);
	}
	for (unsigned i = 0; i < MANY && !strict(); i++)
		returns(answer(&worker[i]), 0);
	returns(sem_destroy(&sem), 0);
}

/* The value is for the waiters, and no other thread may have it, in strict order. */
Test(sem, many_posts_at_once_serve_as_many)
{
	enum { MANY = 8 };
	struct worker worker[MANY];
	sem_t sem;

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < MANY; i++)
		queues(&worker[i], wait_sem, &sem);
	for (unsigned i = 0; i < MANY + 3; i++)
		returns(sem_post(&sem), 0);
	if (strict())
		returns(value_of(&sem), 3);
	all_answer(worker, MANY);
	returns(value_of(&sem), 3);
	returns(sem_destroy(&sem), 0);
}

/* ---- deadlines ---- */

struct timed_sem {
	sem_t *sem;
	unsigned way;
	struct timespec deadline;
};

static int timed_wait(void *arg)
{
	struct timed_sem *timed = arg;

	if (timed->way == TIMED)
		return sem_timedwait(timed->sem, &timed->deadline) ? errno : 0;
	return sem_clockwait(timed->sem, clock_of(timed->way), &timed->deadline) ? errno
										 : 0;
}

Test(sem, a_value_is_given_although_the_deadline_has_passed)
{
	struct timed_sem timed;
	sem_t sem;

	timed.sem = &sem;
	returns(sem_init(&sem, 0, 1), 0);
	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		for (unsigned i = 0; i < LENGTH(past_times); i++) {
			timed.deadline = past_times[i];
			returns(timed_wait(&timed), 0);
			returns(value_of(&sem), 0);
			returns(sem_post(&sem), 0);
		}
	}
	returns(sem_destroy(&sem), 0);
}

/* POSIX leaves open whether it is noticed where there is no need to wait; glibc does. */
Test(sem, a_bad_deadline_is_noticed_or_the_value_given)
{
	struct timed_sem timed;
	sem_t sem;
	int rc;

	timed.sem = &sem;
	returns(sem_init(&sem, 0, 1), 0);
	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		for (unsigned i = 0; i < LENGTH(bad_times); i++) {
			timed.deadline = bad_times[i];
			rc = timed_wait(&timed);
			cr_assert(rc == 0 || rc == EINVAL);
			returns(value_of(&sem), rc != 0);
			if (rc == 0)
				returns(sem_post(&sem), 0);
		}
	}
	returns(sem_destroy(&sem), 0);
}

Test(sem, a_wait_that_cannot_be_is_told_why)
{
	struct timed_sem timed;
	sem_t sem;

	timed.sem = &sem;
	returns(sem_init(&sem, 0, 0), 0);
	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		for (unsigned i = 0; i < LENGTH(bad_times); i++) {
			timed.deadline = bad_times[i];
			returns(timed_wait(&timed), EINVAL);
			timed.deadline = past_times[i];
			returns(timed_wait(&timed), ETIMEDOUT);
			returns(value_of(&sem), 0);
		}
		timed.deadline = test_in_ns(clock_of(timed.way), 10 * MS);
		returns(timed_wait(&timed), ETIMEDOUT);
		cr_assert(clock_has_passed(clock_of(timed.way), &timed.deadline));
	}
	/* Nothing is left behind by waits that have ended. */
	returns(sem_post(&sem), 0);
	returns(value_of(&sem), 1);
	returns(sem_trywait(&sem), 0);
	returns(sem_destroy(&sem), 0);
}

Test(sem, a_post_in_time_is_no_timeout)
{
	struct timed_sem timed;
	struct worker worker;
	sem_t sem;

	timed.sem = &sem;
	returns(sem_init(&sem, 0, 0), 0);
	for (timed.way = 0; timed.way < TIMED_WAYS; timed.way++) {
		timed.deadline = test_in_ns(clock_of(timed.way), FOR_LONG);
		queues(&worker, timed_wait, &timed);
		returns(sem_post(&sem), 0);
		returns(answer(&worker), 0);
		returns(value_of(&sem), 0);
	}
	returns(sem_destroy(&sem), 0);
}

Test(sem, a_waiter_that_times_out_does_not_keep_those_behind_it)
{
	struct timed_sem timed = {.way = CLOCKED_MONOTONIC};
	struct worker first, second;
	sem_t sem;

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < 20; i++) {
		timed.sem = &sem;
		timed.deadline = test_in_ns(CLOCK_MONOTONIC, 5 * MS);
		begins(&first, timed_wait, &timed);
		queues(&second, wait_sem, &sem);
		returns(answer(&first), ETIMEDOUT);
		returns(sem_post(&sem), 0);
		returns(answer(&second), 0);
		returns(value_of(&sem), 0);
	}
	returns(sem_destroy(&sem), 0);
}

/* One of the two has it, never both, never neither. */
Test(sem, a_post_that_meets_a_deadline_is_not_lost)
{
	struct timed_sem timed = {.way = CLOCKED_MONOTONIC};
	struct timespec moment;
	struct worker worker;
	sem_t sem;
	int rc;

	timed.sem = &sem;
	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < test_scaled(1000); i++) {
		moment = timed.deadline =
			test_in_ns(CLOCK_MONOTONIC, 200000 + i % 50 * 4000);
		begins(&worker, timed_wait, &timed);
		while (!clock_has_passed(CLOCK_MONOTONIC, &moment))
			;
		returns(sem_post(&sem), 0);
		rc = answer(&worker);
		cr_assert(rc == 0 || rc == ETIMEDOUT);
		returns(value_of(&sem), rc != 0);
		if (rc)
			returns(sem_wait(&sem), 0);
		test_goes_on();
	}
	returns(sem_destroy(&sem), 0);
}

Test(sem, a_clock_that_is_none_for_waits_is_refused)
{
	const clockid_t bad[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, 4711,
				 -1};
	const struct timespec past = {.tv_sec = 1};
	sem_t sem;

	returns(sem_init(&sem, 0, 1), 0);
	for (unsigned i = 0; i < LENGTH(bad); i++)
		fails(sem_clockwait(&sem, bad[i], &past), EINVAL);
	returns(value_of(&sem), 1);
	returns(sem_destroy(&sem), 0);
}

/* ---- the end: the thread that got the last post may destroy it ---- */

static int posts(void *sem)
{
	return sem_post(sem);
}

Test(sem, it_may_be_unmapped_by_the_thread_that_waited)
{
	for (unsigned i = 0; i < test_scaled(2000); i++) {
		struct worker worker;
		sem_t *sem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert(sem != MAP_FAILED);
		returns(sem_init(sem, 0, 0), 0);
		begins(&worker, posts, sem);
		returns(sem_wait(sem), 0);
		returns(sem_destroy(sem), 0);
		returns(munmap(sem, 4096), 0);
		returns(answer(&worker), 0);
		test_goes_on();
	}
}

/* ---- named and shared ones ---- */

Test(sem, a_named_semaphore_is_one_in_several_processes)
{
	char name[64];
	sem_t *sem, *again;
	pid_t child;

	snprintf(name, sizeof(name), "/posix-test-%d", (int)getpid());
	sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	if (sem == SEM_FAILED)
		return; /* there is no place for them here */
	cr_assert(sem_open(name, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED);
	returns(errno, EEXIST);
	again = sem_open(name, 0);
	cr_assert(again == sem);
	child = fork();
	if (child == 0) {
		returns(sem_wait(sem), 0);
		_exit(sem_post(sem));
	}
	child_sleeps(child);
	returns(sem_post(sem), 0);
	child_is_well(child);
	returns(value_of(sem), 1);
	returns(sem_trywait(sem), 0);
	fails(sem_trywait(sem), EAGAIN);
	returns(sem_close(again), 0);
	returns(sem_close(sem), 0);
	returns(sem_unlink(name), 0);
	fails(sem_unlink(name), ENOENT);
}

Test(sem, a_shared_semaphore_is_waited_for_by_another_process)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);
	sem_t *sem = shared_page(), *back = sem + 1;
	pid_t child;

	returns(sem_init(sem, 1, 0), 0);
	returns(sem_init(back, 1, SEM_VALUE_MAX), 0);
	child = fork();
	if (child == 0) {
		fails(sem_trywait(sem), EAGAIN);
		returns(sem_wait(sem), 0);
		returns(sem_timedwait(sem, &deadline), 0);
		returns(sem_clockwait(sem, CLOCK_REALTIME, &deadline), 0);
		returns(sem_trywait(back), 0);
		_exit(0);
	}
	for (unsigned i = 0; i < 3; i++) {
		child_sleeps(child);
		returns(sem_post(sem), 0);
	}
	child_is_well(child);
	returns(value_of(sem), 0);
	returns(value_of(back), SEM_VALUE_MAX - 1);
	returns(sem_post(back), 0);
	fails(sem_post(back), EOVERFLOW);
	returns(sem_destroy(sem), 0);
	returns(sem_destroy(back), 0);
}
