/* SPDX-License-Identifier: MIT
 *
 * misuse.c - every errno the header promises, while nothing goes on and while
 * threads wait: nothing has changed then, and the lock still works.
 */
#define _GNU_SOURCE
#include "test.h"
#include "thread_state.h"
#include <fifolock/request.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/queue.h"

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED };

/* The lock's bytes, read so that a race detector does not mind: a thread that sleeps in line has
 * written them before. */
typedef uint64_t __attribute__((may_alias)) any_word;

struct bytes {
	uint64_t words[sizeof(fifolock_t) / sizeof(uint64_t)];
};

static struct bytes bytes_of(const fifolock_t *lock)
{
	const any_word *from = (const any_word *)lock;
	struct bytes bytes;

	for (unsigned i = 0; i < sizeof(bytes) / sizeof(uint64_t); i++)
		bytes.words[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	return bytes;
}

static bool same_bytes(const struct bytes *before, const fifolock_t *lock)
{
	struct bytes now = bytes_of(lock);

	return memcmp(before, &now, sizeof(now)) == 0;
}

/* The call gives that errno and leaves the lock's bytes as they were. */
#define refused(lock, call, error)                                            \
	do {                                                                  \
		struct bytes before_ = bytes_of(lock);                        \
		int rc_ = (call);                                             \
		cr_assert_eq(rc_, (error), "%s gave %d", #call, rc_);         \
		cr_assert(same_bytes(&before_, (lock)), "%s changed", #call); \
	} while (0)

static struct timespec far_off(void)
{
	return test_in_ns(CLOCK_MONOTONIC, INT64_C(3600000000000));
}

/* ---- a thread in line ---- */

struct waiter {
	pthread_t thread;
	fifolock_t *lock;
	unsigned mode;
	pid_t id; /* atomic */
	int rc;
};

static void *wait_once(void *arg)
{
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->id, gettid(), __ATOMIC_RELEASE);
	waiter->rc = fifolock_lock(waiter->lock, waiter->mode);
	if (waiter->rc == 0)
		waiter->rc = fifolock_unlock(waiter->lock, waiter->mode);
	return NULL;
}

/* In line, and asleep: from here on it leaves the lock alone. */
static void waits(struct waiter *waiter, fifolock_t *lock, unsigned mode)
{
	uint32_t before = fifolock_waiting(lock);

	*waiter = (struct waiter){.lock = lock, .mode = mode};
	pthread_create(&waiter->thread, NULL, wait_once, waiter);
	while (fifolock_waiting(lock) != before + 1)
		sched_yield();
	while (thread_state(__atomic_load_n(&waiter->id, __ATOMIC_ACQUIRE)) != 'S')
		sched_yield();
	/* What it has done to the lock as a scanner is seen by the thread that has seen its commit. */
	(void)__atomic_load_n(&lock->word, __ATOMIC_ACQUIRE);
}

static void is_granted(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	cr_assert_eq(waiter->rc, 0);
}

/* A free lock still does what locks do. */
static void still_works(fifolock_t *lock)
{
	struct waiter waiter;

	cr_assert_eq(fifolock_holds(lock, X), 0);
	cr_assert_eq(fifolock_waiting(lock), 0);
	cr_assert_eq(fifolock_lock(lock, X), 0);
	waits(&waiter, lock, X);
	cr_assert_eq(fifolock_trylock(lock, X), EBUSY);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
	is_granted(&waiter);
	cr_assert_eq(fifolock_holds(lock, X), 0);
	cr_assert_eq(fifolock_waiting(lock), 0);
}

/* ---- EINVAL ---- */

static void refuses_mode(fifolock_t *lock, unsigned mode)
{
	struct timespec at = far_off();

	refused(lock, fifolock_lock(lock, mode), EINVAL);
	refused(lock, fifolock_trylock(lock, mode), EINVAL);
	refused(lock, fifolock_timedlock(lock, mode, &at), EINVAL);
	refused(lock, fifolock_clocklock(lock, mode, CLOCK_REALTIME, &at), EINVAL);
	refused(lock, fifolock_unlock(lock, mode), EINVAL);
	refused(lock, fifolock_lock_n(lock, mode, 1), EINVAL);
	refused(lock, fifolock_trylock_n(lock, mode, 1), EINVAL);
	refused(lock, fifolock_timedlock_n(lock, mode, 1, &at), EINVAL);
	refused(lock, fifolock_clocklock_n(lock, mode, 1, CLOCK_REALTIME, &at), EINVAL);
	refused(lock, fifolock_unlock_n(lock, mode, 1), EINVAL);
	refused(lock, (int)fifolock_holds(lock, mode), 0);
}

static void refuses_unknown_modes(fifolock_t *lock, unsigned count)
{
	static const unsigned always[] = {16, 17, 255, 256, 257, 65536, 1u << 31, ~0u};

	for (unsigned mode = count; mode < 16; mode++)
		refuses_mode(lock, mode);
	for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		refuses_mode(lock, always[i]);
}

static const struct {
	const fifolock_modes_t *modes;
	unsigned count;
} presets[] = {
	{&fifolock_mutex_modes, 1},
	{&fifolock_shared_exclusive_modes, 2},
	{&fifolock_update_modes, 3},
	{&fifolock_intent_modes, 6},
	{NULL, 2},
};

Test(misuse, an_unknown_mode_is_refused_by_every_function, .description = "G7")
{
	for (unsigned i = 0; i < 5; i++) {
		fifolock_t lock;
		struct waiter waiter;

		cr_assert_eq(fifolock_init(&lock, presets[i].modes), 0);
		refuses_unknown_modes(&lock, presets[i].count);
		cr_assert_eq(fifolock_lock(&lock, X), 0);
		refuses_unknown_modes(&lock, presets[i].count);
		waits(&waiter, &lock, X);
		refuses_unknown_modes(&lock, presets[i].count);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
		is_granted(&waiter);
		still_works(&lock);
	}
}

Test(misuse, no_lock_is_no_lock, .description = "G7")
{
	fifolock_t *volatile none = NULL;

	cr_assert_eq(fifolock_init(none, NULL), EINVAL);
	cr_assert_eq(fifolock_init(none, &fifolock_mutex_modes), EINVAL);
}

/* ---- ERANGE ---- */

static void refuses_weight(fifolock_t *lock, unsigned mode, uint32_t n)
{
	struct timespec at = far_off();

	refused(lock, fifolock_lock_n(lock, mode, n), ERANGE);
	refused(lock, fifolock_trylock_n(lock, mode, n), ERANGE);
	refused(lock, fifolock_timedlock_n(lock, mode, n, &at), ERANGE);
	refused(lock, fifolock_clocklock_n(lock, mode, n, CLOCK_REALTIME, &at), ERANGE);
	refused(lock, fifolock_unlock_n(lock, mode, n), ERANGE);
}

static void refuses_weights(fifolock_t *lock, const fifolock_modes_t *modes,
			    unsigned count)
{
	for (unsigned mode = 0; mode < count; mode++) {
		uint32_t most = fifolock_modes_capacity(modes, mode);

		cr_assert_gt(most, 0);
		refuses_weight(lock, mode, 0);
		if (most < UINT32_MAX) {
			refuses_weight(lock, mode, most + 1);
			refuses_weight(lock, mode, UINT32_MAX);
		}
	}
}

Test(misuse, a_weight_of_0_or_over_capacity_is_refused, .description = "G7")
{
	for (unsigned i = 0; i < 4; i++) {
		fifolock_t lock = FIFOLOCK_INIT(presets[i].modes);

		refuses_weights(&lock, presets[i].modes, presets[i].count);
		cr_assert_eq(fifolock_lock(&lock, X), 0);
		refuses_weights(&lock, presets[i].modes, presets[i].count);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
		still_works(&lock);
	}
}

static bool up_to_two(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[0] + holds[1] < 2 + mode;
}

Test(misuse, weights_of_other_tables_are_checked_too, .description = "G7")
{
	fifolock_modes_t modes;
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_semaphore(&modes, 3), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	refuses_weights(&lock, &modes, 1);
	refuses_weight(&lock, 0, 4);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 3), 0);
	refused(&lock, fifolock_trylock_n(&lock, 0, 1), EBUSY);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 3), 0);

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 5, up_to_two, NULL), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	refuses_weights(&lock, &modes, 2);
	refused(&lock, fifolock_trylock_n(&lock, 0, 3), EBUSY);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 2), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 2), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- EPERM ---- */

