/* SPDX-License-Identifier: MIT
 *
 * fifolock/hold.hpp - guards, and what guards want: a lock in one mode.
 */
#ifndef FIFOLOCK_HOLD_HPP
#define FIFOLOCK_HOLD_HPP

#include <fifolock/lock.hpp>

#include <mutex>
#include <utility>

namespace fifolock
{

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
	template <class Mode, class Rep, class Period>
	hold(basic_lock<Modes> &lock, Mode mode,
	     const std::chrono::duration<Rep, Period> &wait)
	{
		if (lock.try_lock_for(mode, wait))
			adopt(lock, mode);
	}
	template <class Mode, class Clock, class Duration>
	hold(basic_lock<Modes> &lock, Mode mode,
	     const std::chrono::time_point<Clock, Duration> &at)
	{
		if (lock.try_lock_until(mode, at))
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

	/* To another mode in one step; as the lock's functions of these names. */
	template <class To> void convert(To)
	{
		detail::check(converted(fifolock_convert(native(), mode_, number<To>),
					number<To>),
			      "fifolock: convert");
	}
	template <class To> [[nodiscard]] bool try_convert(To)
	{
		return detail::taken(
			converted(fifolock_tryconvert(native(), mode_, number<To>),
				  number<To>),
			"fifolock: try_convert");
	}
	template <class To, class Rep, class Period>
	[[nodiscard]] bool try_convert_for(To,
					   const std::chrono::duration<Rep, Period> &wait)
	{
		const timespec deadline = detail::from_now(wait);

		return detail::taken(
			converted(fifolock_timedconvert(native(), mode_, number<To>,
							&deadline),
				  number<To>),
			"fifolock: try_convert_for");
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
	fifolock_t *native() const
	{
		if (!lock_)
			detail::fail(EPERM, "fifolock: nothing is held");
		return lock_->native_handle();
	}
	int converted(int error, unsigned to) noexcept
	{
		if (error == 0)
			mode_ = to;
		return error;
	}
#ifdef FIFOLOCK_HAS_ASYNC
	template <class> friend class detail::lock_request;

	hold(basic_lock<Modes> &lock, unsigned mode) noexcept : lock_(&lock), mode_(mode)
	{
	}
#endif
	template <class Mode> void adopt(basic_lock<Modes> &lock, Mode) noexcept
	{
		lock_ = &lock;
		mode_ = number<Mode>;
	}
};

template <class Modes, class Mode, class... More>
hold(basic_lock<Modes> &, Mode, More...) -> hold<Modes>;

} // namespace fifolock

#endif
