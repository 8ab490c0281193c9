/* SPDX-License-Identifier: MIT
 *
 * close.c - turning all away: which are told what, and that each is told once.
 */
#define _GNU_SOURCE
#include "callback_status.h"
#include "waiters.h"

/* ---- which are told ---- */

Test(close, tells_everybody_in_line_once, .description = "G4")
{
	struct puppet waiters[4];
	struct told told = {.times = 0}, done = {.times = 0};
	fifolock_request_t plain, called;
	fifolock_section_t section;
	fifolock_t lock = {0};
	unsigned ran = 0;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	lines_up(&waiters[0], &lock, VISITS, S, 1);
	cr_assert_eq(fifolock_request(&lock, X, 1, &plain, NULL, NULL), EINPROGRESS);
	lines_up(&waiters[1], &lock, VISITS_UNTIL, X, 1);
	asks_later(&lock, &told, &called, S);
	lines_up(&waiters[2], &lock, RUNS, X, 1);
	cr_assert_eq(fifolock_run_async(&lock, X, &section, counts_up, &ran, tell, &done),
		     EINPROGRESS);
	lines_up(&waiters[3], &lock, RUNS, S, 1);

	cr_assert_eq(fifolock_close(&lock), 0);
	/* The last that came may be looking whether it fits, and is the one that tells then. */
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(answer(&waiters[i]), ECANCELED);
	cr_assert_eq(fifolock_request_poll(&plain), ECANCELED);
	cr_assert_eq(fifolock_request_wait(&plain, NULL), ECANCELED);
	cr_assert_eq(fifolock_request_position(&plain), UINT32_MAX);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(times(&told), 1);
	cr_assert_eq(told.status, ECANCELED);
	cr_assert_eq(times(&done), 1);
	cr_assert_eq(done.status, ECANCELED);
	cr_assert_eq(ran + waiters[2].ran + waiters[3].ran, 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(times(&told) + times(&done), 2);
	is_free(&lock);
}

static void all_are_turned_away(fifolock_t *lock, unsigned mode)
{
	struct timespec later = in_an_hour();
	struct told told = {.times = 0};
	fifolock_request_t request;
	fifolock_section_t section;
	unsigned ran = 0;

	cr_assert_eq(fifolock_lock(lock, mode), ECANCELED);
	cr_assert_eq(fifolock_lock_n(lock, mode, 1), ECANCELED);
	cr_assert_eq(fifolock_trylock(lock, mode), ECANCELED);
	cr_assert_eq(fifolock_trylock_n(lock, mode, 1), ECANCELED);
	cr_assert_eq(fifolock_timedlock(lock, mode, &later), ECANCELED);
	later = test_in_ns(CLOCK_REALTIME, HOUR);
	cr_assert_eq(fifolock_clocklock(lock, mode, CLOCK_REALTIME, &later), ECANCELED);
	cr_assert_eq(fifolock_request(lock, mode, 1, &request, NULL, NULL), ECANCELED);
	cr_assert_eq(fifolock_request(lock, mode, 1, &request, tell, &told), ECANCELED);
	cr_assert_eq(fifolock_run(lock, mode, counts_up, &ran), ECANCELED);
	cr_assert_eq(
		fifolock_run_async(lock, mode, &section, counts_up, &ran, tell, &told),
		ECANCELED);
	cr_assert_eq(ran, 0);
	cr_assert_eq(times(&told), 0);
	cr_assert_eq(fifolock_waiting(lock), 0);
}

Test(close, turns_away_all_who_come_later, .description = "G4")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_lock_n(&lock, S, 3), 0);
	cr_assert_eq(fifolock_close(&lock), 0);
	all_are_turned_away(&lock, S);
	all_are_turned_away(&lock, X);
	cr_assert_eq(fifolock_holds(&lock, S), 3);
	cr_assert_eq(fifolock_destroy(&lock), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	all_are_turned_away(&lock, S);
	cr_assert_eq(fifolock_trylock(&lock, 2), EINVAL);
	cr_assert_eq(fifolock_trylock_n(&lock, S, 0), ERANGE);
	is_free(&lock);
}

static void works(fifolock_t *lock)
{
	struct puppet first, second;
	unsigned ran = 0;

	cr_assert_eq(fifolock_trylock(lock, X), 0);
	lines_up(&first, lock, VISITS, X, 1);
	lines_up(&second, lock, VISITS_UNTIL, S, 1);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
	cr_assert_eq(answer(&first), 0);
	cr_assert_eq(answer(&second), 0);
	cr_assert_eq(fifolock_run(lock, X, counts_up, &ran), 0);
	cr_assert_eq(ran, 1);
	cr_assert_eq(fifolock_holds(lock, X), 0);
}

Test(close, twice_is_once_and_reopen_makes_all_good, .description = "reopening")
{
	fifolock_t lock = {0};

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(fifolock_close(&lock), 0);
		cr_assert_eq(fifolock_close(&lock), 0);
		cr_assert_eq(fifolock_trylock(&lock, S), ECANCELED);
		cr_assert_eq(fifolock_reopen(&lock), 0);
		cr_assert_eq(fifolock_reopen(&lock), 0);
		works(&lock);
	}
	is_free(&lock);
}

