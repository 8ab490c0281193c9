/* SPDX-License-Identifier: MIT
 *
 * fifolock/lock.hpp - the classes of locks; fifolock/fifolock.hpp has the rest.
 */
#ifndef FIFOLOCK_LOCK_HPP
#define FIFOLOCK_LOCK_HPP

#include <fifolock/async.hpp>
#include <fifolock/clock.hpp>
#include <fifolock/fifolock.h>
#include <fifolock/modes.hpp>
#include <fifolock/request.h>
#include <fifolock/section.hpp>

#include <utility>

namespace fifolock
{

template <class Modes> class hold;
template <class Modes, class Mode> class in_mode;

/* A lock whose table is Modes: modes<...>, or one of the ready-made.  It is 40 bytes, and constant
 * from the beginning if it is static: it may be used before main.
 *
 * A mode is given as an object of its type: lock.lock(reader{}).  A mode that is not in the table is
 * a compile error.  Without a mode it is exclusive, and *_shared are shared, if the table has
 * these: then the class meets TimedLockable and SharedTimedMutex. */
template <class Modes> class basic_lock
{
	fifolock_t lock_ = FIFOLOCK_INIT(Modes::native());

	template <class Mode>
	using if_has = std::enable_if_t<Modes::template has<Mode>, int>;
#ifdef FIFOLOCK_HAS_ASYNC
	template <class Resume>
	using if_resumes =
		std::enable_if_t<std::is_invocable_v<Resume &, std::coroutine_handle<>>,
				 int>;
#endif
	template <class Mode>
	static constexpr unsigned number = Modes::template number<Mode>();

public:
	using modes = Modes;
	using native_handle_type = fifolock_t *;

	constexpr basic_lock() noexcept = default;
	/* With a table of the same modes that has been made otherwise, such as that of a
	 * fifolock_stats_t: stats.modes. */
	explicit constexpr basic_lock(const fifolock_modes_t *table) noexcept
		: lock_ FIFOLOCK_INIT(table)
	{
	}
	basic_lock(const basic_lock &) = delete;
	basic_lock &operator=(const basic_lock &) = delete;

	native_handle_type native_handle() noexcept
	{
		return &lock_;
	}

	/* ---- in a mode, n holds at once: fifolock_lock_n and its relatives ---- */

	template <class Mode> void lock(Mode)
	{
		detail::check(fifolock_lock(&lock_, number<Mode>), "fifolock: lock");
	}
	template <class Mode> void lock(Mode, std::uint32_t n)
	{
		detail::check(fifolock_lock_n(&lock_, number<Mode>, n), "fifolock: lock");
	}

	template <class Mode> [[nodiscard]] bool try_lock(Mode, std::uint32_t n = 1)
	{
		return detail::taken(fifolock_trylock_n(&lock_, number<Mode>, n),
				     "fifolock: try_lock");
	}

	template <class Mode, class Rep, class Period>
	[[nodiscard]] bool try_lock_for(Mode,
					const std::chrono::duration<Rep, Period> &wait,
					std::uint32_t n = 1)
	{
		const timespec deadline = detail::from_now(wait);

		return detail::taken(
			fifolock_timedlock_n(&lock_, number<Mode>, n, &deadline),
			"fifolock: try_lock_for");
	}

	template <class Mode, class Clock, class Duration>
	[[nodiscard]] bool
	try_lock_until(Mode, const std::chrono::time_point<Clock, Duration> &at,
		       std::uint32_t n = 1)
	{
		return detail::taken(lock_until(number<Mode>, at, n),
				     "fifolock: try_lock_until");
	}

	template <class Mode> void unlock(Mode)
	{
		detail::check(fifolock_unlock(&lock_, number<Mode>), "fifolock: unlock");
	}
	template <class Mode> void unlock(Mode, std::uint32_t n)
	{
		detail::check(fifolock_unlock_n(&lock_, number<Mode>, n),
			      "fifolock: unlock");
	}

	/* A view of this lock that takes it in one mode: for std::unique_lock, std::scoped_lock
	 * and what else wants lock() and unlock().  The lock must outlive it. */
	template <class Mode> in_mode<Modes, Mode> in(Mode) noexcept
	{
		return in_mode<Modes, Mode>(*this);
	}

	/* ---- exclusive ---- */

	template <class M = exclusive, if_has<M> = 0> void lock()
	{
		lock(M());
	}
	template <class M = exclusive, if_has<M> = 0> [[nodiscard]] bool try_lock()
	{
		return try_lock(M());
	}
	template <class Rep, class Period, class M = exclusive, if_has<M> = 0>
	[[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period> &wait)
	{
		return try_lock_for(M(), wait);
	}
	template <class Clock, class Duration, class M = exclusive, if_has<M> = 0>
	[[nodiscard]] bool
	try_lock_until(const std::chrono::time_point<Clock, Duration> &at)
	{
		return try_lock_until(M(), at);
	}
	template <class M = exclusive, if_has<M> = 0> void unlock()
	{
		unlock(M());
	}

	/* ---- shared ---- */

	template <class M = shared, if_has<M> = 0> void lock_shared()
	{
		lock(M());
	}
	template <class M = shared, if_has<M> = 0> [[nodiscard]] bool try_lock_shared()
	{
		return try_lock(M());
	}
	template <class Rep, class Period, class M = shared, if_has<M> = 0>
	[[nodiscard]] bool
	try_lock_shared_for(const std::chrono::duration<Rep, Period> &wait)
	{
		return try_lock_for(M(), wait);
	}
	template <class Clock, class Duration, class M = shared, if_has<M> = 0>
	[[nodiscard]] bool
	try_lock_shared_until(const std::chrono::time_point<Clock, Duration> &at)
	{
		return try_lock_until(M(), at);
	}
	template <class M = shared, if_has<M> = 0> void unlock_shared()
	{
		unlock(M());
	}

	/* ---- the mode of a hold changes in one step: fifolock_convert ---- */

	/* EDEADLK: another conversion waits for this hold to go.  After an exception, and where a
	 * try fails, the hold of from is there as before. */
	template <class From, class To> void convert(From, To)
	{
		detail::check(fifolock_convert(&lock_, number<From>, number<To>),
			      "fifolock: convert");
	}
	template <class From, class To> [[nodiscard]] bool try_convert(From, To)
	{
		return detail::taken(
			fifolock_tryconvert(&lock_, number<From>, number<To>),
			"fifolock: try_convert");
	}
	template <class From, class To, class Rep, class Period>
	[[nodiscard]] bool try_convert_for(From, To,
					   const std::chrono::duration<Rep, Period> &wait)
	{
		const timespec deadline = detail::from_now(wait);

		return detail::taken(fifolock_timedconvert(&lock_, number<From>,
							   number<To>, &deadline),
				     "fifolock: try_convert_for");
	}
	/* On another clock than steady_clock the conversion loses its place among other
	 * conversions when that clock is looked at again. */
	template <class From, class To, class Clock, class Duration>
	[[nodiscard]] bool
	try_convert_until(From, To, const std::chrono::time_point<Clock, Duration> &at)
	{
		return detail::taken(detail::until<CLOCK_MONOTONIC>(
					     at,
					     [&](clockid_t, const timespec *deadline) {
						     return fifolock_timedconvert(
							     &lock_, number<From>,
							     number<To>, deadline);
					     }),
				     "fifolock: try_convert_until");
	}

	/* ---- sections: fifolock_run ---- */

	/* Call the function while the mode is held, exactly once, and return what it returns; wait
	 * in line for that.  Another thread that is in run on the same lock may call it, and then
	 * all that is said of sections in fifolock/request.h holds: it must not depend on
	 * thread-local storage, nor take, give back, convert or bump the same lock, nor be a
	 * cancellation point.  What it throws, this call throws.  Nothing is allocated, and the
	 * function is called where it is: it may be const, or have captured what cannot be copied.
	 *
	 * ECANCELED, EAGAIN: as lock; it has not been called, and will not. */
	template <class Mode, class F> std::invoke_result_t<F> run(Mode, F &&function)
	{
		detail::section<F> section(function);

		detail::check(fifolock_run(&lock_, number<Mode>, section.call, &section),
			      "fifolock: run");
		return section.result();
	}
	template <class F, class M = exclusive, if_has<M> = 0>
	std::invoke_result_t<F> run(F &&function)
	{
		return run(M(), std::forward<F>(function));
	}

#ifdef FIFOLOCK_HAS_ASYNC
	/* ---- coroutines: fifolock/async.hpp says what this means ---- */

	/* co_await gives a hold of this lock: one hold of the mode.  resume(handle) is called where
	 * the coroutine would go on.  A stop token takes the request out of the line; what can be
	 * had at once is taken even if it has been stopped.
	 *
	 * ECANCELED: the lock is closed, or the request was stopped.  ENOMEM: no memory for a place
	 * in line.  EAGAIN: as lock. */
	template <class Mode, class Resume = detail::resume_here, if_resumes<Resume> = 0>
	auto async(Mode, Resume resume = {})
	{
		return detail::awaiter<detail::lock_request<Modes>, Resume,
				       detail::never_stopped>({*this, number<Mode>},
							      std::move(resume), {});
	}
	template <class M = exclusive, if_has<M> = 0> auto async()
	{
		return async(M());
	}
#if defined(__cpp_lib_jthread)
	template <class Mode, class Resume = detail::resume_here>
	auto async(Mode, std::stop_token token, Resume resume = {})
	{
		return detail::awaiter<detail::lock_request<Modes>, Resume,
				       detail::stopped_by>(
			{*this, number<Mode>}, std::move(resume), {std::move(token)});
	}
	template <class M = exclusive, if_has<M> = 0> auto async(std::stop_token token)
	{
		return async(M(), std::move(token));
	}
#endif
#endif

	/* ---- the lock as a whole, as the functions of these names in fifolock.h ---- */

	/* Every request ends with ECANCELED until reopen. */
	void close()
	{
		detail::check(fifolock_close(&lock_), "fifolock: close");
	}
	void reopen()
	{
		detail::check(fifolock_reopen(&lock_), "fifolock: reopen");
	}
	void limit_waiters(std::uint32_t most)
	{
		detail::check(fifolock_limit_waiters(&lock_, most),
			      "fifolock: limit_waiters");
	}
	template <class Mode> bool contended(Mode)
	{
		return fifolock_contended(&lock_, number<Mode>);
	}
	/* After ECANCELED the hold is gone. */
	template <class Mode> void bump(Mode)
	{
		detail::check(fifolock_bump(&lock_, number<Mode>), "fifolock: bump");
	}
	template <class Mode> std::uint32_t holds(Mode) const noexcept
	{
		return fifolock_holds(&lock_, number<Mode>);
	}
	std::uint32_t waiting() const noexcept
	{
		return fifolock_waiting(&lock_);
	}
	/* How many callbacks and coroutines that were handed over it has run. */
	std::uint32_t run_due() noexcept
	{
		return fifolock_request_run_due(&lock_);
	}

private:
	template <class Clock, class Duration>
	int lock_until(unsigned mode, const std::chrono::time_point<Clock, Duration> &at,
		       std::uint32_t n)
	{
		if constexpr (detail::is_native<Clock>)
			return detail::until(
				at, [&](clockid_t clock, const timespec *deadline) {
					return fifolock_clocklock_n(&lock_, mode, n,
								    clock, deadline);
				});
		else
			return request_until(mode, at, n);
	}

	/* In line from beginning to end, however often the clock is looked at. */
	template <class Clock, class Duration>
	int request_until(unsigned mode,
			  const std::chrono::time_point<Clock, Duration> &at,
			  std::uint32_t n) noexcept
	{
		fifolock_request_t request;
		int error = fifolock_request(&lock_, mode, n, &request, nullptr, nullptr);

		if (error != EINPROGRESS)
			return error;
		error = detail::until(at, [&](clockid_t, const timespec *deadline) {
			return fifolock_request_wait(&request, deadline);
		});
		if (error != 0 && error != ECANCELED &&
		    fifolock_request_cancel(&request) != 0)
			error = fifolock_request_wait(&request, nullptr); /* too late */
		return error;
	}
};

template <class Modes> using lock = basic_lock<Modes>;

/* As std::timed_mutex. */
using mutex = basic_lock<mutex_modes>;

/* As std::shared_timed_mutex. */
using shared_mutex = basic_lock<shared_exclusive_modes>;

/* A shared_mutex that has update, too: beside shared, but one at a time; to be converted. */
using update_mutex = basic_lock<update_modes>;

/* The same modes, with holds that any thread may give back: for coroutines (fifolock/async.hpp). */
using async_mutex = basic_lock<fifolock::modes<exclusive>>;
using async_shared_mutex = basic_lock<fifolock::modes<exclusive, shared>>;

} // namespace fifolock

#endif
