/* SPDX-License-Identifier: MIT
 *
 * processors.c - how many processors this process may use: what the files of control
 * groups say, whose mask is believed, and that whatever is refused changes nothing.
 */
#define _GNU_SOURCE
#include "common.h"
#include "core/park.h"
#include "sandbox.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NONE FL_PROCESSORS_MOST

Test(processors, a_quota_is_rounded_up_and_never_nothing, .description = "processors.h")
{
	cr_assert_eq(fl_quota_of_max("150000 100000\n"), 2);
	cr_assert_eq(fl_quota_of_max("200000 100000\n"), 2);
	cr_assert_eq(fl_quota_of_max("200001 100000\n"), 3);
	cr_assert_eq(fl_quota_of_max("1000 100000\n"), 1);
	cr_assert_eq(fl_quota_of_max("0 100000"), 1);
	cr_assert_eq(fl_quota_of_cfs("250000\n", "100000\n"), 3);
	cr_assert_eq(fl_quota_of_cfs("50000\n", "50000\n"), 1);
}

Test(processors, what_is_no_quota_is_no_limit, .description = "processors.h")
{
	static const char *const texts[] = {
		"max 100000\n", "",	 "\n",	  "100000",    "100000 ", "100000\n",
		"x 100000",	"1 max", "1 0\n", "-1 100000", " 1 1"};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(fl_quota_of_max(texts[i]), NONE, "'%s'", texts[i]);
	cr_assert_eq(fl_quota_of_cfs("-1\n", "100000\n"), NONE);
	cr_assert_eq(fl_quota_of_cfs("100000\n", ""), NONE);
	cr_assert_eq(fl_quota_of_cfs("", "100000\n"), NONE);
	cr_assert_eq(fl_quota_of_max("99999999999999999999 1"), NONE);
	cr_assert_eq(fl_quota_of_max("999999999999999999 1"), NONE);
}

static void group_is(const char *text, const char *controller, const char *path)
{
	size_t length = 0;
	const char *found = fl_cgroup_path(text, controller, &length);

	if (!path) {
		cr_assert_null(found, "%s of '%s'", controller, text);
		return;
	}
	cr_assert_not_null(found, "%s of '%s'", controller, text);
	cr_assert_eq(length, strlen(path));
	cr_assert_eq(memcmp(found, path, length), 0);
}

Test(processors, the_group_is_found_by_its_controller, .description = "processors.h")
{
	static const char both[] = "12:cpuset:/a\n"
				   "5:cpu,cpuacct:/b/c:d\n"
				   "1:name=systemd:/s\n"
				   "0::/u\n";

	group_is(both, "", "/u");
	group_is(both, "cpu", "/b/c:d");
	group_is(both, "cpuset", "/a");
	group_is(both, "cpuacct", "/b/c:d");
	group_is(both, "cp", NULL);
	group_is(both, "memory", NULL);
	group_is("0::/\n", "", "/");
	group_is("0::/\n", "cpu", NULL);
	group_is("0::/cut o", "", NULL);
	group_is("", "", NULL);
	group_is("nonsense\n:\n::\n0:/x\n3:cpu:/y\n", "cpu", "/y");
	group_is("0::relative\n", "", NULL);
}

/* ---- a tree of one's own ---- */

static char root[] = "/tmp/fifolock-groups-XXXXXX";

static const char *in(const char *path)
{
	static char whole[4][700];
	static unsigned turn;
	char *at = whole[turn++ % 4];

	snprintf(at, sizeof(whole[0]), "%s%s", root, path);
	return at;
}

