/* SPDX-License-Identifier: MIT
 *
 * races.c - data races, and use after free.
 *
 * The vector clocks that values.c keeps by acquire and release tell whether two
 * accesses are ordered.  Two plain ones that are not, one of them a write, are a data
 * race; so are a plain and an atomic one.  Only what was named by memory_watch is
 * looked at.  Plain accesses are reported by the compiler: the library is compiled with
 * -fsanitize=thread, and this is the run-time library.
 */
#include "explore.h"
#include "core/queue.h"

#include <string.h>

#define REGIONS 64
#define LENT	64 /* bytes of a waiter */
#define GRAIN	4  /* bytes; only a slot's three small members share one; see grain_of */

/* The thread that accessed a grain last, and at which of its steps. */
struct grain {
	uint16_t plain_write[EX_THREADS], plain_read[EX_THREADS];
	uint16_t write[EX_THREADS], read[EX_THREADS]; /* atomic */
	unsigned execution;
};

static struct region {
	uintptr_t at;
	size_t size;
	const char *name;
	struct grain grains[64 * 64 / GRAIN + 64]; /* the last: see grain_of */
	uint32_t freed;				   /* for which threads */
	/* Of each thread: since when it must not have been freed; the section that it was found in. */
	uint16_t needed[EX_THREADS], found[EX_THREADS];
	unsigned owner; /* of what is on its stack; otherwise EX_THREADS */
	bool returned;
} regions[REGIONS];
static unsigned region_count, thread_count, execution, quiet;
static uint16_t section[EX_THREADS]; /* when it began; 0: none */

void races_begin(unsigned count)
{
	thread_count = count;
	region_count = 0;
	execution++;
	quiet = 0;
	memset(section, 0, sizeof(section));
}

void memory_watch(const void *at, size_t size, const char *name)
{
	struct region *region = &regions[region_count++];

	if (region_count > REGIONS || size > 64 * 64)
		ex_fail("explorer: too much memory to watch");
	region->at = (uintptr_t)at;
	region->size = size;
	region->name = name;
	region->freed = 0;
	memset(region->needed, 0, sizeof(region->needed));
	memset(region->found, 0, sizeof(region->found));
	region->returned = false;
	region->owner = EX_THREADS;
}

/* What a thread has on its stack for others to use until a call of it returns.  Which one it
 * was before: the thread's own accesses mean something else by now. */
static struct region *lent_by(unsigned thread)
{
	for (unsigned i = 0; i < region_count; i++)
		if (regions[i].owner == thread)
			return &regions[i];
	return NULL;
}

void memory_lend(const void *at)
{
	struct region *region = lent_by(ex_current());

	if (region) {
		region->at = (uintptr_t)at;
		region->returned = false;
		for (unsigned i = 0; i < LENT / GRAIN; i++)
			region->grains[i].execution = 0;
		return;
	}
	memory_watch(at, LENT, "waiter");
	regions[region_count - 1].owner = ex_current();
}

void memory_return(void)
{
	struct region *region = lent_by(ex_current());

	if (!region || region->returned)
		return;
	memory_touch((const void *)region->at, region->size, true);
	region->returned = true;
}

void memory_quietly(bool yes)
{
	quiet += yes ? 1u : -1u;
}

static struct region *region_of(uintptr_t at)
{
	for (unsigned i = 0; i < region_count; i++)
		if (at - regions[i].at < regions[i].size)
			return &regions[i];
	return NULL;
}

const char *memory_named(uintptr_t at)
{
	const struct region *region = region_of(at);

	return region ? region->name : NULL;
}

size_t memory_offset(uintptr_t at)
{
	return at - region_of(at)->at;
}

static int unordered(const uint16_t when[])
{
	const uint16_t *clock = memory_clock();

	for (unsigned t = 0; t < thread_count; t++)
		if (when[t] > clock[t])
			return (int)t;
	return -1;
}

static void race(uintptr_t at, const char *what, const char *other, int thread)
{
	char name[64];

	if (thread < 0)
		return;
	memory_name(at, name, sizeof(name));
	ex_fail("data race on %s: thread %u %s it, thread %d %s it, and nothing orders "
		"the two",
		name, ex_current(), what, thread, other);
}

static struct grain *grain_of(struct region *region, uintptr_t at)
{
	size_t offset = at - region->at, which = offset / GRAIN;
	struct grain *grain;

	/* A slot's verdict is the scanner's, and its neighbours are not. */
	if (offset % 64 == offsetof(struct fl_slot, verdict) &&
	    !strcmp(region->name, "slots"))
		which = 64 * 64 / GRAIN + offset / 64;
	grain = &region->grains[which];

	if (grain->execution != execution)
		*grain = (struct grain){.execution = execution};
	return grain;
}

static void need(struct region *region, unsigned me)
{
	if (!section[me])
		region->needed[me] = memory_clock()[me];
	else if (region->found[me] != section[me])
		region->needed[me] = section[me];
}

