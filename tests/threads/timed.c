/* SPDX-License-Identifier: MIT
 *
 * timed.c - deadlines on real threads: what a time-out leaves behind (nothing),
 * which it lets in (at once), and what happens when a grant comes just then.
 */
#define _GNU_SOURCE
#include "test.h"
#include "slots.h"
#include <fifolock/fifolock.h>
#include <limits.h>
#include <unistd.h>
#include "core/queue.h"

#define MS 1000000

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED };

/* A thread that asks once and gives back at once what it got. */
struct asker {
	pthread_t thread;
	fifolock_t *lock;
	unsigned mode;
	uint32_t weight;
	clockid_t clock;
	const struct timespec *deadline; /* NULL: waits for ever */
	struct timespec returned;
	uint32_t held; /* by all, just after */
	int rc;
	bool answered; /* atomic */
};

static void *ask(void *arg)
{
	struct asker *asker = arg;
	fifolock_t *lock = asker->lock;

	if (asker->deadline)
		asker->rc = fifolock_clocklock_n(lock, asker->mode, asker->weight,
						 asker->clock, asker->deadline);
	else
		asker->rc = fifolock_lock_n(lock, asker->mode, asker->weight);
	clock_gettime(asker->clock, &asker->returned);
	asker->held = fifolock_holds(lock, asker->mode);
	if (asker->rc == 0 && fifolock_unlock_n(lock, asker->mode, asker->weight))
		asker->rc = -1;
	__atomic_store_n(&asker->answered, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool answered(const struct asker *asker)
{
	return __atomic_load_n(&asker->answered, __ATOMIC_ACQUIRE);
}

static void asks(struct asker *asker, fifolock_t *lock, unsigned mode,
		 const struct timespec *deadline)
{
	*asker = (struct asker){.lock = lock,
				.mode = mode,
				.weight = 1,
				.clock = CLOCK_MONOTONIC,
				.deadline = deadline};
	pthread_create(&asker->thread, NULL, ask, asker);
}

static int answer(struct asker *asker)
{
	pthread_join(asker->thread, NULL);
	return asker->rc;
}

/* What another thread is told. */
static int told(fifolock_t *lock, unsigned mode, clockid_t clock,
		struct timespec deadline)
{
	struct asker asker = {.lock = lock,
			      .mode = mode,
			      .weight = 1,
			      .clock = clock,
			      .deadline = &deadline};

	pthread_create(&asker.thread, NULL, ask, &asker);
	return answer(&asker);
}

/* Wait until n are in line; false if the first of them has given up already. */
static bool in_line(const fifolock_t *lock, uint32_t n, const struct asker *first)
{
	while (fifolock_waiting(lock) != n) {
		if (answered(first))
			return false;
		sched_yield();
	}
	return true;
}

static int64_t ns_between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * INT64_C(1000000000) + to->tv_nsec -
	       from->tv_nsec;
}

static void is_free(fifolock_t *lock)
{
	cr_assert_eq(fifolock_holds(lock, X), 0);
	cr_assert_eq(fifolock_holds(lock, S), 0);
	cr_assert_eq(fifolock_waiting(lock), 0);
	cr_assert_eq(fifolock_destroy(lock), 0);
}

Test(timed, a_request_that_times_out_holds_nothing, .description = "G4")
{
	fifolock_t lock = {0};
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 2 * MS);

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(told(&lock, X, CLOCK_MONOTONIC, soon), ETIMEDOUT);
	cr_assert_eq(told(&lock, S, CLOCK_MONOTONIC, soon), ETIMEDOUT);
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_holds(&lock, S), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), EPERM);
	is_free(&lock);
}

/* ---- which a time-out lets in ---- */

/* S is held, X heads the line and gives up, S behind it comes in.  True if they were
 * really in line together. */
