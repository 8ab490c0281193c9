/* SPDX-License-Identifier: MIT
 *
 * bump_and_limit.c - letting others in, and keeping the line short: contended, bump, limit_waiters.
 */
#define _GNU_SOURCE
#include "stage.h"

/* ---- contended and bump ---- */

Test(contended, looks_at_all_in_line, .description = "contended")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert_not(fifolock_contended(&stage.lock, S));
	asks(&stage, 'U');
	cr_assert_not(fifolock_contended(&stage.lock, S), "U goes with S");
	cr_assert(fifolock_contended(&stage.lock, U));
	cr_assert_not(fifolock_contended(&stage.lock, X), "no thread holds X");
	cr_assert_not(fifolock_contended(&stage.lock, 3));
	asks(&stage, 'X');
	cr_assert(fifolock_contended(&stage.lock, S), "the second in line");
	stage_ends(&stage);
}

Test(contended, by_a_conversion, .description = "contended")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert(waits(&stage, 1, 'X'));
	cr_assert(fifolock_contended(&stage.lock, S));
	stage_ends(&stage);
}

Test(bump, lets_in_those_in_line_and_stands_behind_them, .description = "G1 G3")
{
	struct stage stage;

	stage_on(&stage, NULL);
	ask_all(&stage, "XXS");
	tell(&stage, 0, BUMPS);
	cr_assert_eq(answer(&stage, 1), 0);
	cr_assert_str_eq(now(&stage), "X~. X+ S.");
	asks(&stage, 'S');
	gives_back(&stage, 1);
	cr_assert_str_eq(now(&stage), "X~. X- S+ S.");
	gives_back(&stage, 2);
	cr_assert_str_eq(now(&stage), "X+ X- S- S.");
	stage_ends(&stage);
}

Test(bump, does_nothing_when_it_would_help_nobody, .description = "G1")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	ask_all(&stage, "SU");
	cr_assert_eq(told(&stage, 0, BUMPS, 'S'), 0);
	asks(&stage, 'U');
	cr_assert_eq(told(&stage, 0, BUMPS, 'S'), 0);
	cr_assert_str_eq(now(&stage), "S+ U+ U.");
	stage_ends(&stage);
}

Test(bump, by_all_who_share_lets_an_exclusive_one_in, .description = "G1 G3")
{
	struct stage stage;

	stage_on(&stage, NULL);
	ask_all(&stage, "SSXS");
	tell(&stage, 0, BUMPS);
	while (fifolock_holds(&stage.lock, S) != 1)
		sched_yield();
	cr_assert_str_eq(now(&stage), "S~. S+ X. S.");
	tell(&stage, 1, BUMPS);
	cr_assert_eq(answer(&stage, 2), 0);
	cr_assert_str_eq(now(&stage), "S~. S~. X+ S.");
	gives_back(&stage, 2);
	cr_assert_str_eq(now(&stage), "S+ S+ X- S+");
	stage_ends(&stage);
}

Test(bump, on_a_lock_that_is_closed_meanwhile_loses_the_hold, .description = "G4")
{
	struct stage stage;

	stage_on(&stage, NULL);
	ask_all(&stage, "XX");
	tell(&stage, 0, BUMPS);
	cr_assert_eq(answer(&stage, 1), 0);
	cr_assert_eq(fifolock_close(&stage.lock), 0);
	cr_assert_eq(answer(&stage, 0), ECANCELED);
	cr_assert_str_eq(now(&stage), "X- X+");
	stage_ends(&stage);
}

Test(bump, refuses_what_is_not_held, .description = "G7")
{
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_bump(&lock, X), EPERM);
	cr_assert_eq(fifolock_bump(&lock, 2), EINVAL);
	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(fifolock_bump(&lock, X), EPERM);
	cr_assert_eq(fifolock_bump(&lock, S), 0);
	cr_assert_eq(fifolock_holds(&lock, S), 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(fifolock_bump(&lock, S), EINVAL);
}

/* Two that bump take turns, one each: the one that bumps is in line before the other is let in. */
struct swing {
	fifolock_t lock;
	uint64_t turns[2]; /* under the lock */
	uint64_t missed;   /* under the lock */
	uint64_t rounds;
	unsigned threads; /* atomic */
};

static void *swings(void *arg)
{
	struct swing *swing = arg;
	unsigned me = __atomic_fetch_add(&swing->threads, 1, __ATOMIC_RELAXED);
	uint64_t *other = &swing->turns[!me];
	int rc = fifolock_lock(&swing->lock, X);

	while (rc == 0 && swing->turns[me]++ < swing->rounds) {
		bool contended = fifolock_contended(&swing->lock, X);
		uint64_t before = *other;

		rc = fifolock_bump(&swing->lock, X);
		swing->missed += contended && *other != before + 1;
	}
	rc |= fifolock_unlock(&swing->lock, X);
	return rc ? arg : NULL;
}

Test(bump, of_two_gives_each_one_turn, .description = "G1 G3")
{
	struct swing swing = {.rounds = test_scaled(20000)};
	pthread_t threads[2];
	void *failed;

	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, swings, &swing);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], &failed);
		cr_assert_null(failed);
	}
	cr_assert_eq(swing.missed, 0);
	cr_assert_eq(fifolock_destroy(&swing.lock), 0);
}

/* ---- limit_waiters ---- */

