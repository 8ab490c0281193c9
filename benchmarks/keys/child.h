/* SPDX-License-Identifier: MIT
 *
 * child.h - something in a process of its own, so that the memory that it takes is its alone.
 */
#ifndef BENCHMARKS_KEYS_CHILD_H
#define BENCHMARKS_KEYS_CHILD_H

#include <stddef.h>

/* Memory that the process and its children share, zeroed. */
void *child_memory(size_t size);
void child_free(void *memory, size_t size);

/* Run job(shared) in a child; if that fails, end the program. */
void child_run(void (*job)(void *shared), void *shared);

/* The calling process's memory that is resident, bytes. */
double child_resident(void);

#endif