static void no_use_after_free(struct region *region, uintptr_t at)
{
	char name[64];

	need(region, ex_current());

	if (!(region->freed >> ex_current() & 1))
		return;
	memory_name(at, name, sizeof(name));
	ex_fail("thread %u touches %s, whose memory has been freed", ex_current(), name);
}

static void plain_grain(struct region *region, uintptr_t at, bool write)
{
	struct grain *grain = grain_of(region, at);
	unsigned me = ex_current();
	uint16_t time = memory_clock()[me];

	if ((write ? grain->plain_write : grain->plain_read)[me] == time)
		return; /* in the same step */
	race(at, write ? "writes" : "reads", "wrote", unordered(grain->plain_write));
	race(at, write ? "writes" : "reads", "atomically wrote", unordered(grain->write));
	if (write) {
		race(at, "writes", "read", unordered(grain->plain_read));
		race(at, "writes", "atomically read", unordered(grain->read));
		grain->plain_write[me] = time;
	} else {
		grain->plain_read[me] = time;
	}
}

/* A slot's mode, from and how share a grain; verdict has one of its own: it is the scanner's, the others are
 * constant by then. */
void memory_touch(const void *memory, size_t size, bool write)
{
	uintptr_t at = (uintptr_t)memory;
	struct region *region;

	if (quiet || !ex_exploring())
		return;
	region = region_of(at);
	if (!region || (region->returned && region->owner == ex_current()))
		return;
	if (region->returned)
		ex_fail("thread %u touches what thread %u, which has returned, had on "
			"its stack",
			ex_current(), region->owner);
	no_use_after_free(region, at);
	if (write)
		memory_written(at, size);
	for (size_t i = 0; i < size; i += GRAIN)
		plain_grain(region, at + i, write);
}

void memory_touch_atomically(uintptr_t at, size_t size, bool write)
{
	struct region *region = region_of(at);
	unsigned me = ex_current();

	if (!region)
		return;
	no_use_after_free(region, at);
	for (size_t i = 0; i < size; i += GRAIN) {
		struct grain *grain = grain_of(region, at + i);
		uint16_t *when = write ? grain->write : grain->read;

		race(at, write ? "atomically writes" : "atomically reads", "wrote",
		     unordered(grain->plain_write));
		if (write)
			race(at, "atomically writes", "read",
			     unordered(grain->plain_read));
		when[me] = memory_clock()[me];
	}
}

void memory_is_free(const void *at)
{
	memory_is_free_for(at, ~UINT32_C(0));
}

void memory_is_free_for(const void *at, uint32_t which)
{
	region_of((uintptr_t)at)->freed = which;
}

void memory_protect(bool protects)
{
	section[ex_current()] = protects ? memory_clock()[ex_current()] : 0;
}

void memory_found(const void *at)
{
	region_of((uintptr_t)at)->found[ex_current()] = section[ex_current()];
}

void memory_given_up(const void *at)
{
	int thread = unordered(region_of((uintptr_t)at)->needed);
	char name[64];

	memory_name((uintptr_t)at, name, sizeof(name));
	if (thread >= 0)
		ex_fail("thread %u lets %s be freed, and nothing orders that after what "
			"thread %d does, which has not found it in its section",
			ex_current(), name, thread);
}

/* ---- what the compiler reports: plain accesses ---- */

#define REPORT(size)                                 \
	void __tsan_read##size(void *at);            \
	void __tsan_write##size(void *at);           \
	void __tsan_unaligned_read##size(void *at);  \
	void __tsan_unaligned_write##size(void *at); \
	void __tsan_read##size(void *at)             \
	{                                            \
		memory_touch(at, size, false);       \
	}                                            \
	void __tsan_write##size(void *at)            \
	{                                            \
		memory_touch(at, size, true);        \
	}                                            \
	void __tsan_unaligned_read##size(void *at)   \
	{                                            \
		memory_touch(at, size, false);       \
	}                                            \
	void __tsan_unaligned_write##size(void *at)  \
	{                                            \
		memory_touch(at, size, true);        \
	}

REPORT(1)
REPORT(2)
REPORT(4)
REPORT(8)
REPORT(16)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_atomic_signal_fence(int order);
void __tsan_read_range(void *at, size_t size);
void __tsan_write_range(void *at, size_t size);
void *__tsan_memset(void *at, int byte, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

/* Orders nothing but a compiler. */
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *at, size_t size)
{
	memory_touch(at, size, false);
}

void __tsan_write_range(void *at, size_t size)
{
	memory_touch(at, size, true);
}

void *__tsan_memset(void *at, int byte, size_t size)
{
	memory_touch(at, size, true);
	return memset(at, byte, size);
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
	memory_touch(from, size, false);
	memory_touch(to, size, true);
	return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
	memory_touch(from, size, false);
	memory_touch(to, size, true);
	return memmove(to, from, size);
}