Test(limit_waiters, turns_away_who_would_be_one_more, .description = "limited line")
{
	struct timespec later = in_an_hour();
	fifolock_request_t line[4];
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_limit_waiters(&lock, 2), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(requests(&lock, X, 1, &line[i]), i ? EINPROGRESS : 0);
	cr_assert_eq(requests(&lock, S, 1, &line[3]), EAGAIN);
	cr_assert_eq(fifolock_lock(&lock, S), EAGAIN);
	cr_assert_eq(fifolock_timedlock(&lock, S, &later), EAGAIN);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(fifolock_waiting(&lock), 2);
	cr_assert_eq(fifolock_request_cancel(&line[2]), 0);
	cr_assert_eq(requests(&lock, S, 1, &line[3]), EINPROGRESS);
	cr_assert_eq(requests(&lock, S, 1, &line[2]), EAGAIN);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(requests(&lock, S, 1, &line[2]), EINPROGRESS, "one was granted");
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_poll(&line[2]), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(limit_waiters, may_be_changed_and_those_in_line_stay, .description = "limited line")
{
	fifolock_request_t line[5];
	fifolock_modes_t modes = unowned(&fifolock_mutex_modes);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	cr_assert_eq(fifolock_limit_waiters(&lock, 524288), ERANGE);
	cr_assert_eq(fifolock_limit_waiters(&lock, UINT32_MAX), ERANGE);
	cr_assert_eq(fifolock_limit_waiters(&lock, 524287), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(requests(&lock, X, 1, &line[i]), i ? EINPROGRESS : 0);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(fifolock_waiting(&lock), 3);
	for (int i = 1; i < 4; i++) {
		cr_assert_eq(requests(&lock, X, 1, &line[4]), EAGAIN);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
		cr_assert_eq(fifolock_request_poll(&line[i]), 0);
	}
	cr_assert_eq(requests(&lock, X, 1, &line[1]), EINPROGRESS);
	cr_assert_eq(requests(&lock, X, 1, &line[2]), EAGAIN);
	cr_assert_eq(fifolock_limit_waiters(&lock, 0), 0);
	cr_assert_eq(requests(&lock, X, 1, &line[2]), EINPROGRESS);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), EINVAL);
}

Test(limit_waiters, lets_in_conversions_and_those_who_bump, .description = "limited line")
{
	struct stage stage;

	stage_on(&stage, &fifolock_update_modes);
	cr_assert_eq(fifolock_limit_waiters(&stage.lock, 1), 0);
	ask_all(&stage, "SUX");
	tell(&stage, 0, BUMPS);
	while (fifolock_waiting(&stage.lock) != 2)
		sched_yield();
	cr_assert_eq(fifolock_lock(&stage.lock, S), EAGAIN);
	cr_assert_str_eq(now(&stage), "S~. U+ X.");
	cr_assert_eq(converts(&stage, 1, 'S'), 0);
	cr_assert_str_eq(now(&stage), "S~. S+ X.");
	gives_back(&stage, 1);
	cr_assert_eq(converts(&stage, 2, 'U'), 0);
	cr_assert_str_eq(now(&stage), "S+ S- U+");
	asks(&stage, 'X');
	cr_assert(waits(&stage, 2, 'X'));
	cr_assert_str_eq(now(&stage), "S+ S- U>X. X.");
	stage_ends(&stage);
}

struct rush {
	pthread_t threads[6];
	pthread_barrier_t start;
	fifolock_t lock;
	unsigned turned_away; /* atomic */
	unsigned wrong;	      /* atomic */
};

static void *rushes(void *arg)
{
	struct rush *rush = arg;
	int rc;

	pthread_barrier_wait(&rush->start);
	rc = fifolock_lock(&rush->lock, X);
	if (rc == EAGAIN)
		__atomic_add_fetch(&rush->turned_away, 1, __ATOMIC_RELAXED);
	else if (rc || fifolock_unlock(&rush->lock, X))
		__atomic_add_fetch(&rush->wrong, 1, __ATOMIC_RELAXED);
	return NULL;
}

Test(limit_waiters, lets_in_as_many_of_those_who_come_together,
     .description = "limited line")
{
	for (uint64_t round = 0; round < test_scaled(300); round++) {
		uint32_t most = 1 + (uint32_t)(round % 5);
		struct rush rush = {.turned_away = 0};

		pthread_barrier_init(&rush.start, NULL, 6);
		cr_assert_eq(fifolock_limit_waiters(&rush.lock, most), 0);
		cr_assert_eq(fifolock_lock(&rush.lock, X), 0);
		for (int i = 0; i < 6; i++)
			pthread_create(&rush.threads[i], NULL, rushes, &rush);
		while (__atomic_load_n(&rush.turned_away, __ATOMIC_RELAXED) < 6 - most ||
		       fifolock_waiting(&rush.lock) < most)
			sched_yield();
		quick_check(fifolock_waiting(&rush.lock) == most, "over the limit");
		fifolock_unlock(&rush.lock, X);
		for (int i = 0; i < 6; i++)
			pthread_join(rush.threads[i], NULL);
		quick_check(rush.turned_away == 6 - most && rush.wrong == 0, "rush");
		quick_check(fifolock_destroy(&rush.lock) == 0, "destroy");
		pthread_barrier_destroy(&rush.start);
	}
}
