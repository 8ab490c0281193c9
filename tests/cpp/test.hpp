/* SPDX-License-Identifier: MIT
 *
 * test.hpp - the smallest harness there can be for tests in C++, for any compiler, standard and
 * sanitizer: all tests of a program run one after the other, and the first that fails ends it.
 * `watched` runs it, and ends it if it makes no progress.
 */
#ifndef TEST_HPP
#define TEST_HPP

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

struct test {
	const char *name;
	void (*body)();
	test *next;

	static inline test *all;

	test(const char *test_name, void (*test_body)())
		: name(test_name), body(test_body), next(all)
	{
		all = this;
	}
};

#define TEST(name)                            \
	static void name();                   \
	static test test_##name(#name, name); \
	static void name()

/* In any thread. */
#define CHECK(that)                                                                 \
	do {                                                                        \
		if (!(that)) {                                                      \
			std::fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, \
				     #that);                                        \
			std::_Exit(1);                                              \
		}                                                                   \
	} while (0)

/* The error that is thrown, 0 if none is. */
template <class F> int error_of(F &&call)
{
	try {
		call();
	} catch (const std::system_error &thrown) {
		CHECK(thrown.code().category() == std::generic_category());
		return thrown.code().value();
	}
	return 0;
}

template <class F> void in_threads(int n, F body)
{
	std::vector<std::thread> threads;

	for (int i = 0; i < n; i++)
		threads.emplace_back([&body, i] { body(i); });
	for (std::thread &thread : threads)
		thread.join();
}

/* What the thread that holds would do in vain: the debug build says so at once. */
template <class F> void in_another_thread(F body)
{
	std::thread(body).join();
}

template <class F> void wait_until(F &&is_so)
{
	while (!is_so())
		std::this_thread::yield();
}

int main(int argc, char **argv)
{
	for (test *t = test::all; t; t = t->next) {
		if (argc > 1 &&
		    std::string_view(t->name).find(argv[1]) == std::string_view::npos)
			continue;
		std::fprintf(stderr, "-- %s\n", t->name);
		t->body();
	}
	return 0;
}

#endif