static void file_says(const char *path, const char *text)
{
	FILE *file = fopen(in(path), "w");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static uint32_t quota_says(const char *self)
{
	file_says("/self", self);
	return fl_quota(in("/self"), in("/u"), in("/cpu"));
}

static void begin_tree(void)
{
	cr_assert_not_null(mkdtemp(root));
	mkdir(in("/u"), 0700);
	mkdir(in("/u/a"), 0700);
	mkdir(in("/u/a/b"), 0700);
	mkdir(in("/cpu"), 0700);
	mkdir(in("/cpu/a"), 0700);
}

static void end_tree(void)
{
	static const char *const paths[] = {"/self",
					    "/u/cpu.max",
					    "/u/a/cpu.max",
					    "/u/a/b/cpu.max",
					    "/u/a/b",
					    "/u/a",
					    "/u",
					    "/cpu/a/cpu.cfs_quota_us",
					    "/cpu/a/cpu.cfs_period_us",
					    "/cpu/a",
					    "/cpu/cpu.cfs_quota_us",
					    "/cpu/cpu.cfs_period_us",
					    "/cpu",
					    ""};

	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		remove(in(paths[i]));
}

Test(processors, the_least_quota_of_a_group_and_those_around_it_counts,
     .description = "processors.h")
{
	begin_tree();
	cr_assert_eq(quota_says("0::/a/b\n"), NONE);
	file_says("/u/a/cpu.max", "300000 100000\n");
	file_says("/u/a/b/cpu.max", "max 100000\n");
	cr_assert_eq(quota_says("0::/a/b\n"), 3);
	cr_assert_eq(quota_says("0::/\n"), NONE);
	file_says("/u/a/b/cpu.max", "500000 100000\n");
	cr_assert_eq(quota_says("0::/a/b\n"), 3);
	file_says("/u/a/b/cpu.max", "100000 100000\n");
	cr_assert_eq(quota_says("0::/a/b\n"), 1);
	cr_assert_eq(quota_says("0::/a\n"), 3);
	/* A path of the host: its container has but the root. */
	file_says("/u/cpu.max", "700000 100000\n");
	cr_assert_eq(quota_says("0::/not/here\n"), 7);
	end_tree();
}

Test(processors, both_kinds_of_trees_are_asked, .description = "processors.h")
{
	char longest[800] = "0::/";

	begin_tree();
	file_says("/cpu/a/cpu.cfs_quota_us", "250000\n");
	file_says("/cpu/a/cpu.cfs_period_us", "100000\n");
	cr_assert_eq(quota_says("4:cpu,cpuacct:/a\n0::/a\n"), 3);
	file_says("/u/a/cpu.max", "150000 100000\n");
	cr_assert_eq(quota_says("4:cpu,cpuacct:/a\n0::/a\n"), 2);
	cr_assert_eq(quota_says("4:memory:/a\n"), NONE);
	cr_assert_eq(fl_quota(in("/nothing"), in("/u"), in("/cpu")), NONE);
	memset(longest + 4, 'x', 700);
	strcpy(longest + 704, "\n");
	cr_assert_eq(quota_says(longest), NONE);
	end_tree();
}

/* ---- masks ---- */

static void run_on(const cpu_set_t *mask)
{
	cr_assert_eq(sched_setaffinity(0, sizeof(*mask), mask), 0);
}

/* Another thread looks, on these processors. */
static void *look_on(void *mask)
{
	if (sched_setaffinity(0, sizeof(cpu_set_t), mask) != 0)
		return "its mask";
	errno = 77;
	fl_processors_again();
	return errno == 77 ? NULL : "errno";
}

static void another_looks(cpu_set_t *mask)
{
	pthread_t thread;
	void *wrong;

	cr_assert_eq(pthread_create(&thread, NULL, look_on, mask), 0);
	pthread_join(thread, &wrong);
	cr_assert_null(wrong, "%s", (const char *)wrong);
}

/* The first processor of these. */
static cpu_set_t one_of(const cpu_set_t *all)
{
	cpu_set_t one;
	size_t at = 0;

	while (!CPU_ISSET(at, all))
		at++;
	CPU_ZERO(&one);
	CPU_SET(at, &one);
	return one;
}

Test(processors, a_pinned_thread_speaks_for_itself_only, .description = "processors.h")
{
	uint32_t n = fl_processors();
	cpu_set_t all, one;

	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	one = one_of(&all);
	if (n == 1 || getenv("FIFOLOCK_PROCESSORS"))
		return;
	another_looks(&one); /* this one is not pinned */
	cr_assert_eq(fl_processors(), n);
	run_on(&one);
	fl_processors_again(); /* the first thread, pinned */
	cr_assert_eq(fl_processors(), n);
	another_looks(&all);
	cr_assert_eq(fl_processors(), n);
	another_looks(&one); /* all are where this one is */
	cr_assert_eq(fl_processors(), 1);
	cr_assert_eq(fl_spin_count(), 0);
	run_on(&all);
	another_looks(&all);
	cr_assert_eq(fl_processors(), n);
	cr_assert_gt(fl_spin_count(), 0);
}

/* ---- refused ---- */

/* In a process that has one processor of those there were when it began. */
static void look_in_sandbox(const struct refused calls[])
{
	cpu_set_t all, one;
	uint32_t n;

	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		_exit(3);
	one = one_of(&all);
	run_on(&one);
	another_looks(&one);
	n = fl_processors();
	if (n != 1 || !sandbox(calls, EPERM, EVERY_THREAD))
		_exit(2);
	errno = 77;
	fl_processors_again();
	_exit(errno == 77 && fl_processors() == n ? 0 : 1);
}

Test(processors, what_is_refused_leaves_the_number_as_it_was,
     .description = "processors.h")
{
	static const struct refused ways[][4] = {
		{{SYS_sched_getaffinity, 0, 0}, {-1, 0, 0}},
		{{SYS_openat, 0, 0}, {-1, 0, 0}},
		{{SYS_read, 0, 0}, {-1, 0, 0}},
		{{SYS_sched_getaffinity, 0, 0},
		 {SYS_openat, 0, 0},
		 {SYS_gettid, 0, 0},
		 {-1, 0, 0}},
	};

	if (!sandbox_works() || getenv("FIFOLOCK_PROCESSORS"))
		return;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			look_in_sandbox(ways[i]);
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert_eq(status, 0, "way %u: %#x", i, status);
	}
}

Test(processors, a_number_that_was_said_is_never_looked_at, .description = "README")
{
	const char *said = getenv("FIFOLOCK_PROCESSORS");
	cpu_set_t all;

	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	if (!said)
		cr_assert_leq(fl_processors(), (uint32_t)CPU_COUNT(&all));
	else
		cr_assert_eq(fl_processors(), strtoul(said, NULL, 10));
	fl_processors_look();
	if (said)
		cr_assert_eq(fl_processors(), strtoul(said, NULL, 10));
}

/* It is looked again each second otherwise: so long this takes. */
Test(processors, what_is_said_stands_though_it_was_looked_before,
     .description = "processors.h")
{
	uint64_t began;

	fl_processors_begin(0);
	fl_processors_begin(7);
	began = fl_now_coarse();
	while (fl_now_coarse() - began < 1100000000)
		sched_yield();
	fl_processors_look();
	cr_assert_eq(fl_processors(), 7);
	fl_processors_begin(0);
}
