/* SPDX-License-Identifier: MIT
 *
 * tree.c - sub-trees: the nodes of one call and those above them are one set of the tree's table.
 *
 * Two calls of which one takes a node, and the other one something below it, meet at that node: there
 * the second has an intention mode.
 *
 * Deeper nodes come first.  A call that waits for a node holds others that are as deep or deeper,
 * so a call that wants the node's neighbours, or something elsewhere below the nodes above, is not held up
 * by a call that only waits.  That is an order only if a node's depth is always the same, as it is with
 * paths.  What a parent function says may change, so there it is the order of sets.
 */
#include "memory.h"
#include "path.h"
#include "set.h"

#include <errno.h>
#include <stdlib.h>

struct fifolock_tree {
	fifolock_table_t *table;
	bool (*parent)(void *ctx, fifolock_key_t node, fifolock_key_t *above);
	void *ctx;
};

/* Of a node that is asked for, and of those above it. */
struct modes {
	unsigned node;
	unsigned above;
};

static const struct modes to_read = {FIFOLOCK_SHARED, FIFOLOCK_INTENT_SHARED};
static const struct modes to_write = {FIFOLOCK_EXCLUSIVE, FIFOLOCK_INTENT_EXCLUSIVE};

int fifolock_tree_create(fifolock_tree_t **tree,
			 const struct fifolock_tree_options *options)
{
	static const struct fifolock_tree_options none;
	fifolock_tree_t *made;
	int error;

	if (!tree)
		return EINVAL;
	options = options ? options : &none;
	made = fl_memory(NULL, sizeof(*made));
	if (!made)
		return ENOMEM;
	*made = (fifolock_tree_t){.parent = options->parent, .ctx = options->ctx};
	error = fifolock_table_create(&made->table, &fifolock_intent_modes,
				      &options->table);
	if (error)
		free(made);
	else
		*tree = made;
	return error;
}

int fifolock_tree_destroy(fifolock_tree_t *tree)
{
	int error = tree ? fifolock_table_destroy(tree->table) : EINVAL;

	if (!error)
		free(tree);
	return error;
}

fifolock_table_t *fifolock_tree_table(fifolock_tree_t *tree)
{
	return tree ? tree->table : NULL;
}

/* ---- what one call takes ---- */

struct gathered {
	struct fifolock_item *items;
	size_t n;
	size_t room;
	char *bytes; /* behind the items: for copies */
};

static int make_room(struct gathered *all, size_t room, size_t bytes)
{
	struct fifolock_item *items;

	if (room > FL_SET_MOST)
		return ERANGE;
	items = fl_memory(all->items, room * sizeof(*items) + bytes);
	if (!items)
		return ENOMEM;
	all->items = items;
	all->room = room;
	all->bytes = (char *)(items + room);
	return 0;
}

static void add(struct gathered *all, fifolock_key_t node, unsigned mode, uint32_t rank)
{
	all->items[all->n++] =
		(struct fifolock_item){.key = node, .mode = mode, .rank = rank};
}

static int take(fifolock_tree_t *tree, struct gathered *all,
		const struct timespec *deadline, fifolock_tree_hold_t *hold)
{
	int error = fl_set_lock(tree->table, all->items, (uint32_t)all->n, deadline);

	if (error)
		free(all->items);
	else
		*hold = (fifolock_tree_hold_t){all->items, all->n};
	return error;
}

int fifolock_tree_unlock(fifolock_tree_hold_t *hold)
{
	int error;

	if (!hold || !hold->items)
		return EINVAL;
	error = fifolock_table_unlock_all(hold->items, hold->n);
	free(hold->items);
	*hold = (fifolock_tree_hold_t){NULL, 0};
	return error;
}

/* ---- paths ---- */

struct need {
	size_t items;
	size_t bytes;
};

static int measure(const char *const paths[], size_t n, struct need *need)
{
	struct fl_path path;
	int error;

	if (n && !paths)
		return EINVAL;
	for (size_t i = 0; i < n; i++) {
		error = paths[i] ? fl_path_read(&path, paths[i]) : EINVAL;
		if (error)
			return error;
		need->items += path.depth + 1;
		need->bytes += path.is_loose ? path.size : 0;
	}
	return 0;
}

static void add_path(struct gathered *all, const struct fl_path *path,
		     const struct modes *modes)
{
	size_t size = 0;
	uint32_t rank = FL_PATH_DEEPEST;

	for (uint32_t i = 0; i < path->depth; i++, rank--) {
		add(all, fifolock_key_bytes(path->at, size), modes->above, rank);
		size = fl_path_below(path, size);
	}
	add(all, fifolock_key_bytes(path->at, size), modes->node, rank);
}

/* There is room, and the paths are good. */
static void add_paths(struct gathered *all, const char *const paths[], size_t n,
		      const struct modes *modes)
{
	for (size_t i = 0; i < n; i++) {
		struct fl_path path;

		fl_path_read(&path, paths[i]);
		if (path.is_loose) {
			fl_path_copy(&path, all->bytes);
			all->bytes += path.size;
		}
		add_path(all, &path, modes);
	}
}

int fifolock_tree_lock(fifolock_tree_t *tree, const char *const read_paths[], size_t n,
		       const char *const write_paths[], size_t m,
		       const struct timespec *deadline, fifolock_tree_hold_t *hold)
{
	struct need need = {1, 0}; /* a hold of nothing is one, too */
	struct gathered all = {0};
	int error;

	if (!tree || tree->parent || !hold)
		return EINVAL;
	error = measure(read_paths, n, &need);
	if (!error)
		error = measure(write_paths, m, &need);
	if (!error)
		error = make_room(&all, need.items, need.bytes);
	if (error)
		return error;
	add_paths(&all, read_paths, n, &to_read);
	add_paths(&all, write_paths, m, &to_write);
	return take(tree, &all, deadline, hold);
}

/* ---- any nodes ---- */

static int add_node(const fifolock_tree_t *tree, struct gathered *all,
		    fifolock_key_t node, const struct modes *modes)
{
	unsigned mode = modes->node;

	for (unsigned above = 0; above <= FL_PATH_DEEPEST; above++) {
		int error = all->n == all->room ? make_room(all, 2 * all->room, 0) : 0;

		if (error)
			return error;
		add(all, node, mode, 0);
		mode = modes->above;
		if (!tree->parent(tree->ctx, node, &node))
			return 0;
	}
	return ERANGE;
}

static int add_nodes(const fifolock_tree_t *tree, struct gathered *all,
		     const fifolock_key_t nodes[], size_t n, const struct modes *modes)
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++)
		error = add_node(tree, all, nodes[i], modes);
	return error;
}

int fifolock_tree_lock_nodes(fifolock_tree_t *tree, const fifolock_key_t read_nodes[],
			     size_t n, const fifolock_key_t write_nodes[], size_t m,
			     const struct timespec *deadline, fifolock_tree_hold_t *hold)
{
	struct gathered all = {0};
	int error;

	if (!tree || !tree->parent || !hold || (n && !read_nodes) || (m && !write_nodes))
		return EINVAL;
	error = make_room(&all, 16, 0);
	if (!error)
		error = add_nodes(tree, &all, read_nodes, n, &to_read);
	if (!error)
		error = add_nodes(tree, &all, write_nodes, m, &to_write);
	if (!error)
		return take(tree, &all, deadline, hold);
	free(all.items);
	return error;
}
