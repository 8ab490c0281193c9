/* SPDX-License-Identifier: MIT
 *
 * trees.c - sub-trees by path and by node: what excludes what, against a model that knows no tree;
 * how paths are written; errors.  One thread plays all.
 */
#include "forest.h"

static const struct timespec past = {0, 1};

static int reads(fifolock_tree_t *tree, const char *path, fifolock_tree_hold_t *hold)
{
	return fifolock_tree_lock(tree, &path, 1, NULL, 0, &past, hold);
}

static int writes(fifolock_tree_t *tree, const char *path, fifolock_tree_hold_t *hold)
{
	return fifolock_tree_lock(tree, NULL, 0, &path, 1, &past, hold);
}

static void gives_tree(fifolock_tree_hold_t *hold)
{
	quick_check(fifolock_tree_unlock(hold) == 0, "%s: unlock", keys_kind.name);
}

/* One thread plays all here: the debug build says that it would wait for itself. */
static bool is_kept_out(int rc)
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	size_t holders;

	return rc == ETIMEDOUT ||
	       (rc == EDEADLK && fifolock_holders(&lock, NULL, 0, &holders) != ENOTSUP);
}

static bool may_write(fifolock_tree_t *tree, const char *path)
{
	fifolock_tree_hold_t hold;
	int rc = writes(tree, path, &hold);

	quick_check(rc == 0 || is_kept_out(rc), "\"%s\": %d", path, rc);
	if (rc == 0)
		gives_tree(&hold);
	return rc == 0;
}

static bool may_read(fifolock_tree_t *tree, const char *path)
{
	fifolock_tree_hold_t hold;
	int rc = reads(tree, path, &hold);

	quick_check(rc == 0 || is_kept_out(rc), "\"%s\": %d", path, rc);
	if (rc == 0)
		gives_tree(&hold);
	return rc == 0;
}

Script(trees, a_writer_is_alone_with_all_that_is_below, "G2")
{
	fifolock_tree_t *tree = tree_of(false);
	fifolock_tree_hold_t hold;

	cr_assert_eq(writes(tree, "a/b", &hold), 0);
	cr_assert_not(may_read(tree, "a/b"));
	cr_assert_not(may_read(tree, "a/b/c"));
	cr_assert_not(may_write(tree, "a/b/c/d/e/f"));
	cr_assert_not(may_read(tree, "a"));
	cr_assert_not(may_read(tree, ""));
	cr_assert(may_write(tree, "a/c"));
	cr_assert(may_write(tree, "a/bb"));
	cr_assert(may_write(tree, "b"));
	gives_tree(&hold);
	cr_assert(may_write(tree, ""));
	tree_ends(tree);
}

Script(trees, readers_go_together, "G2")
{
	fifolock_tree_t *tree = tree_of(false);
	fifolock_tree_hold_t hold, other;

	cr_assert_eq(reads(tree, "a/b", &hold), 0);
	cr_assert_eq(reads(tree, "a", &other), 0);
	cr_assert(may_read(tree, ""));
	cr_assert(may_read(tree, "a/b/c"));
	cr_assert_not(may_write(tree, "a/c"));
	cr_assert_not(may_write(tree, ""));
	cr_assert(may_write(tree, "c"));
	gives_tree(&other);
	cr_assert(may_write(tree, "a/c"));
	cr_assert_not(may_write(tree, "a/b/c"));
	gives_tree(&hold);
	tree_ends(tree);
}

Script(trees, a_lock_may_read_what_it_writes_a_part_of, "G2")
{
	const char *read[] = {"a", "b", "a"}, *write[] = {"a/x", "c", "a/x/y"};
	fifolock_tree_t *tree = tree_of(false);
	fifolock_tree_hold_t hold;

	cr_assert_eq(fifolock_tree_lock(tree, read, 3, write, 3, NULL, &hold), 0);
	cr_assert(may_read(tree, "a/z"));
	cr_assert_not(may_write(tree, "a/z"));
	cr_assert_not(may_read(tree, "a/x/z"));
	cr_assert_not(may_read(tree, "c"));
	cr_assert(may_read(tree, "b"));
	gives_tree(&hold);
	cr_assert(may_write(tree, ""));
	tree_ends(tree);
}

/* ---- paths ---- */

Script(trees, the_same_path_can_be_written_in_many_ways, "table")
{
	static const char *const same[][6] = {
		{"", "/", "//", "////////", "", "/"},
		{"a", "/a", "a/", "//a//", "/a/", "a///"},
		{"a/b", "a//b", "/a/b", "a/b/", "//a///b//", "a/b//"},
		{"a b/\xff", "/a b/\xff", "a b//\xff/", "a b/\xff/", "//a b/\xff",
		 "a b///\xff"},
		{".../..a", "/.../..a/", ".../..a", "...//..a", ".../..a/", "/.../..a"},
	};
	fifolock_tree_t *tree = tree_of(false);

	for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		for (unsigned w = 0; w < 6; w++) {
			fifolock_tree_hold_t hold;

			cr_assert_eq(writes(tree, same[i][w], &hold), 0);
			for (unsigned r = 0; r < 6; r++)
				cr_assert_not(may_read(tree, same[i][r]), "%s, %s",
					      same[i][w], same[i][r]);
			cr_assert_eq(may_write(tree, "other"), i > 0);
			gives_tree(&hold);
		}
	tree_ends(tree);
}

