/* SPDX-License-Identifier: MIT
 *
 * regressions.c - what has broken the library once and can be met without a hook
 * between two steps (those are in regressions_forced.c): callbacks that wait, a thread that is
 * to be cancelled, requests that are refused, deadlines long ago, sections without end.
 */
#define _GNU_SOURCE
#include "test.h"

#include <fifolock/cond.h>
#include <fifolock/request.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/queue.h"
#include "core/role.h"
#include "core/slot.h"

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, U = FIFOLOCK_UPDATE };

static fifolock_t lock, other;
static unsigned faults; /* atomic: what should not be, seen by any thread */

static void fault_if(bool bad)
{
	if (bad)
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

static unsigned now(const unsigned *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void count(unsigned *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
}

static void until_waiting(const fifolock_t *on, uint32_t n)
{
	while (fifolock_waiting(on) < n)
		sched_yield();
}

static pthread_t begins(void *(*act)(void *), void *arg)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, act, arg), 0);
	return thread;
}

static void takes(fifolock_t *of, unsigned mode)
{
	cr_assert_eq(fifolock_trylock(of, mode), 0);
}

static void gives(fifolock_t *back, unsigned mode)
{
	fault_if(fifolock_unlock(back, mode));
}

static void until_held(const fifolock_t *by_another, unsigned mode)
{
	while (!fifolock_holds(by_another, mode))
		sched_yield();
}

static void is_free(fifolock_t *now_free)
{
	cr_assert_eq(faults, 0u);
	cr_assert_eq(fifolock_waiting(now_free), 0u);
	takes(now_free, X);
	gives(now_free, X);
	cr_assert_eq(fifolock_destroy(now_free), 0);
}

/* ---- callbacks that wait for one lock ---- */

static unsigned begun, done; /* atomic */
static bool two_have_asked;  /* atomic */

/* The thread that gives back runs the callbacks. */
static void *holds_until_two_have_asked(void *unused)
{
	fault_if(fifolock_lock(&lock, X));
	while (!__atomic_load_n(&two_have_asked, __ATOMIC_ACQUIRE))
		sched_yield();
	gives(&lock, X);
	return unused;
}

static void waits_for_the_other(void *ctx, int status)
{
	(void)ctx;
	count(&begun);
	fault_if(status || fifolock_lock(&other, X));
	gives(&other, X);
	gives(&lock, S);
	count(&done);
}

