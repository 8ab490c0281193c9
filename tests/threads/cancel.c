/* SPDX-License-Identifier: MIT
 *
 * cancel.c - requests are cancelled: at once, in a race, by many, by the million.
 */
#include "jobs.h"
#include "core/queue.h"

Test(cancel, lets_in_at_once_whom_it_held_up, .description = "G4")
{
	struct job writer = {.keeps = true}, last = {.keeps = true};
	struct job reader[2] = {{.keeps = true}, {.keeps = true}};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(asks(&writer, &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&reader[0], &lock, S), EINPROGRESS);
	cr_assert_eq(asks(&reader[1], &lock, S), EINPROGRESS);
	cr_assert_eq(asks(&last, &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&writer.request), 0);
	cr_assert_eq(calls(&writer), 0);
	cr_assert_eq(calls(&reader[0]), 1, "inside cancel");
	cr_assert_eq(calls(&reader[1]), 1);
	cr_assert_eq(calls(&last), 0);
	cr_assert_eq(fifolock_holds(&lock, S), 3);
	cr_assert_eq(fifolock_waiting(&lock), 1);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&last), 1);
	cr_assert_eq(calls(&writer), 0);
	ends_well(&lock);
}

Test(cancel, of_all_leaves_the_lock_as_if_they_never_came, .description = "G4")
{
	struct job job[8] = {{.keeps = false}};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 8; i++)
		cr_assert_eq(asks(&job[i], &lock, i % 3 ? X : S), EINPROGRESS);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert_eq(fifolock_request_cancel(&job[i * 3 % 8].request), 0);
		cr_assert_eq(fifolock_request_poll(&job[i * 3 % 8].request), ECANCELED);
		cr_assert_eq(fifolock_waiting(&lock), 7 - i);
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 8; i++)
		cr_assert_eq(calls(&job[i]), 0);
	ends_well(&lock);
}

/* One thread gives back, others cancel, round after round on the same memory. */
#define RACERS 2
#define RACE   5 /* in line, each round */

struct race {
	fifolock_t lock;
	struct job job[RACE];
	uint64_t round; /* atomic: that has begun */
	uint64_t over;	/* atomic: racers done, in all rounds */
	uint64_t tried; /* atomic: cancels done, in all rounds */
	bool end;
	uint64_t cancelled, called;
};

struct racer {
	pthread_t thread;
	struct race *race;
	unsigned first; /* it cancels this one, and every RACERS-th after it */
	uint64_t random;
	int rc[RACE];
};

static void *races(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;

	for (uint64_t round = 1;; round++) {
		until_count(&race->round, round);
		if (race->end)
			return NULL;
		for (unsigned i = racer->first; i < RACE; i += RACERS) {
			dawdle(&racer->random, 100);
			racer->rc[i] = fifolock_request_cancel(&race->job[i].request);
			__atomic_fetch_add(&race->tried, 1, __ATOMIC_RELEASE);
		}
		__atomic_fetch_add(&race->over, 1, __ATOMIC_RELEASE);
	}
}

/* Exactly one of the two has happened to each, and the memory is as good as new. */
static void race_is_over(struct race *race, struct racer racer[], uint64_t round)
{
	until_count(&race->over, RACERS * round);
	for (unsigned i = 0; i < RACE; i++) {
		int rc = racer[i % RACERS].rc[i];

		fault_if(rc && rc != EALREADY);
		if (rc)
			until_called(&race->job[i]);
		race->cancelled += rc == 0;
		race->called += rc != 0;
	}
	while (fifolock_waiting(&race->lock) || fifolock_holds(&race->lock, 0) ||
	       fifolock_holds(&race->lock, 1))
		sched_yield();
	for (unsigned i = 0; i < RACE; i++)
		fault_if(calls(&race->job[i]) != (racer[i % RACERS].rc[i] ? 1 : 0));
	memset(race->job, 0xa5, sizeof(race->job));
}

/* The lock is given back when some have been cancelled, or none. */
static void race_once(struct race *race, uint64_t *random, uint64_t round)
{
	static const char *const lines[] = {"XSSXS", "XXXXX", "SXSXS", "SSXSS"};
	uint64_t first = (round - 1) * RACE + oracle_below(random, RACE);
	const char *line = lines[oracle_below(random, 4)];

	fault_if(fifolock_lock(&race->lock, 0));
	for (unsigned i = 0; i < RACE; i++) {
		unsigned mode =
			line[i] == 'S' && race->lock.modes != &fifolock_mutex_modes;

		race->job[i].keeps = false;
		fault_if(asks(&race->job[i], &race->lock, mode) != EINPROGRESS);
	}
	__atomic_fetch_add(&race->round, 1, __ATOMIC_RELEASE);
	until_count(&race->tried, first);
	dawdle(random, 100);
	fault_if(fifolock_unlock(&race->lock, 0));
}

static void cancel_races(const fifolock_modes_t *modes, uint64_t rounds)
{
	static struct race race;
	struct racer racer[RACERS];
	uint64_t random = 1;

	race = (struct race){.lock = FIFOLOCK_INIT(modes)};
	for (unsigned i = 0; i < RACERS; i++) {
		racer[i] = (struct racer){.race = &race, .first = i, .random = i};
		pthread_create(&racer[i].thread, NULL, races, &racer[i]);
	}
	for (uint64_t round = 1; round <= rounds; round++) {
		race_once(&race, &random, round);
		race_is_over(&race, racer, round);
	}
	race.end = true;
	__atomic_fetch_add(&race.round, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < RACERS; i++)
		pthread_join(racer[i].thread, NULL);
	cr_assert_eq(faults, 0);
	cr_assert_gt(race.cancelled, 0);
	cr_assert_gt(race.called, 0);
	cr_assert_eq(fifolock_destroy(&race.lock), 0);
}