Script(trees, a_dot_and_two_are_no_names, "G7")
{
	static const char *const bad[] = {".",	   "..",     "./a",	"a/.",	 "a/..",
					  "/./",   "a/./b",  "../a",	"a//..", "a/../b",
					  "a/b/.", "//..//", "a/b/..//"};
	fifolock_tree_t *tree = tree_of(false);
	fifolock_tree_hold_t hold;

	memset(&hold, 0x5a, sizeof(hold));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *good_and_bad[] = {"x", bad[i]};
		fifolock_tree_hold_t untouched;

		memset(&untouched, 0x5a, sizeof(hold));
		cr_assert_eq(reads(tree, bad[i], &hold), EINVAL, "%s", bad[i]);
		cr_assert_eq(writes(tree, bad[i], &hold), EINVAL, "%s", bad[i]);
		cr_assert_eq(fifolock_tree_lock(tree, good_and_bad, 1, good_and_bad, 2,
						NULL, &hold),
			     EINVAL);
		cr_assert_eq(memcmp(&hold, &untouched, sizeof(hold)), 0);
	}
	tree_ends(tree);
}

/* ---- errors ---- */

Script(trees, arguments_are_looked_at, "G7")
{
	static const struct timespec no_time = {0, 1000000000};
	fifolock_tree_t *tree = tree_of(false);
	const fifolock_key_t node = fifolock_key(1);
	const char *path = "a";
	fifolock_tree_hold_t hold, other;

	cr_assert_eq(fifolock_tree_create(NULL, NULL), EINVAL);
	cr_assert_eq(fifolock_tree_destroy(NULL), EINVAL);
	cr_assert_eq(fifolock_tree_lock(NULL, &path, 1, NULL, 0, NULL, &hold), EINVAL);
	cr_assert_eq(fifolock_tree_lock(tree, &path, 1, NULL, 0, NULL, NULL), EINVAL);
	cr_assert_eq(fifolock_tree_unlock(NULL), EINVAL);
	cr_assert_eq(reads(tree, NULL, &hold), EINVAL);
	cr_assert_eq(writes(tree, NULL, &hold), EINVAL);
	cr_assert_eq(fifolock_tree_lock_nodes(tree, &node, 1, NULL, 0, NULL, &hold),
		     EINVAL);
	cr_assert_eq(writes(tree, "a", &hold), 0);
	cr_assert_eq(fifolock_tree_lock(tree, &path, 1, NULL, 0, &no_time, &other),
		     EINVAL);
	cr_assert_eq(fifolock_tree_destroy(tree), EBUSY);
	gives_tree(&hold);
	cr_assert_eq(fifolock_tree_unlock(&hold), EINVAL);
	memset(&hold, 0, sizeof(hold));
	cr_assert_eq(fifolock_tree_unlock(&hold), EINVAL);
	tree_ends(tree);
}

Test(trees, options_are_those_of_tables, .description = "G7")
{
	struct fifolock_tree_options options = {.table = {.reserved = {0, 1}}};
	fifolock_tree_t *tree = NULL;

	cr_assert_eq(fifolock_tree_create(&tree, &options), EINVAL);
	options.table.reserved[1] = 0;
	options.table.keys = ((size_t)1 << 24) + 1;
	cr_assert_eq(fifolock_tree_create(&tree, &options), EINVAL);
	cr_assert_null(tree);
	cr_assert_eq(fifolock_tree_create(&tree, NULL), 0);
	cr_assert(may_write(tree, "a"));
	tree_ends(tree);
}

/* So many names below the root. */
static int writes_deep(fifolock_tree_t *tree, size_t names, fifolock_tree_hold_t *hold)
{
	static char path[2 * 5000 + 1];

	for (size_t i = 0; i < names; i++)
		memcpy(path + 2 * i, "a/", 2);
	path[2 * names] = '\0';
	return writes(tree, path, hold);
}

Script(trees, the_deepest_node_has_4096_above_it, "G7")
{
	fifolock_tree_t *tree = tree_of(false);
	fifolock_tree_hold_t hold;

	cr_assert_eq(writes_deep(tree, 4096, &hold), 0);
	cr_assert_eq(fifolock_table_keys(fifolock_tree_table(tree)), 4097);
	cr_assert_not(may_read(tree, "a/a/a"));
	gives_tree(&hold);
	cr_assert_eq(writes_deep(tree, 4097, &hold), ERANGE);
	cr_assert_eq(writes_deep(tree, 5000, &hold), ERANGE);
	tree_ends(tree);
}

static bool endless(void *ctx, fifolock_key_t node, fifolock_key_t *parent)
{
	(void)ctx;
	*parent = fifolock_key(node.n + 1);
	return true;
}

