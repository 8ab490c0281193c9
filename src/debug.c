/* SPDX-License-Identifier: MIT
 *
 * debug.c - the debug build's memory of what each thread holds.  Layer 4.
 *
 * Only owner-checked tables are followed: elsewhere a hold may be given back by any
 * thread, so a record would prove nothing.  The records are the thread's own and
 * touch nothing shared.
 */
#define _GNU_SOURCE
#include "debug.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORDS 64

struct record {
	const fifolock_t *lock;
	const void *site; /* where the first of them was taken */
	unsigned mode;
	uint32_t count; /* 0: the record is free */
};

static _Thread_local struct record records[RECORDS];
static _Thread_local bool overflowed; /* some holds went unrecorded: accuse nobody */

static bool followed(const fifolock_t *lock)
{
	return fl_modes_of(lock)->flags & FL_MODES_OWNER_CHECKED;
}

static struct record *record_of(const fifolock_t *lock, unsigned mode)
{
	for (unsigned i = 0; i < RECORDS; i++)
		if (records[i].count && records[i].lock == lock &&
		    records[i].mode == mode)
			return &records[i];
	return NULL;
}

static struct record *record_new(const fifolock_t *lock, unsigned mode, const void *site)
{
	for (unsigned i = 0; i < RECORDS; i++)
		if (!records[i].count) {
			records[i] = (struct record){lock, site, mode, 0};
			return &records[i];
		}
	overflowed = true;
	return NULL;
}

void fl_debug_forget(const fifolock_t *lock)
{
	for (unsigned i = 0; i < RECORDS; i++)
		if (records[i].lock == lock)
			records[i].count = 0;
}

/* "server(handle+0x1c) [+0x4711]": the offset is what addr2line -e wants. */
static const char *site_name(const void *site, char *buf, size_t size)
{
	Dl_info info;

	if (!dladdr(site, &info) || !info.dli_fname)
		snprintf(buf, size, "%p", site);
	else
		snprintf(buf, size, "%s(%s+0x%tx) [+0x%tx]", info.dli_fname,
			 info.dli_sname ? info.dli_sname : "",
			 (const char *)site - (const char *)(info.dli_sname
								     ? info.dli_saddr
								     : info.dli_fbase),
			 (const char *)site - (const char *)info.dli_fbase);
	return buf;
}

static const char *mode_name(const fifolock_t *lock, unsigned mode, char buf[16])
{
	const char *name = fl_modes_of(lock)->names[mode];

	if (name)
		return name;
	snprintf(buf, 16, "mode %u", mode);
	return buf;
}

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
	char text[1024];
	int saved = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* If that fails there is nowhere else to say it. */
	(void)syscall(SYS_write, STDERR_FILENO, text, strlen(text));
	errno = saved;
}

void fl_debug_took(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	struct record *record;

	if (!followed(lock))
		return;
	record = record_of(lock, mode);
	if (!record)
		record = record_new(lock, mode, site);
	if (record)
		record->count += n;
}

int fl_debug_holds(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	struct record *record;
	char where[256], name[16];

	if (!followed(lock))
		return 0;
	record = record_of(lock, mode);
	if (record ? record->count >= n : overflowed)
		return 0;
	report("fifolock: EPERM: lock %p: %s released at %s by a thread that holds %u of "
	       "%u\n",
	       (void *)lock, mode_name(lock, mode, name),
	       site_name(site, where, sizeof(where)), record ? record->count : 0, n);
	return EPERM;
}

int fl_debug_gives(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	int error = fl_debug_holds(lock, mode, n, site);
	struct record *record = record_of(lock, mode);

	if (!error && record && followed(lock))
		record->count -= n;
	return error;
}

/* This thread's holds as a word, and a record of them. */
static uint64_t own_word(const fifolock_t *lock, const struct record **one)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	uint64_t word = 0;

	for (unsigned i = 0; i < RECORDS; i++)
		if (records[i].count && records[i].lock == lock) {
			word += modes->rows[records[i].mode].unit * records[i].count;
			*one = &records[i];
		}
	return word;
}

static int report_deadlock(const fifolock_t *lock, unsigned mode, const void *site,
			   const struct record *held, const char *because)
{
	char here[256], there[256], asked[16], has[16];

	report("fifolock: EDEADLK: lock %p: %s asked for at %s by a thread that holds %s "
	       "since %s: %s\n",
	       (const void *)lock, mode_name(lock, mode, asked),
	       site_name(site, here, sizeof(here)), mode_name(lock, held->mode, has),
	       site_name(held->site, there, sizeof(there)), because);
	return EDEADLK;
}

struct search {
	const fifolock_modes_t *modes;
	uint64_t own;
	bool found;
};

static bool waits_for_own(const struct fl_slot *slot, void *ctx)
{
	struct search *search = ctx;

	search->found = !(slot->how & FL_LEAVES) &&
			!fl_slot_fits(search->modes, slot, search->own);
	return !search->found;
}

/* Is somebody in line, for good, who can never be granted while the holds in own
 * exist? */
static bool line_waits_for(fifolock_t *lock, uint64_t own)
{
	struct search search = {fl_modes_of(lock), own, false};
	struct fl_look look = {.see = waits_for_own, .ctx = &search};

	(void)fl_look(lock, &look); /* what it could not see it does not accuse */
	return search.found;
}

int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n, const void *site)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	struct fl_want want = fl_want(&modes->rows[mode], mode, n);
	const struct record *held = NULL;
	uint64_t own;

	/* What a predicate refuses now it may allow when others come or go. */
	if (!followed(lock) || modes->compatible)
		return 0;
	own = own_word(lock, &held);
	if (!held)
		return 0;
	if (!fl_bits_fit(want.bias, want.guard, own))
		return report_deadlock(lock, mode, site, held,
				       "the two do not fit together");
	if (line_waits_for(lock, own))
		return report_deadlock(lock, mode, site, held,
				       "a request in line before it waits for that hold");
	return 0;
}
