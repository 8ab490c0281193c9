/* SPDX-License-Identifier: MIT
 *
 * report.c - see report.h.
 *
 * A table by the lock's address, of those that have ever been waited for: mapped when the process
 * begins, and of a size that it keeps, so that no lock call allocates.  A lock's place is
 * searched from where its address says; once taken it stays that lock's.
 *
 *	relaxed   because
 *	[COUNT]   Numbers, read when the process ends.
 *	[PLACE]   The compare-and-swap decides whose it is; there is nothing else to see.
 */
#include "face.h"
#include "report.h"
#include "report_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PLACES 16384u
#define LOOKS  64u

uint32_t fl_reporting;

static struct fl_waited *table;
static uint64_t unknown; /* waits for locks for which there was no place */
FL_MY const void *site;
FL_MY const char *what;

static uint32_t place_of(const void *lock, uint32_t look)
{
	return (uint32_t)((uintptr_t)lock * UINT64_C(0x9e3779b97f4a7c15) >> 48) + look;
}

/* NULL: it is not there; and there is no room, if it was to be made. */
static struct fl_waited *find(const void *lock, bool make)
{
	for (uint32_t look = 0; look < LOOKS; look++) {
		struct fl_waited *entry = &table[place_of(lock, look) % PLACES];
		uintptr_t there = fl_load_relaxed(&entry->lock); /* [PLACE] */

		if (!there && !make)
			return NULL;
		/* [PLACE] */
		if (!there && fl_cas_relaxed(&entry->lock, &there, (uintptr_t)lock))
			return entry;
		if (there == (uintptr_t)lock)
			return entry;
	}
	return NULL;
}

static void raise_to(uint64_t *most, uint64_t value)
{
	uint64_t now = fl_load_relaxed(most); /* [COUNT] */

	/* [COUNT] */
	while (now < value && !fl_cas_relaxed(most, &now, value))
		;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- where it was initialised ---- */

/* Where the owner is, or the kind, of those that do not need it. */
void fl_report_born(void *made_at, const void *at)
{
	fl_store_relaxed((uintptr_t *)made_at, (uintptr_t)at); /* [COUNT] */
}

/* A static initialiser leaves 0 there, or the number of a kind. */
static uintptr_t born_of(const void *lock, const char *kind)
{
	size_t offset = !strcmp(kind, "mutex")				  ? FL_OWNER
			: !strcmp(kind, "read") || !strcmp(kind, "write") ? FL_KIND
									  : 0;
	const uintptr_t *field = (const uintptr_t *)((uintptr_t)lock + offset);
	uintptr_t born = offset ? fl_load_relaxed(field) : 0; /* [COUNT] */

	return born < 4096 ? 0 : born;
}

/* ---- what is counted ---- */

void fl_report_asks(const void *lock, const char *kind, const void *at)
{
	struct fl_waited *entry = find(lock, false);

	site = at;
	what = kind;
	if (entry)
		(void)fl_add_relaxed(&entry->asked, 1u); /* [COUNT] */
}

uint64_t fl_report_wait_begins(const void *lock, uint32_t line)
{
	struct fl_waited *entry = find(lock, true);

	if (!entry) {
		(void)fl_add_relaxed(&unknown, 1u); /* [COUNT] */
		return 0;
	}
	raise_to(&entry->line, line);
	return now_ns();
}

/* Where the longest wait was is told, and nearly right if two threads end such a wait at
 * once. */
void fl_report_wait_ends(const void *lock, uint64_t began)
{
	struct fl_waited *entry = began ? find(lock, false) : NULL;
	uint64_t ns;

	if (!entry)
		return;
	ns = now_ns() - began;
	(void)fl_add_relaxed(&entry->waits, 1u);		    /* [COUNT] */
	(void)fl_add_relaxed(&entry->total, ns);		    /* [COUNT] */
	(void)fl_add_relaxed(&entry->times[fl_time_index(ns)], 1u); /* [COUNT] */
	if (ns <= fl_load_relaxed(&entry->longest))		    /* [COUNT] */
		return;
	raise_to(&entry->longest, ns);
	fl_store_relaxed(&entry->site, (uintptr_t)site);     /* [COUNT] */
	fl_store_relaxed(&entry->what, (uintptr_t)what);     /* [COUNT] */
	fl_store_relaxed(&entry->born, born_of(lock, what)); /* [COUNT] */
}

/* ---- begin and end ---- */

/* Programs write over their environment, to change how they are called. */
static char target[PATH_MAX];

/* In a child of fork() the numbers begin anew. */
void fl_report_forked(void)
{
	if (fl_reporting)
		madvise(table, sizeof(*table) * PLACES, MADV_DONTNEED);
}

FL_LOADED static void begin(void)
{
	const char *said = secure_getenv("FIFOLOCK_REPORT");
	void *memory;

	if (!said || !*said || strlen(said) >= sizeof(target))
		return;
	strcpy(target, said);
	memory = mmap(NULL, sizeof(*table) * PLACES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return;
	table = memory;
	fl_reporting = FL_REPORTING;
}

FL_UNLOADED static void end(void)
{
	if (!fl_reporting)
		return;
	fl_reporting = 0;
	fl_report_write(target, table, PLACES, unknown);
}