Script(trees, a_parent_function_without_end_is_out_of_range, "G7")
{
	struct fifolock_tree_options options = {.table = keys_kind, .parent = endless};
	fifolock_key_t node = fifolock_key(0);
	fifolock_tree_hold_t hold;
	fifolock_tree_t *tree;

	cr_assert_eq(fifolock_tree_create(&tree, &options), 0);
	cr_assert_eq(fifolock_tree_lock_nodes(tree, &node, 1, NULL, 0, NULL, &hold),
		     ERANGE);
	tree_ends(tree);
}

/* ---- cost ---- */

Script(trees, a_lock_takes_its_node_and_those_above_and_no_more, "G6")
{
	fifolock_tree_t *tree = tree_of(false);
	fifolock_table_t *table = fifolock_tree_table(tree);
	fifolock_tree_hold_t holds[101];
	char path[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "a/b/%u", i);
		cr_assert_eq(writes(tree, path, &holds[i]), 0);
		cr_assert_eq(fifolock_table_keys(table), 4 + i);
	}
	cr_assert_eq(reads(tree, "a/c", &holds[100]), 0);
	cr_assert_eq(fifolock_table_keys(table), 104);
	for (unsigned i = 0; i <= 100; i++)
		gives_tree(&holds[i]);
	tree_ends(tree);
}

Script(trees, its_table_is_there_to_take_single_nodes, "table")
{
	fifolock_tree_t *tree = tree_of(true);
	fifolock_table_t *table = fifolock_tree_table(tree);
	fifolock_key_t node = fifolock_key(5);
	fifolock_tree_hold_t hold;

	cr_assert_eq(writes(tree, "a", &hold), EINVAL);
	cr_assert_eq(fifolock_tree_lock_nodes(tree, NULL, 0, &node, 1, NULL, &hold), 0);
	cr_assert_eq(fifolock_table_keys(table), 3);
	cr_assert(fits(table, fifolock_key(2), FIFOLOCK_INTENT_EXCLUSIVE));
	cr_assert_not(fits(table, fifolock_key(2), FIFOLOCK_SHARED));
	cr_assert_not(fits(table, fifolock_key(5), FIFOLOCK_INTENT_SHARED));
	cr_assert(fits(table, fifolock_key(4), FIFOLOCK_EXCLUSIVE));
	gives_tree(&hold);
	tree_ends(tree);
}

Script(trees, the_key_of_a_path_is_its_names, "table")
{
	fifolock_tree_t *tree = tree_of(false);
	fifolock_table_t *table = fifolock_tree_table(tree);
	fifolock_tree_hold_t hold;

	cr_assert_eq(reads(tree, "//usr//share/", &hold), 0);
	cr_assert(fits(table, fifolock_key_text("usr/share"), FIFOLOCK_SHARED));
	cr_assert_not(fits(table, fifolock_key_text("usr/share"), FIFOLOCK_EXCLUSIVE));
	cr_assert_not(fits(table, fifolock_key_text("usr"), FIFOLOCK_EXCLUSIVE));
	cr_assert(fits(table, fifolock_key_text("usr"), FIFOLOCK_INTENT_EXCLUSIVE));
	cr_assert_not(fits(table, fifolock_key_text(""), FIFOLOCK_EXCLUSIVE));
	cr_assert(fits(table, fifolock_key_text("share"), FIFOLOCK_EXCLUSIVE));
	cr_assert_eq(fifolock_table_keys(table), 3);
	gives_tree(&hold);
	tree_ends(tree);
}

/* ---- the model ---- */

#define CAST 6

struct forest {
	fifolock_tree_t *tree;
	bool of_nodes;
	struct claim cast[CAST];
	uint64_t random;
};

static void steps(struct forest *forest)
{
	struct claim *claim = &forest->cast[oracle_below(&forest->random, CAST)];
	bool free = true;
	int rc;

	if (claim->held) {
		gives_tree(&claim->hold);
		claim->held = false;
		return;
	}
	some_claim(claim, &forest->random);
	for (unsigned i = 0; i < CAST; i++)
		free = free &&
		       !(forest->cast[i].held && exclude(claim, &forest->cast[i]));
	rc = forest->of_nodes ? takes_nodes(forest->tree, claim, &past)
			      : takes_claim(forest->tree, claim, &past, &forest->random);
	quick_check(free ? rc == 0 : is_kept_out(rc), "%s: %d where it is %sfree",
		    keys_kind.name, rc, free ? "" : "not ");
	claim->held = rc == 0;
}

static void grows(bool of_nodes)
{
	struct forest forest = {.tree = tree_of(of_nodes), .of_nodes = of_nodes};

	for (uint64_t seed = 1; seed <= test_scaled(40); seed++) {
		forest.random = seed;
		for (unsigned step = 0; step < 200; step++)
			steps(&forest);
		for (unsigned i = 0; i < CAST; i++) {
			if (forest.cast[i].held)
				gives_tree(&forest.cast[i].hold);
			forest.cast[i].held = false;
		}
	}
	tree_ends(forest.tree);
}

Script(trees, of_paths_agree_with_the_model, "G2")
{
	grows(false);
}

Script(trees, of_nodes_agree_with_the_model, "G2")
{
	grows(true);
}
