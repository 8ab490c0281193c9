/* SPDX-License-Identifier: MIT
 *
 * processors.c - see processors.h.
 *
 * By syscall(), because open() and the like are cancellation points.
 *
 *	relaxed   because
 *	[HINT]    Decides which threads stay awake.  Any number will do.
 */
#define _GNU_SOURCE
#include "processors.h"
#include "atomic.h"
#include "observe/detector.h"
#include "park.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define LINES  1024 /* of /proc/self/cgroup */
#define PATH   512
#define NAME   32 /* of a file in a group */

/* ---- text ---- */

/* Decimal digits: where they end, NULL if there are none. */
static const char *number(const char *text, uint64_t *value)
{
	const char *at = text;

	for (*value = 0; *at >= '0' && *at <= '9' && at - text < 18; at++)
		*value = *value * 10 + (uint64_t)(*at - '0');
	return at > text ? at : NULL;
}

static uint32_t limit(uint64_t quota, uint64_t period)
{
	uint64_t most;

	if (!period)
		return FL_PROCESSORS_MOST;
	most = quota / period + (quota % period != 0);
	if (most > FL_PROCESSORS_MOST)
		return FL_PROCESSORS_MOST;
	return most ? (uint32_t)most : 1;
}

uint32_t fl_quota_of_max(const char *text)
{
	uint64_t quota, period;
	const char *at = number(text, &quota);

	if (!at || *at != ' ' || !number(at + 1, &period))
		return FL_PROCESSORS_MOST;
	return limit(quota, period);
}

uint32_t fl_quota_of_cfs(const char *quota, const char *period)
{
	uint64_t most, of;

	if (!number(quota, &most) || !number(period, &of))
		return FL_PROCESSORS_MOST;
	return limit(most, of);
}

/* Is the name in a list with commas?  "" is an empty list. */
static bool lists(const char *list, const char *end, const char *name)
{
	size_t length = strlen(name);

	for (;;) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *until = comma ? comma : end;

		if ((size_t)(until - list) == length && memcmp(list, name, length) == 0)
			return true;
		if (!comma)
			return false;
		list = comma + 1;
	}
}

/* Lines of number:controllers:path.  One that has been cut off does not count. */
const char *fl_cgroup_path(const char *text, const char *controller, size_t *length)
{
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		const char *list = memchr(text, ':', (size_t)(end - text));
		const char *path =
			list ? memchr(list + 1, ':', (size_t)(end - list) - 1) : NULL;

		if (path && path[1] == '/' && lists(list + 1, path, controller)) {
			*length = (size_t)(end - path) - 1;
			return path + 1;
		}
	}
	return NULL;
}

/* ---- files ---- */

static bool read_file(const char *path, char *text, size_t room)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return false;
	n = syscall(SYS_read, fd, text, room - 1);
	(void)syscall(SYS_close, fd);
	if (n < 0 || n >= (long)room)
		return false;
	text[n] = '\0';
	return true;
}

/* A file of the group whose folder is in path, which has room for its name. */
static bool read_in(char *path, size_t length, const char *name, char text[64])
{
	memcpy(path + length, name, strlen(name) + 1);
	return read_file(path, text, 64);
}

static uint32_t unified_quota(char *path, size_t length)
{
	char text[64];

	return read_in(path, length, "/cpu.max", text) ? fl_quota_of_max(text)
						       : FL_PROCESSORS_MOST;
}

static uint32_t cfs_quota(char *path, size_t length)
{
	char quota[64], period[64];

	return read_in(path, length, "/cpu.cfs_quota_us", quota) &&
			       read_in(path, length, "/cpu.cfs_period_us", period)
		       ? fl_quota_of_cfs(quota, period)
		       : FL_PROCESSORS_MOST;
}

/* The least of a group and those around it, up to the root.  The path may be one that only
 * the host has; then it is the root that says it. */
