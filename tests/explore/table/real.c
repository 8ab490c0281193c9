/* SPDX-License-Identifier: MIT
 *
 * real.c - the lock of an entry is the real one: threads wait in its line.
 */
#include "locks.h"

#include <string.h>

const fifolock_modes_t *locks_modes(void)
{
	return &fifolock_shared_exclusive_modes;
}

void locks_begin(unsigned threads)
{
	size_t size;
	const void *slots = pool_memory(&size);

	pool_begin(64);
	parks_begin(0, 0);
	handed_begin();
	role_begin(false);
	for (unsigned t = 0; t < threads; t++)
		pool_warm(ex_pool(t));
	memory_watch(slots, size, "slots");
}

void locks_end(unsigned threads)
{
	for (unsigned t = 0; t < threads; t++) {
		pool_switch(NULL, ex_pool(t));
		pool_thread_ends();
	}
	if (!pool_complete())
		ex_fail("a slot is in use at the end");
}

bool locks_is_hint(const struct ex_site *site)
{
	return strstr(site->file, "handed.c");
}

unsigned locks_steps(void)
{
	return 200;
}

uint32_t ex_serves_most(void)
{
	return 256;
}
