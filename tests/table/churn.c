/* SPDX-License-Identifier: MIT
 *
 * churn.c - locks of keys that are born and die all the time, under threads that come and go: few
 * keys, mostly free, with requests that leave.
 */
#define _GNU_SOURCE
#include "crowd.h"
#include <semaphore.h>

static void churns(unsigned keys, unsigned threads, unsigned hurry, uint64_t operations)
{
	struct crowd_plan plan = {.modes = &fifolock_update_modes,
				  .count = 3,
				  .keys = keys,
				  .threads = threads,
				  .operations = test_scaled(operations),
				  .hurry = hurry};

	crowd_meets(&plan);
}

Script(churn, two_threads_and_one_key, "G2 G3")
{
	churns(1, 2, 2, 20000);
}

Script(churn, two_threads_and_two_keys, "G2 G3")
{
	churns(2, 2, 2, 20000);
}

Script(churn, few_threads_and_few_keys, "G2 G3 G4")
{
	churns(4, 3, 2, 20000);
	churns(3, 4, 4, 10000);
}

Script(churn, many_threads_and_keys_that_leave_soon, "G2 G3 G4")
{
	churns(16, 16, 2, 10000);
	churns(5, 24, 1, 10000);
}

/* ---- threads that come and go ---- */

struct passer {
	pthread_t thread;
	struct crowd_worker worker;
};

static void *passes(void *arg)
{
	return crowd_works(&((struct passer *)arg)->worker);
}

Script(churn, threads_may_end_after_each_few_calls, "G3")
{
	static struct crowd crowd;
	struct crowd_plan plan = {.modes = &fifolock_update_modes,
				  .count = 3,
				  .keys = 4,
				  .threads = 4,
				  .operations = 40,
				  .hurry = 4};

	crowd_opens(&crowd, &plan);
	for (uint64_t i = 0; i < test_scaled(60); i++) {
		struct passer passers[4] = {0};

		for (unsigned p = 0; p < 4; p++) {
			passers[p].worker.crowd = &crowd;
			passers[p].worker.random = i * 4 + p;
			pthread_create(&passers[p].thread, NULL, passes, &passers[p]);
		}
		for (unsigned p = 0; p < 4; p++) {
			pthread_join(passers[p].thread, NULL);
			cr_assert_null(passers[p].worker.wrong, "%s",
				       passers[p].worker.wrong);
		}
	}
	crowd_rests(&crowd);
}

/* ---- a key that is always in use ---- */

struct relay {
	fifolock_table_t *table;
	uint64_t laps, wrong; /* wrong: atomic */
	uint64_t baton;	      /* plain: a thread that holds the key alone writes it */
};

/* Shared holds overlap, so the lock's count never falls to nothing while others come. */
static void *runs_laps(void *arg)
{
	struct relay *relay = arg;
	fifolock_hold_t hold;
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < relay->laps; i++) {
		wrong += fifolock_table_lock(relay->table, crowd_key(3), U, &hold) != 0;
		wrong += fifolock_table_convert(&hold, X) != 0;
		relay->baton++;
		wrong += fifolock_table_convert(&hold, S) != 0;
		wrong += fifolock_table_unlock(&hold) != 0;
	}
	__atomic_fetch_add(&relay->wrong, wrong, __ATOMIC_RELAXED);
	return NULL;
}

Script(churn, a_key_handed_on_without_a_gap_keeps_its_lock, "G2 G3")
{
	struct relay relay = {.table = table_of(&fifolock_update_modes),
			      .laps = test_scaled(2000)};
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, runs_laps, &relay);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(relay.wrong, 0);
	cr_assert_eq(relay.baton, 4 * relay.laps);
	table_ends(relay.table);
}

/* ---- holds that are freed by the next holder ---- */

struct pair {
	fifolock_table_t *table;
	sem_t go;
	uint64_t turns;
	fifolock_hold_t *its; /* plain: the key guards it */
	unsigned wrong;
};

static void *frees_the_other_hold(void *arg)
{
	struct pair *pair = arg;
	fifolock_hold_t hold;

	for (uint64_t i = 0; i < pair->turns; i++) {
		while (sem_wait(&pair->go))
			;
		pair->wrong +=
			fifolock_table_lock(pair->table, crowd_key(1), X, &hold) != 0;
		free(pair->its);
		pair->its = NULL;
		pair->wrong += fifolock_table_unlock(&hold) != 0;
	}
	return NULL;
}

Script(churn, a_hold_may_be_freed_as_soon_as_it_has_been_given_back, "G5")
{
	struct pair pair = {.table = table_of(NULL), .turns = test_scaled(1000)};
	pthread_t thread;

	sem_init(&pair.go, 0, 0);
	pthread_create(&thread, NULL, frees_the_other_hold, &pair);
	for (uint64_t i = 0; i < pair.turns; i++) {
		fifolock_hold_t *hold = malloc(sizeof(*hold));

		while (fifolock_table_lock(pair.table, crowd_key(1), X, hold) == 0 &&
		       pair.its)
			gives(hold);
		pair.its = hold;
		sem_post(&pair.go);
		for (uint64_t turn = i % 4; turn > 0; turn--)
			sched_yield();
		quick_check(fifolock_table_unlock(hold) == 0, "unlock");
	}
	pthread_join(thread, NULL);
	cr_assert_eq(pair.wrong, 0);
	sem_destroy(&pair.go);
	table_ends(pair.table);
}

/* ---- tables that come and go ---- */

static void *uses_a_key(void *arg)
{
	fifolock_table_t *table = arg;
	fifolock_hold_t hold;
	bool wrong = false;

	for (unsigned i = 0; i < 20; i++) {
		wrong = wrong ||
			fifolock_table_lock(table, fifolock_key(i % 3), X, &hold);
		wrong = wrong || fifolock_table_unlock(&hold);
	}
	return wrong ? arg : NULL;
}

Script(churn, a_table_may_end_when_its_threads_have_returned, "G5")
{
	for (uint64_t i = 0; i < test_scaled(30); i++) {
		fifolock_table_t *table = table_of(NULL);
		pthread_t threads[3];
		void *failed;

		for (unsigned t = 0; t < 3; t++)
			pthread_create(&threads[t], NULL, uses_a_key, table);
		for (unsigned t = 0; t < 3; t++) {
			pthread_join(threads[t], &failed);
			cr_assert_null(failed);
		}
		table_ends(table);
	}
}
