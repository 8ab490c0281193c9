/* SPDX-License-Identifier: MIT
 *
 * watch.h - a test that has stopped making progress is ended, one that is slow is not.
 *
 * No test is given an amount of time: on a crowded machine every amount is too little. A
 * process beside the test looks at it once a second and ends it if
 *
 *	no thread of it has wanted a processor for half a minute: all its threads sleep; or
 *	it has had so much of the processors (WATCH_BUSY_S) without getting further: it
 *	runs in circles.
 *
 * The second of these begins anew with each test_goes_on(), which a test calls that does
 * more than a few seconds' work.
 */
#ifndef WATCH_H
#define WATCH_H

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCH_IDLE_TURNS 30
#define WATCH_DEEP	 4 /* children of children */
/* Below that in a turn none is at work: a wait that looks again now and then. */
#define WATCH_IDLE_NS UINT64_C(5000000)

#ifdef WATCH_BUSY_S /* the file that includes this knows better */
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCH_BUSY_S 1200
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WATCH_BUSY_S 1200
#endif
#endif
#ifndef WATCH_BUSY_S
#define WATCH_BUSY_S 120
#endif

static uint32_t *watch_marks;

/* It has got further. Any thread, and signal handlers, may say so. */
static inline void test_goes_on(void)
{
	if (watch_marks)
		__atomic_fetch_add(watch_marks, 1, __ATOMIC_RELAXED);
}

/* What is seen of a process and its children. */
struct watch_sight {
	uint64_t cpu_ns;
	bool runnable;
	bool end_children; /* besides */
};

struct watch {
	pid_t pid;
	int gone; /* a pidfd, readable when the process is gone; -1: there are none */
	uint32_t marks;
	uint64_t busy_from, cpu_ns, most_ns;
	unsigned idle;
};

static inline void watch_children(pid_t pid, const char *task, struct watch_sight *sight,
				  unsigned deep);

/* The letter behind the name in parentheses. */
static inline char watch_state(pid_t pid, const char *task)
{
	char path[80], text[512], *name;
	size_t size = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", (int)pid, task);
	stat = fopen(path, "r");
	if (stat) {
		size = fread(text, 1, sizeof(text) - 1, stat);
		fclose(stat);
	}
	text[size] = '\0';
	name = strrchr(text, ')');
	return name && name[1] ? name[2] : '?';
}

static inline void watch_look(pid_t pid, struct watch_sight *sight, unsigned deep)
{
	struct timespec cpu = {0};
	struct dirent *task;
	char path[40];
	clockid_t clock;
	DIR *tasks;

	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &cpu) == 0)
		sight->cpu_ns +=
			(uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (task = readdir(tasks))) {
		char state;

		if (task->d_name[0] == '.')
			continue;
		state = watch_state(pid, task->d_name);
		sight->runnable = sight->runnable || state == 'R' || state == 'D';
		if (deep)
			watch_children(pid, task->d_name, sight, deep - 1);
	}
	if (tasks)
		closedir(tasks);
}

static inline void watch_children(pid_t pid, const char *task, struct watch_sight *sight,
				  unsigned deep)
{
	char path[80];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, task);
	file = fopen(path, "r");
	while (file && fscanf(file, "%d", &child) == 1) {
		watch_look(child, sight, deep);
		if (sight->end_children)
			kill(child, SIGKILL);
	}
	if (file)
		fclose(file);
}

__attribute__((noreturn)) static inline void watch_end(const struct watch *watch,
						       const char *why)
{
	struct watch_sight last = {.end_children = true};

	fprintf(stderr, "process %d makes no progress: %s\n", (int)watch->pid, why);
	watch_look(watch->pid, &last, WATCH_DEEP);
	kill(watch->pid, SIGABRT);
	sleep(2);
	kill(watch->pid, SIGKILL);
	_exit(0);
}

static inline void watch_turn(struct watch *watch)
{
	uint32_t marks = __atomic_load_n(watch_marks, __ATOMIC_RELAXED);
	struct watch_sight sight = {0};

	watch_look(watch->pid, &sight, WATCH_DEEP);
	if (sight.runnable || sight.cpu_ns < watch->cpu_ns ||
	    sight.cpu_ns - watch->cpu_ns > WATCH_IDLE_NS || marks != watch->marks)
		watch->idle = 0;
	else if (++watch->idle >= WATCH_IDLE_TURNS)
		watch_end(watch, "all of its threads sleep");
	/* A child that has ended takes its share along. */
	if (marks != watch->marks || sight.cpu_ns < watch->busy_from)
		watch->busy_from = sight.cpu_ns;
	else if (sight.cpu_ns - watch->busy_from > watch->most_ns)
		watch_end(watch, "it runs in circles");
	watch->cpu_ns = sight.cpu_ns;
	watch->marks = marks;
}

static inline bool watch_gone(const struct watch *watch)
{
	struct pollfd gone = {.fd = watch->gone, .events = POLLIN};

	if (watch->gone >= 0)
		return poll(&gone, 1, 1000) != 0;
	sleep(1);
	return kill(watch->pid, 0) != 0;
}

__attribute__((noreturn)) static inline void watch_process(pid_t pid)
{
	const char *scale = getenv("FIFOLOCK_TEST_SCALE");
	uint64_t percent = scale ? strtoull(scale, NULL, 10) : 100;
	struct watch watch = {.pid = pid};

	watch.most_ns =
		UINT64_C(10000000) * WATCH_BUSY_S * (percent > 100 ? percent : 100);
	syscall(SYS_close_range, 3, ~0U, 0);
	watch.gone = (int)syscall(SYS_pidfd_open, pid, 0);
	while (!watch_gone(&watch))
		watch_turn(&watch);
	_exit(0);
}

/* From here on this process is watched, by one that is no child of it. */
static inline void watch_begin(void)
{
	pid_t me = getpid(), child;

	watch_marks = mmap(NULL, sizeof(*watch_marks), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch_marks == MAP_FAILED) {
		watch_marks = NULL;
		return;
	}
	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (fork() == 0)
			watch_process(me);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

#endif
