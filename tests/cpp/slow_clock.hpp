/* SPDX-License-Identifier: MIT
 *
 * slow_clock.hpp - a clock that is neither steady_clock nor system_clock.
 */
#ifndef SLOW_CLOCK_HPP
#define SLOW_CLOCK_HPP

#include <atomic>
#include <chrono>

/* It runs by being looked at. */
struct slow_clock {
	using duration = std::chrono::duration<long, std::milli>;
	using rep = duration::rep;
	using period = duration::period;
	using time_point = std::chrono::time_point<slow_clock>;
	static constexpr bool is_steady = false;
	static inline std::atomic<long> looks;

	/* It needs 50 looks for 10 of its milliseconds. */
	static time_point now() noexcept
	{
		return time_point(duration(looks++ / 5));
	}
};

#endif
