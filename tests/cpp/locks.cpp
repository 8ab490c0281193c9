/* SPDX-License-Identifier: MIT
 *
 * locks.cpp - the classes of fifolock.hpp with the guards of std, and against what std asks of
 * such classes.
 */
#include <fifolock/fifolock.hpp>
#include <fifolock/inspect.h>

#include "slow_clock.hpp"
#include "test.hpp"

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>

using namespace std::chrono_literals;

namespace
{

struct writer;
struct reader;
struct writer : fifolock::mode<fifolock::conflicts<writer, reader>> {
	static constexpr const char *name = "writer";
};
struct reader : fifolock::mode<fifolock::conflicts<writer>> {
	static constexpr const char *name = "reader";
};
using rw = fifolock::modes<writer, reader>;

/* ---- what std asks for: the named requirements, as expressions ---- */

using tick = std::chrono::milliseconds;
template <class Clock> using when = std::chrono::time_point<Clock>;

template <class L, class = void> struct lockable : std::false_type {
};
template <class L>
struct lockable<L, std::void_t<decltype(std::declval<L &>().lock()),
			       decltype(std::declval<L &>().unlock()),
			       decltype(bool(std::declval<L &>().try_lock()))>>
	: std::true_type {
};

template <class L, class = void> struct timed : std::false_type {
};
template <class L>
struct timed<L, std::void_t<decltype(bool(std::declval<L &>().try_lock_for(tick()))),
			    decltype(bool(std::declval<L &>().try_lock_until(
				    when<std::chrono::system_clock>())))>> : lockable<L> {
};

template <class L, class = void> struct shared_timed : std::false_type {
};
template <class L>
struct shared_timed<
	L, std::void_t<decltype(std::declval<L &>().lock_shared()),
		       decltype(std::declval<L &>().unlock_shared()),
		       decltype(bool(std::declval<L &>().try_lock_shared())),
		       decltype(bool(std::declval<L &>().try_lock_shared_for(tick()))),
		       decltype(bool(std::declval<L &>().try_lock_shared_until(
			       when<std::chrono::steady_clock>())))>> : timed<L> {
};

template <class T>
constexpr bool stays =
	std::is_default_constructible_v<T> &&std::is_trivially_destructible_v<T> &&
	!std::is_copy_constructible_v<T> && !std::is_move_constructible_v<T> &&
	!std::is_copy_assignable_v<T> && !std::is_move_assignable_v<T>;

static_assert(timed<fifolock::mutex>() && !shared_timed<fifolock::mutex>());
static_assert(shared_timed<fifolock::shared_mutex>());
static_assert(shared_timed<fifolock::update_mutex>());
static_assert(!lockable<fifolock::lock<rw>>());
static_assert(timed<fifolock::in_mode<rw, writer>>());
static_assert(stays<fifolock::mutex> && stays<fifolock::shared_mutex>);
static_assert(stays<fifolock::lock<rw>>);
static_assert(sizeof(fifolock::mutex) == sizeof(fifolock_t));
static_assert(sizeof(fifolock::lock<rw>) == sizeof(fifolock_t));
static_assert(std::is_standard_layout_v<fifolock::mutex>);
static_assert(std::is_same_v<fifolock::mutex::native_handle_type, fifolock_t *>);

using held = fifolock::hold<rw>;
static_assert(std::is_nothrow_move_constructible_v<held> &&
	      !std::is_copy_constructible_v<held> && !std::is_copy_assignable_v<held>);

/* Made before any code runs. */
#if __cplusplus >= 202002L
constinit
#endif
	fifolock::lock<rw>
		early;

template <class Mode, class L> bool holds(L &lock, std::uint32_t n)
{
	return lock.holds(Mode()) == n;
}

} // namespace

/* ---- the guards ---- */

TEST(a_unique_lock_holds_exclusive_and_gives_it_back)
{
	fifolock::mutex mutex;

	{
		std::unique_lock guard(mutex);

		CHECK(guard.owns_lock() && holds<fifolock::exclusive>(mutex, 1));
		CHECK(!mutex.try_lock());
		guard.unlock();
		CHECK(mutex.try_lock());
		mutex.unlock();
	}
	std::lock_guard guard(mutex);
	std::unique_lock second(mutex, std::try_to_lock);

	CHECK(!second);
}

