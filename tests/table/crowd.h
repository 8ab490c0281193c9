/* SPDX-License-Identifier: MIT
 *
 * crowd.h - many threads on the keys of one table, in every way in which a key can be taken.
 *
 * Beside each key's lock stands its oracle: how many hold each mode, counted by the holders, and
 * data that is only whole where it is not written.  All counting is relaxed: what orders the
 * sections is the lock alone, so that a race detector sees whether it does.
 */
#ifndef CROWD_H
#define CROWD_H

#include "keys.h"
#include "intent_modes.h"

#define CROWD_KEYS    64
#define CROWD_THREADS 32

/* Modes and keys of a crowd. */
struct crowd_plan {
	const fifolock_modes_t *modes;
	unsigned count; /* modes: the first so many of the intent modes */
	unsigned keys, threads;
	uint64_t operations; /* of all threads */
	unsigned hurry;	     /* one in so many operations may fail; 0: none */
};

struct crowd_place {
	fifolock_key_t key;
	uint64_t inside;  /* atomic: holds of each mode, ten bits for each */
	uint64_t data[2]; /* written under exclusion, equal */
	uint64_t written; /* atomic */
};

struct crowd {
	const struct crowd_plan *plan;
	fifolock_table_t *table;
	pthread_barrier_t begin;
	struct crowd_place places[CROWD_KEYS];
};

struct crowd_worker {
	pthread_t thread;
	struct crowd *crowd;
	struct crowd_place *place; /* of a section of fifolock_table_run */
	unsigned mode;
	uint64_t random, failed;
	const char *wrong; /* the first thing that was */
};

static inline void crowd_fault(struct crowd_worker *worker, bool is, const char *what)
{
	if (is && !worker->wrong)
		worker->wrong = what;
}

/* ---- keys: every other one is an integer ---- */

static inline fifolock_key_t crowd_key(unsigned k)
{
	static const char bytes[2 * CROWD_KEYS] = {1};

	return k % 2 ? fifolock_key_bytes(bytes, k) : fifolock_key(k);
}

/* ---- sections ---- */

static inline bool crowd_legal(unsigned mode, uint64_t inside)
{
	uint64_t others = inside - (UINT64_C(1) << (10 * mode));
	bool legal = true;

	for (unsigned m = 0; m < 6; m++)
		if (against[mode] >> m & 1)
			legal = legal && (others >> (10 * m) & 1023) == 0;
	return legal;
}

static inline void crowd_section(struct crowd_worker *worker, struct crowd_place *place,
				 unsigned mode)
{
	uint64_t unit = UINT64_C(1) << (10 * mode);
	uint64_t inside = __atomic_add_fetch(&place->inside, unit, __ATOMIC_RELAXED);

	crowd_fault(worker, !crowd_legal(mode, inside), "holds that do not go together");
	crowd_fault(worker, mode != IS && mode != IX && place->data[0] != place->data[1],
		    "half-written data");
	if (mode == X) {
		place->data[0]++;
		if (oracle_below(&worker->random, 8) == 0)
			sched_yield();
		place->data[1]++;
		__atomic_fetch_add(&place->written, 1, __ATOMIC_RELAXED);
	}
	inside = __atomic_fetch_sub(&place->inside, unit, __ATOMIC_RELAXED);
	crowd_fault(worker, !crowd_legal(mode, inside),
		    "holds that do not go together any more");
}

/* Converts what it holds to some other mode, and perhaps does its work again. */
static inline void crowd_convert(struct crowd_worker *worker, struct crowd_place *place,
				 fifolock_hold_t *hold)
{
	unsigned to = oracle_below(&worker->random, worker->crowd->plan->count);
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 20000);
	int rc = oracle_below(&worker->random, 2)
			 ? fifolock_table_tryconvert(hold, to)
			 : fifolock_table_timedconvert(hold, to, &soon);

	if (rc == 0)
		crowd_section(worker, place, to);
	else
		crowd_fault(worker, rc != EBUSY && rc != ETIMEDOUT && rc != EDEADLK,
			    "convert");
}

static inline void crowd_holds(struct crowd_worker *worker, struct crowd_place *place,
			       unsigned mode, fifolock_hold_t *hold)
{
	crowd_section(worker, place, mode);
	if (oracle_below(&worker->random, 8) == 0)
		crowd_convert(worker, place, hold);
	crowd_fault(worker, fifolock_table_unlock(hold) != 0, "unlock");
	crowd_fault(worker, fifolock_table_unlock(hold) != EINVAL, "unlock twice");
}

static inline void crowd_runs(void *arg)
{
	struct crowd_worker *worker = arg;

	crowd_section(worker, worker->place, worker->mode);
}

