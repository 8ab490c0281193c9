/* SPDX-License-Identifier: MIT
 *
 * deadlocks_threads.c - many threads that lock keys one by one: where that is done in an order no
 * deadlock is ever reported, and where it is not, each is ended by one refusal, and all go on.
 */
#define _GNU_SOURCE
#include "keys.h"
#include "random.h"

#define KEYS	8
#define THREADS 6
#define MOST	4 /* keys of a transaction */

struct bank {
	fifolock_table_t *table;
	pthread_barrier_t begin;
	uint64_t turns; /* of each thread */
	bool ordered;
	bool owners;			 /* each transaction is one of its own */
	unsigned reports, refusals, odd; /* atomic */
	unsigned done;			 /* threads, atomic */
	uint64_t balance[KEYS];		 /* plain; moved, never made */
	uint64_t transactions;		 /* atomic */
};

struct clerk {
	pthread_t thread;
	struct bank *bank;
	uint64_t random;
	unsigned keys[MOST], count; /* held now */
	unsigned modes[MOST];
	fifolock_hold_t holds[MOST];
	unsigned refused;
	const char *wrong;
};

static void fault(struct clerk *clerk, bool is, const char *what)
{
	if (is && !clerk->wrong)
		clerk->wrong = what;
}

/* A cycle is of different owners, each of which wants a key that there is. */
static bool is_odd(const struct fifolock_deadlock *deadlock)
{
	bool odd = deadlock->count == 0 || deadlock->youngest >= deadlock->count;

	for (size_t i = 0; i < deadlock->count; i++) {
		const struct fifolock_deadlock_wait *wait = &deadlock->waits[i];

		odd = odd || wait->key.bytes || wait->key.n >= KEYS || wait->mode > U;
		for (size_t j = 0; j < i; j++)
			odd = odd || (wait->owner == deadlock->waits[j].owner &&
				      wait->thread == deadlock->waits[j].thread);
	}
	return odd;
}

static void reports(const struct fifolock_deadlock *deadlock, void *ctx)
{
	struct bank *bank = ctx;

	__atomic_fetch_add(&bank->reports, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&bank->refusals, deadlock->refused, __ATOMIC_RELAXED);
	__atomic_fetch_add(&bank->odd, is_odd(deadlock), __ATOMIC_RELAXED);
}

/* ---- transactions ---- */

static void chooses(struct clerk *clerk, unsigned n)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned k;

		do
			k = oracle_below(&clerk->random, KEYS);
		while (taken >> k & 1);
		taken |= 1u << k;
		clerk->keys[i] = k;
		clerk->modes[i] = oracle_below(&clerk->random, 3);
	}
	for (unsigned i = 0, k = 0; clerk->bank->ordered && k < KEYS; k++)
		if (taken >> k & 1)
			clerk->keys[i++] = k;
}

/* Of two accounts that are held alone one gives to the other. */
static void moves_money(struct clerk *clerk)
{
	uint64_t *balance = clerk->bank->balance;
	int from = -1;

	for (unsigned i = 0; i < clerk->count; i++) {
		if (clerk->modes[i] != X)
			continue;
		if (from >= 0) {
			balance[from]--;
			balance[clerk->keys[i]]++;
		}
		from = (int)clerk->keys[i];
	}
}

static void gives_all(struct clerk *clerk)
{
	while (clerk->count) {
		clerk->count--;
		fault(clerk, fifolock_table_unlock(&clerk->holds[clerk->count]) != 0,
		      "unlock");
	}
}

/* The last one, which is updated, is written: of those after it in the order none is held. */
static int writes_last(struct clerk *clerk)
{
	unsigned last = clerk->count - 1;
	int rc;

	if (clerk->modes[last] != U)
		return 0;
	rc = fifolock_table_convert(&clerk->holds[last], X);
	if (rc == 0)
		clerk->modes[last] = X;
	return rc;
}

