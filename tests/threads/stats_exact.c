/* SPDX-License-Identifier: MIT
 *
 * stats_exact.c - counting is exact whatever goes on, and changes nothing of what
 * a lock does.
 */
#define _GNU_SOURCE
#include "counts.h"
#include "random.h"

struct crowd {
	fifolock_t lock;
	uint64_t rounds;
	uint64_t timed_out, refused, taken; /* atomic, of mode S */
};

static void *comes_and_goes(void *arg)
{
	struct crowd *crowd = arg;

	for (uint64_t i = 0; i < crowd->rounds; i++) {
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 2000);
		uint32_t n = 1 + (uint32_t)(i % 3);
		int rc = i % 4 ? fifolock_timedlock_n(&crowd->lock, S, n, &soon)
			       : fifolock_trylock_n(&crowd->lock, S, n);

		if (rc == ETIMEDOUT)
			__atomic_add_fetch(&crowd->timed_out, 1, __ATOMIC_RELAXED);
		else if (rc == EBUSY)
			__atomic_add_fetch(&crowd->refused, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&crowd->taken, n, __ATOMIC_RELAXED);
		if (rc == 0)
			fifolock_unlock_n(&crowd->lock, S, n);
		fifolock_lock(&crowd->lock, X);
		fifolock_unlock(&crowd->lock, X);
	}
	return NULL;
}

Test(stats, count_exactly_whatever_goes_on, .description = "counts")
{
	static fifolock_stats_t stats;
	struct crowd crowd = {.lock = FIFOLOCK_INIT(&stats.modes),
			      .rounds = test_scaled(5000)};
	uint64_t all = 4 * crowd.rounds;
	struct fifolock_counts counts;
	pthread_t threads[4];

	cr_assert_eq(fifolock_stats_init(&stats, "crowd", NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, comes_and_goes, &crowd);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	counts = counted(&stats, S);
	counts_are(&stats, S, crowd.taken, all - crowd.timed_out - crowd.refused,
		   counts.waited, 0);
	refusals_are(&stats, S, crowd.refused, crowd.timed_out);
	counts = counted(&stats, X);
	counts_are(&stats, X, all, all, counts.waited, 0);
	cr_assert_leq(counts.waited, counts.grants);
	cr_assert_eq(fifolock_destroy(&crowd.lock), 0);
}

/* ---- a lock that counts does what one that does not count does ---- */

struct pair {
	fifolock_t plain, counts;
	fifolock_request_t requests[2][6];
	int state[6]; /* 0: none; EINPROGRESS or 1, held */
	unsigned modes[6];
	uint64_t random;
};

static void same(int plain, int counts, const char *what)
{
	quick_check(plain == counts, "%s: %d, and %d if counted", what, plain, counts);
}

static void pair_asks(struct pair *pair, unsigned who)
{
	unsigned mode = pair->modes[who] = oracle_below(&pair->random, 4);
	int rc = requests(&pair->plain, mode, 1, &pair->requests[0][who]);

	same(rc, requests(&pair->counts, mode, 1, &pair->requests[1][who]), "request");
	pair->state[who] = rc == 0 ? 1 : rc == EINPROGRESS ? rc : 0;
}

static void pair_holds(struct pair *pair, unsigned who)
{
	unsigned mode = pair->modes[who], to = oracle_below(&pair->random, 4);
	int rc;

	if (oracle_below(&pair->random, 2)) {
		rc = fifolock_tryconvert(&pair->plain, mode, to);
		same(rc, fifolock_tryconvert(&pair->counts, mode, to), "tryconvert");
		pair->modes[who] = rc ? mode : to;
	} else {
		rc = fifolock_unlock(&pair->plain, mode);
		same(rc, fifolock_unlock(&pair->counts, mode), "unlock");
		pair->state[who] = 0;
	}
}

static void pair_tries(struct pair *pair)
{
	static const struct timespec past = {0, 1}, odd = {0, -1};
	unsigned mode = oracle_below(&pair->random, 5);
	uint32_t n = oracle_below(&pair->random, 3) * 2000000000u;
	const struct timespec *at = oracle_below(&pair->random, 4) ? &past : &odd;
	int rc = fifolock_timedlock_n(&pair->plain, mode, n, at);

	same(rc, fifolock_timedlock_n(&pair->counts, mode, n, at), "timedlock_n");
	rc = fifolock_trylock(&pair->plain, mode);
	same(rc, fifolock_trylock(&pair->counts, mode), "trylock");
	if (rc == 0) {
		rc = fifolock_unlock(&pair->plain, mode);
		same(rc, fifolock_unlock(&pair->counts, mode), "unlock");
	}
	rc = fifolock_unlock_n(&pair->plain, mode, 6);
	same(rc, fifolock_unlock_n(&pair->counts, mode, 6), "unlock_n");
}

static void pair_step(struct pair *pair)
{
	unsigned who = oracle_below(&pair->random, 6);
	uint32_t what = oracle_below(&pair->random, 8);
	int rc;

	if (what == 0) {
		pair_tries(pair);
	} else if (pair->state[who] == 0) {
		pair_asks(pair, who);
	} else if (pair->state[who] == 1) {
		pair_holds(pair, who);
	} else if (what == 1) {
		rc = fifolock_request_cancel(&pair->requests[0][who]);
		same(rc, fifolock_request_cancel(&pair->requests[1][who]), "cancel");
		pair->state[who] = 0;
	}
	for (who = 0; who < 6; who++) {
		if (pair->state[who] != EINPROGRESS)
			continue;
		rc = fifolock_request_poll(&pair->requests[0][who]);
		same(rc, fifolock_request_poll(&pair->requests[1][who]), "poll");
		pair->state[who] = rc ? rc : 1;
	}
}

static void pair_plays(struct pair *pair, fifolock_stats_t *stats)
{
	for (unsigned step = 0; step < 200; step++) {
		pair_step(pair);
		for (unsigned mode = 0; mode < 4; mode++) {
			uint32_t holds = fifolock_holds(&pair->plain, mode);

			quick_check(holds == fifolock_holds(&pair->counts, mode),
				    "holds");
			quick_check(holds == counted(stats, mode).held, "held");
		}
	}
}

/* Seven rooms, and mode m takes m + 1. */
static bool rooms(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[0] + 2 * holds[1] + 3 * holds[2] + 4 * holds[3] + mode + 1 <= 7;
}

Test(stats, do_not_change_what_the_lock_does, .description = "G1 G2")
{
	fifolock_modes_t modes[2] = {unowned(&fifolock_intent_modes)};

	cr_assert_eq(fifolock_modes_predicate(&modes[1], 4, 7, rooms, NULL), 0);
	for (uint64_t seed = 0; seed < test_scaled(1000); seed++) {
		static fifolock_stats_t stats;
		struct pair pair = {.random = seed};

		quick_check(fifolock_stats_init(&stats, "pair", &modes[seed % 2]) == 0,
			    "init");
		fifolock_init(&pair.plain, &modes[seed % 2]);
		fifolock_init(&pair.counts, &stats.modes);
		pair_plays(&pair, &stats);
	}
}