Test(misuse, what_is_not_held_cannot_be_given_back, .description = "G7")
{
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_intent_modes);

	for (unsigned mode = 0; mode < 6; mode++)
		refused(&lock, fifolock_unlock(&lock, mode), EPERM);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_INTENT_SHARED), 0);
	cr_assert_eq(fifolock_lock(&lock, FIFOLOCK_INTENT_EXCLUSIVE), 0);
	refused(&lock, fifolock_unlock(&lock, X), EPERM);
	refused(&lock, fifolock_unlock(&lock, S), EPERM);
	refused(&lock, fifolock_unlock(&lock, FIFOLOCK_UPDATE), EPERM);
	refused(&lock, fifolock_unlock(&lock, FIFOLOCK_SHARED_INTENT_EXCLUSIVE), EPERM);
	refused(&lock, fifolock_unlock_n(&lock, FIFOLOCK_INTENT_SHARED, 2), EPERM);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_INTENT_SHARED), 0);
	refused(&lock, fifolock_unlock(&lock, FIFOLOCK_INTENT_SHARED), EPERM);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_INTENT_EXCLUSIVE), 0);
	still_works(&lock);
}

/* A thread that is seen waiting may still be announcing itself, by a scan that names the first in
 * line.  When that is over, and no thread scans, the lock's bytes are at rest. */
