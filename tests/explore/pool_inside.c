/* SPDX-License-Identifier: MIT
 *
 * pool_inside.c - see pool_inside.h.  The one source that is compiled as part of
 * another, because what it keeps is static.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define mmap(...) MAP_FAILED
#include "../../src/core/pool.c"
#undef mmap

#include "pool_inside.h"

static uint32_t elsewhere; /* slots that are taken for good: ids 1..elsewhere */

void pool_begin(unsigned slots)
{
	memset(chunk_zero, 0, sizeof(chunk_zero));
	free_top = 0;
	elsewhere = CHUNK_FIRST - slots;
	made = elsewhere;
	fl_kept_slot = NULL;
	fl_kept_lock = NULL;
	fl_meet(NULL, 0, FL_MET_BESIDE);
	keeps = ASK_KEY;
}

void pool_switch(struct pool_thread *from, const struct pool_thread *to)
{
	if (from) {
		from->kept = fl_kept_slot;
		from->kept_lock = fl_kept_lock;
		from->met = fl_met;
		from->met_how = (int)fl_met_how;
		from->keeps = (int)keeps;
		calls_keep(&from->calls);
	}
	fl_kept_slot = to->kept;
	fl_kept_lock = to->kept_lock;
	fl_met = to->met;
	fl_met_how = (enum fl_met_how)to->met_how;
	keeps = to->keeps == KEEPS	  ? KEEPS
		: to->keeps == KEEPS_NONE ? KEEPS_NONE
					  : ASK_KEY;
	calls_resume(&to->calls);
}

void pool_warm(struct pool_thread *thread)
{
	struct fl_slot *slot = &chunk_zero[made];

	slot->id = ++made;
	thread->kept = slot;
	thread->keeps = KEEPS;
}

void pool_has_met(struct pool_thread *thread, const fifolock_t *lock, unsigned mode,
		  enum fl_met_how how)
{
	thread->met = (uintptr_t)lock + mode;
	thread->met_how = (int)how;
}

void pool_spare(void)
{
	struct pool_thread thread;

	pool_warm(&thread);
	fl_slot_free(thread.kept);
}

void pool_thread_ends(void)
{
	thread_ends(NULL);
}

bool pool_complete(void)
{
	uint32_t id = (uint32_t)(free_top & ID_MASK), count = elsewhere;

	for (; id && count <= made; id = chunk_zero[id - 1].stack_next)
		count++;
	return count == made && !id;
}

uint32_t pool_id(uint64_t top)
{
	return (uint32_t)(top & ID_MASK);
}

unsigned pool_made(void)
{
	return made;
}

bool pool_is_top(uintptr_t at)
{
	return at == (uintptr_t)&free_top;
}

bool pool_has_free(void)
{
	return free_top & ID_MASK;
}

const void *pool_memory(size_t *size)
{
	*size = sizeof(chunk_zero);
	return chunk_zero;
}

const char *pool_name(const void *at)
{
	if (at == &free_top)
		return "pool.free";
	if (at == &made)
		return "pool.made";
	return at >= (const void *)chunks && at < (const void *)(chunks + CHUNKS)
		       ? "pool.chunk"
		       : NULL;
}