/* And both are called back in the thread that is returned. */
static pthread_t two_ask(void (*one)(void *ctx, int status),
			 void (*two)(void *ctx, int status))
{
	static fifolock_request_t request[2];
	pthread_t thread = begins(holds_until_two_have_asked, NULL);

	until_held(&lock, X);
	cr_assert_eq(fifolock_request(&lock, S, 1, &request[0], one, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(&lock, S, 1, &request[1], two, NULL), EINPROGRESS);
	__atomic_store_n(&two_have_asked, true, __ATOMIC_RELEASE);
	return thread;
}

/* One after the other: were the later one run inside the earlier one's wait, it would have
 * to be the first in line. */
Test(callbacks, of_one_thread_that_wait_for_one_lock_all_get_it, .description = "G3")
{
	pthread_t thread;

	takes(&other, X);
	thread = two_ask(waits_for_the_other, waits_for_the_other);
	until_waiting(&other, 1);
	cr_assert_eq(now(&begun), 1u);
	cr_assert_eq(now(&done), 0u);
	gives(&other, X);
	pthread_join(thread, NULL);
	cr_assert_eq(now(&done), 2u);
	is_free(&other);
	is_free(&lock);
}

/* ---- a callback that signals while another is due ---- */

static fifolock_cond_t cond;

static void signals_with_the_other_held(void *ctx, int status)
{
	(void)ctx, (void)status;
	gives(&lock, S);
	fault_if(fifolock_lock(&other, X));
	fault_if(fifolock_cond_signal(&cond));
	gives(&other, X);
	count(&done);
}

static void passes_the_other(void *ctx, int status)
{
	(void)ctx, (void)status;
	gives(&lock, S);
	fault_if(fifolock_lock(&other, X));
	gives(&other, X);
	count(&done);
}

static void *waits_for_the_signal(void *gate)
{
	fault_if(fifolock_lock(gate, X));
	fault_if(fifolock_cond_wait(&cond, gate, X));
	gives(gate, X);
	return NULL;
}

/* The test stands for another thread that signals at that moment, and has the guard. */
Test(callbacks, are_not_called_where_a_signal_waits_for_its_condition,
     .description = "G3")
{
	static fifolock_t gate;
	pthread_t waiter = begins(waits_for_the_signal, &gate), thread;

	while (!__atomic_load_n(&cond.last, __ATOMIC_RELAXED))
		sched_yield();
	/* The waiter may still have it. */
	cr_assert_eq(fifolock_lock(&cond.guard, X), 0);
	thread = two_ask(signals_with_the_other_held, passes_the_other);
	until_waiting(&cond.guard, 1);
	cr_assert_eq(fifolock_holds(&other, X), 1u);
	cr_assert_eq(fifolock_waiting(&other), 0u);
	gives(&cond.guard, X);
	pthread_join(thread, NULL);
	pthread_join(waiter, NULL);
	cr_assert_eq(now(&done), 2u);
	is_free(&other);
	is_free(&lock);
}

/* ---- a thread that is to be cancelled ---- */

static bool unlocked;

/* Deferred: it would end at the next cancellation point. */
static void *unlocks_to_be_cancelled(void *unused)
{
	fault_if(fifolock_lock(&lock, X));
	until_waiting(&lock, 1);
	fault_if(pthread_cancel(pthread_self()));
	gives(&lock, X);
	unlocked = true;
	return unused;
}

Test(callbacks, by_eventfd_do_not_let_a_thread_be_cancelled_in_unlock,
     .description = "no function is a cancellation point")
{
	static fifolock_request_t request;
	int fd = eventfd(0, EFD_NONBLOCK);
	fifolock_modes_t modes = fifolock_mutex_modes;
	uint64_t events = 0;
	pthread_t thread;

	fifolock_modes_owner_checked(&modes, false);
	fifolock_init(&lock, &modes);
	thread = begins(unlocks_to_be_cancelled, NULL);
	until_held(&lock, X);
	cr_assert_eq(fifolock_request(&lock, X, 1, &request, fifolock_done_eventfd,
				      (void *)(intptr_t)fd),
		     EINPROGRESS);
	pthread_join(thread, NULL);
	cr_assert(unlocked);
	cr_assert_eq(read(fd, &events, sizeof(events)), (ssize_t)sizeof(events));
	cr_assert_eq(events, 1u);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	gives(&lock, X);
	is_free(&lock);
	close(fd);
}

/* ---- a request refused because of the limit ---- */

Test(refused, request_is_not_one_that_can_be_polled_or_cancelled, .description = "G7")
{
	fifolock_request_t first, refused, later;
	uint32_t slots;

	takes(&lock, X);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &first, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(&lock, X, 1, &refused, NULL, NULL), EAGAIN);
	slots = fl_slots_made();
	cr_assert_eq(fifolock_limit_waiters(&lock, 0), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &later, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fl_slots_made(), slots, "the refused one kept its slot");
	cr_assert_eq(fifolock_request_poll(&refused), EINVAL);
	cr_assert_eq(fifolock_request_cancel(&refused), EALREADY);
	cr_assert_eq(fifolock_request_wait(&refused, NULL), EINVAL);
	cr_assert_eq(fifolock_request_position(&refused), UINT32_MAX);
	cr_assert_eq(fifolock_request_poll(&later), EINPROGRESS);
	cr_assert_eq(fifolock_waiting(&lock), 2u);
	cr_assert_eq(fifolock_request_cancel(&first), 0);
	cr_assert_eq(fifolock_request_cancel(&later), 0);
	gives(&lock, X);
	is_free(&lock);
}

/* ---- deadlines before the clock began ---- */

static const struct timespec long_ago = {.tv_sec = -1};