static uint32_t least_up(const char *root, const char *group, size_t length,
			 uint32_t (*quota)(char *path, size_t length))
{
	size_t base = strlen(root), at;
	uint32_t least = FL_PROCESSORS_MOST, here;
	char path[PATH];

	if (base + length + NAME > PATH)
		return least;
	memcpy(path, root, base);
	memcpy(path + base, group, length);
	at = length > 1 ? base + length : base;
	for (;;) {
		here = quota(path, at);
		least = here < least ? here : least;
		if (at <= base)
			return least;
		while (path[--at] != '/')
			;
	}
}

uint32_t fl_quota(const char *self, const char *unified, const char *cpu)
{
	uint32_t least = FL_PROCESSORS_MOST, other = least;
	char text[LINES];
	const char *group;
	size_t length;

	if (!read_file(self, text, sizeof(text)))
		return least;
	group = fl_cgroup_path(text, "", &length);
	if (group)
		least = least_up(unified, group, length, unified_quota);
	group = fl_cgroup_path(text, "cpu", &length);
	if (group)
		other = least_up(cpu, group, length, cfs_quota);
	return least < other ? least : other;
}

/* ---- the number ---- */

static uint32_t at_first = 1; /* the mask when it was loaded; written once */
static uint32_t masked = 1;   /* the last mask; atomic, as is what follows */
static uint32_t processors = 1;
static uint64_t looked; /* when, by the coarse clock; 0: never again */

void fl_processors_hide(void)
{
	fl_watch_hide(&masked, sizeof(masked));
	fl_watch_hide(&processors, sizeof(processors));
	fl_watch_hide(&looked, sizeof(looked));
}

/* 0: refused. */
static uint32_t mask_of(pid_t thread, cpu_set_t *mask)
{
	if (sched_getaffinity(thread, sizeof(*mask), mask) != 0)
		return 0;
	return (uint32_t)CPU_COUNT(mask);
}

static uint32_t mask_again(uint32_t last)
{
	cpu_set_t first, mine;
	uint32_t n = mask_of(0, &mine);

	if (!n || !mask_of(getpid(), &first))
		return last;
	if (!CPU_EQUAL(&first, &mine))
		return at_first;
	return n == 1 && syscall(SYS_gettid) == getpid() ? last : n;
}

static void say(uint32_t mask)
{
	uint32_t quota =
		fl_quota("/proc/self/cgroup", "/sys/fs/cgroup", "/sys/fs/cgroup/cpu");

	fl_store_relaxed(&masked, mask);			    /* [HINT] */
	fl_store_relaxed(&processors, mask < quota ? mask : quota); /* [HINT] */
}

void fl_processors_again(void)
{
	int saved = errno;

	say(mask_again(fl_load_relaxed(&masked))); /* [HINT] */
	errno = saved;
}

void fl_processors_look(void)
{
	uint64_t last = fl_load_relaxed(&looked); /* [HINT] */
	uint64_t now = fl_now_coarse();

	if (!last || now - last < SECOND)
		return;
	if (fl_cas_relaxed(&looked, &last, now)) /* [HINT] */
		fl_processors_again();
}

/* 1 if the system does not say how many; sysconf gives -1 then. */
static uint32_t mask_found(void)
{
	cpu_set_t mine;
	long n = mask_of(0, &mine);

	if (n == 0)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > FL_PROCESSORS_MOST ? FL_PROCESSORS_MOST : (uint32_t)n;
}

void fl_processors_begin(uint32_t said)
{
	int saved = errno;

	if (said) {
		fl_store_relaxed(&processors, said < FL_PROCESSORS_MOST /* [HINT] */
						      ? said
						      : FL_PROCESSORS_MOST);
		fl_store_relaxed(&looked, UINT64_C(0)); /* [HINT] */
		return;
	}
	at_first = mask_found();
	say(at_first);
	fl_store_relaxed(&looked, fl_now_coarse()); /* [HINT] */
	errno = saved;
}

uint32_t fl_processors(void)
{
	return fl_load_relaxed(&processors); /* [HINT] */
}