TEST(readers_share_and_a_writer_is_alone)
{
	fifolock::shared_mutex mutex;
	std::shared_lock one(mutex), two(mutex);
	std::unique_lock writer(mutex, std::defer_lock);

	CHECK(holds<fifolock::shared>(mutex, 2) && !writer.try_lock());
	in_another_thread([&] { CHECK(!mutex.try_lock_for(0ms)); });
	one.unlock();
	two.unlock();
	CHECK(writer.try_lock_for(0ms));
	CHECK(!mutex.try_lock_shared());
	in_another_thread([&] {
		CHECK(!mutex.try_lock_shared_until(std::chrono::system_clock::now()));
	});
}

TEST(a_scoped_lock_takes_locks_of_several_kinds_without_a_deadlock)
{
	fifolock::mutex one;
	fifolock::shared_mutex two;
	fifolock::lock<rw> three;
	long sum = 0;

	in_threads(4, [&](int i) {
		auto writes = three.in(writer());

		for (int turn = 0; turn < 500; turn++) {
			if (i % 2) {
				std::scoped_lock all(one, two, writes);
				sum++;
			} else {
				std::scoped_lock all(writes, two, one);
				sum++;
			}
		}
	});
	CHECK(sum == 2000);
}

TEST(modes_of_ones_own_are_taken_by_their_types)
{
	fifolock::lock<rw> lock;
	fifolock::hold first(lock, reader());
	held second(lock, reader(), std::try_to_lock);
	held third(lock, writer(), std::try_to_lock);

	CHECK(first && second && !third);
	CHECK(holds<reader>(lock, 2) && first.has(reader()) && !first.has(writer()));
	second = std::move(first); /* what second had is given back */
	CHECK(!first && second && holds<reader>(lock, 1));
	second.unlock();
	CHECK(error_of([&] { second.unlock(); }) == EPERM);
	lock.lock(writer());
	{
		held adopted(lock, writer(), std::adopt_lock);
	}
	CHECK(holds<writer>(lock, 0));
	early.lock(reader(), 3);
	early.unlock(reader(), 2);
	CHECK(holds<reader>(early, 1));
	early.unlock(reader());
}

TEST(a_hold_waits_until_its_deadline)
{
	fifolock::lock<rw> lock;
	fifolock::hold held(lock, writer(), 1h);

	CHECK(held.has(writer()));
	in_another_thread([&] {
		fifolock::hold late(lock, reader(), 1ms);
		fifolock::hold later(lock, reader(), std::chrono::system_clock::now());

		CHECK(!late && !later && lock.waiting() == 0);
	});
}

TEST(a_lock_may_use_another_table_of_the_same_modes)
{
	fifolock_stats_t stats;
	fifolock_counts counts;

	CHECK(fifolock_stats_init(&stats, "accounts",
				  fifolock::lock<rw>::modes::native()) == 0);
	fifolock::lock<rw> lock(&stats.modes);

	lock.lock(reader());
	CHECK(!lock.try_lock(writer()));
	lock.unlock(reader());
	CHECK(fifolock_stats_read(&stats, rw::number<reader>(), &counts) == 0);
	CHECK(counts.taken == 1);
}

TEST(what_is_given_back_is_what_was_taken_by_any_kind_of_guard)
{
	fifolock::lock<rw> lock;
	auto reads = lock.in(reader());

	{
		std::unique_lock guard(reads);

		CHECK(guard && holds<reader>(lock, 1));
		CHECK(!lock.in(writer()).try_lock());
		in_another_thread([&] {
			CHECK(!lock.in(writer()).try_lock_for(1ms));
			CHECK(!lock.in(writer()).try_lock_until(
				std::chrono::steady_clock::now()));
		});
	}
	CHECK(holds<reader>(lock, 0));
}

/* ---- order ---- */

