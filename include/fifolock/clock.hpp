/* SPDX-License-Identifier: MIT
 *
 * fifolock/clock.hpp - for fifolock/fifolock.hpp: times of std::chrono, and errors.  Private.
 *
 * std::chrono::steady_clock is CLOCK_MONOTONIC and std::chrono::system_clock is CLOCK_REALTIME, in
 * both C++ libraries that there are on Linux.  A time on any other clock is converted, and looked
 * at again when it seems to have come.
 */
#ifndef FIFOLOCK_CLOCK_HPP
#define FIFOLOCK_CLOCK_HPP

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <system_error>
#include <type_traits>

namespace fifolock
{
namespace detail
{

/* As an exception; where there are none the program ends. */
[[noreturn]] inline void fail(int error, const char *what)
{
#if defined(__cpp_exceptions)
	throw std::system_error(error, std::generic_category(), what);
#else
	(void)error;
	(void)what;
	std::abort();
#endif
}

inline void check(int error, const char *what)
{
	if (__builtin_expect(error != 0, 0))
		fail(error, what);
}

/* Of a call that may come back without a hold. */
inline bool taken(int error, const char *what)
{
	if (error == 0)
		return true;
	if (error == EBUSY || error == ETIMEDOUT)
		return false;
	fail(error, what);
}

/* So far in the future, and in the past, that it makes no difference. */
constexpr std::time_t far = std::numeric_limits<std::time_t>::max() / 4;

/* Rounded up: a deadline is never early. */
template <class Rep, class Period>
timespec timespec_of(const std::chrono::duration<Rep, Period> &time)
{
	using namespace std::chrono;
	const auto approximately = duration<long double>(time).count();

	if (!(approximately < static_cast<long double>(far))) /* or no number at all */
		return {far, 0};
	if (approximately < -static_cast<long double>(far))
		return {-far, 0};
	const auto whole = floor<seconds>(time);
	const auto rest = ceil<nanoseconds>(time - whole).count();

	return {static_cast<std::time_t>(whole.count() + rest / 1000000000),
		static_cast<long>(rest % 1000000000)};
}

inline timespec sum_of(timespec a, timespec b)
{
	const long ns = a.tv_nsec + b.tv_nsec;

	return {a.tv_sec + b.tv_sec + ns / 1000000000, ns % 1000000000};
}

/* On CLOCK_MONOTONIC. */
template <class Rep, class Period>
timespec from_now(const std::chrono::duration<Rep, Period> &wait)
{
	timespec now{};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return sum_of(now, timespec_of(wait));
}

constexpr clockid_t no_clock = -1;

template <class Clock> constexpr clockid_t clock_of = no_clock;
template <>
inline constexpr clockid_t clock_of<std::chrono::steady_clock> = CLOCK_MONOTONIC;
template <>
inline constexpr clockid_t clock_of<std::chrono::system_clock> = CLOCK_REALTIME;

template <class Clock> constexpr bool is_native = clock_of<Clock> != no_clock;

/* wait_until(clock, timespec), which returns ETIMEDOUT, until the time has come on its own
 * clock.  Only: the only one that it takes. */
template <clockid_t Only = no_clock, class Clock, class Duration, class Wait>
int until(const std::chrono::time_point<Clock, Duration> &at, Wait &&wait_until)
{
	timespec deadline{};

	if constexpr (is_native<Clock> && (Only == no_clock || Only == clock_of<Clock>)) {
		deadline = timespec_of(at.time_since_epoch());
		return wait_until(clock_of<Clock>, &deadline);
	} else {
		for (;;) {
			deadline = from_now(at - Clock::now());
			const int error = wait_until(CLOCK_MONOTONIC, &deadline);

			if (error != ETIMEDOUT || Clock::now() >= at)
				return error;
		}
	}
}

} // namespace detail
} // namespace fifolock

#endif
