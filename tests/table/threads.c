/* SPDX-License-Identifier: MIT
 *
 * threads.c - many threads on the keys of a table: what is held together, and in what order each
 * key was granted.
 */
#define _GNU_SOURCE
#include "crowd.h"

static void crowds(const fifolock_modes_t *modes, unsigned count)
{
	static const unsigned threads[] = {2, 3, 8};
	static const unsigned keys[] = {1, 3, 40};

	for (unsigned i = 0; i < 3; i++) {
		struct crowd_plan plan = {.modes = modes,
					  .count = count,
					  .keys = keys[i],
					  .threads = threads[2 - i],
					  .operations = test_scaled(3000),
					  .hurry = 3};

		crowd_meets(&plan);
	}
}

Script(threads, a_mutex_for_each_key_never_admits_two, "G2")
{
	crowds(&fifolock_mutex_modes, 1);
}

Script(threads, writers_of_a_key_are_alone_among_its_readers, "G2")
{
	crowds(&fifolock_shared_exclusive_modes, 2);
}

Script(threads, intent_modes_of_a_key_meet_as_their_matrix_says, "G2")
{
	crowds(&fifolock_intent_modes, 6);
}

/* ---- order ---- */

/* Which is known to have been in line before which: a request is there when its call has returned,
 * and has not come before that began. */
struct visit {
	unsigned mode;
	uint64_t began, there, granted; /* moments, counted by all */
};

#define VISITORS 8
#define VISITS	 2000

struct visitor {
	pthread_t thread;
	struct fair *fair;
	uint64_t random;
	uint64_t visits;
	struct visit log[VISITS];
	unsigned key[VISITS];
	const char *wrong;
};

struct fair {
	fifolock_table_t *table;
	pthread_barrier_t begin;
	uint64_t moments; /* atomic */
	unsigned keys;
	struct visitor visitors[VISITORS];
};

struct guest {
	struct asked asked; /* not called back by its own function, but by this one's */
	struct fair *fair;
	struct visit *visit;
};

static uint64_t moment(struct fair *fair)
{
	return __atomic_add_fetch(&fair->moments, 1, __ATOMIC_SEQ_CST);
}

static void is_let_in(void *ctx, int status)
{
	struct guest *guest = ctx;

	guest->visit->granted = moment(guest->fair);
	asked_told(&guest->asked, status);
}

static int visits_by_request(struct fair *fair, fifolock_key_t key, struct visit *visit)
{
	struct guest guest = {.fair = fair, .visit = visit};
	int rc;

	visit->began = moment(fair);
	rc = fifolock_table_request(fair->table, key, visit->mode, 1,
				    &guest.asked.request, is_let_in, &guest);
	visit->there = moment(fair);
	if (rc == 0)
		visit->granted = visit->there;
	while (rc == EINPROGRESS && !calls(&guest.asked))
		sched_yield();
	if (rc && rc != EINPROGRESS)
		return rc;
	if (visit->began % 4 == 0)
		sched_yield();
	return guest.asked.status | fifolock_table_unlock(&guest.asked.request.hold);
}

static int visits_by_lock(struct fair *fair, fifolock_key_t key, struct visit *visit)
{
	fifolock_hold_t hold;
	int rc;

	visit->began = moment(fair);
	rc = fifolock_table_lock(fair->table, key, visit->mode, &hold);
	visit->granted = visit->there = moment(fair);
	if (visit->began % 4 == 0)
		sched_yield();
	return rc ? rc : fifolock_table_unlock(&hold);
}

static void *visits(void *arg)
{
	struct visitor *visitor = arg;
	struct fair *fair = visitor->fair;

	pthread_barrier_wait(&fair->begin);
	for (uint64_t i = 0; i < visitor->visits; i++) {
		unsigned k = oracle_below(&visitor->random, fair->keys);
		struct visit *visit = &visitor->log[i];
		int rc;

		visitor->key[i] = k;
		visit->mode = oracle_below(&visitor->random, 2) ? S : X;
		rc = oracle_below(&visitor->random, 4)
			     ? visits_by_request(fair, crowd_key(k), visit)
			     : visits_by_lock(fair, crowd_key(k), visit);
		if (rc)
			visitor->wrong = "a visit failed";
	}
	return NULL;
}

static int by_grant(const void *one, const void *other)
{
	const struct visit *a = one, *b = other;

	return a->granted < b->granted ? -1 : a->granted > b->granted;
}

/* Of two that exclude each other the one that was there before the other began is granted first,
 * and says so before it lets the other in. */
static void were_in_order(struct visit *visits, size_t count)
{
	uint64_t latest[2] = {0, 0}; /* beginning of those granted so far, of each mode */

	qsort(visits, count, sizeof(*visits), by_grant);
	for (size_t i = 0; i < count; i++) {
		unsigned mode = visits[i].mode;
		uint64_t before = latest[X];

		if (mode == X && latest[S] > before)
			before = latest[S];
		quick_check(visits[i].there > before,
			    "%s: granted after one that came later", keys_kind.name);
		if (visits[i].began > latest[mode])
			latest[mode] = visits[i].began;
	}
}

static void key_was_fair(const struct fair *fair, unsigned key)
{
	static struct visit visits[VISITORS * VISITS];
	size_t count = 0;

	for (unsigned v = 0; v < VISITORS; v++)
		for (uint64_t i = 0; i < fair->visitors[v].visits; i++)
			if (fair->visitors[v].key[i] == key)
				visits[count++] = fair->visitors[v].log[i];
	were_in_order(visits, count);
}

static void fair_is_held(unsigned keys)
{
	static struct fair fair;
	uint64_t each = test_scaled(500);

	fair = (struct fair){.table = table_of(NULL), .keys = keys};
	pthread_barrier_init(&fair.begin, NULL, VISITORS);
	for (unsigned v = 0; v < VISITORS; v++) {
		fair.visitors[v].fair = &fair;
		fair.visitors[v].random = v;
		fair.visitors[v].visits = each < VISITS ? each : VISITS;
		pthread_create(&fair.visitors[v].thread, NULL, visits, &fair.visitors[v]);
	}
	for (unsigned v = 0; v < VISITORS; v++)
		pthread_join(fair.visitors[v].thread, NULL);
	for (unsigned v = 0; v < VISITORS; v++)
		cr_assert_null(fair.visitors[v].wrong, "%s", fair.visitors[v].wrong);
	pthread_barrier_destroy(&fair.begin);
	for (unsigned k = 0; k < keys; k++)
		key_was_fair(&fair, k);
	table_ends(fair.table);
}

Script(threads, requests_for_a_key_are_granted_as_they_came, "G1")
{
	fair_is_held(1);
	fair_is_held(2);
	fair_is_held(3);
}

/* ---- other keys ---- */

static void *waits_and_goes(void *arg)
{
	fifolock_hold_t hold;
	fifolock_table_t *table = arg;

	return fifolock_table_lock(table, crowd_key(0), X, &hold) ||
			       fifolock_table_unlock(&hold)
		       ? arg
		       : NULL;
}

Script(threads, waiters_for_one_key_keep_no_other_waiting, "G1 G3")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, crowd_key(0), X), other;
	pthread_t threads[8];
	void *failed;

	for (unsigned i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, waits_and_goes, table);
	for (unsigned k = 1; k < CROWD_KEYS; k++) {
		cr_assert_eq(fifolock_table_lock(table, crowd_key(k), X, &other), 0);
		gives(&other);
	}
	gives(&hold);
	for (unsigned i = 0; i < 8; i++) {
		pthread_join(threads[i], &failed);
		cr_assert_null(failed);
	}
	table_ends(table);
}