static int transacts(struct clerk *clerk)
{
	struct bank *bank = clerk->bank;
	unsigned n = 1 + oracle_below(&clerk->random, MOST);
	int rc = 0;

	if (bank->owners)
		fifolock_table_owner(
			1 + __atomic_fetch_add(&bank->transactions, 1, __ATOMIC_RELAXED));
	chooses(clerk, n);
	while (rc == 0 && clerk->count < n) {
		unsigned i = clerk->count;

		rc = fifolock_table_lock(bank->table, fifolock_key(clerk->keys[i]),
					 clerk->modes[i], &clerk->holds[i]);
		clerk->count += rc == 0;
		if (oracle_below(&clerk->random, 4) == 0)
			sched_yield();
	}
	if (rc == 0)
		rc = writes_last(clerk);
	if (rc == 0)
		moves_money(clerk);
	gives_all(clerk);
	return rc;
}

static void *works(void *arg)
{
	struct clerk *clerk = arg;
	struct bank *bank = clerk->bank;

	pthread_barrier_wait(&bank->begin);
	for (uint64_t i = 0; i < bank->turns; i++) {
		int rc = transacts(clerk);

		clerk->refused += rc == EDEADLK;
		fault(clerk, rc && rc != EDEADLK, "neither held nor refused");
		if (i % 256 == 0)
			test_goes_on();
	}
	__atomic_fetch_add(&bank->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- days ---- */

/* A thread that looks besides sees what the requests see. */
static void looks_besides(struct bank *bank)
{
	while (__atomic_load_n(&bank->done, __ATOMIC_ACQUIRE) < THREADS) {
		int rc = fifolock_table_deadlocks(bank->table, reports, bank, true);

		if (rc && rc != EDEADLK)
			__atomic_fetch_add(&bank->odd, 1, __ATOMIC_RELAXED);
		sched_yield();
	}
}

static void opens(struct bank *bank, struct clerk clerks[])
{
	struct fifolock_table_options options = {.name = "bank",
						 .keys = keys_kind.keys,
						 .deadlock_after_ns = 30000,
						 .deadlock_refuse = true,
						 .on_deadlock = reports,
						 .ctx = bank};

	cr_assert_eq(
		fifolock_table_create(&bank->table, &fifolock_update_modes, &options), 0);
	for (unsigned k = 0; k < KEYS; k++)
		bank->balance[k] = 1000000;
	pthread_barrier_init(&bank->begin, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		clerks[i] = (struct clerk){.bank = bank, .random = i};
		pthread_create(&clerks[i].thread, NULL, works, &clerks[i]);
	}
}

/* How many were refused. */
static unsigned closes(struct bank *bank, struct clerk clerks[])
{
	unsigned refused = 0;
	uint64_t sum = 0;

	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(clerks[i].thread, NULL);
		cr_assert_null(clerks[i].wrong, "%s: %s", keys_kind.name,
			       clerks[i].wrong);
		refused += clerks[i].refused;
	}
	for (unsigned k = 0; k < KEYS; k++)
		sum += bank->balance[k];
	cr_assert_eq(sum, KEYS * 1000000);
	cr_assert_eq(bank->odd, 0);
	pthread_barrier_destroy(&bank->begin);
	table_ends(bank->table);
	return refused;
}

/* All keys in the same order, a conversion only of the last: none waits in a circle. */
Script(deadlocks, are_not_seen_where_there_are_none, "G3")
{
	for (unsigned besides = 0; besides < 2; besides++) {
		struct bank bank = {.ordered = true, .turns = test_scaled(500)};
		struct clerk clerks[THREADS];

		bank.owners = besides;
		opens(&bank, clerks);
		if (besides)
			looks_besides(&bank);
		cr_assert_eq(closes(&bank, clerks), 0);
		cr_assert_eq(bank.reports, 0);
	}
}

/* In any order: each deadlock that is found refuses one request, and all come to their end. */
Script(deadlocks, are_ended_by_one_refusal_each, "G3")
{
	for (unsigned besides = 0; besides < 2; besides++) {
		struct bank bank = {.turns = test_scaled(300)};
		struct clerk clerks[THREADS];
		unsigned refused;

		bank.owners = besides;
		opens(&bank, clerks);
		if (besides)
			looks_besides(&bank);
		refused = closes(&bank, clerks);
		/* One request may be the youngest of several. */
		cr_assert_leq(refused, bank.refusals, "%s: %u refused, %u told",
			      keys_kind.name, refused, bank.refusals);
		cr_assert(refused > 0 || bank.turns < 300);
	}
}
