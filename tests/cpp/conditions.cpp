/* SPDX-License-Identifier: MIT
 *
 * conditions.cpp - condition, with every guard.
 */
#include <fifolock/fifolock.hpp>

#include "test.hpp"

#include <atomic>
#include <deque>
#include <string>

using namespace std::chrono_literals;

namespace
{

struct writer;
struct reader;
struct writer : fifolock::mode<fifolock::conflicts<writer, reader>> {
};
struct reader : fifolock::mode<fifolock::conflicts<writer>> {
};
using rw = fifolock::modes<writer, reader>;

struct stopped_clock {
	using duration = std::chrono::milliseconds;
	using rep = duration::rep;
	using period = duration::period;
	using time_point = std::chrono::time_point<stopped_clock>;

	static time_point now()
	{
		return time_point(1ms);
	}
};

/* A thread waits by this guard; then another one makes it so, in a mode of its own. */
template <class Wait, class Change> void wakes(Wait &&wait, Change &&change)
{
	std::thread waits(wait);

	change();
	waits.join();
}

static_assert(sizeof(fifolock::condition) == sizeof(fifolock_cond_t));
static_assert(std::is_trivially_destructible_v<fifolock::condition> &&
	      !std::is_copy_constructible_v<fifolock::condition>);

#if __cplusplus >= 202002L
constinit
#endif
	fifolock::condition early;

struct other_clock {
	using duration = std::chrono::steady_clock::duration;
	using rep = duration::rep;
	using period = duration::period;
	using time_point = std::chrono::time_point<other_clock>;
	static time_point now() noexcept
	{
		return time_point(std::chrono::steady_clock::now().time_since_epoch());
	}
};

} // namespace

TEST(a_wait_gives_the_lock_back_and_has_it_again)
{
	fifolock::mutex mutex;
	fifolock::condition changed;
	bool so = false;

	wakes(
		[&] {
			std::unique_lock guard(mutex);
			changed.wait(guard, [&] { return so; });
			CHECK(guard.owns_lock() && !mutex.try_lock());
		},
		[&] {
			std::lock_guard guard(mutex);
			so = true;
			changed.notify_one();
		});
	CHECK(mutex.holds(fifolock::exclusive()) == 0);
}

TEST(readers_wait_in_shared_and_are_all_told)
{
	fifolock::shared_mutex mutex;
	int so = 0;

	std::thread changes([&] {
		wait_until([&] {
			std::unique_lock guard(mutex);
			return so == 3;
		});
		std::unique_lock guard(mutex);
		so = 4;
		early.notify_all();
	});
	in_threads(3, [&](int) {
		{
			std::unique_lock guard(mutex);
			so++;
		}
		std::shared_lock guard(mutex);
		early.wait(guard, [&] { return so == 4; });
		CHECK(guard.owns_lock());
	});
	changes.join();
}

TEST(a_hold_and_a_view_wait_in_their_modes)
{
	fifolock::lock<rw> lock;
	fifolock::condition changed;
	int so = 0;

	wakes(
		[&] {
			fifolock::hold held(lock, reader());
			changed.wait(held, [&] { return so == 1; });
			CHECK(held.has(reader()) && !lock.try_lock(writer()));
		},
		[&] {
			fifolock::hold held(lock, writer());
			so = 1;
			changed.notify_all();
		});
	auto writes = lock.in(writer());

	wakes(
		[&] {
			std::unique_lock guard(writes);
			changed.wait(guard, [&] { return so == 2; });
			CHECK(guard && lock.holds(writer()) == 1);
		},
		[&] {
			std::unique_lock guard(writes);
			so = 2;
			changed.notify_all();
		});
}

