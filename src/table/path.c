/* SPDX-License-Identifier: MIT
 *
 * path.c - names with '/' between them.  The nodes above a path are the beginnings of its own bytes.
 */
#include "path.h"

#include <errno.h>

static bool is_dots(const char *name, size_t size)
{
	return name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.'));
}

int fl_path_read(struct fl_path *path, const char *text)
{
	const char *name = text + strspn(text, "/");

	*path = (struct fl_path){.at = name};
	while (*name) {
		size_t size = strcspn(name, "/");
		size_t gap = strspn(name + size, "/");

		if (is_dots(name, size))
			return EINVAL;
		if (path->depth++ == FL_PATH_DEEPEST)
			return ERANGE;
		path->size = (size_t)(name + size - path->at);
		name += size + gap;
		if (gap > 1 && *name)
			path->is_loose = true;
	}
	return 0;
}

void fl_path_copy(struct fl_path *path, char *to)
{
	size_t size = 0;

	for (size_t i = 0; i < path->size; i++)
		if (path->at[i] != '/' || to[size - 1] != '/')
			to[size++] = path->at[i];
	*path = (struct fl_path){.at = to, .size = size, .depth = path->depth};
}

size_t fl_path_below(const struct fl_path *path, size_t size)
{
	size_t from = size ? size + 1 : 0; /* the root has no '/' behind it */
	const char *end = memchr(path->at + from, '/', path->size - from);

	return end ? (size_t)(end - path->at) : path->size;
}
