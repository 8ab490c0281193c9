/* SPDX-License-Identifier: MIT
 *
 * report_text.c - see report_text.h.  When the process ends; other threads may still run.
 */
#define _GNU_SOURCE
#include "report_text.h"
#include "face.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 10

/* Of stdio only what formats: its own locks may be held by threads that are stopped. */
static void say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int fd, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length > 0 && write(fd, line, strnlen(line, sizeof(line))) < 0)
		return;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The symbol, or for addr2line the file and the place in it. */
static void name(char *text, size_t size, uintptr_t address)
{
	Dl_info info;

	if (!address || !dladdr((void *)address, &info) || !info.dli_fname)
		snprintf(text, size, "%#lx", (unsigned long)address);
	else if (info.dli_sname)
		snprintf(text, size, "%s+%#lx (%s)", info.dli_sname,
			 (unsigned long)(address - (uintptr_t)info.dli_saddr),
			 last_part(info.dli_fname));
	else
		snprintf(text, size, "%s+%#lx", last_part(info.dli_fname),
			 (unsigned long)(address - (uintptr_t)info.dli_fbase));
}

/* In three digits and a unit. */
static const char *time_text(char *text, size_t size, uint64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	double value = (double)ns;
	unsigned unit = 0;

	while (value >= 999.5 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, size, "%.3g %s", value, units[unit]);
	return text;
}

static uint64_t percentile(const struct fl_waited *entry, double part)
{
	uint64_t counted = 0, wanted = (uint64_t)((double)entry->waits * part);
	unsigned index = 0;

	for (; index < FL_TIMES - 1; index++) {
		counted += entry->times[index];
		if (counted > wanted)
			break;
	}
	return fl_time_at(index) < entry->longest ? fl_time_at(index) : entry->longest;
}

static void say_lock(int fd, unsigned rank, const struct fl_waited *entry)
{
	char total[16], half[16], most[16], longest[16], lock[300], born[300], site[300];
	/* A wait counts as asked for, also the first, which made the entry. */
	uint64_t asked = entry->asked > entry->waits ? entry->asked : entry->waits;

	name(lock, sizeof(lock), entry->lock);
	name(site, sizeof(site), entry->site);
	say(fd, "%2u  %-9s %10s  %11llu  %5.1f %%  %9s  %9s  %9s  %5llu  %s\n", rank,
	    entry->what ? (const char *)entry->what : "?",
	    time_text(total, sizeof(total), entry->total), (unsigned long long)asked,
	    100.0 * (double)entry->waits / (double)asked,
	    time_text(half, sizeof(half), percentile(entry, 0.5)),
	    time_text(most, sizeof(most), percentile(entry, 0.99)),
	    time_text(longest, sizeof(longest), entry->longest),
	    (unsigned long long)entry->line, lock);
	say(fd, "      longest wait asked for at %s\n", site);
	if (!entry->born)
		return;
	name(born, sizeof(born), entry->born);
	say(fd, "      initialised at %s\n", born);
}

/* Threads that have nothing to do wait at semaphores: these come behind the locks. */
static uint64_t rank_of(const struct fl_waited *entry)
{
	bool lock = !entry->what || strcmp((const char *)entry->what, "semaphore") != 0;

	return lock ? entry->total | UINT64_C(1) << 63 : entry->total;
}

/* The next in the order of time waited, behind one. */
static const struct fl_waited *next(const struct fl_waited *table, uint32_t places,
				    const struct fl_waited *behind)
{
	const struct fl_waited *found = NULL;

	for (uint32_t i = 0; i < places; i++) {
		const struct fl_waited *one = &table[i];

		if (!one->waits || one == behind ||
		    (behind && (rank_of(one) > rank_of(behind) ||
				(rank_of(one) == rank_of(behind) && one < behind))))
			continue;
		if (!found || rank_of(one) > rank_of(found))
			found = one;
	}
	return found;
}

static void say_all(int fd, const struct fl_waited *table, uint32_t places,
		    uint64_t unknown)
{
	const struct fl_waited *entry = next(table, places, NULL);

	say(fd, "with-fifolock: %s, process %ld: ", program_invocation_short_name,
	    (long)getpid());
	if (!entry) {
		say(fd, "no lock was waited for\n");
		return;
	}
	say(fd, "the locks most waited for\n"
		"    kind     waited, all        asked  waited   half <     99 %% <    "
		"longest  line  "
		" lock\n");
	for (unsigned rank = 1; entry && rank <= MOST; rank++) {
		say_lock(fd, rank, entry);
		entry = next(table, places, entry);
	}
	if (unknown)
		say(fd, "and %llu waits for locks that had no room in this list\n",
		    (unsigned long long)unknown);
}

/* %p is the process. */
static void path_of(char *path, size_t size, const char *target)
{
	const char *mark = strstr(target, "%p");

	if (mark)
		snprintf(path, size, "%.*s%ld%s", (int)(mark - target), target,
			 (long)getpid(), mark + 2);
	else
		snprintf(path, size, "%s", target);
}

void fl_report_write(const char *target, const struct fl_waited *table, uint32_t places,
		     uint64_t unknown)
{
	char path[PATH_MAX];
	int fd = STDERR_FILENO;

	if (strcmp(target, "-") != 0) {
		path_of(path, sizeof(path), target);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	}
	if (fd < 0) {
		say(STDERR_FILENO, "with-fifolock: %s, process %ld: no report, %s: %m\n",
		    program_invocation_short_name, (long)getpid(), path);
		return;
	}
	say_all(fd, table, places, unknown);
	if (fd != STDERR_FILENO)
		close(fd);
}
