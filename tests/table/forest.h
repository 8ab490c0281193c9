/* SPDX-License-Identifier: MIT
 *
 * forest.h - what the locks of sub-trees mean, said once more without a tree: paths are lists of
 * letters, and two locks exclude each other if one of their paths begins with the other and one of
 * them writes.
 */
#ifndef FOREST_H
#define FOREST_H

#include "keys.h"
#include "random.h"

#define FOREST_DEEP  4 /* letters of a path at most */
#define FOREST_PATHS 3 /* of one kind in one lock */

/* The paths of one lock. */
struct claim {
	char paths[2][FOREST_PATHS][FOREST_DEEP + 1]; /* read, written */
	size_t counts[2];
	bool held;
	fifolock_tree_hold_t hold;
};

static inline bool begins_with(const char *path, const char *other)
{
	return strncmp(path, other, strlen(other)) == 0;
}

static inline bool overlap(const char *one, const char *other)
{
	return begins_with(one, other) || begins_with(other, one);
}

/* Is there a path of that kind in it that has to do with this one? */
static inline bool claims(const struct claim *claim, unsigned writes, const char *path)
{
	bool any = false;

	for (size_t i = 0; i < claim->counts[writes]; i++)
		any = any || overlap(claim->paths[writes][i], path);
	return any;
}

static inline bool exclude(const struct claim *one, const struct claim *other)
{
	bool any = false;

	for (unsigned writes = 0; writes < 2; writes++)
		for (size_t i = 0; i < one->counts[writes]; i++)
			any = any || claims(other, 1, one->paths[writes][i]) ||
			      (writes && claims(other, 0, one->paths[writes][i]));
	return any;
}

/* A path of up to so many letters. */
static inline void some_path(char *path, unsigned deep, uint64_t *random)
{
	unsigned length = oracle_below(random, deep + 1);

	for (unsigned i = 0; i < length; i++)
		path[i] = (char)('a' + oracle_below(random, 2));
	path[length] = '\0';
}

static inline void some_claim(struct claim *claim, uint64_t *random)
{
	memset(claim, 0, sizeof(*claim));
	do
		for (unsigned writes = 0; writes < 2; writes++)
			claim->counts[writes] = oracle_below(random, FOREST_PATHS + 1);
	while (claim->counts[0] + claim->counts[1] == 0);
	for (unsigned writes = 0; writes < 2; writes++)
		for (size_t i = 0; i < claim->counts[writes]; i++)
			some_path(claim->paths[writes][i], FOREST_DEEP, random);
}

/* ---- spelling ---- */

#define FOREST_TEXT 64

static inline size_t some_slashes(char *text, uint32_t least, uint64_t *random)
{
	size_t count = least + (oracle_below(random, 3) ? 0 : oracle_below(random, 3));

	memset(text, '/', count);
	return count;
}

/* One of the ways to write a path: names of one or three letters. */
static inline void spells(char *text, const char *path, uint64_t *random)
{
	size_t at = some_slashes(text, 0, random);

	for (; *path; path++) {
		text[at++] = *path;
		if (*path == 'b') {
			memcpy(text + at, ".b", 2);
			at += 2;
		}
		at += some_slashes(text + at, path[1] != '\0', random);
	}
	text[at] = '\0';
}

/* Takes the lock, the paths written somehow. */
static inline int takes_claim(fifolock_tree_t *tree, struct claim *claim,
			      const struct timespec *deadline, uint64_t *random)
{
	char texts[2][FOREST_PATHS][FOREST_TEXT];
	const char *paths[2][FOREST_PATHS];

	for (unsigned writes = 0; writes < 2; writes++)
		for (size_t i = 0; i < claim->counts[writes]; i++) {
			spells(texts[writes][i], claim->paths[writes][i], random);
			paths[writes][i] = texts[writes][i];
		}
	return fifolock_tree_lock(tree, paths[0], claim->counts[0], paths[1],
				  claim->counts[1], deadline, &claim->hold);
}

/* The same with integers: 1 is the root, 2n and 2n + 1 are below n. */
static inline uint64_t node_of(const char *path)
{
	uint64_t node = 1;

	for (; *path; path++)
		node = 2 * node + (*path == 'b');
	return node;
}

static inline bool above(void *ctx, fifolock_key_t node, fifolock_key_t *parent)
{
	(void)ctx;
	if (node.n <= 1)
		return false;
	*parent = fifolock_key(node.n / 2);
	return true;
}

static inline int takes_nodes(fifolock_tree_t *tree, struct claim *claim,
			      const struct timespec *deadline)
{
	fifolock_key_t nodes[2][FOREST_PATHS];

	for (unsigned writes = 0; writes < 2; writes++)
		for (size_t i = 0; i < claim->counts[writes]; i++)
			nodes[writes][i] = fifolock_key(node_of(claim->paths[writes][i]));
	return fifolock_tree_lock_nodes(tree, nodes[0], claim->counts[0], nodes[1],
					claim->counts[1], deadline, &claim->hold);
}

static inline fifolock_tree_t *tree_of(bool of_nodes)
{
	struct fifolock_tree_options options = {.table = keys_kind};
	fifolock_tree_t *tree = NULL;

	if (of_nodes)
		options.parent = above;
	cr_assert_eq(fifolock_tree_create(&tree, &options), 0);
	return tree;
}

static inline void tree_ends(fifolock_tree_t *tree)
{
	cr_assert_eq(fifolock_table_keys(fifolock_tree_table(tree)), 0);
	cr_assert_eq(fifolock_tree_destroy(tree), 0);
}

#endif