TEST(a_reader_that_comes_after_a_writer_waits_behind_it)
{
	fifolock::shared_mutex mutex;
	std::string order;
	std::shared_lock first(mutex);
	std::thread writer([&] {
		std::unique_lock guard(mutex);
		order += 'w';
	});
	wait_until([&] { return mutex.waiting() == 1; });
	CHECK(!mutex.try_lock_shared());
	std::thread reader([&] {
		std::shared_lock guard(mutex);
		order += 'r';
	});
	wait_until([&] { return mutex.waiting() == 2; });
	first.unlock();
	writer.join();
	reader.join();
	CHECK(order == "wr");
}

/* ---- errors ---- */

TEST(errors_are_thrown_with_their_numbers_and_nothing_is_held)
{
	fifolock::shared_mutex mutex;

	CHECK(error_of([&] { mutex.unlock(); }) == EPERM);
	CHECK(error_of([&] { mutex.unlock_shared(); }) == EPERM);
	CHECK(error_of([&] { mutex.lock(fifolock::shared(), 0); }) == ERANGE);
	CHECK(error_of([&] { mutex.limit_waiters(UINT32_MAX); }) == ERANGE);
	mutex.close();
	CHECK(error_of([&] { mutex.lock(); }) == ECANCELED);
	CHECK(error_of([&] { (void)mutex.try_lock(); }) == ECANCELED);
	CHECK(error_of([&] { (void)mutex.try_lock_shared_for(1h); }) == ECANCELED);
	CHECK(error_of([&] { (void)mutex.try_lock_until(slow_clock::time_point(1h)); }) ==
	      ECANCELED);
	CHECK(error_of([&] { fifolock::hold none(mutex, fifolock::shared()); }) ==
	      ECANCELED);
	mutex.reopen();
	std::unique_lock guard(mutex);

	CHECK(guard && fifolock_destroy(mutex.native_handle()) == EBUSY);
}

TEST(a_closing_turns_away_all_that_wait)
{
	fifolock::shared_mutex mutex;
	std::atomic<int> turned_away{0};
	std::thread closes([&] {
		wait_until([&] { return mutex.waiting() == 3; });
		mutex.close();
	});

	mutex.lock();
	in_threads(3, [&](int i) {
		turned_away += error_of([&] {
				       if (i == 0)
					       mutex.lock();
				       else if (i == 1)
					       (void)mutex.try_lock_shared_for(1h);
				       else
					       (void)mutex.try_lock_until(
						       slow_clock::time_point(1h));
			       }) == ECANCELED;
	});
	closes.join();
	mutex.unlock();
	CHECK(turned_away == 3);
}

TEST(a_line_of_limited_length_says_so)
{
	fifolock::mutex mutex;

	mutex.lock();
	mutex.limit_waiters(1);
	std::thread waits([&] { std::lock_guard guard(mutex); });
	wait_until([&] { return mutex.waiting() == 1; });
	in_another_thread([&] { CHECK(error_of([&] { mutex.lock(); }) == EAGAIN); });
	CHECK(mutex.contended(fifolock::exclusive()));
	mutex.bump(fifolock::exclusive());
	waits.join();
	CHECK(!mutex.contended(fifolock::exclusive()));
	mutex.unlock();
}

TEST(the_last_holder_frees_the_lock)
{
	struct object {
		fifolock::mutex mutex;
		int users = 3;
	};

	for (int turn = 0; turn < 200; turn++) {
		object *shared = new object;

		in_threads(3, [shared](int) {
			shared->mutex.lock();
			const bool last = --shared->users == 0;
			shared->mutex.unlock();
			if (last)
				delete shared;
		});
	}
}

/* ---- together ---- */

TEST(many_threads_read_and_write_by_all_ways_there_are)
{
	fifolock::shared_mutex mutex;
	long a = 0, b = 0;

	in_threads(4, [&](int i) {
		for (int turn = 0; turn < 2000; turn++) {
			if ((turn + i) % 3 == 0) {
				std::unique_lock guard(mutex);
				a++, b++;
			} else if ((turn + i) % 3 == 1) {
				std::shared_lock guard(mutex, 1h);
				CHECK(guard && a == b);
			} else if (mutex.try_lock_until(slow_clock::time_point(1h))) {
				a++, b++;
				mutex.unlock();
			}
		}
	});
	CHECK(a == b && a >= 2666);
}
