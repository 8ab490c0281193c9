/* SPDX-License-Identifier: MIT
 *
 * fifolock/condition.hpp - wait for a condition while holding a lock in any mode.
 */
#ifndef FIFOLOCK_CONDITION_HPP
#define FIFOLOCK_CONDITION_HPP

#include <fifolock/cond.h>
#include <fifolock/hold.hpp>
#include <fifolock/lock.hpp>

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

namespace fifolock
{

namespace detail
{

/* The lock that a guard holds, and in which mode. */
template <class Guard> struct guarded;

template <class Modes> struct guarded<std::unique_lock<basic_lock<Modes>>> {
	static fifolock_t *lock(const std::unique_lock<basic_lock<Modes>> &guard) noexcept
	{
		return guard.mutex()->native_handle();
	}
	static unsigned mode(const std::unique_lock<basic_lock<Modes>> &) noexcept
	{
		return Modes::template number<exclusive>();
	}
};

template <class Modes> struct guarded<std::shared_lock<basic_lock<Modes>>> {
	static fifolock_t *lock(const std::shared_lock<basic_lock<Modes>> &guard) noexcept
	{
		return guard.mutex()->native_handle();
	}
	static unsigned mode(const std::shared_lock<basic_lock<Modes>> &) noexcept
	{
		return Modes::template number<shared>();
	}
};

template <class Modes, class Mode>
struct guarded<std::unique_lock<in_mode<Modes, Mode>>> {
	static fifolock_t *
	lock(const std::unique_lock<in_mode<Modes, Mode>> &guard) noexcept
	{
		return guard.mutex()->native_handle();
	}
	static unsigned mode(const std::unique_lock<in_mode<Modes, Mode>> &) noexcept
	{
		return Modes::template number<Mode>();
	}
};

template <class Modes> struct guarded<hold<Modes>> {
	static fifolock_t *lock(const hold<Modes> &guard) noexcept
	{
		return guard.lock()->native_handle();
	}
	static unsigned mode(const hold<Modes> &guard) noexcept
	{
		return guard.mode();
	}
};

} // namespace detail

/* As std::condition_variable_any, for std::unique_lock of any lock of this library and of what
 * in() makes of one, for std::shared_lock, and for hold.
 *
 * First come, first served: a signal is for the thread that has waited longest, and moves its
 * request to the end of the lock's line.  No wait ends without a signal, a time-out or an error;
 * but other threads may hold the lock between the signal and the grant, so give a predicate, which
 * is asked with the lock held.
 *
 * The guard must hold the lock, once, with no other hold of this thread beside it: EPERM if it does
 * not.  After a time-out it is held again.  On another clock than steady_clock and system_clock a
 * wait that is not over when the clock is looked at ends without a signal, and without a time-out: a
 * signal that came while the thread had to wait for the lock would be lost otherwise.  With a
 * predicate it begins anew, behind the other waits, if that is false.
 *
 * ECANCELED: the lock is closed.  Then it is not held any more, and the guard knows that. */
class condition
{
	fifolock_cond_t cond_ = FIFOLOCK_COND_INIT;

public:
	using native_handle_type = fifolock_cond_t *;

	constexpr condition() noexcept = default;
	condition(const condition &) = delete;
	condition &operator=(const condition &) = delete;

	native_handle_type native_handle() noexcept
	{
		return &cond_;
	}

	/* With the lock held or without. */
	void notify_one() noexcept
	{
		fifolock_cond_signal(&cond_);
	}
	void notify_all() noexcept
	{
		fifolock_cond_broadcast(&cond_);
	}

	template <class Guard> void wait(Guard &guard)
	{
		detail::check(wait_once(guard, CLOCK_MONOTONIC, nullptr),
			      "fifolock: wait");
	}
	template <class Guard, class Predicate> void wait(Guard &guard, Predicate is_so)
	{
		while (!is_so())
			wait(guard);
	}

	template <class Guard, class Clock, class Duration>
	std::cv_status wait_until(Guard &guard,
				  const std::chrono::time_point<Clock, Duration> &at)
	{
		const int error = detail::until_or_not_yet(
			at, [&](clockid_t clock, const timespec *deadline) {
				return wait_once(guard, clock, deadline);
			});

		return detail::taken(error == detail::not_yet ? 0 : error,
				     "fifolock: wait_until")
			       ? std::cv_status::no_timeout
			       : std::cv_status::timeout;
	}
	/* Is it so, at the end? */
	template <class Guard, class Clock, class Duration, class Predicate>
	bool wait_until(Guard &guard, const std::chrono::time_point<Clock, Duration> &at,
			Predicate is_so)
	{
		while (!is_so())
			if (wait_until(guard, at) == std::cv_status::timeout)
				return is_so();
		return true;
	}

	template <class Guard, class Rep, class Period>
	std::cv_status wait_for(Guard &guard,
				const std::chrono::duration<Rep, Period> &wait)
	{
		return wait_to(guard, detail::from_now(wait));
	}
	template <class Guard, class Rep, class Period, class Predicate>
	bool wait_for(Guard &guard, const std::chrono::duration<Rep, Period> &wait,
		      Predicate is_so)
	{
		const timespec deadline = detail::from_now(wait);

		while (!is_so())
			if (wait_to(guard, deadline) == std::cv_status::timeout)
				return is_so();
		return true;
	}

private:
	template <class Guard>
	int wait_once(Guard &guard, clockid_t clock, const timespec *deadline)
	{
		using of = detail::guarded<Guard>;

		if (!guard.owns_lock())
			return EPERM;
		const int error = deadline ? fifolock_cond_clockwait(
						     &cond_, of::lock(guard),
						     of::mode(guard), clock, deadline)
					   : fifolock_cond_wait(&cond_, of::lock(guard),
								of::mode(guard));
		if (error == ECANCELED)
			(void)guard.release();
		return error;
	}
	template <class Guard>
	std::cv_status wait_to(Guard &guard, const timespec &deadline)
	{
		return detail::taken(wait_once(guard, CLOCK_MONOTONIC, &deadline),
				     "fifolock: wait_for")
			       ? std::cv_status::no_timeout
			       : std::cv_status::timeout;
	}
};

} // namespace fifolock

#endif
