/* SPDX-License-Identifier: MIT
 *
 * fifolock/key_hold.hpp - for fifolock/table.hpp: holds of keys, one and several.
 */
#ifndef FIFOLOCK_KEY_HOLD_HPP
#define FIFOLOCK_KEY_HOLD_HPP

#include <fifolock/async.hpp>
#include <fifolock/clock.hpp>
#include <fifolock/key.hpp>
#include <fifolock/table.h>

#include <chrono>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace fifolock
{

template <class Modes, class Key> class table;

namespace detail
{

template <class Modes, class Key> class key_request;

/* As check and taken, but no memory is std::bad_alloc. */
inline void table_check(int error, const char *what)
{
#if defined(__cpp_exceptions)
	if (error == ENOMEM)
		throw std::bad_alloc();
#endif
	check(error, what);
}

inline bool table_taken(int error, const char *what)
{
	const bool none = error == EBUSY || error == ETIMEDOUT;

	table_check(none ? 0 : error, what);
	return !none;
}

} // namespace detail

/* ---- a hold of a key, given back by its destructor ---- */

/* Like fifolock::hold, of a key: one hold, or none.  Any thread may give it back.  Its destructor ends
 * the program if the hold that it is to give back does not exist. */
template <class Modes, class Key> class [[nodiscard]] key_hold
{
	fifolock_hold_t hold_{};

	template <class Mode>
	static constexpr unsigned number = Modes::template number<Mode>();

public:
	key_hold() noexcept = default;
	key_hold(key_hold &&other) noexcept
		: hold_(std::exchange(other.hold_, fifolock_hold_t()))
	{
	}
	key_hold &operator=(key_hold &&other)
	{
		key_hold(std::move(other)).swap(*this);
		return *this;
	}
	~key_hold()
	{
		if (owns_lock())
			unlock();
	}

	void swap(key_hold &other) noexcept
	{
		std::swap(hold_, other.hold_);
	}
	void unlock()
	{
		fifolock_hold_t held = release();

		detail::check(held.entry ? fifolock_table_unlock(&held) : EPERM,
			      "fifolock: unlock");
	}
	/* Without giving back what is held: fifolock_table_unlock can do that with the result. */
	fifolock_hold_t release() noexcept
	{
		return std::exchange(hold_, fifolock_hold_t());
	}

	/* Which key it is a hold of.  Text is the table's, and stays until the hold is given back.
	 * A key of a type with as_fifolock_key is seen as that has made it.  EPERM: nothing is
	 * held. */
	auto key() const
	{
		fifolock_key_t key{};

		if (fifolock_hold_key(&hold_, &key) != 0)
			detail::fail(EPERM, "fifolock: nothing is held");
		return detail::key_type<Key>::see(key);
	}

	/* To another mode in one step: fifolock_table_convert and its relatives.  After an
	 * exception, and where a try fails, the hold is what it was.
	 *
	 * EDEADLK: another conversion waits for this hold to go; or the request was refused as the
	 * youngest of a deadlock.  ERANGE: the hold's weight is not 1.  EPERM: nothing is held. */
	template <class To> void convert(To)
	{
		detail::table_check(fifolock_table_convert(native(), number<To>),
				    "fifolock: convert");
	}
	template <class To> [[nodiscard]] bool try_convert(To)
	{
		return detail::table_taken(
			fifolock_table_tryconvert(native(), number<To>),
			"fifolock: try_convert");
	}
	template <class To, class Rep, class Period>
	[[nodiscard]] bool try_convert_for(To to,
					   const std::chrono::duration<Rep, Period> &wait)
	{
		const timespec deadline = detail::from_now(wait);

		return timed_convert(to, &deadline) == 0;
	}
	template <class To, class Clock, class Duration>
	[[nodiscard]] bool
	try_convert_until(To to, const std::chrono::time_point<Clock, Duration> &at)
	{
		return detail::until<CLOCK_MONOTONIC>(
			       at, [&](clockid_t, const timespec *deadline) {
				       return timed_convert(to, deadline);
			       }) == 0;
	}

	bool owns_lock() const noexcept
	{
		return hold_.entry != nullptr;
	}
	explicit operator bool() const noexcept
	{
		return owns_lock();
	}
	/* Is it a hold of this mode? */
	template <class Mode> bool has(Mode) const noexcept
	{
		return owns_lock() && mode() == number<Mode>;
	}
	unsigned mode() const noexcept
	{
		return hold_.mode;
	}

private:
	friend class table<Modes, Key>;
	template <class, class> friend class detail::key_request;

	explicit key_hold(const fifolock_hold_t &held) noexcept : hold_(held)
	{
	}
	fifolock_hold_t *native()
	{
		if (!owns_lock())
			detail::fail(EPERM, "fifolock: nothing is held");
		return &hold_;
	}
	template <class To> int timed_convert(To, const timespec *deadline)
	{
		const int error =
			fifolock_table_timedconvert(native(), number<To>, deadline);

		return detail::table_taken(error, "fifolock: try_convert") ? 0
									   : ETIMEDOUT;
	}
};

#ifdef FIFOLOCK_HAS_ASYNC
namespace detail
{

/* A request for a key, in a coroutine; fifolock/async.hpp asks it. */
template <class Modes, class Key> class key_request
{
	fifolock_table_t *table_;
	told<Key> key_;
	unsigned mode_;
	fifolock_key_request_t request_;

public:
	key_request(fifolock_table_t *table, const told<Key> &key, unsigned mode)
		: table_(table), key_(key), mode_(mode)
	{
	}
	key_request(const key_request &other) /* that has not asked yet */
		: key_request(other.table_, other.key_, other.mode_)
	{
	}

	int ask(void (*done)(void *, int), void *ctx)
	{
		return fifolock_table_request(table_, key_, mode_, 1, &request_, done,
					      ctx);
	}
	int cancel() noexcept
	{
		return fifolock_table_request_cancel(&request_);
	}
	int status(int told) noexcept
	{
		return told;
	}
	key_hold<Modes, Key> result(int status)
	{
		table_check(status, "fifolock: async");
		return key_hold<Modes, Key>(request_.hold);
	}
};

} // namespace detail
#endif

/* ---- holds of several keys ---- */

/* What lock_all has locked, or nothing.  Its destructor gives all of it back, and ends the program
 * if it does not exist. */
class [[nodiscard]] set_hold
{
	std::vector<fifolock_item> items_;
	bool held_ = false;

	template <class, class> friend class table;

	int lock(fifolock_table_t *table, const timespec *deadline)
	{
		const int error = fifolock_table_lock_all(table, items_.data(),
							  items_.size(), deadline);

		held_ = error == 0;
		return error;
	}

public:
	set_hold() noexcept = default;
	set_hold(set_hold &&other) noexcept
		: items_(std::move(other.items_)),
		  held_(std::exchange(other.held_, false))
	{
	}
	set_hold &operator=(set_hold &&other)
	{
		set_hold(std::move(other)).swap(*this);
		return *this;
	}
	~set_hold()
	{
		if (held_)
			unlock();
	}

	void swap(set_hold &other) noexcept
	{
		items_.swap(other.items_);
		std::swap(held_, other.held_);
	}
	void unlock()
	{
		const bool held = std::exchange(held_, false);

		detail::check(
			held ? fifolock_table_unlock_all(items_.data(), items_.size())
			     : EPERM,
			"fifolock: unlock");
	}
	bool owns_lock() const noexcept
	{
		return held_;
	}
	explicit operator bool() const noexcept
	{
		return held_;
	}
};

} // namespace fifolock

#endif
