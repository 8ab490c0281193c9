/* SPDX-License-Identifier: MIT
 *
 * fifolock/fifolock.hpp - the lock for C++17: mutexes, semaphores, conditions, modes of one's own,
 * sections; for C++20 coroutines, too.
 *
 *	fifolock::shared_mutex mutex;
 *
 *	std::shared_lock reading(mutex);		// as with std::shared_timed_mutex,
 *	std::unique_lock writing(mutex, 10ms);		// but strictly first come, first served
 *
 *	fifolock::lock<rw> lock;			// a table of one's own (fifolock/modes.hpp)
 *	fifolock::hold held(lock, reader{});
 *
 *	long sum = lock.run(writer{}, [&] { return balance += amount; });
 *	auto held = co_await lock.async(writer{});
 *
 * Header-only, above the C interface: what fifolock/fifolock.h says of order, modes, callers,
 * signal handlers and cancellation holds here, too.
 *
 * Errors.  An error number of the C interface is thrown as std::system_error with
 * std::generic_category(), with these exceptions: of a try, EBUSY is false, and of a wait with a
 * deadline ETIMEDOUT is false.  After an exception the holds are what they were before, but where
 * it says otherwise.  A lock that is never closed and has no limit on its line throws only
 * for misuse: unlock() throws EPERM if no hold of that mode exists, which ends the program where a
 * guard's destructor calls it.
 *
 * Deadlines.  A time of std::chrono::steady_clock or of system_clock is a time on CLOCK_MONOTONIC
 * or CLOCK_REALTIME.  With any other clock the call waits for as long as that clock says now, and
 * looks at it again then; the place in line stays.  Its now() must not throw.
 *
 * Destructors do nothing, for any of these classes but hold: a static lock may be used until the
 * process ends, and the last holder may free a lock after its own unlock.  To destroy a lock that
 * is held, or has requests in line, is an error of the program that is not noticed;
 * fifolock_destroy(lock.native_handle()) notices it.
 */
#ifndef FIFOLOCK_FIFOLOCK_HPP
#define FIFOLOCK_FIFOLOCK_HPP

#if __cplusplus < 201703L
#error "fifolock/fifolock.hpp needs C++17"
#endif

#include <fifolock/clock.hpp>
#include <fifolock/fifolock.h>
#include <fifolock/modes.hpp>
#include <fifolock/request.h>

#include <mutex>
#include <type_traits>
#include <utility>

namespace fifolock
{

template <class Modes> class hold;
template <class Modes, class Mode> class in_mode;

/* ---- locks ---- */

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

		if (error == EINPROGRESS)
			error = detail::until(
				at, [&](clockid_t, const timespec *deadline) {
					return fifolock_request_wait(&request, deadline);
				});
		if (error == ETIMEDOUT && fifolock_request_cancel(&request) != 0)
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

/* A lock seen as taken in one mode: it meets TimedLockable. */
template <class Modes, class Mode> class in_mode
{
	basic_lock<Modes> *lock_;

      public:
	explicit in_mode(basic_lock<Modes> &lock) noexcept : lock_(&lock)
	{
	}

	fifolock_t *native_handle() const noexcept
	{
		return lock_->native_handle();
	}
	void lock()
	{
		lock_->lock(Mode());
	}
	[[nodiscard]] bool try_lock()
	{
		return lock_->try_lock(Mode());
	}
	template <class Rep, class Period>
	[[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period> &wait)
	{
		return lock_->try_lock_for(Mode(), wait);
	}
	template <class Clock, class Duration>
	[[nodiscard]] bool
	try_lock_until(const std::chrono::time_point<Clock, Duration> &at)
	{
		return lock_->try_lock_until(Mode(), at);
	}
	void unlock()
	{
		lock_->unlock(Mode());
	}
};

/* ---- a hold, given back by its destructor ---- */

/* Like std::unique_lock, in any mode: one hold, or none.  Its destructor ends the program if the
 * hold that it is to give back does not exist. */
template <class Modes> class [[nodiscard]] hold
{
	basic_lock<Modes> *lock_ = nullptr;
	unsigned mode_ = 0;

	template <class Mode>
	static constexpr unsigned number = Modes::template number<Mode>();

      public:
	hold() noexcept = default;
	template <class Mode> hold(basic_lock<Modes> &lock, Mode mode)
	{
		lock.lock(mode);
		adopt(lock, mode);
	}
	template <class Mode> hold(basic_lock<Modes> &lock, Mode mode, std::try_to_lock_t)
	{
		if (lock.try_lock(mode))
			adopt(lock, mode);
	}
	/* It is held already. */
	template <class Mode>
	hold(basic_lock<Modes> &lock, Mode mode, std::adopt_lock_t) noexcept
	{
		adopt(lock, mode);
	}
	hold(hold &&other) noexcept
	    : lock_(std::exchange(other.lock_, nullptr)), mode_(other.mode_)
	{
	}
	hold &operator=(hold &&other)
	{
		hold(std::move(other)).swap(*this);
		return *this;
	}
	~hold()
	{
		if (lock_)
			unlock();
	}

	void swap(hold &other) noexcept
	{
		std::swap(lock_, other.lock_);
		std::swap(mode_, other.mode_);
	}
	void unlock()
	{
		basic_lock<Modes> *lock = release();

		detail::check(lock ? fifolock_unlock(lock->native_handle(), mode_)
				   : EPERM,
			      "fifolock: unlock");
	}
	/* Without giving back what is held. */
	basic_lock<Modes> *release() noexcept
	{
		return std::exchange(lock_, nullptr);
	}

	bool owns_lock() const noexcept
	{
		return lock_ != nullptr;
	}
	explicit operator bool() const noexcept
	{
		return owns_lock();
	}
	/* Is it a hold of this mode? */
	template <class Mode> bool has(Mode) const noexcept
	{
		return lock_ && mode_ == number<Mode>;
	}
	basic_lock<Modes> *lock() const noexcept
	{
		return lock_;
	}
	unsigned mode() const noexcept
	{
		return mode_;
	}

      private:
	template <class Mode> void adopt(basic_lock<Modes> &lock, Mode) noexcept
	{
		lock_ = &lock;
		mode_ = number<Mode>;
	}
};

template <class Modes, class Mode, class... More>
hold(basic_lock<Modes> &, Mode, More...) -> hold<Modes>;

/* ---- semaphores ---- */

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