TEST(waits_have_deadlines_on_any_clock)
{
	fifolock::mutex mutex;
	fifolock::condition never;
	std::unique_lock guard(mutex);
	const auto no = [] { return false; };
	const auto check_until = [&](auto at) {
		CHECK(never.wait_until(guard, at) == std::cv_status::timeout);
		CHECK(decltype(at)::clock::now() >= at && guard.owns_lock());
		CHECK(!never.wait_until(guard, at, no));
		CHECK(never.wait_until(guard, at, [] { return true; }));
	};

	check_until(std::chrono::steady_clock::now() + 2ms);
	check_until(std::chrono::system_clock::now() + 2ms);
	check_until(other_clock::now() + 2ms);
	CHECK(never.wait_for(guard, 1ms) == std::cv_status::timeout);
	int asked = 0;
	CHECK(never.wait_for(guard, 1ms, [&] { return asked++ == 1; })); /* at the end */
	asked = 0;
	CHECK(never.wait_until(guard, other_clock::now(), [&] { return asked++ == 1; }));
	CHECK(!never.wait_for(guard, 1.5ms, no) && guard &&
	      mutex.holds(fifolock::exclusive()));
}

/* The wait is looked at again and again, as its clock stands still; in between the thread is in line for
 * the lock, and nothing waits for the signal. */
TEST(a_signal_while_another_clock_is_looked_at_is_not_missed)
{
	fifolock::mutex mutex;
	fifolock::condition changed;
	std::atomic<bool> waits{false};
	bool changes = false;
	std::thread waiter([&] {
		std::unique_lock guard(mutex);
		const auto never = stopped_clock::now() + 1ms;

		waits = true;
		CHECK(changed.wait_until(guard, never, [&] { return changes; }));
		CHECK(changed.wait_until(guard, never) == std::cv_status::no_timeout);
	});
	wait_until([&] { return waits.load(); });
	std::unique_lock guard(mutex);

	wait_until([&] { return mutex.waiting() == 1; });
	changes = true;
	changed.notify_one();
	guard.unlock();
	waiter.join();
}

TEST(signals_go_to_the_longest_waiting)
{
	fifolock::mutex mutex;
	fifolock::condition turn;
	std::string order;
	int waiting = 0;
	std::vector<std::thread> threads;

	for (int i = 0; i < 3; i++) {
		threads.emplace_back([&, i] {
			std::unique_lock guard(mutex);
			waiting++;
			turn.wait(guard);
			order += static_cast<char>('a' + i);
		});
		wait_until([&] {
			std::lock_guard guard(mutex);
			return waiting == i + 1;
		});
	}
	for (int i = 0; i < 3; i++)
		turn.notify_one();
	for (std::thread &thread : threads)
		thread.join();
	CHECK(order == "abc");
}

TEST(a_closing_ends_a_wait_and_the_guard_holds_nothing)
{
	fifolock::shared_mutex mutex;
	fifolock::condition never;
	std::atomic<int> ended{0}, begun{0};
	std::thread closes([&] {
		wait_until([&] {
			std::unique_lock guard(mutex);
			return begun == 2;
		});
		mutex.close();
	});

	in_threads(2, [&](int i) {
		std::shared_lock guard(mutex);

		begun++;
		ended += error_of([&] {
				 if (i)
					 never.wait(guard);
				 else
					 (void)never.wait_for(guard, 1h);
			 }) == ECANCELED;
		CHECK(!guard.owns_lock());
	});
	closes.join();
	CHECK(ended == 2 && mutex.holds(fifolock::shared()) == 0);
}

TEST(a_guard_that_holds_nothing_cannot_wait)
{
	fifolock::mutex mutex;
	fifolock::condition never;
	std::unique_lock guard(mutex, std::defer_lock);

	CHECK(error_of([&] { never.wait(guard); }) == EPERM);
	CHECK(error_of([&] { (void)never.wait_for(guard, 1h); }) == EPERM);
}

TEST(a_bounded_queue_loses_nothing)
{
	fifolock::mutex mutex;
	fifolock::condition not_full, not_empty;
	std::deque<int> items;
	std::atomic<long> sum{0};

	in_threads(4, [&](int i) {
		for (int turn = 1; turn <= 500; turn++) {
			std::unique_lock guard(mutex);

			if (i % 2) {
				not_full.wait(guard, [&] { return items.size() < 4; });
				items.push_back(turn);
				not_empty.notify_one();
			} else {
				CHECK(not_empty.wait_for(guard, 1h,
							 [&] { return !items.empty(); }));
				sum += items.front();
				items.pop_front();
				not_full.notify_one();
			}
		}
	});
	CHECK(sum == 2 * 500 * 501 / 2 && items.empty());
}