static void is_at_rest(fifolock_t *lock)
{
	while ((__atomic_load_n(&lock->word, __ATOMIC_ACQUIRE) >> 62 & 1) ||
	       !__atomic_load_n(&lock->head, __ATOMIC_ACQUIRE))
		sched_yield();
}

Test(misuse, not_even_while_threads_wait, .description = "G7")
{
	fifolock_t lock = {0};
	struct waiter shared, exclusive;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	waits(&exclusive, &lock, X);
	waits(&shared, &lock, S);
	is_at_rest(&lock);
	refused(&lock, fifolock_unlock(&lock, S), EPERM);
	refused(&lock, fifolock_unlock_n(&lock, S, 7), EPERM);
	refused(&lock, fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_granted(&exclusive);
	is_granted(&shared);
	still_works(&lock);
}

Test(misuse, no_more_units_come_back_than_were_taken, .description = "G7")
{
	fifolock_modes_t modes;
	fifolock_t lock;
	struct waiter waiter;

	cr_assert_eq(fifolock_modes_semaphore(&modes, 5), 0);
	cr_assert_eq(fifolock_init(&lock, &modes), 0);
	cr_assert_eq(fifolock_lock_n(&lock, 0, 3), 0);
	refused(&lock, fifolock_unlock_n(&lock, 0, 4), EPERM);
	refused(&lock, fifolock_unlock_n(&lock, 0, 5), EPERM);
	cr_assert_eq(fifolock_lock_n(&lock, 0, 2), 0);
	waits(&waiter, &lock, 0);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 5), 0);
	is_granted(&waiter);
	refused(&lock, fifolock_unlock_n(&lock, 0, 1), EPERM);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* Threads that all give back at the same moment. */
struct race {
	fifolock_t lock;
	uint64_t rounds;
	uint64_t start; /* atomic: the round to run */
	uint64_t done;	/* atomic: rounds run, by all together */
	unsigned freed; /* atomic, in this round */
	unsigned odd;	/* atomic */
};

