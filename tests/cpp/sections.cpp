/* SPDX-License-Identifier: MIT
 *
 * sections.cpp - run: what it returns, what it throws, what it calls; conversions.
 */
#include <fifolock/fifolock.hpp>

#include "test.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <shared_mutex>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

/* ---- allocations are counted ---- */

static thread_local int allocations;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define NOT_COUNTED 1 /* these two are the sanitizer's */
#endif
#endif
#ifndef NOT_COUNTED

void *operator new(std::size_t size)
{
	allocations++;
	if (void *memory = std::malloc(size))
		return memory;
	std::abort();
}
void operator delete(void *memory) noexcept
{
	std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept
{
	std::free(memory);
}
#endif

/* ---- sections ---- */

TEST(a_section_returns_what_it_returns)
{
	fifolock::mutex mutex;
	auto owned = std::make_unique<int>(10);
	int number = 0;

	CHECK(mutex.run([] { return 7; }) == 7);
	CHECK(mutex.run([] { return std::string(100, 'x'); }).size() == 100);
	CHECK(*mutex.run([] { return std::make_unique<int>(8); }) == 8);
	mutex.run([&]() -> int & { return number; }) = 9;
	CHECK(number == 9);
	CHECK(*mutex.run([&]() -> std::unique_ptr<int> && { return std::move(owned); }) ==
	      10);
	const auto reference = [&]() -> int & { return number; };
	const auto nothing = [] {};

	static_assert(std::is_same_v<decltype(mutex.run(reference)), int &>);
	static_assert(std::is_void_v<decltype(mutex.run(nothing))>);
}

namespace
{

int plain_function()
{
	return 10;
}

struct counted {
	static inline std::atomic<int> alive;

	counted() noexcept
	{
		alive++;
	}
	counted(counted &&) noexcept
	{
		alive++;
	}
	~counted()
	{
		alive--;
	}
};

} // namespace

TEST(a_section_is_called_where_it_is_and_nothing_is_allocated)
{
	fifolock::shared_mutex mutex;
	auto owned = std::make_unique<int>(1);
	auto moves_only = [owned = std::move(owned)]() mutable noexcept {
		return ++*owned;
	};
	const auto constant = [] { return 5; };
	const int before = allocations;

	CHECK(mutex.run(moves_only) == 2 &&
	      mutex.run(fifolock::shared(), moves_only) == 3);
	CHECK(mutex.run(std::move(moves_only)) == 4);
	CHECK(mutex.run(constant) == 5);
	CHECK(mutex.run(plain_function) == 10 && mutex.run(&plain_function) == 10);
	CHECK(allocations == before);
	{
		counted result = mutex.run([] { return counted(); });

		CHECK(counted::alive == 1);
	}
	CHECK(counted::alive == 0);
}

TEST(what_a_section_throws_its_caller_catches)
{
	fifolock::mutex mutex;
	bool caught = false;

	try {
		mutex.run([]() -> counted { throw std::out_of_range("far"); });
	} catch (const std::out_of_range &thrown) {
		caught = std::string(thrown.what()) == "far";
	}
	CHECK(caught && counted::alive == 0);
	CHECK(mutex.holds(fifolock::exclusive()) == 0);
}

TEST(a_section_of_a_closed_lock_is_not_called)
{
	fifolock::mutex mutex;
	bool called = false;

	mutex.close();
	CHECK(error_of([&] { mutex.run([&] { called = true; }); }) == ECANCELED &&
	      !called);
}

/* Under load most are called by another thread; where each was called is noted. */
TEST(results_and_exceptions_come_back_from_other_threads)
{
	static constexpr int turns = 4000;
	fifolock::mutex mutex;
	std::atomic<int> foreign{0};
	long sum = 0;

	in_threads(4, [&](int me) {
		const auto self = std::this_thread::get_id();

		for (int i = 0; i < turns; i++) {
			std::thread::id where;
			bool thrown = false;
			long mine = 0;

			try {
				mine = mutex.run([&] {
					where = std::this_thread::get_id();
					if (i % 8 == me)
						throw i;
					return ++sum;
				});
			} catch (int number) {
				thrown = number == i;
			}
			CHECK(thrown == (i % 8 == me) && (thrown || mine > 0));
			foreign += where != self;
		}
	});
	CHECK(sum == 4L * turns * 7 / 8);
	std::fprintf(stderr, "   %d of %d by another thread\n", foreign.load(),
		     4 * turns);
}

namespace
{

struct section_ran {
	std::thread::id asked, where;
	bool thrown;
};

void run_throwing(fifolock::mutex &mutex, section_ran &ran)
{
	ran.asked = std::this_thread::get_id();
	try {
		mutex.run([&] {
			ran.where = std::this_thread::get_id();
			throw std::runtime_error("section");
		});
	} catch (const std::runtime_error &) {
		ran.thrown = true;
	}
}

constexpr unsigned many = 8;

/* Its own, and those of two others. */
bool has_called_three(const section_ran (&ran)[many], std::thread::id caller)
{
	return std::count_if(std::begin(ran), std::end(ran), [&](const section_ran &one) {
		       return one.where == caller;
	       }) >= 3;
}

/* They wait, and one that is granted calls the sections of those that it finds behind it: the first, or
 * with more than two processors one that has found so many before it. */
bool one_thread_calls_three()
{
	fifolock::mutex mutex;
	section_ran ran[many] = {};
	std::vector<std::thread> threads;

	mutex.lock();
	for (unsigned i = 0; i < many; i++) {
		threads.emplace_back([&, i] { run_throwing(mutex, ran[i]); });
		wait_until([&] { return mutex.waiting() == i + 1; });
	}
	mutex.unlock();
	for (std::thread &thread : threads)
		thread.join();
	for (const section_ran &one : ran)
		CHECK(one.thrown);
	CHECK(ran[0].where == ran[0].asked);
	return std::any_of(std::begin(ran), std::end(ran), [&](const section_ran &one) {
		return one.where == one.asked && has_called_three(ran, one.asked);
	});
}

} // namespace

/* One that is counted as waiting has perhaps not told its section yet: then again. */
TEST(a_thread_calls_the_sections_of_those_behind_it)
{
	wait_until(one_thread_calls_three);
}

/* ---- conversions ---- */

TEST(an_update_is_converted_when_the_readers_have_left)
{
	using fifolock::exclusive, fifolock::shared, fifolock::update;
	fifolock::update_mutex mutex;
	fifolock::hold held(mutex, update());
	std::atomic<bool> tried{false};
	std::thread reads([&] {
		std::shared_lock reader(mutex);

		wait_until([&] { return tried && mutex.waiting() == 1; });
	});

	wait_until([&] { return mutex.holds(shared()) == 1; });
	CHECK(!mutex.try_lock(update()) && !held.try_convert(exclusive()));
	CHECK(!held.try_convert_for(exclusive(), 1ms) && held.has(update()));
	tried = true;
	held.convert(exclusive());
	reads.join();
	CHECK(held.has(exclusive()) && !mutex.try_lock_shared());
	CHECK(held.try_convert(shared()) && mutex.try_lock_shared());
	mutex.unlock_shared();
	held.unlock();
	CHECK(error_of([&] { held.convert(shared()); }) == EPERM);
	CHECK(mutex.try_lock());
	mutex.convert(exclusive(), update());
	CHECK(mutex.try_convert(update(), exclusive()));
	CHECK(mutex.try_convert_for(exclusive(), shared(), 1ms));
	CHECK(error_of([&] { mutex.convert(exclusive(), shared()); }) == EPERM);
	mutex.unlock_shared();
}

TEST(two_readers_that_both_convert_are_told)
{
	using fifolock::exclusive, fifolock::shared;
	fifolock::shared_mutex mutex;
	fifolock::hold mine(mutex, shared());
	std::thread other([&] {
		fifolock::hold held(mutex, shared());
		held.convert(exclusive());
	});

	wait_until([&] { return mutex.waiting() == 1; });
	CHECK(error_of([&] { mine.convert(exclusive()); }) == EDEADLK);
	CHECK(mine.has(shared()));
	mine.unlock();
	other.join();
}

TEST(a_conversion_until_any_clock_says_so)
{
	using fifolock::exclusive, fifolock::shared;
	fifolock::shared_mutex mutex;
	std::atomic<bool> tried{false};
	std::thread other([&] {
		std::shared_lock guard(mutex);
		wait_until([&] { return tried.load(); });
	});

	wait_until([&] { return mutex.holds(shared()) == 1; });
	fifolock::hold held(mutex, shared());
	const auto soon = std::chrono::system_clock::now() + 2ms;

	CHECK(!mutex.try_convert_until(shared(), exclusive(), soon));
	CHECK(std::chrono::system_clock::now() >= soon);
	CHECK(!mutex.try_convert_until(shared(), exclusive(),
				       std::chrono::steady_clock::now()));
	CHECK(mutex.holds(shared()) == 2);
	tried = true;
	other.join();
	CHECK(mutex.try_convert_until(shared(), exclusive(), soon));
	mutex.convert(exclusive(), shared());
}
