/* SPDX-License-Identifier: MIT
 *
 * deadlines.cpp - times of std::chrono, on any clock.
 */
#include <fifolock/fifolock.hpp>

#include "slow_clock.hpp"
#include "test.hpp"

#include <ctime>
#include <limits>
#include <mutex>
#include <string>

using namespace std::chrono_literals;

TEST(a_deadline_on_any_clock_is_heeded_and_not_early)
{
	fifolock::mutex mutex;
	const auto steady = std::chrono::steady_clock::now() + 3ms;
	const auto system = std::chrono::system_clock::now() + 3ms;

	mutex.lock();
	in_another_thread([&] {
		CHECK(!mutex.try_lock_until(steady));
		CHECK(std::chrono::steady_clock::now() >= steady);
		CHECK(!mutex.try_lock_until(system));
		CHECK(std::chrono::system_clock::now() >= system);
		CHECK(!mutex.try_lock_for(1.5ms));
		CHECK(!mutex.try_lock_for(-1h));
		CHECK(!mutex.try_lock_for(std::chrono::duration<float>(0)));
		slow_clock::looks = 0;
		CHECK(!mutex.try_lock_until(slow_clock::time_point(10ms)));
		CHECK(slow_clock::looks >= 50);
	});
	CHECK(mutex.waiting() == 0);
	mutex.unlock();
	CHECK(mutex.try_lock_until(slow_clock::time_point(0ms)));
	mutex.unlock();
}

TEST(a_wait_for_ever_in_any_unit_is_none_that_has_passed)
{
	fifolock::shared_mutex mutex;

	in_threads(4, [&](int i) {
		for (int turn = 0; turn < 200; turn++) {
			bool got =
				i == 0	 ? mutex.try_lock_for(std::chrono::hours::max())
				: i == 1 ? mutex.try_lock_for(
						   std::chrono::nanoseconds::max())
				: i == 2
					? mutex.try_lock_for(
						  std::chrono::duration<double>::max())
					: mutex.try_lock_until(std::chrono::system_clock::
								       time_point::max());
			CHECK(got);
			mutex.unlock();
		}
	});
}

using unsigned_seconds = std::chrono::duration<unsigned long>;
template <class Clock, class Duration>
using time_on = std::chrono::time_point<Clock, Duration>;

/* As a difference to now, in the units of the clock, each of them is out of range. */
TEST(times_that_passed_long_ago_have_passed_on_any_clock)
{
	using std::chrono::steady_clock;
	fifolock::update_mutex mutex;
	fifolock::condition never;
	const auto before = slow_clock::time_point::min();
	const auto no_sign = time_on<slow_clock, unsigned_seconds>();
	const auto system = std::chrono::time_point_cast<unsigned_seconds>(
				    std::chrono::system_clock::now()) -
			    unsigned_seconds(2);

	slow_clock::looks = 10000; /* it says 2 s */
	fifolock::hold held(mutex, fifolock::shared());
	in_another_thread([&] {
		CHECK(!mutex.try_lock_until(before));
		CHECK(!mutex.try_lock_until(no_sign));
		CHECK(!mutex.try_lock_until(system));
		CHECK(!mutex.try_lock_until(steady_clock::time_point::min()));
		CHECK(!mutex.try_lock_for(std::chrono::nanoseconds::min()));
		fifolock::hold converts(mutex, fifolock::update());

		CHECK(!mutex.try_convert_until(
			fifolock::update(), fifolock::exclusive(),
			std::chrono::system_clock::time_point::min()));
	});
	CHECK(never.wait_until(held, before) == std::cv_status::timeout);
	CHECK(never.wait_until(held, no_sign) == std::cv_status::timeout);
	CHECK(never.wait_until(held, system) == std::cv_status::timeout);
}

TEST(a_time_that_never_comes_is_waited_for_on_any_clock)
{
	using std::chrono::hours;
	fifolock::mutex mutex;

	slow_clock::looks = 0;
	in_threads(3, [&](int i) {
		for (int turn = 0; turn < 200; turn++) {
			CHECK(i == 0 ? mutex.try_lock_until(
					       time_on<slow_clock, hours>::max())
			      : i == 1 ? mutex.try_lock_until(
						 slow_clock::time_point::max())
				       : mutex.try_lock_until(
						 time_on<slow_clock,
							 unsigned_seconds>::max()));
			mutex.unlock();
		}
	});
}

/* So long that the deadline is about what CLOCK_REALTIME says, which C answers with EINVAL. */
TEST(a_wait_of_decades_is_not_taken_for_a_time_of_the_wrong_clock)
{
	fifolock::mutex mutex;
	timespec monotonic{};

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	const auto decades = std::chrono::system_clock::now().time_since_epoch() -
			     std::chrono::seconds(monotonic.tv_sec);
	const auto end = std::chrono::ceil<slow_clock::duration>(decades);
	const auto waits = [&](auto lock) {
		mutex.lock();
		std::thread other([&] {
			CHECK(lock());
			mutex.unlock();
		});
		wait_until([&] { return mutex.waiting() == 1; });
		mutex.unlock();
		other.join();
		CHECK(mutex.waiting() == 0 && mutex.holds(fifolock::exclusive()) == 0);
	};

	slow_clock::looks = 0;
	waits([&] { return mutex.try_lock_for(decades); });
	waits([&] { return mutex.try_lock_until(slow_clock::time_point(end)); });
}

TEST(a_request_keeps_its_place_while_another_clock_is_looked_at)
{
	fifolock::mutex mutex;
	std::string order;

	mutex.lock();
	slow_clock::looks = 0;
	std::thread first([&] {
		CHECK(mutex.try_lock_until(
			slow_clock::time_point(std::chrono::hours(1))));
		order += '1';
		mutex.unlock();
	});
	wait_until([&] { return mutex.waiting() == 1; });
	std::thread second([&] {
		std::lock_guard guard(mutex);
		order += '2';
	});
	wait_until([&] { return mutex.waiting() == 2; });
	mutex.unlock();
	first.join();
	second.join();
	CHECK(order == "12");
}

TEST(times_are_rounded_up_and_kept_in_range)
{
	using fifolock::detail::timespec_of;
	using pico = std::chrono::duration<long, std::pico>;
	const auto is = [](timespec t, long s, long ns) {
		return t.tv_sec == s && t.tv_nsec == ns;
	};

	CHECK(is(timespec_of(1500ms), 1, 500000000));
	CHECK(is(timespec_of(-1500ms), -2, 500000000));
	CHECK(is(timespec_of(pico(1)), 0, 1));
	CHECK(is(timespec_of(pico(999999999999)), 1, 0));
	CHECK(is(timespec_of(pico(-1)), 0, 0));
	CHECK(is(timespec_of(pico(-1), fifolock::detail::rounded::down), -1, 999999999));
	CHECK(is(timespec_of(pico(999), fifolock::detail::rounded::down), 0, 0));
	CHECK(is(timespec_of(std::chrono::nanoseconds::min()), -9223372037, 145224192));
	CHECK(is(timespec_of(std::chrono::duration<double>(0.25)), 0, 250000000));
	CHECK(timespec_of(std::chrono::hours::max()).tv_sec > 1L << 60);
	CHECK(timespec_of(std::chrono::hours::min()).tv_sec < -(1L << 60));
	CHECK(timespec_of(std::chrono::duration<double>(
				  std::numeric_limits<double>::quiet_NaN()))
		      .tv_sec > 1L << 60);
}