static bool head_leaves(int64_t patience)
{
	fifolock_t lock = {0};
	struct timespec deadline;
	struct asker head, next;
	bool lined_up;

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	asks(&head, &lock, X, &deadline);
	lined_up = in_line(&lock, 1, &head);
	asks(&next, &lock, S, NULL);
	lined_up = lined_up && in_line(&lock, 2, &head);
	cr_assert_eq(answer(&head), ETIMEDOUT);
	cr_assert_eq(answer(&next), 0);
	cr_assert_geq(next.held, 2);
	cr_assert_eq(fifolock_holds(&lock, S), 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	is_free(&lock);
	return lined_up;
}

Test(timed, a_head_that_times_out_lets_the_next_in_while_s_is_held, .description = "G4")
{
	int64_t patience = MS;

	for (uint64_t done = 0; done < test_scaled(100);) {
		if (head_leaves(patience))
			done++;
		else
			patience *= 2;
	}
}

#define LONG_LINE 6

/* The same with a long line: all those up to the next X come in, and no other. */
static void check_long_line(fifolock_t *lock, struct asker line[])
{
	cr_assert_eq(answer(&line[0]), ETIMEDOUT);
	for (unsigned i = 1; i < 4; i++)
		cr_assert_eq(answer(&line[i]), 0);
	cr_assert_not(answered(&line[4]));
	cr_assert_not(answered(&line[5]));
	cr_assert_eq(fifolock_waiting(lock), 2);
	cr_assert_eq(fifolock_unlock(lock, S), 0);
	cr_assert_eq(answer(&line[4]), 0);
	cr_assert_eq(answer(&line[5]), 0);
	is_free(lock);
}

/* False, and nothing checked, if the head was gone before all the others had come. */
static bool head_of_a_long_line_leaves(int64_t patience)
{
	static const unsigned modes[LONG_LINE] = {X, S, S, S, X, S};
	struct asker line[LONG_LINE];
	fifolock_t lock = {0};
	struct timespec deadline;
	bool lined_up = true;
	unsigned i;

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	for (i = 0; i < LONG_LINE && lined_up; i++) {
		asks(&line[i], &lock, modes[i], i ? NULL : &deadline);
		lined_up = in_line(&lock, i + 1, &line[0]);
	}
	if (lined_up) {
		check_long_line(&lock, line);
		return true;
	}
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	while (i-- > 0)
		answer(&line[i]);
	return false;
}

Test(timed, a_head_that_times_out_lets_in_all_up_to_the_next_x, .description = "G3 G4")
{
	int64_t patience = 2 * MS;

	for (uint64_t done = 0; done < test_scaled(50);) {
		if (head_of_a_long_line_leaves(patience))
			done++;
		else
			patience *= 2;
	}
}

/* Two of three units are held; a request for two heads the line and gives up; one for
 * one behind it fits at once. */
static bool heavy_head_leaves(const fifolock_modes_t *three, int64_t patience)
{
	fifolock_t lock = FIFOLOCK_INIT(three);
	struct timespec deadline;
	struct asker next, head = {.lock = &lock,
				   .weight = 2,
				   .clock = CLOCK_MONOTONIC,
				   .deadline = &deadline};
	bool lined_up;

	cr_assert_eq(fifolock_lock_n(&lock, 0, 2), 0);
	deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	pthread_create(&head.thread, NULL, ask, &head);
	lined_up = in_line(&lock, 1, &head);
	asks(&next, &lock, 0, NULL);
	lined_up = lined_up && in_line(&lock, 2, &head);
	cr_assert_eq(answer(&head), ETIMEDOUT);
	cr_assert_eq(answer(&next), 0);
	cr_assert_eq(next.held, 3);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 2), 0);
	is_free(&lock);
	return lined_up;
}

Test(timed, a_heavy_head_that_times_out_lets_the_light_one_in, .description = "G4")
{
	fifolock_modes_t three;
	int64_t patience = MS;

	cr_assert_eq(fifolock_modes_semaphore(&three, 3), 0);
	for (uint64_t done = 0; done < test_scaled(50);) {
		if (heavy_head_leaves(&three, patience))
			done++;
		else
			patience *= 2;
	}
}

/* ---- deadlines as arguments ---- */

