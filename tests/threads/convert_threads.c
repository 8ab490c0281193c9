/* SPDX-License-Identifier: MIT
 *
 * convert_threads.c - conversions of many threads at once: nothing torn, nothing
 * let in that does not go together, and all get on.
 */
#define _GNU_SOURCE
#include "intent_modes.h"

struct cache {
	fifolock_t lock;
	uint64_t data[2]; /* the same */
	uint64_t rounds;
	bool promotions; /* S to X, too: only they refuse U to X */
};

struct user {
	pthread_t thread;
	struct cache *cache;
	uint64_t random, written, refused;
	const char *wrong;
};

static void expect(struct user *user, bool ok, const char *what)
{
	if (!ok)
		user->wrong = what;
}

static uint64_t reads(struct user *user)
{
	const uint64_t *data = user->cache->data;

	expect(user, data[0] == data[1], "half-written data seen");
	return data[0];
}

static void writes(struct user *user)
{
	user->cache->data[0]++;
	if (oracle_below(&user->random, 8) == 0)
		sched_yield();
	user->cache->data[1]++;
	user->written++;
}

/* No thread writes between what was read by UPDATE and the EXCLUSIVE that follows, nor
 * between that and the SHARED after it. */
static void updates(struct user *user)
{
	fifolock_t *lock = &user->cache->lock;
	uint64_t seen;
	int rc;

	expect(user, fifolock_lock(lock, U) == 0, "lock U");
	seen = reads(user);
	rc = fifolock_convert(lock, U, X);
	if (rc) {
		expect(user, rc == EDEADLK && user->cache->promotions, "U to X");
		expect(user, fifolock_unlock(lock, U) == 0, "unlock U");
		return;
	}
	expect(user, reads(user) == seen, "changed before the upgrade");
	writes(user);
	expect(user, fifolock_convert(lock, X, S) == 0, "X to S");
	expect(user, reads(user) == seen + 1, "changed after the downgrade");
	expect(user, fifolock_unlock(lock, S) == 0, "unlock S");
}

/* Two that try this together: one is refused, gives back and lets the other go on. */
static void promotes(struct user *user)
{
	struct timespec soon =
		test_in_ns(CLOCK_MONOTONIC, oracle_below(&user->random, 50000));
	fifolock_t *lock = &user->cache->lock;
	uint32_t how = oracle_below(&user->random, 3);
	uint64_t seen;
	int rc;

	expect(user, fifolock_lock(lock, S) == 0, "lock S");
	seen = reads(user);
	rc = how == 0	? fifolock_convert(lock, S, X)
	     : how == 1 ? fifolock_timedconvert(lock, S, X, &soon)
			: fifolock_tryconvert(lock, S, X);
	expect(user, reads(user) == seen, "changed before or without the upgrade");
	expect(user,
	       rc == 0 || (rc == EDEADLK && how < 2) || (rc == ETIMEDOUT && how == 1) ||
		       (rc == EBUSY && how == 2),
	       "S to X");
	user->refused += rc != 0;
	if (rc == 0)
		writes(user);
	expect(user, fifolock_unlock(lock, rc ? S : X) == 0, "unlock");
}

static void looks(struct user *user)
{
	fifolock_t *lock = &user->cache->lock;
	uint64_t seen;

	expect(user, fifolock_lock(lock, S) == 0, "lock S");
	seen = reads(user);
	if (oracle_below(&user->random, 4) == 0) {
		expect(user, fifolock_bump(lock, S) == 0, "bump");
		seen = reads(user);
	}
	if (oracle_below(&user->random, 8) == 0)
		sched_yield();
	expect(user, reads(user) == seen, "changed under S");
	expect(user, fifolock_unlock(lock, S) == 0, "unlock S");
}

static void *uses(void *arg)
{
	struct user *user = arg;

	for (uint64_t i = 0; i < user->cache->rounds; i++) {
		uint32_t what = oracle_below(&user->random, 8);

		if (what < 2)
			updates(user);
		else if (what < 4 && user->cache->promotions)
			promotes(user);
		else
			looks(user);
	}
	return NULL;
}