/* A request, which is waited for or cancelled. */
static inline int crowd_asks(struct crowd_worker *worker, struct crowd_place *place,
			     unsigned mode, bool hurries)
{
	struct asked asked;
	int rc = asks_n(&asked, worker->crowd->table, place->key, mode, 1);

	if (rc == EINPROGRESS) {
		rc = hurries ? fifolock_table_request_cancel(&asked.request) : EALREADY;
		if (rc == 0)
			return ECANCELED;
		crowd_fault(worker, rc != EALREADY, "cancel");
		while (!calls(&asked))
			sched_yield();
		rc = asked.status;
		crowd_fault(worker, calls(&asked) != 1, "called back twice");
	}
	if (rc == 0)
		crowd_holds(worker, place, mode, &asked.request.hold);
	return rc;
}

/* ---- threads ---- */

static inline int crowd_takes(struct crowd_worker *worker, struct crowd_place *place,
			      unsigned mode, bool hurries)
{
	struct timespec at = test_in_ns(
		CLOCK_MONOTONIC, hurries ? oracle_below(&worker->random, 60000) : HOUR);
	fifolock_table_t *table = worker->crowd->table;
	uint32_t way = oracle_below(&worker->random, hurries ? 3 : 4);
	fifolock_hold_t hold;
	int rc;

	if (way == 0)
		return crowd_asks(worker, place, mode, hurries);
	if (way == 3) {
		worker->place = place;
		worker->mode = mode;
		return fifolock_table_run(table, place->key, mode, crowd_runs, worker);
	}
	if (way == 1)
		rc = fifolock_table_timedlock(table, place->key, mode, &at, &hold);
	else if (hurries)
		rc = fifolock_table_trylock(table, place->key, mode, &hold);
	else
		rc = fifolock_table_lock(table, place->key, mode, &hold);
	if (rc == 0)
		crowd_holds(worker, place, mode, &hold);
	return rc;
}

static inline void *crowd_works(void *arg)
{
	struct crowd_worker *worker = arg;
	const struct crowd_plan *plan = worker->crowd->plan;

	pthread_barrier_wait(&worker->crowd->begin);
	for (uint64_t i = 0; i < plan->operations / plan->threads; i++) {
		unsigned k = oracle_below(&worker->random, plan->keys);
		bool hurries =
			plan->hurry && oracle_below(&worker->random, plan->hurry) == 0;
		unsigned mode = some_mode(&worker->random);
		int rc;

		if (mode >= plan->count)
			mode = mode % plan->count;
		rc = crowd_takes(worker, &worker->crowd->places[k], mode, hurries);
		worker->failed += rc != 0;
		crowd_fault(worker,
			    rc && !(hurries &&
				    (rc == EBUSY || rc == ETIMEDOUT || rc == ECANCELED)),
			    "neither held nor refused");
		if (i % 1024 == 0)
			test_goes_on();
	}
	return NULL;
}

static inline void crowd_rests(struct crowd *crowd)
{
	pthread_barrier_destroy(&crowd->begin);
	for (unsigned k = 0; k < crowd->plan->keys; k++) {
		struct crowd_place *place = &crowd->places[k];

		cr_assert_eq(place->inside, 0);
		cr_assert_eq(place->data[0], place->written);
		cr_assert_eq(place->data[1], place->written);
		cr_assert(fits(crowd->table, place->key, X));
	}
	table_ends(crowd->table);
}

static inline void crowd_opens(struct crowd *crowd, const struct crowd_plan *plan)
{
	*crowd = (struct crowd){.plan = plan, .table = table_of(plan->modes)};
	for (unsigned k = 0; k < plan->keys; k++)
		crowd->places[k].key = crowd_key(k);
	pthread_barrier_init(&crowd->begin, NULL, plan->threads);
}

static inline void crowd_comes(struct crowd *crowd, struct crowd_worker workers[])
{
	for (unsigned i = 0; i < crowd->plan->threads; i++) {
		workers[i].crowd = crowd;
		workers[i].random = 1000 * crowd->plan->threads + i;
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, crowd_works,
					    &workers[i]),
			     0);
	}
}

static inline void crowd_goes(struct crowd *crowd, struct crowd_worker workers[])
{
	for (unsigned i = 0; i < crowd->plan->threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < crowd->plan->threads; i++)
		cr_assert_null(workers[i].wrong, "%s: %s", keys_kind.name,
			       workers[i].wrong);
}

static inline void crowd_meets(const struct crowd_plan *plan)
{
	static struct crowd crowd;
	struct crowd_worker workers[CROWD_THREADS] = {0};

	crowd_opens(&crowd, plan);
	crowd_comes(&crowd, workers);
	crowd_goes(&crowd, workers);
	crowd_rests(&crowd);
}

#endif
