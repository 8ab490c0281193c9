/* SPDX-License-Identifier: MIT
 *
 * trees_threads.c - many threads that lock sub-trees: what is below each is theirs, and none
 * waits for ever.
 *
 * All counting is relaxed: what orders the sections are the locks alone.
 */
#define _GNU_SOURCE
#include "forest.h"

#define LEAVES (1 << FOREST_DEEP)

struct leaf {
	uint64_t readers, writers; /* atomic */
	uint64_t data[2];	   /* plain: written alone, equal */
};

struct wood {
	fifolock_tree_t *tree;
	pthread_barrier_t begin;
	bool of_nodes;
	uint64_t locks; /* of each thread */
	unsigned hurry;
	struct leaf leaves[LEAVES];
};

struct ranger {
	pthread_t thread;
	struct wood *wood;
	uint64_t random;
	struct claim claim;
	const char *wrong;
};

static void fault(struct ranger *ranger, bool is, const char *what)
{
	if (is && !ranger->wrong)
		ranger->wrong = what;
}

/* Its path. */
static void leaf_path(unsigned leaf, char path[FOREST_DEEP + 1])
{
	for (unsigned i = 0; i < FOREST_DEEP; i++)
		path[i] = leaf >> i & 1 ? 'b' : 'a';
	path[FOREST_DEEP] = '\0';
}

/* Has a path of that kind the leaf below it? */
static bool covers(const struct claim *claim, unsigned writes, const char *leaf)
{
	bool any = false;

	for (size_t i = 0; i < claim->counts[writes]; i++)
		any = any || begins_with(leaf, claim->paths[writes][i]);
	return any;
}

static uint64_t now(const uint64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void enters(struct ranger *ranger, struct leaf *leaf, bool writes)
{
	__atomic_fetch_add(writes ? &leaf->writers : &leaf->readers, 1, __ATOMIC_RELAXED);
	fault(ranger, now(&leaf->writers) != writes, "beside a writer");
	fault(ranger, writes && now(&leaf->readers), "beside a reader");
	fault(ranger, leaf->data[0] != leaf->data[1], "half-written data");
	if (writes)
		leaf->data[0]++;
}

static void leaves(struct ranger *ranger, struct leaf *leaf, bool writes)
{
	if (writes)
		leaf->data[1]++;
	fault(ranger, now(&leaf->writers) != writes, "no longer alone");
	__atomic_fetch_sub(writes ? &leaf->writers : &leaf->readers, 1, __ATOMIC_RELAXED);
}

static void each_leaf(struct ranger *ranger,
		      void (*act)(struct ranger *ranger, struct leaf *leaf, bool writes))
{
	char path[FOREST_DEEP + 1];

	for (unsigned i = 0; i < LEAVES; i++) {
		leaf_path(i, path);
		if (covers(&ranger->claim, 1, path))
			act(ranger, &ranger->wood->leaves[i], true);
		else if (covers(&ranger->claim, 0, path))
			act(ranger, &ranger->wood->leaves[i], false);
	}
}

/* Now and then with a deadline that is close. */
static void works(struct ranger *ranger)
{
	struct wood *wood = ranger->wood;
	bool hurries = wood->hurry && oracle_below(&ranger->random, wood->hurry) == 0;
	struct timespec at = test_in_ns(
		CLOCK_MONOTONIC, hurries ? oracle_below(&ranger->random, 100000) : HOUR);
	int rc;

	some_claim(&ranger->claim, &ranger->random);
	rc = wood->of_nodes
		     ? takes_nodes(wood->tree, &ranger->claim, &at)
		     : takes_claim(wood->tree, &ranger->claim, &at, &ranger->random);
	if (rc == 0) {
		each_leaf(ranger, enters);
		if (oracle_below(&ranger->random, 4) == 0)
			sched_yield();
		each_leaf(ranger, leaves);
		fault(ranger, fifolock_tree_unlock(&ranger->claim.hold) != 0, "unlock");
	} else {
		fault(ranger, rc != ETIMEDOUT || !hurries, "refused");
	}
}

static void *ranges(void *arg)
{
	struct ranger *ranger = arg;

	pthread_barrier_wait(&ranger->wood->begin);
	for (uint64_t i = 0; i < ranger->wood->locks; i++) {
		works(ranger);
		if (i % 1024 == 0)
			test_goes_on();
	}
	return NULL;
}

static void wood_of(bool of_nodes, unsigned threads, unsigned hurry)
{
	struct wood wood = {.tree = tree_of(of_nodes),
			    .of_nodes = of_nodes,
			    .locks = test_scaled(1500) / threads,
			    .hurry = hurry};
	struct ranger rangers[16] = {0};

	pthread_barrier_init(&wood.begin, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		rangers[i].wood = &wood;
		rangers[i].random = i;
		pthread_create(&rangers[i].thread, NULL, ranges, &rangers[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(rangers[i].thread, NULL);
	for (unsigned i = 0; i < threads; i++)
		cr_assert_null(rangers[i].wrong, "%s: %s", keys_kind.name,
			       rangers[i].wrong);
	for (unsigned i = 0; i < LEAVES; i++)
		cr_assert_eq(wood.leaves[i].data[0], wood.leaves[i].data[1]);
	pthread_barrier_destroy(&wood.begin);
	tree_ends(wood.tree);
}

Script(trees, of_paths_give_each_thread_what_is_below, "G2 G3")
{
	wood_of(false, 2, 0);
	wood_of(false, 5, 0);
	wood_of(false, 16, 0);
}

Script(trees, of_nodes_give_each_thread_what_is_below, "G2 G3")
{
	wood_of(true, 2, 0);
	wood_of(true, 5, 0);
	wood_of(true, 16, 0);
}

Script(trees, time_outs_leave_nothing_behind, "G2 G3 G4")
{
	wood_of(false, 4, 2);
	wood_of(true, 8, 1);
}