static void cache_with(unsigned threads, uint64_t rounds, bool promotions)
{
	struct cache cache = {.lock = FIFOLOCK_INIT(&fifolock_update_modes),
			      .rounds = rounds,
			      .promotions = promotions};
	struct user users[16] = {0};
	uint64_t written = 0;

	for (unsigned i = 0; i < threads; i++) {
		users[i].cache = &cache;
		users[i].random = 100 * threads + i;
		pthread_create(&users[i].thread, NULL, uses, &users[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(users[i].thread, NULL);
		cr_assert_null(users[i].wrong, "%s", users[i].wrong);
		written += users[i].written;
	}
	cr_assert_eq(cache.data[0], written);
	cr_assert_eq(cache.data[1], written);
	cr_assert_eq(fifolock_waiting(&cache.lock), 0);
	cr_assert_eq(fifolock_destroy(&cache.lock), 0);
}

Test(convert, an_update_is_always_granted_in_the_end, .description = "G2 G3")
{
	cache_with(2, test_scaled(20000), false);
	cache_with(16, test_scaled(1500), false);
}

Test(convert, updates_and_promotions_of_a_cache_are_never_torn, .description = "G2 G3")
{
	cache_with(2, test_scaled(20000), true);
	cache_with(3, test_scaled(10000), true);
	cache_with(16, test_scaled(1500), true);
}

/* Holds that are there for certain: what a conversion gives is counted when it is there,
 * and what it takes no longer when it begins. */
struct square {
	fifolock_t lock;
	uint64_t inside; /* atomic: eight bits a mode */
	uint64_t rounds;
	uint64_t wrong; /* atomic */
};

static void enters(struct square *square, unsigned mode)
{
	uint64_t units = UINT64_C(1) << 8 * mode;
	uint64_t inside = __atomic_add_fetch(&square->inside, units, __ATOMIC_RELAXED);
	bool ok = true;

	for (unsigned m = 0; m < 6; m++)
		for (unsigned x = 0; x < 6; x++)
			if (against[m] >> x & 1 && (inside >> 8 * m & 255) &&
			    (inside >> 8 * x & 255) > (m == x))
				ok = false;
	__atomic_add_fetch(&square->wrong, !ok, __ATOMIC_RELAXED);
}

static void exits(struct square *square, unsigned mode)
{
	__atomic_sub_fetch(&square->inside, UINT64_C(1) << 8 * mode, __ATOMIC_RELAXED);
}

static void crosses(struct square *square, uint64_t *random)
{
	unsigned mode = some_mode(random);
	int rc = fifolock_lock(&square->lock, mode);

	for (uint32_t left = oracle_below(random, 4); rc == 0 && left; left--) {
		unsigned to = some_mode(random);

		enters(square, mode);
		exits(square, mode);
		if (oracle_below(random, 2))
			rc = fifolock_convert(&square->lock, mode, to);
		else
			rc = fifolock_tryconvert(&square->lock, mode, to);
		if (rc == 0)
			mode = to;
		rc = rc == EDEADLK || rc == EBUSY ? 0 : rc;
	}
	if (rc == 0) {
		enters(square, mode);
		exits(square, mode);
		rc = fifolock_unlock(&square->lock, mode);
	}
	__atomic_add_fetch(&square->wrong, rc != 0, __ATOMIC_RELAXED);
}

static void *crosses_often(void *arg)
{
	static uint64_t seeds; /* atomic */
	struct square *square = arg;
	uint64_t random = __atomic_add_fetch(&seeds, 1, __ATOMIC_RELAXED);

	for (uint64_t i = 0; i < square->rounds; i++)
		crosses(square, &random);
	return NULL;
}

Test(convert, at_random_never_admits_what_does_not_go_together, .description = "G2 G3")
{
	struct square square = {.lock = FIFOLOCK_INIT(&fifolock_intent_modes),
				.rounds = test_scaled(5000)};
	pthread_t threads[8];

	for (unsigned i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, crosses_often, &square);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(square.wrong, 0);
	cr_assert_eq(square.inside, 0);
	cr_assert_eq(fifolock_destroy(&square.lock), 0);
}
