/* SPDX-License-Identifier: MIT
 *
 * fifolock/tree.h - sub-trees by path, or by keys of which each is below another one.
 *
 *	fifolock_tree_t *tree;
 *	fifolock_tree_hold_t hold;
 *	const char *from[] = {"usr/share"}, *to[] = {"home/copy", "var/log"};
 *
 *	fifolock_tree_create(&tree, NULL);
 *
 *	fifolock_tree_lock(tree, from, 1, to, 2, NULL, &hold);	// read one sub-tree, write two
 *	...
 *	fifolock_tree_unlock(&hold);
 *
 * A part of fifolock/table.h, which includes it: what that says at its beginning, of errors, memory,
 * threads and fork, holds here, too.
 */
#ifndef FIFOLOCK_TREE_H
#define FIFOLOCK_TREE_H

#include <fifolock/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_tree_lock(3): sub-trees by path ---- */

/* A tree of nodes, each of which can be locked together with all that is below it.  A lock of a node
 * takes intention modes of the nodes above it.  So the time that it takes depends on how deep the
 * nodes are, and not on how much is below them, or held elsewhere; nodes need not be known before
 * they are locked, and the tree has no memory of its own but that of nodes in use. */
typedef struct fifolock_tree fifolock_tree_t;

struct fifolock_tree_options {
	/* The table's. */
	struct fifolock_table_options table;
	/* Write the node above to *above and return true; return false for a root.  Bytes of keys
	 * that it writes must stay until the call of this library has returned.  Called by
	 * fifolock_tree_lock_nodes, before anything is locked; so if what it says may change,
	 * look again when the nodes are locked.  NULL: nodes are paths, as fifolock_tree_lock
	 * says. */
	bool (*parent)(void *ctx, fifolock_key_t node, fifolock_key_t *above);
	void *ctx;
};

/* Make a tree, as a table is made.  options may be NULL.  EINVAL, ENOMEM. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_tree_create(fifolock_tree_t **tree, const struct fifolock_tree_options *options);

/* End its use, as that of a table.  EINVAL, EBUSY. */
FIFOLOCK_API int fifolock_tree_destroy(fifolock_tree_t *tree);

/* The table that its nodes are keys of, in the modes of fifolock_intent_modes: to look at it, and
 * to take single nodes.  The key of a path is its names with one '/' between them, "usr/share", as
 * fifolock_key_text gives it; that of the root is "".  Sets of this table and calls that lock paths
 * have orders of their own, and may wait for each other in a circle. */
FIFOLOCK_API fifolock_table_t *fifolock_tree_table(fifolock_tree_t *tree);

/* What one call has locked; the fields are private. */
typedef struct fifolock_tree_hold {
	struct fifolock_item *items;
	size_t n;
} fifolock_tree_hold_t;

/* Lock sub-trees, together: those below the first nodes to be read, beside other readers, and those
 * below the others to be written, alone; all or none, until the deadline at most (NULL: as long as
 * it takes).  Calls never wait for each other in a circle, whatever the nodes and their order.  A
 * node may be given more than once, and together with nodes below it.
 *
 * Paths are names with '/' between them; a '/' at the beginning or end, or a second one in a row,
 * means nothing; "" and "/" are the root.  Of the nodes of one call and those above them, deeper ones
 * are taken first: so a call that waits for a node holds none that is less deep.  *hold is written if
 * the result is 0, also if no path is given.
 *
 *	EINVAL	a name in a path is "." or ".."; a path, tree or hold is NULL; the tree has a parent
 *		function; the deadline is no time on CLOCK_MONOTONIC
 *	ERANGE	a node has more than 4096 nodes above it; all of them together are more than 2^31
 *	ETIMEDOUT, EDEADLK, EAGAIN  as for tables
 *	ENOMEM	there is no memory for the hold, or for a node's lock */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_tree_lock(fifolock_tree_t *tree, const char *const read_paths[], size_t n,
		   const char *const write_paths[], size_t m,
		   const struct timespec *deadline, fifolock_tree_hold_t *hold);

/* The same for nodes that are any keys, in the order of sets.
 *
 *	EINVAL	the tree has no parent function; a pointer is NULL; the deadline is no time on
 *		CLOCK_MONOTONIC
 *	ERANGE, ETIMEDOUT, EDEADLK, EAGAIN, ENOMEM  as above */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_tree_lock_nodes(fifolock_tree_t *tree, const fifolock_key_t read_nodes[],
			 size_t n, const fifolock_key_t write_nodes[], size_t m,
			 const struct timespec *deadline, fifolock_tree_hold_t *hold);

/* Give them back.  Afterwards the hold names nothing.
 *
 *	EINVAL	hold is NULL or names nothing
 *	EPERM	one of them does not exist; the others have been given back */
FIFOLOCK_API int fifolock_tree_unlock(fifolock_tree_hold_t *hold);

#ifdef __cplusplus
}
#endif

#endif