static void *give_back_once_a_round(void *arg)
{
	struct race *race = arg;

	for (uint64_t i = 1; i <= race->rounds; i++) {
		int rc;

		for (unsigned n = 1; __atomic_load_n(&race->start, __ATOMIC_ACQUIRE) < i;
		     n++)
			if (n % 64 == 0)
				sched_yield();
		rc = fifolock_unlock(&race->lock, 0);
		if (rc == 0)
			__atomic_fetch_add(&race->freed, 1, __ATOMIC_RELAXED);
		else if (rc != EPERM)
			__atomic_fetch_add(&race->odd, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&race->done, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void race_to_unlock(const fifolock_modes_t *modes, uint32_t held, unsigned threads,
			   uint64_t rounds)
{
	struct race race = {.lock = FIFOLOCK_INIT(modes), .rounds = rounds};
	pthread_t thread[8];

	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, give_back_once_a_round, &race);
	for (uint64_t i = 1; i <= rounds; i++) {
		cr_assert_eq(fifolock_lock_n(&race.lock, 0, held), 0);
		race.freed = 0;
		__atomic_store_n(&race.start, i, __ATOMIC_RELEASE);
		while (__atomic_load_n(&race.done, __ATOMIC_ACQUIRE) < i * threads)
			sched_yield();
		cr_assert_eq(race.freed, held);
		cr_assert_eq(race.odd, 0);
		cr_assert_eq(fifolock_holds(&race.lock, 0), 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	cr_assert_eq(fifolock_destroy(&race.lock), 0);
}

Test(misuse, of_two_that_unlock_at_once_one_succeeds, .description = "G7")
{
	fifolock_modes_t modes = fifolock_mutex_modes;

	cr_assert_eq(fifolock_modes_owner_checked(&modes, false), 0);
	race_to_unlock(&modes, 1, 2, test_scaled(100000));
}

Test(misuse, as_many_succeed_as_units_are_held, .description = "G7")
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_semaphore(&modes, 3), 0);
	race_to_unlock(&modes, 2, 3, test_scaled(20000));
	race_to_unlock(&modes, 3, 5, test_scaled(20000));
}

/* ---- destroy ---- */

Test(misuse, a_lock_in_use_is_not_destroyed, .description = "G7")
{
	fifolock_t lock = {0};
	struct waiter waiter;

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	refused(&lock, fifolock_destroy(&lock), EBUSY);
	waits(&waiter, &lock, X);
	refused(&lock, fifolock_destroy(&lock), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	is_granted(&waiter);
	still_works(&lock);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(misuse, a_destroyed_lock_refuses_everything_until_initialised, .description = "G7")
{
	for (unsigned i = 0; i < 5; i++) {
		fifolock_t lock;

		cr_assert_eq(fifolock_init(&lock, presets[i].modes), 0);
		cr_assert_eq(fifolock_destroy(&lock), 0);
		for (unsigned mode = 0; mode < 16; mode++)
			refuses_mode(&lock, mode);
		refused(&lock, fifolock_destroy(&lock), EINVAL);
		cr_assert_eq(fifolock_waiting(&lock), 0);
		cr_assert_eq(fifolock_init(&lock, presets[i].modes), 0);
		still_works(&lock);
	}
}

/* ---- no memory to wait with ---- */

#ifndef SANITIZED
#define MANY 1000

enum wish { LOCKS, LOCKS_UNTIL, RUNS };

struct applicant {
	pthread_t thread;
	struct hall *hall;
	sem_t called;
	pid_t id;
	enum wish wish;
	int rc, expected;
	unsigned naps; /* atomic: so often it found no memory */
	bool answered; /* atomic */
};

struct hall {
	fifolock_t lock;
	sem_t entered;
	void *eaten;
	struct applicant applicants[MANY];
};

static _Thread_local struct applicant *applicant_here;

/* In the place of the library's (the linker's --wrap). */
void __real_fl_nap(uint32_t ns);
void __wrap_fl_nap(uint32_t ns);

void __wrap_fl_nap(uint32_t ns)
{
	if (applicant_here)
		__atomic_add_fetch(&applicant_here->naps, 1, __ATOMIC_RELEASE);
	__real_fl_nap(ns);
}

static void nothing(void *unused)
{
	(void)unused;
}

static int wishes(struct applicant *applicant)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 3000000);
	fifolock_t *lock = &applicant->hall->lock;

	switch (applicant->wish) {
	case LOCKS_UNTIL:
		return fifolock_timedlock(lock, X, &soon);
	case RUNS:
		return fifolock_run(lock, X, nothing, NULL);
	default:
		return fifolock_lock(lock, X);
	}
}

static void *apply(void *arg)
{
	struct applicant *applicant = arg;

	applicant_here = applicant;
	applicant->id = gettid();
	sem_post(&applicant->hall->entered);
	sem_wait(&applicant->called);
	applicant->rc = wishes(applicant);
	__atomic_store_n(&applicant->answered, true, __ATOMIC_RELEASE);
	if (applicant->rc == 0 && applicant->wish != RUNS &&
	    fifolock_unlock(&applicant->hall->lock, X))
		applicant->rc = -1;
	return NULL;
}

static bool answered(const struct applicant *applicant)
{
	return __atomic_load_n(&applicant->answered, __ATOMIC_ACQUIRE);
}

static void fill(struct hall *hall)
{
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	sem_init(&hall->entered, 0, 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct applicant *applicant = &hall->applicants[i];

		applicant->hall = hall;
		sem_init(&applicant->called, 0, 0);
		cr_assert_eq(pthread_create(&applicant->thread, &small, apply, applicant),
			     0);
		sem_wait(&hall->entered);
	}
	pthread_attr_destroy(&small);
}

/* No page more for this process, and no byte from malloc either. */
static void eat_memory(struct hall *hall)
{
	struct rlimit limit;
	void **piece;

	cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = 1;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	for (size_t size = 64 << 10; size >= 16; size /= 2) {
		while ((piece = malloc(size)) != NULL) {
			*piece = hall->eaten;
			hall->eaten = piece;
		}
	}
}

static void give_memory_back(struct hall *hall)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	while (hall->eaten) {
		void *next = *(void **)hall->eaten;

		free(hall->eaten);
		hall->eaten = next;
	}
}

static bool naps(const struct applicant *applicant)
{
	return __atomic_load_n(&applicant->naps, __ATOMIC_ACQUIRE);
}

/* The next one asks: true if it is in line, false if it has found no memory. */
static bool gets_in_line(struct hall *hall, struct applicant *applicant)
{
	uint32_t before = fifolock_waiting(&hall->lock);

	sem_post(&applicant->called);
	while (!naps(applicant) && fifolock_waiting(&hall->lock) == before)
		sched_yield();
	while (!naps(applicant) && thread_state(applicant->id) != 'S')
		sched_yield();
	return !naps(applicant);
}

/* All memory is gone: how many of those called got in line before one did not. */
static unsigned call_until_no_memory(struct hall *hall)
{
	unsigned waiting = 0;

	fill(hall);
	cr_assert_eq(fifolock_lock(&hall->lock, X), 0);
	eat_memory(hall);
	while (waiting < MANY - 5 && gets_in_line(hall, &hall->applicants[waiting]))
		waiting++;
	return waiting;
}

/* Four more, each with another wish. */
static void call_four(struct hall *hall, unsigned first)
{
	for (unsigned i = first; i < first + 4; i++) {
		hall->applicants[i].wish = i % 2 ? LOCKS : RUNS;
		(void)gets_in_line(hall, &hall->applicants[i]);
	}
}

static void all_come_back(struct hall *hall)
{
	for (unsigned i = 0; i < MANY; i++)
		sem_post(&hall->applicants[i].called);
	for (unsigned i = 0; i < MANY; i++) {
		pthread_join(hall->applicants[i].thread, NULL);
		cr_assert_eq(hall->applicants[i].rc, hall->applicants[i].expected, "%u",
			     i);
	}
}

Test(memory, that_is_missing_is_waited_for, .description = "G3 G6")
{
	static struct hall hall;
	unsigned waiting = call_until_no_memory(&hall);
	struct bytes before = bytes_of(&hall.lock);

	call_four(&hall, waiting + 1);
	if (naps(&hall.applicants[waiting]))
		cr_assert(same_bytes(&before, &hall.lock), "it is not in line");
	give_memory_back(&hall);
	cr_assert_geq(waiting, 64);
	cr_assert_eq(fifolock_unlock(&hall.lock, X), 0);
	all_come_back(&hall);
	still_works(&hall.lock);
	cr_assert_eq(fifolock_destroy(&hall.lock), 0);
}

Test(memory, that_never_comes_is_waited_for_until_the_deadline, .description = "G4")
{
	static struct hall hall;
	unsigned waiting = call_until_no_memory(&hall);
	struct applicant *late = &hall.applicants[waiting + 1];

	late->wish = LOCKS_UNTIL;
	sem_post(&late->called);
	while (!answered(late))
		sched_yield();
	give_memory_back(&hall);
	late->expected = ETIMEDOUT;
	cr_assert_eq(fifolock_unlock(&hall.lock, X), 0);
	all_come_back(&hall);
	cr_assert_eq(fifolock_destroy(&hall.lock), 0);
}

Test(memory, that_never_comes_is_waited_for_until_the_lock_is_closed, .description = "G4")
{
	static struct hall hall;
	unsigned waiting = call_until_no_memory(&hall);

	call_four(&hall, waiting + 1);
	cr_assert_eq(fifolock_close(&hall.lock), 0);
	for (unsigned i = waiting; i < waiting + 5; i++)
		while (!answered(&hall.applicants[i]))
			sched_yield();
	give_memory_back(&hall);
	for (unsigned i = 0; i < MANY; i++)
		hall.applicants[i].expected = ECANCELED;
	all_come_back(&hall);
	cr_assert_eq(fifolock_unlock(&hall.lock, X), 0);
	cr_assert_eq(fifolock_destroy(&hall.lock), 0);
}
#endif
