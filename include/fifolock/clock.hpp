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

/* With its nanoseconds, -999999999 to 1999999999 of them, in their range. */
inline timespec normal(std::time_t s, long ns)
{
	const long carry = ns < 0 ? -1 : ns / 1000000000;

	return {s + carry, ns - carry * 1000000000};
}

enum class rounded { up, down };

/* Rounded up: a deadline is never early. */
template <class Rep, class Period>
timespec timespec_of(const std::chrono::duration<Rep, Period> &time,
		     rounded how = rounded::up)
{
	using namespace std::chrono;
	const auto approximately = duration<long double>(time).count();

	if (!(approximately < static_cast<long double>(far))) /* or no number at all */
		return {far, 0};
	if (approximately < -static_cast<long double>(far))
		return {-far, 0};
	const auto whole = duration_cast<seconds>(time); /* towards 0: it is in range */
	const auto rest = time - whole;
	const auto ns =
		how == rounded::up ? ceil<nanoseconds>(rest) : floor<nanoseconds>(rest);

	return normal(static_cast<std::time_t>(whole.count()),
		      static_cast<long>(ns.count()));
}

inline timespec difference(timespec a, timespec b)
{
	return normal(a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec);
}

/* So long that a wait may as well have no end: then its deadline is never taken for one that was
 * read from the wrong clock (fifolock/fifolock.h). */
constexpr std::time_t ten_years = 10 * 366 * 86400L;

/* On CLOCK_MONOTONIC. */
inline timespec from_now(timespec wait)
{
	timespec now{};

	if (wait.tv_sec > ten_years)
		return {far, 0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	return normal(now.tv_sec + wait.tv_sec, now.tv_nsec + wait.tv_nsec);
}

template <class Rep, class Period>
timespec from_now(const std::chrono::duration<Rep, Period> &wait)
{
	return from_now(timespec_of(wait));
}

constexpr clockid_t no_clock = -1;

template <class Clock> constexpr clockid_t clock_of = no_clock;
template <>
inline constexpr clockid_t clock_of<std::chrono::steady_clock> = CLOCK_MONOTONIC;
template <>
inline constexpr clockid_t clock_of<std::chrono::system_clock> = CLOCK_REALTIME;

template <class Clock> constexpr bool is_native = clock_of<Clock> != no_clock;

/* How long until then, on its own clock; 0 or less: the time has come.  In seconds, not in the units
 * of the clock: there the difference may be out of range, or without a sign. */
template <class Clock> timespec left_until(timespec at)
{
	return difference(at,
			  timespec_of(Clock::now().time_since_epoch(), rounded::down));
}

inline bool is_over(timespec left)
{
	return left.tv_sec < 0 || (left.tv_sec == 0 && left.tv_nsec == 0);
}

/* No error number: the time has not come on its own clock. */
constexpr int not_yet = -1;

/* wait_until(clock, timespec), which returns ETIMEDOUT, once.  Only: the only clock that it takes. */
template <clockid_t Only = no_clock, class Clock, class Duration, class Wait>
int until_or_not_yet(const std::chrono::time_point<Clock, Duration> &at,
		     Wait &&wait_until)
{
	const timespec end = timespec_of(at.time_since_epoch());

	if constexpr (is_native<Clock> && (Only == no_clock || Only == clock_of<Clock>)) {
		return wait_until(clock_of<Clock>, &end);
	} else {
		const timespec deadline = from_now(left_until<Clock>(end));
		const int error = wait_until(CLOCK_MONOTONIC, &deadline);

		return error == ETIMEDOUT && !is_over(left_until<Clock>(end)) ? not_yet
									      : error;
	}
}

/* The same, until the time has come. */
template <clockid_t Only = no_clock, class Clock, class Duration, class Wait>
int until(const std::chrono::time_point<Clock, Duration> &at, Wait &&wait_until)
{
	int error;

	do
		error = until_or_not_yet<Only>(at, wait_until);
	while (error == not_yet);
	return error;
}

} // namespace detail
} // namespace fifolock

#endif
