/* SPDX-License-Identifier: MIT
 *
 * test.h - Test() and cr_assert*(), by Criterion or, with -Dharness=plain,
 * without it: Criterion 2.4.1 does not start under ThreadSanitizer.  The plain
 * runner, too, gives each test a process of its own.
 *
 * A failing assertion leaves the test by its main thread, so worker threads record
 * and the test body asserts.  No test has a time limit: see watch.h.
 */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watch.h"

#ifndef FL_TEST_PLAIN
#include <criterion/criterion.h>

/* Criterion runs each test in the program started anew, and says so in its environment. */
__attribute__((constructor)) static void watch_this_test(void)
{
	if (getenv("BXFI_MAP"))
		watch_begin();
}
#else

struct plain_options {
	const char *description;
};

struct plain_test {
	const char *suite, *name;
	struct plain_options options;
	void (*body)(void);
	struct plain_test *next;
};

static struct plain_test *plain_tests;

#define Test(suite_, name_, ...)                                                        \
	static void test_##suite_##_##name_(void);                                      \
	__attribute__((constructor)) static void add_##suite_##_##name_(void)           \
	{                                                                               \
		static struct plain_test test = {                                       \
			#suite_, #name_, {__VA_ARGS__}, test_##suite_##_##name_, NULL}; \
		test.next = plain_tests;                                                \
		plain_tests = &test;                                                    \
	}                                                                               \
	static void test_##suite_##_##name_(void)

#define plain_check(ok, what, ...)                                               \
	do {                                                                     \
		if (!(ok)) {                                                     \
			fprintf(stderr, "%s:%d: %s ", __FILE__, __LINE__, what); \
			fprintf(stderr, " " __VA_ARGS__);                        \
			fputc('\n', stderr);                                     \
			_exit(1);                                                \
		}                                                                \
	} while (0)

#define cr_assert(ok, ...)	 plain_check(ok, #ok, __VA_ARGS__)
#define cr_assert_not(no, ...)	 plain_check(!(no), "not " #no, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)	 plain_check((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) plain_check((a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)	 plain_check((a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) plain_check((a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)	 plain_check((a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) plain_check((a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...)	 plain_check((a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...) \
	plain_check((a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                               \
	do {                                                                      \
		const char *a_ = (a), *b_ = (b);                                  \
		if (strcmp(a_, b_) != 0)                                          \
			fprintf(stderr, "got \"%s\", expected \"%s\"\n", a_, b_); \
		plain_check(strcmp(a_, b_) == 0, #a " == " #b, __VA_ARGS__);      \
	} while (0)

static inline bool plain_run(const struct plain_test *test)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		watch_begin();
		test->body();
		exit(0);
	}
	waitpid(child, &status, 0);
	if (status)
		printf("FAILED %s::%s (%s) status %#x\n", test->suite, test->name,
		       test->options.description ? test->options.description : "",
		       (unsigned)status);
	return status == 0;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (struct plain_test *test = plain_tests; test; test = test->next) {
		if (argc > 1 && !strstr(test->name, argv[1]))
			continue;
		if (plain_run(test))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
#endif

/* What counts allocations or limits memory cannot be done under a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* How much of a long test to do: FIFOLOCK_TEST_SCALE in percent, 100 if unset.  The
 * sanitizer builds do less, the stress suite more. */
static inline uint64_t test_scaled(uint64_t amount)
{
	const char *scale = getenv("FIFOLOCK_TEST_SCALE");
	uint64_t percent = scale ? strtoull(scale, NULL, 10) : 100;
	uint64_t scaled = amount * percent / 100;

	return scaled ? scaled : 1;
}

/* A deadline on a clock, this many nanoseconds from now (or ago). */
static inline struct timespec test_in_ns(clockid_t clock, int64_t ns)
{
	struct timespec at;

	clock_gettime(clock, &at);
	ns += at.tv_nsec;
	at.tv_sec += ns / 1000000000;
	ns %= 1000000000;
	if (ns < 0) {
		ns += 1000000000;
		at.tv_sec--;
	}
	at.tv_nsec = ns;
	return at;
}

#endif
