/* SPDX-License-Identifier: MIT
 *
 * signal.c - signals that land everywhere: handlers that unlock, look and try,
 * and handlers that do nothing but interrupt.
 */
#define _GNU_SOURCE
#include "test.h"
#include <fifolock/fifolock.h>
#include <signal.h>

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

#define LOCKS 2
#define UNITS 3
#define CREW  3
#define MARK  12345 /* an errno that nothing else uses */

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED };

static fifolock_modes_t three_units;

/* What a handler may give back: units that a thread took and left to it. */
static fifolock_t locks[LOCKS];
static int64_t spare[LOCKS]; /* atomic */
static uint64_t landed;	     /* atomic: signals handled */
static uint64_t wanted;	     /* so many signals are to land */
static uint64_t given_back;  /* atomic: by handlers */
static uint64_t faults;	     /* atomic: what should not be, seen by any thread */
static unsigned ashore;	     /* atomic: threads that are done */

static void fault_if(bool bad)
{
	if (bad)
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

static bool take_spare(unsigned i)
{
	int64_t n = __atomic_load_n(&spare[i], __ATOMIC_RELAXED);

	while (n > 0)
		if (__atomic_compare_exchange_n(&spare[i], &n, n - 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void give_units_back(int signal)
{
	int before = errno;

	(void)signal;
	errno = MARK + 1;
	for (unsigned i = 0; i < LOCKS; i++) {
		if (!take_spare(i))
			continue;
		fault_if(fifolock_unlock(&locks[i], 0));
		__atomic_fetch_add(&given_back, 1, __ATOMIC_RELAXED);
	}
	fault_if(errno != MARK + 1);
	__atomic_fetch_add(&landed, 1, __ATOMIC_RELAXED);
	errno = before;
}

/* Look, and try, and give back at once what was got. */
static void look_and_try(int signal)
{
	int before = errno, rc;

	(void)signal;
	errno = MARK + 1;
	for (unsigned i = 0; i < LOCKS; i++) {
		fault_if(fifolock_holds(&locks[i], 0) > UNITS);
		fault_if(fifolock_holds(&locks[i], 1) != 0);
		(void)fifolock_waiting(&locks[i]);
		rc = fifolock_trylock(&locks[i], 0);
		fault_if(rc && rc != EBUSY);
		fault_if(rc == 0 && fifolock_unlock(&locks[i], 0));
	}
	fault_if(errno != MARK + 1);
	__atomic_fetch_add(&landed, 1, __ATOMIC_RELAXED);
	errno = before;
}

static void only_interrupt(int signal)
{
	(void)signal;
	__atomic_fetch_add(&landed, 1, __ATOMIC_RELAXED);
}

static void on_signal(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	cr_assert_eq(sigaction(signal, &action, NULL), 0);
}

/* ---- threads that lock and unlock while signals land ---- */

struct sailor {
	pthread_t thread;
	uint64_t rounds, random;
	uint64_t taken, returned;
	bool leaves_units; /* to the handlers */
};

static uint32_t below(uint64_t *random, uint32_t n)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)((*random >> 16) % n);
}

/* ThreadSanitizer keeps a signal back until the thread calls something it knows, so
 * that a thread that waits for its own handler would wait for ever. */
static int take(struct sailor *sailor, fifolock_t *lock)
{
	uint32_t way = below(&sailor->random, 4);
	struct timespec soon;

#ifdef UNDER_TSAN
	way = way % 2;
#endif
	if (way == 0)
		return fifolock_trylock(lock, 0);
	if (way > 1)
		return fifolock_lock(lock, 0);
	soon = test_in_ns(CLOCK_MONOTONIC, below(&sailor->random, 100000));
	errno = MARK;
	return fifolock_timedlock(lock, 0, &soon);
}

static bool more_are_to_land(void)
{
	return __atomic_load_n(&landed, __ATOMIC_RELAXED) < wanted;
}

static void *sail(void *arg)
{
	struct sailor *sailor = arg;

	for (uint64_t i = 0; i < sailor->rounds || more_are_to_land(); i++) {
		unsigned n = below(&sailor->random, LOCKS);
		int rc;

		test_goes_on();
		errno = MARK;
		rc = take(sailor, &locks[n]);
		fault_if(errno != MARK);
		fault_if(rc && rc != EBUSY && rc != ETIMEDOUT);
		if (rc)
			continue;
		sailor->taken++;
		if (sailor->leaves_units && below(&sailor->random, 2)) {
			__atomic_fetch_add(&spare[n], 1, __ATOMIC_RELEASE);
			continue;
		}
		if (below(&sailor->random, 16) == 0)
			sched_yield();
		fault_if(fifolock_unlock(&locks[n], 0));
		fault_if(errno != MARK);
		sailor->returned++;
	}
	__atomic_fetch_add(&ashore, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void pause_briefly(uint32_t turns)
{
	for (volatile uint32_t i = 0; i < turns; i++)
		;
}

/* Signals to all of them, at odd moments, until they are done. */
static void bombard(struct sailor crew[], unsigned threads)
{
	uint64_t random = 99;

	while (__atomic_load_n(&ashore, __ATOMIC_ACQUIRE) < threads) {
		pthread_kill(crew[below(&random, threads)].thread, SIGUSR1);
		pause_briefly(below(&random, 4000));
	}
}

/* What is still left to the handlers. */
static uint64_t drain(void)
{
	uint64_t drained = 0;

	for (unsigned i = 0; i < LOCKS; i++)
		for (; take_spare(i); drained++)
			fault_if(fifolock_unlock(&locks[i], 0));
	return drained;
}

static void come_to_rest(void)
{
	for (unsigned i = 0; i < LOCKS; i++) {
		cr_assert_eq(fifolock_holds(&locks[i], 0), 0);
		cr_assert_eq(fifolock_waiting(&locks[i]), 0);
		cr_assert_eq(fifolock_destroy(&locks[i]), 0);
	}
	cr_assert_eq(faults, 0);
}

static void set_sail(struct sailor crew[], unsigned threads, uint64_t rounds,
		     bool leaves_units)
{
	ashore = 0;
	given_back = 0;
	landed = 0;
	wanted = test_scaled(4000);
	cr_assert_eq(fifolock_modes_semaphore(&three_units, UNITS), 0);
	for (unsigned i = 0; i < LOCKS; i++)
		cr_assert_eq(fifolock_init(&locks[i], &three_units), 0);
	for (unsigned i = 0; i < threads; i++) {
		crew[i] = (struct sailor){.rounds = rounds,
					  .random = 0x9e3779b97f4a7c15u * (i + 1),
					  .leaves_units = leaves_units};
		pthread_create(&crew[i].thread, NULL, sail, &crew[i]);
	}
}

/* Every unit taken was given back once: by its taker, by a handler, or at the end. */
static void come_home(struct sailor crew[], unsigned threads)
{
	uint64_t taken = 0, returned = 0;

	for (unsigned i = 0; i < threads; i++) {
		pthread_join(crew[i].thread, NULL);
		taken += crew[i].taken;
		returned += crew[i].returned;
	}
	returned += drain();
	cr_assert_eq(taken, returned + given_back);
	cr_assert_geq(landed, wanted);
	come_to_rest();
}

static void unlock_in_handlers(unsigned threads, uint64_t rounds)
{
	struct sailor crew[CREW];

	on_signal(SIGUSR1, give_units_back, 0);
	set_sail(crew, threads, rounds, true);
	bombard(crew, threads);
	come_home(crew, threads);
}

Test(signal, a_handler_may_unlock_whatever_it_interrupted, .description = "G6")
{
	for (unsigned threads = 1; threads <= CREW; threads++)
		unlock_in_handlers(threads, test_scaled(8000));
}

Test(signal, a_handler_may_try_and_look, .description = "G6")
{
	struct sailor crew[CREW];

	on_signal(SIGUSR1, look_and_try, SA_RESTART);
	set_sail(crew, CREW, test_scaled(8000), false);
	bombard(crew, CREW);
	come_home(crew, CREW);
}

/* A timer at a high rate, for all threads alike, the main one too. */
Test(signal, a_timer_lands_in_any_thread, .description = "G6")
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec rate = {.it_interval.tv_nsec = 20000,
				  .it_value.tv_nsec = 20000};
	struct sailor crew[CREW];
	timer_t timer;

	on_signal(SIGUSR1, give_units_back, SA_RESTART);
	set_sail(crew, CREW, test_scaled(8000), true);
	cr_assert_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	cr_assert_eq(timer_settime(timer, 0, &rate, NULL), 0);
	while (__atomic_load_n(&ashore, __ATOMIC_ACQUIRE) < CREW)
		sched_yield();
	cr_assert_eq(timer_delete(timer), 0);
	come_home(crew, CREW);
}

/* ---- waits that are interrupted all the time ---- */

struct sleeper {
	pthread_t thread;
	fifolock_t *lock;
	unsigned mode;
	struct timespec deadline;
	struct timespec returned;
	unsigned *grants; /* guarded by the lock */
	unsigned place;	  /* among the grants, from 1 */
	int rc;
	bool answered; /* atomic */
};

static void *sleep_through(void *arg)
{
	struct sleeper *sleeper = arg;

	errno = MARK;
	if (sleeper->deadline.tv_sec)
		sleeper->rc = fifolock_timedlock(sleeper->lock, sleeper->mode,
						 &sleeper->deadline);
	else
		sleeper->rc = fifolock_lock(sleeper->lock, sleeper->mode);
	fault_if(errno != MARK);
	clock_gettime(CLOCK_MONOTONIC, &sleeper->returned);
	__atomic_store_n(&sleeper->answered, true, __ATOMIC_RELEASE);
	if (sleeper->rc == 0) {
		sleeper->place = ++*sleeper->grants;
		fault_if(fifolock_unlock(sleeper->lock, sleeper->mode));
	}
	return NULL;
}

static void shell(struct sleeper sleepers[], unsigned count, uint64_t signals)
{
	uint64_t random = 5;

	for (uint64_t i = 0; i < signals; i++) {
		pthread_kill(sleepers[i % count].thread, SIGUSR2);
		pause_briefly(below(&random, 2000));
	}
}

/* Each asks when the one before has been seen in line. */
static void lie_down(struct sleeper sleepers[], unsigned count, fifolock_t *lock,
		     unsigned *grants, int64_t patience)
{
	for (unsigned i = 0; i < count; i++) {
		sleepers[i] = (struct sleeper){.lock = lock, .mode = X, .grants = grants};
		if (i % 2)
			sleepers[i].deadline = test_in_ns(CLOCK_MONOTONIC, patience);
		pthread_create(&sleepers[i].thread, NULL, sleep_through, &sleepers[i]);
		while (fifolock_waiting(lock) != i + 1)
			sched_yield();
	}
}

Test(signal, a_wait_outlasts_every_signal_and_keeps_its_place, .description = "G1 G3")
{
	struct sleeper sleepers[6];
	fifolock_t lock = {0};
	unsigned grants = 0;

	on_signal(SIGUSR2, only_interrupt, 0);
	for (uint64_t round = 0; round < test_scaled(40); round++) {
		grants = 0;
		cr_assert_eq(fifolock_lock(&lock, X), 0);
		lie_down(sleepers, 6, &lock, &grants, INT64_C(3600000000000));
		shell(sleepers, 6, 1000);
		for (unsigned i = 0; i < 6; i++)
			cr_assert_not(
				__atomic_load_n(&sleepers[i].answered, __ATOMIC_ACQUIRE));
		cr_assert_eq(fifolock_waiting(&lock), 6);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
		shell(sleepers, 6, 100);
		for (unsigned i = 0; i < 6; i++) {
			pthread_join(sleepers[i].thread, NULL);
			cr_assert_eq(sleepers[i].rc, 0);
			cr_assert_eq(sleepers[i].place, i + 1);
		}
	}
	cr_assert_eq(faults, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static bool in_time(const struct sleeper *sleeper)
{
	const struct timespec *deadline = &sleeper->deadline;
	const struct timespec *returned = &sleeper->returned;

	return returned->tv_sec > deadline->tv_sec ||
	       (returned->tv_sec == deadline->tv_sec &&
		returned->tv_nsec >= deadline->tv_nsec);
}

static void *outlast(void *arg)
{
	struct sleeper *sleeper = arg;

	sleep_through(sleeper);
	fault_if(sleeper->rc != ETIMEDOUT);
	fault_if(!in_time(sleeper));
	return NULL;
}

Test(signal, signals_end_no_timed_wait_early, .description = "G4")
{
	struct sleeper sleepers[4];
	fifolock_t lock = {0};
	unsigned grants = 0;

	on_signal(SIGUSR2, only_interrupt, 0);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (uint64_t round = 0; round < test_scaled(40); round++) {
		for (unsigned i = 0; i < 4; i++) {
			sleepers[i] = (struct sleeper){.lock = &lock, .grants = &grants};
			sleepers[i].mode = i % 2 ? X : S;
			sleepers[i].deadline =
				test_in_ns(CLOCK_MONOTONIC, 5000000 * (int64_t)(i + 1));
			pthread_create(&sleepers[i].thread, NULL, outlast, &sleepers[i]);
		}
		while (!__atomic_load_n(&sleepers[3].answered, __ATOMIC_ACQUIRE))
			shell(sleepers, 4, 10);
		for (unsigned i = 0; i < 4; i++)
			pthread_join(sleepers[i].thread, NULL);
	}
	cr_assert_eq(faults, 0);
	cr_assert_eq(grants, 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- errno ---- */

static bool gave_up; /* atomic */

static void *errno_survives_waits(void *arg)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 300000);
	fifolock_t *lock = arg;

	errno = MARK;
	fault_if(fifolock_timedlock(lock, X, &soon) != ETIMEDOUT);
	fault_if(errno != MARK);
	__atomic_store_n(&gave_up, true, __ATOMIC_RELEASE);
	fault_if(fifolock_lock(lock, S));
	fault_if(errno != MARK);
	fault_if(fifolock_unlock(lock, S));
	fault_if(errno != MARK);
	return NULL;
}

Test(signal, no_call_touches_errno, .description = "errno untouched")
{
	struct timespec bad = {.tv_nsec = -1};
	fifolock_t lock = {0};
	pthread_t waiter;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	pthread_create(&waiter, NULL, errno_survives_waits, &lock);
	while (!__atomic_load_n(&gave_up, __ATOMIC_ACQUIRE) ||
	       fifolock_waiting(&lock) == 0)
		sched_yield();
	errno = MARK;
	cr_assert_eq(fifolock_timedlock(&lock, X, &bad), EINVAL);
	cr_assert_eq(fifolock_trylock(&lock, X), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, S), EPERM);
	cr_assert_eq(fifolock_destroy(&lock), EBUSY);
	cr_assert_eq(fifolock_lock_n(&lock, X, 0), ERANGE);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(errno, MARK);
	pthread_join(waiter, NULL);
	cr_assert_eq(faults, 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(fifolock_init(&lock, NULL), 0);
	cr_assert_eq(errno, MARK);
}
