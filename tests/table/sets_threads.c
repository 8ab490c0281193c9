/* SPDX-License-Identifier: MIT
 *
 * sets_threads.c - many threads that lock sets of keys, given in any order: all or none, no
 * deadlock, no hold that does not fit.
 *
 * All counting is relaxed: what orders the sections are the locks alone.
 */
#define _GNU_SOURCE
#include "keys.h"
#include "intent_modes.h"

#define KEYS 24
#define MOST 7 /* items of a set */

struct place {
	uint64_t inside;  /* atomic: holds of each mode, ten bits for each */
	uint64_t data[2]; /* written under exclusion, equal */
};

struct market {
	fifolock_table_t *table;
	pthread_barrier_t begin;
	unsigned modes, keys;
	uint64_t sets; /* of each thread */
	unsigned hurry;
	struct place places[KEYS];
};

struct buyer {
	pthread_t thread;
	struct market *market;
	uint64_t random, got, refused;
	unsigned keys[MOST];
	struct fifolock_item items[MOST];
	const char *wrong;
};

static void fault(struct buyer *buyer, bool is, const char *what)
{
	if (is && !buyer->wrong)
		buyer->wrong = what;
}

static fifolock_key_t key(unsigned k)
{
	static const char bytes[KEYS] = {7};

	return k % 3 ? fifolock_key(k) : fifolock_key_bytes(bytes, k);
}

/* By the matrix: the mode with the fewest conflicts among those that have all of both. */
static unsigned stronger(unsigned one, unsigned other, unsigned modes)
{
	unsigned all = against[one] | against[other], best = X;

	for (unsigned m = 0; m < modes; m++)
		if ((against[m] & all) == all &&
		    __builtin_popcount(against[m]) < __builtin_popcount(against[best]))
			best = m;
	return best;
}

/* How its set has the key; modes: not at all. */
static unsigned mode_of(const struct buyer *buyer, size_t n, unsigned k)
{
	unsigned modes = buyer->market->modes, mode = modes;

	for (size_t i = 0; i < n; i++)
		if (buyer->keys[i] == k)
			mode = mode == modes
				       ? buyer->items[i].mode
				       : stronger(mode, buyer->items[i].mode, modes);
	return mode;
}

static bool is_legal(unsigned mode, uint64_t inside)
{
	bool legal = true;

	inside -= UINT64_C(1) << (10 * mode);
	for (unsigned m = 0; m < 6; m++)
		if (against[mode] >> m & 1)
			legal = legal && (inside >> (10 * m) & 1023) == 0;
	return legal;
}

static void enters(struct buyer *buyer, unsigned k, unsigned mode)
{
	struct place *place = &buyer->market->places[k];
	uint64_t unit = UINT64_C(1) << (10 * mode);
	uint64_t inside = __atomic_add_fetch(&place->inside, unit, __ATOMIC_RELAXED);

	fault(buyer, !is_legal(mode, inside), "holds that do not go together");
	fault(buyer, mode != IS && mode != IX && place->data[0] != place->data[1],
	      "half-written data");
	if (mode == X)
		place->data[0]++;
}

static void leaves(struct buyer *buyer, unsigned k, unsigned mode)
{
	struct place *place = &buyer->market->places[k];
	uint64_t unit = UINT64_C(1) << (10 * mode), inside;

	if (mode == X)
		place->data[1]++;
	inside = __atomic_fetch_sub(&place->inside, unit, __ATOMIC_RELAXED);
	fault(buyer, !is_legal(mode, inside), "holds that do not go together any more");
}

/* Every key of the set is held now. */
static void has_all(struct buyer *buyer, size_t n)
{
	unsigned modes = buyer->market->modes;

	for (unsigned k = 0; k < buyer->market->keys; k++)
		if (mode_of(buyer, n, k) < modes)
			enters(buyer, k, mode_of(buyer, n, k));
	if (oracle_below(&buyer->random, 8) == 0)
		sched_yield();
	for (unsigned k = 0; k < buyer->market->keys; k++)
		if (mode_of(buyer, n, k) < modes)
			leaves(buyer, k, mode_of(buyer, n, k));
}

