/* SPDX-License-Identifier: MIT
 *
 * work.h - busy work of a given length that touches no memory.
 */
#ifndef BENCHMARKS_WORK_H
#define BENCHMARKS_WORK_H

#include <stdint.h>

/* How many turns take that long on a processor of one's own.  Needs ticks. */
uint64_t work_turns(double ns);

static inline void work(uint64_t turns)
{
	/* The clobber keeps what was read before apart from what is read after. */
	__asm__ volatile("" : : : "memory");
	for (; turns; turns--)
		__asm__ volatile("" : "+r"(turns) : : "memory");
}

#endif