Test(cancel, races_with_unlock_and_exactly_one_wins, .description = "G4")
{
	uint32_t slots;

	cancel_races(&fifolock_mutex_modes, test_scaled(2000));
	slots = fl_slots_made();
	cancel_races(&fifolock_mutex_modes, test_scaled(15000));
	cancel_races(NULL, test_scaled(15000));
	cr_assert_leq(fl_slots_made(), slots < 64 ? 64 : slots);
}

static bool one_x_or_two_s(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[X] == 0 && holds[S] < (mode == S ? 2 : 1);
}

Test(cancel, races_with_unlock_under_a_predicate, .description = "G4")
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 4, one_x_or_two_s, NULL), 0);
	cancel_races(&modes, test_scaled(15000));
}

/* Many threads cancel in the middle of a long line, while it moves or not. */
#define CROWD	 4000
#define QUITTERS 4

struct crowd {
	fifolock_t lock;
	struct job job[CROWD];
	bool left[CROWD];
	uint64_t ready; /* atomic */
};

struct quitter {
	pthread_t thread;
	struct crowd *crowd;
	unsigned number;
};

/* All but each tenth. */
static void *quits(void *arg)
{
	struct quitter *quitter = arg;
	struct crowd *crowd = quitter->crowd;

	__atomic_fetch_add(&crowd->ready, 1, __ATOMIC_RELEASE);
	until_count(&crowd->ready, QUITTERS + 1);
	for (unsigned i = quitter->number; i < CROWD; i += QUITTERS) {
		int rc = i % 10 ? fifolock_request_cancel(&crowd->job[i].request) : -1;

		fault_if(rc > 0 && rc != EALREADY);
		crowd->left[i] = rc == 0;
	}
	return NULL;
}

static void join_crowd(struct crowd *crowd, struct quitter quitter[])
{
	memset(crowd, 0, sizeof(*crowd));
	cr_assert_eq(fifolock_lock(&crowd->lock, X), 0);
	for (unsigned i = 0; i < CROWD; i++)
		fault_if(asks(&crowd->job[i], &crowd->lock, X) != EINPROGRESS);
	for (unsigned i = 0; i < QUITTERS; i++) {
		quitter[i] = (struct quitter){.crowd = crowd, .number = i};
		pthread_create(&quitter[i].thread, NULL, quits, &quitter[i]);
	}
	until_count(&crowd->ready, QUITTERS);
}

/* Those that stayed were called back, in the order of the line; those that left were not. */
static unsigned crowd_left(struct crowd *crowd)
{
	uint64_t before = 0;
	unsigned left = 0;

	for (unsigned i = 0; i < CROWD; i++) {
		const struct job *job = &crowd->job[i];

		left += crowd->left[i];
		fault_if(calls(job) != (crowd->left[i] ? 0 : 1));
		if (crowd->left[i])
			continue;
		fault_if(job->status || job->place <= before);
		before = job->place;
	}
	return left;
}

static unsigned crowd_thins_out(bool moves)
{
	static struct crowd crowd;
	struct quitter quitter[QUITTERS];

	join_crowd(&crowd, quitter);
	__atomic_fetch_add(&crowd.ready, 1, __ATOMIC_RELEASE);
	if (moves)
		fault_if(fifolock_unlock(&crowd.lock, X));
	for (unsigned i = 0; i < QUITTERS; i++)
		pthread_join(quitter[i].thread, NULL);
	if (!moves) {
		fault_if(fifolock_waiting(&crowd.lock) != CROWD / 10);
		fault_if(fifolock_unlock(&crowd.lock, X));
	}
	ends_well(&crowd.lock);
	return crowd_left(&crowd);
}

Test(cancel, by_many_threads_in_a_long_line, .description = "G1 G4")
{
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(crowd_thins_out(false), CROWD / 10 * 9);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_leq(crowd_thins_out(true), CROWD / 10 * 9);
	cr_assert_eq(faults, 0);
}

Test(cancel, of_a_million_behind_one_holder_leaves_nothing, .description = "G4")
{
	struct job job[64] = {{.keeps = false}}, stays = {.keeps = false};
	fifolock_t lock = {0};
	uint32_t slots;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (uint64_t i = 0; i < test_scaled(500000); i++) {
		fault_if(asks(&job[0], &lock, i % 3 ? X : S) != EINPROGRESS);
		fault_if(fifolock_request_cancel(&job[0].request));
	}
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_leq(fl_slots_made(), 64);
	cr_assert_eq(asks(&stays, &lock, X), EINPROGRESS);
	slots = fl_slots_made() + 256; /* those gone are given back by the hundred */
	for (uint64_t round = 0; round < test_scaled(500000) / 64; round++) {
		for (unsigned i = 0; i < 64; i++)
			fault_if(asks(&job[i], &lock, i % 3 ? X : S) != EINPROGRESS);
		for (unsigned i = 0; i < 64; i++)
			fault_if(fifolock_request_cancel(&job[i * 37 % 64].request));
		fault_if(fifolock_waiting(&lock) != 1);
	}
	cr_assert_leq(fl_slots_made(), slots);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&stays), 1);
	ends_well(&lock);
}
