/* SPDX-License-Identifier: MIT
 *
 * fifolock/semaphore.hpp - semaphores, first come, first served.
 */
#ifndef FIFOLOCK_SEMAPHORE_HPP
#define FIFOLOCK_SEMAPHORE_HPP

#include <fifolock/lock.hpp>

namespace fifolock
{

/* Like std::counting_semaphore, first come, first served: a request for many is not passed by
 * requests for fewer.  Most is the most that its counter can be; at that the lock is free, so
 * counting_semaphore<n> s(n) is the one whose acquire costs least.
 *
 * release gives to the first in line; release beyond Most throws EOVERFLOW and changes nothing.
 * Signal handlers may call release and try_acquire, as long as they do not throw. */
template <std::uint32_t Most> class counting_semaphore
{
	using one = permit<Most>;
	using table = modes<one>;
	basic_lock<table> lock_;

public:
	using native_handle_type = fifolock_t *;

	/* As many permits as desired; EINVAL: more than Most. */
	explicit counting_semaphore(std::uint32_t desired)
	{
		if (desired > Most)
			detail::fail(EINVAL, "fifolock: semaphore");
		if (desired < Most)
			lock_.lock(one(), Most - desired);
	}

	static constexpr std::uint32_t max() noexcept
	{
		return Most;
	}
	native_handle_type native_handle() noexcept
	{
		return lock_.native_handle();
	}
	/* Its counter, at one moment. */
	std::uint32_t value() const noexcept
	{
		return Most - lock_.holds(one());
	}

	void acquire(std::uint32_t n = 1)
	{
		lock_.lock(one(), n);
	}
	[[nodiscard]] bool try_acquire(std::uint32_t n = 1)
	{
		return lock_.try_lock(one(), n);
	}
	template <class Rep, class Period>
	[[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period> &wait,
					   std::uint32_t n = 1)
	{
		return lock_.try_lock_for(one(), wait, n);
	}
	template <class Clock, class Duration>
	[[nodiscard]] bool
	try_acquire_until(const std::chrono::time_point<Clock, Duration> &at,
			  std::uint32_t n = 1)
	{
		return lock_.try_lock_until(one(), at, n);
	}
	void release(std::uint32_t n = 1)
	{
		const int error = n ? fifolock_unlock_n(native_handle(), 0, n) : 0;

		detail::check(error == EPERM || error == ERANGE ? EOVERFLOW : error,
			      "fifolock: release");
	}

	/* Every acquire ends with ECANCELED until reopen. */
	void close()
	{
		lock_.close();
	}
	void reopen()
	{
		lock_.reopen();
	}
};

using semaphore = counting_semaphore<UINT32_MAX>;
using binary_semaphore = counting_semaphore<1>;

} // namespace fifolock

#endif