Test(close, and_reopen_while_it_is_held_keeps_the_hold, .description = "G2")
{
	struct puppet before, after;
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	lines_up(&before, &lock, VISITS, X, 1);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(answer(&before), ECANCELED);
	cr_assert_eq(fifolock_reopen(&lock), 0);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	lines_up(&after, &lock, VISITS, S, 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(answer(&after), 0);
	is_free(&lock);
}

Test(close, of_a_destroyed_lock_is_refused, .description = "G7")
{
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(fifolock_close(&lock), EINVAL);
	cr_assert_eq(fifolock_reopen(&lock), EINVAL);
	cr_assert_eq(fifolock_trylock(&lock, S), EINVAL);
	cr_assert_eq(fifolock_init(&lock, NULL), 0);
	cr_assert_eq(fifolock_trylock(&lock, X), 0, "not closed any more");
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* ---- while a thread is granting ---- */

/* The first in line closes the lock from its callback, in the unlock that granted it. */
static void closed_by_a_callback(bool and_reopened)
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct told told[4] = {{.closes = true, .reopens = and_reopened}};
	fifolock_request_t requests[4];
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		told[i].lock = &lock;
		asks_later(&lock, &told[i], &requests[i], X);
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(times(&told[i]), 1);
		cr_assert_eq(told[i].status, i ? ECANCELED : 0);
	}
	cr_assert_eq(fifolock_trylock(&lock, X), and_reopened ? 0 : ECANCELED);
	if (and_reopened)
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

Test(close, by_a_callback_tells_those_behind_it, .description = "G4")
{
	closed_by_a_callback(false);
	closed_by_a_callback(true);
}

/* A rule that, once, waits in the middle of an unlock. */
struct gate {
	bool armed;   /* atomic */
	bool entered; /* atomic */
	bool open;    /* atomic */
};

static bool waits_at_gate(const uint32_t holds[], unsigned mode, void *ctx)
{
	struct gate *gate = ctx;

	if (__atomic_exchange_n(&gate->armed, false, __ATOMIC_ACQ_REL)) {
		__atomic_store_n(&gate->entered, true, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&gate->open, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	return holds[mode] == 0;
}

static void *unlocks(void *arg)
{
	return fifolock_unlock(arg, 0) ? arg : NULL;
}

/* Four in line, and another thread in the middle of the unlock that lets in the first. */
struct granting {
	struct gate gate;
	fifolock_modes_t modes;
	fifolock_t lock;
	struct told told[4];
	fifolock_request_t requests[4];
	pthread_t granter;
	bool closed; /* atomic */
};

static void begins_granting(struct granting *at)
{
	memset(at, 0, sizeof(*at));
	cr_assert_eq(fifolock_modes_predicate(&at->modes, 1, 4, waits_at_gate, &at->gate),
		     0);
	cr_assert_eq(fifolock_init(&at->lock, &at->modes), 0);
	cr_assert_eq(fifolock_lock(&at->lock, 0), 0);
	for (unsigned i = 0; i < 4; i++) {
		at->told[i].lock = &at->lock;
		asks_later(&at->lock, &at->told[i], &at->requests[i], 0);
	}
	__atomic_store_n(&at->gate.armed, true, __ATOMIC_RELEASE);
	pthread_create(&at->granter, NULL, unlocks, &at->lock);
	while (!__atomic_load_n(&at->gate.entered, __ATOMIC_ACQUIRE))
		sched_yield();
}

/* The one that was about to be let in may be, the others are turned away. */
static void ends_granting(struct granting *at)
{
	void *failed;

	__atomic_store_n(&at->gate.open, true, __ATOMIC_RELEASE);
	pthread_join(at->granter, &failed);
	cr_assert_null(failed);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(times(&at->told[i]), 1, "%u: told %u times", i,
			     times(&at->told[i]));
		cr_assert(at->told[i].status == ECANCELED ||
			  (i == 0 && at->told[i].status == 0));
	}
	cr_assert_eq(fifolock_holds(&at->lock, 0), 0);
	cr_assert_eq(fifolock_destroy(&at->lock), 0);
}

Test(close, does_not_wait_for_who_is_granting_who_then_tells, .description = "G3 G4")
{
	struct granting at;

	begins_granting(&at);
	cr_assert_eq(fifolock_close(&at.lock), 0);
	cr_assert_eq(fifolock_trylock(&at.lock, 0), ECANCELED);
	ends_granting(&at);
}

/* Opening again may have to wait for the thread that is granting. */
static void *closes_and_opens(void *arg)
{
	struct granting *at = arg;
	int rc = fifolock_close(&at->lock);

	__atomic_store_n(&at->closed, true, __ATOMIC_RELEASE);
	rc |= fifolock_reopen(&at->lock);
	return rc ? arg : NULL;
}

Test(close, is_not_forgotten_if_the_lock_is_reopened_before_they_are_told,
     .description = "G4")
{
	for (uint64_t i = 0; i < test_scaled(300); i++) {
		struct granting at;
		pthread_t closer;
		void *failed;

		begins_granting(&at);
		pthread_create(&closer, NULL, closes_and_opens, &at);
		while (!__atomic_load_n(&at.closed, __ATOMIC_ACQUIRE))
			sched_yield();
		for (uint64_t j = 0; j < i % 8; j++)
			sched_yield();
		__atomic_store_n(&at.gate.open, true, __ATOMIC_RELEASE);
		pthread_join(closer, &failed);
		cr_assert_null(failed);
		ends_granting(&at);
	}
}