Test(timed, a_free_lock_is_taken_though_the_deadline_has_passed,
     .description = "deadlines")
{
	struct timespec past = test_in_ns(CLOCK_MONOTONIC, -1000000000LL);
	struct timespec before_all = {.tv_sec = -5};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_timedlock(&lock, S, &past), 0);
	cr_assert_eq(fifolock_timedlock(&lock, S, &before_all), 0);
	cr_assert_eq(fifolock_clocklock(&lock, S, CLOCK_REALTIME, &past), 0);
	cr_assert_eq(fifolock_holds(&lock, S), 3);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), 0);
	cr_assert_eq(fifolock_timedlock_n(&lock, X, 1, &before_all), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

Test(timed, a_passed_deadline_fails_on_a_held_lock, .description = "G4")
{
	static const struct timespec passed[] = {
		{0, 0}, {-1, 0}, {-1, 999999999}, {LONG_MIN, 0}};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(told(&lock, S, CLOCK_MONOTONIC, passed[i]), ETIMEDOUT);
		cr_assert_eq(told(&lock, X, CLOCK_REALTIME, passed[i]), ETIMEDOUT);
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* All that is wrong with a deadline, whatever the state of the lock. */
static void refuses_bad_deadlines(fifolock_t *lock)
{
	static const long nsec[] = {-1, 1000000000, LONG_MIN, LONG_MAX};
	static const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
					   9999, -1};
	struct timespec at = {.tv_sec = 1};
	fifolock_t before = *lock;

	for (unsigned i = 0; i < 4; i++) {
		at.tv_nsec = nsec[i];
		cr_assert_eq(fifolock_timedlock(lock, S, &at), EINVAL);
		cr_assert_eq(fifolock_timedlock_n(lock, S, 1, &at), EINVAL);
		cr_assert_eq(fifolock_clocklock(lock, S, CLOCK_REALTIME, &at), EINVAL);
		at.tv_nsec = 0;
		cr_assert_eq(fifolock_clocklock(lock, S, clocks[i], &at), EINVAL);
		cr_assert_eq(fifolock_clocklock_n(lock, S, 1, clocks[i], &at), EINVAL);
	}
	cr_assert_eq(memcmp(&before, lock, sizeof(before)), 0);
}

Test(timed, a_bad_deadline_or_clock_is_refused_free_or_held, .description = "G7")
{
	fifolock_t lock = {0};

	refuses_bad_deadlines(&lock);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	refuses_bad_deadlines(&lock);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* The two clocks are decades apart: a time of one is long past on the other, or so far off
 * that it is refused. */
Test(timed, each_clock_is_itself, .description = "G4")
{
	struct timespec monotonic = test_in_ns(CLOCK_MONOTONIC, INT64_C(3600000000000));
	struct timespec realtime = test_in_ns(CLOCK_REALTIME, -1);
	struct timespec never = {.tv_sec = LONG_MAX, .tv_nsec = 999999999};
	fifolock_t lock = {0};
	struct asker far;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(told(&lock, S, CLOCK_REALTIME, monotonic), ETIMEDOUT);
	cr_assert_eq(told(&lock, S, CLOCK_REALTIME, realtime), ETIMEDOUT);
	cr_assert_eq(told(&lock, S, CLOCK_MONOTONIC, realtime), EINVAL);
	asks(&far, &lock, S, &never);
	cr_assert(in_line(&lock, 1, &far));
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(answer(&far), 0);
	is_free(&lock);
}

/* One wait of ns; how late it ended. */
static int64_t lateness(fifolock_t *lock, clockid_t clock, int64_t ns)
{
	struct timespec deadline = test_in_ns(clock, ns);
	struct asker asker = {.lock = lock,
			      .mode = S,
			      .weight = 1,
			      .clock = clock,
			      .deadline = &deadline};

	pthread_create(&asker.thread, NULL, ask, &asker);
	cr_assert_eq(answer(&asker), ETIMEDOUT);
	return ns_between(&deadline, &asker.returned);
}

Test(timed, no_wait_ends_before_its_deadline_nor_long_after, .description = "G4")
{
	fifolock_t lock = {0};
	int64_t ns = 100;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (uint64_t i = 0; i < test_scaled(400); i++) {
		int64_t mono = lateness(&lock, CLOCK_MONOTONIC, ns);
		int64_t real = lateness(&lock, CLOCK_REALTIME, ns);

		cr_assert_geq(mono, 0);
		cr_assert_geq(real, 0);
		cr_assert_lt(mono, INT64_C(5000000000));
		cr_assert_lt(real, INT64_C(5000000000));
		ns = ns < 4 * MS ? ns * 5 / 4 : 100;
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	is_free(&lock);
}

/* ---- a grant racing the deadline ---- */

struct duel {
	fifolock_t lock;
	uint64_t asked, answered; /* atomic: number of the round */
	struct timespec deadline;
	int rc, unlock_rc;
	uint32_t held;
};

static void *meet_deadlines(void *arg)
{
	struct duel *duel = arg;

	for (uint64_t i = 1;; i++) {
		uint64_t asked;

		while ((asked = __atomic_load_n(&duel->asked, __ATOMIC_ACQUIRE)) < i)
			sched_yield();
		if (asked == UINT64_MAX)
			return NULL;
		duel->rc = fifolock_timedlock(&duel->lock, X, &duel->deadline);
		duel->held = duel->rc ? 0 : fifolock_holds(&duel->lock, X);
		duel->unlock_rc = duel->rc ? 0 : fifolock_unlock(&duel->lock, X);
		__atomic_store_n(&duel->answered, i, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Release about that long after the deadline. */
static void release_at(struct duel *duel, uint64_t round, int64_t ahead, int64_t offset)
{
	struct timespec now;

	cr_assert_eq(fifolock_lock(&duel->lock, X), 0);
	duel->deadline = test_in_ns(CLOCK_MONOTONIC, ahead);
	__atomic_store_n(&duel->asked, round, __ATOMIC_RELEASE);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (ns_between(&duel->deadline, &now) < offset);
	cr_assert_eq(fifolock_unlock(&duel->lock, X), 0);
	while (__atomic_load_n(&duel->answered, __ATOMIC_ACQUIRE) < round)
		sched_yield();
}

/* The moment of the release follows the outcome, so that both come up all the time:
 * later after a grant, earlier after a time-out.  On a crowded machine the other thread
 * may come too late for either; then the deadlines are farther away for a while. */
struct aim {
	int64_t ahead, offset;
	uint64_t same; /* outcomes in a row */
	int rc;
};

static void aim_better(struct aim *aim, int rc, uint64_t round)
{
	aim->same = rc == aim->rc ? aim->same + 1 : 0;
	aim->rc = rc;
	aim->offset += rc == 0 ? 150 + (int64_t)(round % 7) * 10 : -200;
	if (aim->offset > 100000) /* another thread had the processor */
		aim->offset = 0;
	if (aim->same == 0)
		aim->ahead = 15000;
	else if (aim->same % 200 == 0 && aim->ahead < 10000000)
		aim->ahead *= 2;
}

Test(timed, a_grant_at_the_deadline_happened_or_did_not, .description = "G4")
{
	struct duel duel = {.rc = 0};
	struct aim aim = {.ahead = 15000};
	uint64_t wanted = test_scaled(10000), round = 0, granted = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, meet_deadlines, &duel);
	while (round < wanted || !granted || granted == round) {
		release_at(&duel, ++round, aim.ahead, aim.offset);
		cr_assert(duel.rc == 0 || duel.rc == ETIMEDOUT, "%d", duel.rc);
		cr_assert_eq(duel.held, duel.rc == 0);
		cr_assert_eq(duel.unlock_rc, 0);
		cr_assert_eq(fifolock_holds(&duel.lock, X), 0);
		cr_assert_eq(fifolock_waiting(&duel.lock), 0);
		granted += duel.rc == 0;
		aim_better(&aim, duel.rc, round);
	}
	__atomic_store_n(&duel.asked, UINT64_MAX, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	is_free(&duel.lock);
}

/* ---- storms ---- */

struct storm {
	fifolock_t lock;
	uint64_t each;
	int64_t patience;
	bool over; /* atomic */
};

struct quitter {
	pthread_t thread;
	struct storm *storm;
	uint64_t gave_up, odd;
};

static void *keep_giving_up(void *arg)
{
	struct quitter *quitter = arg;
	struct storm *storm = quitter->storm;

	for (uint64_t i = 0; i < storm->each; i++) {
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, storm->patience);
		int rc = fifolock_timedlock(&storm->lock, i % 4 ? X : S, &soon);

		quitter->gave_up += rc == ETIMEDOUT;
		quitter->odd += rc != ETIMEDOUT;
	}
	return NULL;
}

/* So many threads, that give up so often between them. */
static void give_up(struct storm *storm, unsigned threads, uint64_t in_all)
{
	struct quitter quitter[16] = {0};

	storm->each = in_all / threads;
	for (unsigned i = 0; i < threads; i++) {
		quitter[i].storm = storm;
		pthread_create(&quitter[i].thread, NULL, keep_giving_up, &quitter[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(quitter[i].thread, NULL);
		cr_assert_eq(quitter[i].gave_up, storm->each);
		cr_assert_eq(quitter[i].odd, 0);
	}
}

static uint64_t resident_kib(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long size, resident = 0;

	cr_assert_not_null(statm);
	cr_assert_eq(fscanf(statm, "%lu %lu", &size, &resident), 2);
	fclose(statm);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* How many slots there are at most says little: while a scanner is off its processor,
 * what the others leave behind is not free (docs/design.md), and on a crowded machine
 * these are thousands.  In the end all are. */
Test(timed, a_million_time_outs_leave_nothing_behind, .description = "G4")
{
	struct storm storm = {.patience = 400};
	uint32_t slots;
	uint64_t kib;

	cr_assert_eq(fifolock_lock(&storm.lock, X), 0);
	/* For so long that some get in line before their deadline, however slow this is. */
	for (; storm.lock.arrivals >> 32 == 0; storm.patience *= 2)
		give_up(&storm, 8, test_scaled(20000));
	slots = fl_slots_made();
	kib = resident_kib();
	give_up(&storm, 8, test_scaled(1000000));
	cr_assert_gt(storm.lock.arrivals >> 32, 0, "some had a ticket");
#ifndef SANITIZED
	cr_assert_leq(resident_kib(), kib + 512 + (fl_slots_made() - slots) / 16);
#endif
	(void)kib;
	(void)slots;
	cr_assert_eq(fifolock_waiting(&storm.lock), 0);
	cr_assert_eq(fifolock_holds(&storm.lock, X), 1);
	cr_assert_eq(fifolock_unlock(&storm.lock, X), 0);
	is_free(&storm.lock);
	no_slot_is_lost();
}

/* Requests that do sleep, in a line that one never leaves: a departure from its
 * middle or its end is as good as one from its head. */
Test(timed, time_outs_behind_a_patient_request_leave_nothing_behind, .description = "G4")
{
	struct storm storm = {.patience = 30000};
	struct asker patient;

	cr_assert_eq(fifolock_lock(&storm.lock, S), 0);
	asks(&patient, &storm.lock, X, NULL);
	cr_assert(in_line(&storm.lock, 1, &patient));
	give_up(&storm, 16, test_scaled(100000));
	cr_assert(!answered(&patient));
	cr_assert_eq(fifolock_waiting(&storm.lock), 1);
	cr_assert_eq(fifolock_unlock(&storm.lock, S), 0);
	cr_assert_eq(answer(&patient), 0);
	is_free(&storm.lock);
	no_slot_is_lost();
}

/* All take, give up, sleep and release at once. */
static void *come_and_go(void *arg)
{
	struct quitter *quitter = arg;
	struct storm *storm = quitter->storm;

	for (uint64_t i = 0; i < storm->each; i++) {
		int64_t patience = (int64_t)(i * 7919 % 200) * 500;
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, patience);
		unsigned mode = i % 3 ? X : S;
		int rc = fifolock_timedlock(&storm->lock, mode, &soon);

		quitter->gave_up += rc == ETIMEDOUT;
		quitter->odd += rc && rc != ETIMEDOUT;
		if (rc)
			continue;
		sched_yield();
		quitter->odd += fifolock_unlock(&storm->lock, mode) != 0;
	}
	return NULL;
}

Test(timed, a_storm_of_time_outs_wedges_nobody, .description = "G3 G4")
{
	struct storm storm = {.each = test_scaled(10000)};
	struct quitter quitter[16] = {0};

	for (unsigned i = 0; i < 16; i++) {
		quitter[i].storm = &storm;
		pthread_create(&quitter[i].thread, NULL, come_and_go, &quitter[i]);
	}
	for (unsigned i = 0; i < 16; i++) {
		pthread_join(quitter[i].thread, NULL);
		cr_assert_eq(quitter[i].odd, 0);
	}
	is_free(&storm.lock);
	no_slot_is_lost();
}
