/* SPDX-License-Identifier: MIT
 *
 * memory.h - memory from malloc, with errno as it was.
 */
#ifndef FL_MEMORY_H
#define FL_MEMORY_H

#include "core/atomic.h"

#include <errno.h>
#include <stdlib.h>

/* old may be NULL.  NULL: there is none, and old is as it was. */
static inline void *fl_memory(void *old, size_t size)
{
	int saved = errno;
	void *memory = realloc(old, size);

	fl_handler_fence(); /* clang takes it that realloc leaves errno alone */
	errno = saved;
	return memory;
}

#endif
