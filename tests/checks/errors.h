/* SPDX-License-Identifier: MIT
 *
 * errors.h - each errno that each public function can answer, provoked.  A program prints "function
 * ERRNO" for each; errors.sh compares that with what the comment above the function says.
 * To say that a function answers something new: a row there, a word in the header.
 */
#ifndef ERRORS_H
#define ERRORS_H

#include <errno.h>
#include <fifolock/fifolock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, NONE = 99 };

static const struct timespec past = {0, 1}, wrong = {0, -1}, never = {INT64_MAX, 0};

struct with; /* what a call is made with */
typedef int called(const struct with *with);

#define CALL(name, call)                         \
	static int name(const struct with *with) \
	{                                        \
		(void)with;                      \
		return fifolock_##call;          \
	}

struct row {
	const char *function, *name, *situation;
	called *call;
	int error;
	int (*in)(called *call);
};

#define ROW(function, call, error, in)                              \
	{                                                           \
		"fifolock_" #function, #error, #in, call, error, in \
	}

static inline void must(bool ok)
{
	if (!ok)
		abort();
}

static inline void no_more_memory(void)
{
	const struct rlimit none = {0, RLIM_INFINITY};

	must(setrlimit(RLIMIT_AS, &none) == 0);
}

/* A sanitizer wants more memory than a limit would leave. */
static inline bool errors_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return false;
#endif
#endif
	return true;
}

/* In a process of its own, which ends with the answer. */
static inline int errors_answer(const struct row *row,
				void (*before)(const struct row *row))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		before(row);
		errno = 0;
		status = row->in(row->call);
		_exit(errno ? 255 : status);
	}
	must(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* What is not possible in this build is taken to be so. */
static inline int provoke(const struct row rows[], size_t n,
			  bool (*possible)(const struct row *row),
			  void (*before)(const struct row *row))
{
	int failed = 0;

	for (const struct row *row = rows; row < rows + n; row++) {
		bool skip = !possible(row) || (row->error == ENOMEM && !errors_memory());
		int got = skip ? row->error : errors_answer(row, before);

		if (got != row->error) {
			fprintf(stderr, "%s, %s: %d (%s), not %s\n", row->function,
				row->situation, got, got > 0 ? strerror(got) : "signal",
				row->name);
			failed++;
		}
		printf("%s %s\n", row->function, row->name);
		fflush(stdout);
	}
	return failed != 0;
}

#endif
