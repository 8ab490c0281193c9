/* SPDX-License-Identifier: MIT
 *
 * path.h - names with '/' between them: a node, and those above it.
 */
#ifndef FL_PATH_H
#define FL_PATH_H

#include <fifolock/table.h>

/* The most nodes above one. */
#define FL_PATH_DEEPEST 4096u

/* No '/' at its beginning and end.  The caller's bytes, or a copy of them. */
struct fl_path {
	const char *at;
	size_t size;
	uint32_t depth; /* how many names; the root has none */
	bool is_loose;	/* somewhere there is more than one '/' in a row */
};

/* EINVAL: a name is "." or ".."; ERANGE: too many names. */
int fl_path_read(struct fl_path *path, const char *text);

/* A loose one into size bytes, not loose any more. */
void fl_path_copy(struct fl_path *path, char *to);

/* The first size bytes are a node, not the path's own: how many are the next one below? */
size_t fl_path_below(const struct fl_path *path, size_t size);

#endif
