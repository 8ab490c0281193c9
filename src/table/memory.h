/* SPDX-License-Identifier: MIT
 *
 * memory.h - memory from malloc, with errno as it was.
 */
#ifndef FL_MEMORY_H
#define FL_MEMORY_H

#include <errno.h>
#include <stdlib.h>

/* old may be NULL.  NULL: there is none, and old is as it was. */
static inline void *fl_memory(void *old, size_t size)
{
	int saved = errno;
	void *memory = realloc(old, size);

	errno = saved;
	return memory;
}

#endif