Test(deadline, before_the_clock_began_ends_a_wait_for_a_condition, .description = "G4")
{
	takes(&lock, X);
	cr_assert_eq(fifolock_cond_timedwait(&cond, &lock, X, &long_ago), ETIMEDOUT);
	cr_assert_eq(fifolock_holds(&lock, X), 1u);
	gives(&lock, X);
	is_free(&lock);
}

Test(deadline, before_the_clock_began_ends_a_wait_for_a_request, .description = "G4")
{
	fifolock_request_t request;

	takes(&lock, X);
	cr_assert_eq(fifolock_request(&lock, X, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request_wait(&request, &long_ago), ETIMEDOUT);
	cr_assert_eq(fifolock_request_poll(&request), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&request), 0);
	gives(&lock, X);
	is_free(&lock);
}

/* ---- sections that take as long as one call serves others ---- */

#define SERVED 8

static _Thread_local unsigned *serves; /* how many of others this thread's call has run */

static int64_t coarse_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* Until the system's coarse clock is 2 ms further. */
static void is_long(void *of)
{
	int64_t end = coarse_ns() + 2000000;

	if (of != serves)
		++*serves;
	while (coarse_ns() < end)
		sched_yield();
}

static void lets_all_line_up(void *of)
{
	fault_if(of != serves);
	count(&begun);
	until_waiting(&lock, SERVED);
}

static void *runs_first(void *of)
{
	serves = of;
	fault_if(fifolock_run(&lock, X, lets_all_line_up, of));
	return NULL;
}

static void *runs(void *of)
{
	serves = of;
	fault_if(fifolock_run(&lock, X, is_long, of));
	return NULL;
}

Test(service, of_long_sections_is_one_for_each_call, .description = "G3")
{
	static unsigned served[SERVED + 1];
	pthread_t thread[SERVED + 1];

	thread[SERVED] = begins(runs_first, &served[SERVED]);
	while (now(&begun) == 0)
		sched_yield();
	for (unsigned i = 0; i < SERVED; i++)
		thread[i] = begins(runs, &served[i]);
	for (unsigned i = 0; i <= SERVED; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i <= SERVED; i++)
		cr_assert_leq(served[i], 1u);
	is_free(&lock);
}

/* ---- an UPDATE that another conversion waits for ---- */

static void *converts(void *converted)
{
	fault_if(fifolock_lock(&lock, S));
	*(int *)converted = fifolock_convert(&lock, S, X);
	if (*(int *)converted == 0)
		gives(&lock, X);
	return NULL;
}

/* As fifolock.h says: give from back instead. */
Test(update, that_a_conversion_waits_for_is_told_so_and_gives_way,
     .description = "EDEADLK, nothing has changed")
{
	pthread_t thread;
	int converted = -1;

	fifolock_init(&lock, &fifolock_update_modes);
	takes(&lock, U);
	thread = begins(converts, &converted);
	until_waiting(&lock, 1);
	cr_assert_eq(fifolock_convert(&lock, U, X), EDEADLK);
	cr_assert_eq(fifolock_holds(&lock, U), 1u);
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	gives(&lock, U);
	pthread_join(thread, NULL);
	cr_assert_eq(converted, 0);
	is_free(&lock);
}

/* ---- two locks whose lines are told at one place ---- */

static void *passes_through(void *unused)
{
	(void)unused;
	fault_if(fifolock_lock(&lock, X));
	gives(&lock, X);
	return NULL;
}

static void lets_one_pass(uint32_t reached)
{
	pthread_t thread;

	fifolock_init(&lock, NULL);
	takes(&lock, X);
	if (fl_slots_made())
		fl_role_publish(&lock, reached, 1);
	thread = begins(passes_through, NULL);
	until_waiting(&lock, 1);
	gives(&lock, X);
	pthread_join(thread, NULL);
	is_free(&lock);
}

/* How far the other's line has come can be any number, half of all tickets away, too (seen by UBSan). */
Test(hints, of_another_lock_are_any_number, .description = "G3")
{
	lets_one_pass(0); /* makes a slot */
	for (uint32_t ticket = 0; ticket < 4; ticket++)
		lets_one_pass(ticket - UINT32_C(0x80000000));
}