static size_t chooses(struct buyer *buyer)
{
	const struct market *market = buyer->market;
	size_t n = 1 + oracle_below(&buyer->random, MOST);

	for (size_t i = 0; i < n; i++) {
		unsigned mode = some_mode(&buyer->random);

		buyer->keys[i] = oracle_below(&buyer->random, market->keys);
		buyer->items[i].key = key(buyer->keys[i]);
		buyer->items[i].mode = mode < market->modes ? mode : mode % market->modes;
	}
	return n;
}

static void buys(struct buyer *buyer)
{
	const struct market *market = buyer->market;
	bool hurries = market->hurry && oracle_below(&buyer->random, market->hurry) == 0;
	struct timespec soon = test_in_ns(
		CLOCK_MONOTONIC, hurries ? oracle_below(&buyer->random, 100000) : HOUR);
	size_t n = chooses(buyer);
	int rc = fifolock_table_lock_all(market->table, buyer->items, n,
					 hurries || n % 2 ? &soon : NULL);

	if (rc == 0) {
		has_all(buyer, n);
		fault(buyer, fifolock_table_unlock_all(buyer->items, n) != 0,
		      "unlock_all");
		buyer->got++;
	} else {
		fault(buyer, rc != ETIMEDOUT || !hurries, "refused");
		buyer->refused++;
	}
}

static void *goes_shopping(void *arg)
{
	struct buyer *buyer = arg;

	pthread_barrier_wait(&buyer->market->begin);
	for (uint64_t i = 0; i < buyer->market->sets; i++) {
		buys(buyer);
		if (i % 1024 == 0)
			test_goes_on();
	}
	return NULL;
}

static void market_of(struct market *market, unsigned threads)
{
	struct buyer buyers[16] = {0};

	pthread_barrier_init(&market->begin, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		buyers[i].market = market;
		buyers[i].random = i;
		pthread_create(&buyers[i].thread, NULL, goes_shopping, &buyers[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(buyers[i].thread, NULL);
	for (unsigned i = 0; i < threads; i++)
		cr_assert_null(buyers[i].wrong, "%s: %s", keys_kind.name,
			       buyers[i].wrong);
	for (unsigned k = 0; k < market->keys; k++) {
		cr_assert_eq(market->places[k].inside, 0);
		cr_assert_eq(market->places[k].data[0], market->places[k].data[1]);
		cr_assert(fits(market->table, key(k), X));
	}
	pthread_barrier_destroy(&market->begin);
	table_ends(market->table);
}

static void markets(const fifolock_modes_t *modes, unsigned count, unsigned hurry)
{
	static const unsigned threads[] = {2, 4, 16}, keys[] = {3, 9, KEYS};

	for (unsigned i = 0; i < 3; i++) {
		struct market market = {.table = table_of(modes),
					.modes = count,
					.keys = keys[i],
					.sets = test_scaled(1500) / threads[i],
					.hurry = hurry};

		market_of(&market, threads[i]);
	}
}

Script(sets, of_mutexes_never_deadlock, "G2 G3")
{
	markets(&fifolock_mutex_modes, 1, 0);
}

Script(sets, of_readers_and_writers_never_deadlock, "G2 G3")
{
	markets(&fifolock_shared_exclusive_modes, 2, 0);
}

Script(sets, of_intent_modes_never_deadlock, "G2 G3")
{
	markets(&fifolock_intent_modes, 6, 0);
}

Script(sets, that_time_out_leave_nothing_behind, "G2 G3 G4")
{
	markets(&fifolock_shared_exclusive_modes, 2, 2);
	markets(&fifolock_intent_modes, 6, 1);
}
