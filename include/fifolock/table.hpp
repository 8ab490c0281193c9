/* SPDX-License-Identifier: MIT
 *
 * fifolock/table.hpp - a lock for each key, in C++17: rows, paths, sessions; sets of keys, trees.
 *
 *	fifolock::table<fifolock::shared_exclusive_modes, std::string> files;
 *
 *	auto reading = files.lock_shared("etc/hosts");	// given back by its destructor
 *	auto writing = files.try_lock_for(name, 10ms);	// may be empty
 *
 *	auto both = files.lock_all({{from, fifolock::shared()}, {to, fifolock::exclusive()}});
 *
 *	long sum = files.run(name, fifolock::exclusive(), [&] { return balance += amount; });
 *	auto held = co_await files.async(name, fifolock::shared());
 *
 * Not a part of fifolock/fifolock.hpp, as a program that uses it is linked with -lfifolock-table
 * (pkg-config fifolock-table).  Header-only, above fifolock/table.h: what that says holds here, too.
 * Which types can be keys: fifolock/key.hpp.  Trees: fifolock/tree.hpp.
 *
 * Errors and deadlines are as in fifolock/fifolock.hpp, but for these:
 *
 *	no memory	std::bad_alloc, from any lock call for a key that is not in use
 *	EDEADLK		lock, waits with a deadline, convert, run, async, sets: refused as the
 *			youngest request of a deadlock (options: deadlock_refuse)
 *	EAGAIN		there are more than 2^31 requests and holds of this key already
 *
 * A wait until a time of another clock than steady_clock loses its place in line when that clock is
 * looked at again: if it has been set back, or is slower than steady_clock.
 */
#ifndef FIFOLOCK_TABLE_HPP
#define FIFOLOCK_TABLE_HPP

#if __cplusplus < 201703L
#error "fifolock/table.hpp needs C++17"
#endif

#include <fifolock/key_hold.hpp>
#include <fifolock/modes.hpp>
#include <fifolock/section.hpp>

#include <initializer_list>
#include <iterator>

namespace fifolock
{

/* A table whose modes are Modes, as of fifolock::lock, and whose keys are of type Key.  A mode is
 * given as an object of its type; without one it is exclusive, and *_shared are shared, if Modes has
 * these.
 *
 * The destructor ends the program if a key is held or waited for. */
template <class Modes, class Key> class table
{
	using key_type = detail::key_type<Key>;
	using argument = typename key_type::argument;
	using told = detail::told<Key>;
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

	fifolock_table_t *table_ = nullptr;

public:
	using modes = Modes;
	using hold = key_hold<Modes, Key>;
	using native_handle_type = fifolock_table_t *;

	table() : table(fifolock_table_options())
	{
	}
	/* EINVAL: a reserved field is not 0; keys is more than 2^24. */
	explicit table(const fifolock_table_options &options)
		: table(Modes::native(), options)
	{
	}
	/* With a table of the same modes that has been made otherwise, such as that of a
	 * fifolock_stats_t: stats.modes. */
	explicit table(const fifolock_modes_t *same_modes,
		       const fifolock_table_options &options = fifolock_table_options())
	{
		detail::table_check(fifolock_table_create(&table_, same_modes, &options),
				    "fifolock: table");
	}
	table(const table &) = delete;
	table &operator=(const table &) = delete;
	~table()
	{
		detail::check(fifolock_table_destroy(table_),
			      "fifolock: table in use is destroyed");
	}

	/* For what there is in C only: to look at the keys in use, to find deadlocks. */
	native_handle_type native_handle() const noexcept
	{
		return table_;
	}

	/* ---- in a mode, n holds at once: fifolock_table_lock_n and its relatives ---- */

	template <class Mode> hold lock(argument key, Mode)
	{
		hold held;

		detail::table_check(
			fifolock_table_lock(table_, told(key), number<Mode>, &held.hold_),
			"fifolock: lock");
		return held;
	}
	template <class Mode> hold lock(argument key, Mode, std::uint32_t n)
	{
		hold held;

		detail::table_check(fifolock_table_lock_n(table_, told(key), number<Mode>,
							  n, &held.hold_),
				    "fifolock: lock");
		return held;
	}

	/* These return an empty hold where there was none to be had. */
	template <class Mode> hold try_lock(argument key, Mode, std::uint32_t n = 1)
	{
		hold held;

		detail::table_taken(fifolock_table_trylock_n(table_, told(key),
							     number<Mode>, n,
							     &held.hold_),
				    "fifolock: try_lock");
		return held;
	}
	template <class Mode, class Rep, class Period>
	hold try_lock_for(argument key, Mode mode,
			  const std::chrono::duration<Rep, Period> &wait,
			  std::uint32_t n = 1)
	{
		const timespec deadline = detail::from_now(wait);
		hold held;

		timed_lock(held, told(key), mode, n, &deadline);
		return held;
	}
	template <class Mode, class Clock, class Duration>
	hold try_lock_until(argument key, Mode mode,
			    const std::chrono::time_point<Clock, Duration> &at,
			    std::uint32_t n = 1)
	{
		const told is(key);
		hold held;

		detail::until<CLOCK_MONOTONIC>(at, [&](clockid_t, const timespec *when) {
			return timed_lock(held, is, mode, n, when);
		});
		return held;
	}

	/* ---- exclusive ---- */

	template <class M = exclusive, if_has<M> = 0> hold lock(argument key)
	{
		return lock(key, M());
	}
	template <class M = exclusive, if_has<M> = 0> hold try_lock(argument key)
	{
		return try_lock(key, M());
	}
	template <class Rep, class Period, class M = exclusive, if_has<M> = 0>
	hold try_lock_for(argument key, const std::chrono::duration<Rep, Period> &wait)
	{
		return try_lock_for(key, M(), wait);
	}
	template <class Clock, class Duration, class M = exclusive, if_has<M> = 0>
	hold try_lock_until(argument key,
			    const std::chrono::time_point<Clock, Duration> &at)
	{
		return try_lock_until(key, M(), at);
	}

	/* ---- shared ---- */

	template <class M = shared, if_has<M> = 0> hold lock_shared(argument key)
	{
		return lock(key, M());
	}
	template <class M = shared, if_has<M> = 0> hold try_lock_shared(argument key)
	{
		return try_lock(key, M());
	}
	template <class Rep, class Period, class M = shared, if_has<M> = 0>
	hold try_lock_shared_for(argument key,
				 const std::chrono::duration<Rep, Period> &wait)
	{
		return try_lock_for(key, M(), wait);
	}
	template <class Clock, class Duration, class M = shared, if_has<M> = 0>
	hold try_lock_shared_until(argument key,
				   const std::chrono::time_point<Clock, Duration> &at)
	{
		return try_lock_until(key, M(), at);
	}

	/* ---- several keys, all or none: fifolock_table_lock_all ---- */

	/* A key of a set, and the mode.  What the key points to must stay until the set has been
	 * locked. */
	class item
	{
		told key_;
		unsigned mode_;

		friend table;

	public:
		template <class Mode>
		item(argument key, Mode) : key_(key), mode_(number<Mode>)
		{
		}
	};

	/* lock_all({{a, shared()}, {b, exclusive()}}), or any range of items. */
	set_hold lock_all(std::initializer_list<item> items)
	{
		return lock_all<std::initializer_list<item>>(items);
	}
	template <class Items> set_hold lock_all(const Items &items)
	{
		set_hold set;

		fill(set, items);
		detail::table_check(set.lock(table_, nullptr), "fifolock: lock_all");
		return set;
	}

	/* These return an empty set where it was not to be had in time: then none is held. */
	template <class Rep, class Period>
	set_hold try_lock_all_for(std::initializer_list<item> items,
				  const std::chrono::duration<Rep, Period> &wait)
	{
		return try_lock_all_for<std::initializer_list<item>>(items, wait);
	}
	template <class Items, class Rep, class Period>
	set_hold try_lock_all_for(const Items &items,
				  const std::chrono::duration<Rep, Period> &wait)
	{
		const timespec deadline = detail::from_now(wait);
		set_hold set;

		fill(set, items);
		detail::table_taken(set.lock(table_, &deadline),
				    "fifolock: try_lock_all_for");
		return set;
	}
	template <class Clock, class Duration>
	set_hold try_lock_all_until(std::initializer_list<item> items,
				    const std::chrono::time_point<Clock, Duration> &at)
	{
		return try_lock_all_until<std::initializer_list<item>>(items, at);
	}
	template <class Items, class Clock, class Duration>
	set_hold try_lock_all_until(const Items &items,
				    const std::chrono::time_point<Clock, Duration> &at)
	{
		set_hold set;

		fill(set, items);
		detail::table_taken(detail::until<CLOCK_MONOTONIC>(
					    at,
					    [&](clockid_t, const timespec *deadline) {
						    return set.lock(table_, deadline);
					    }),
				    "fifolock: try_lock_all_until");
		return set;
	}

	/* ---- sections: fifolock_table_run ---- */

	/* As run of fifolock::lock, of the key.  In a table with records a section is not run by
	 * another thread. */
	template <class Mode, class F>
	std::invoke_result_t<F> run(argument key, Mode, F &&function)
	{
		detail::section<F> section(function);

		detail::table_check(fifolock_table_run(table_, told(key), number<Mode>,
						       section.call, &section),
				    "fifolock: run");
		return section.result();
	}
	template <class F, class M = exclusive, if_has<M> = 0>
	std::invoke_result_t<F> run(argument key, F &&function)
	{
		return run(key, M(), std::forward<F>(function));
	}

#ifdef FIFOLOCK_HAS_ASYNC
	/* ---- coroutines: fifolock/async.hpp says what this means ---- */

	/* co_await gives a hold of the key.  What the key points to must stay until the coroutine
	 * waits.
	 *
	 * ECANCELED: the request was stopped.  EDEADLK, EAGAIN, no memory: see above. */
	template <class Mode, class Resume = detail::resume_here, if_resumes<Resume> = 0>
	auto async(argument key, Mode, Resume resume = {})
	{
		return detail::awaiter<request, Resume, detail::never_stopped>(
			{table_, told(key), number<Mode>}, std::move(resume), {});
	}
	template <class M = exclusive, if_has<M> = 0> auto async(argument key)
	{
		return async(key, M());
	}
#if defined(__cpp_lib_jthread)
	template <class Mode, class Resume = detail::resume_here>
	auto async(argument key, Mode, std::stop_token token, Resume resume = {})
	{
		return detail::awaiter<request, Resume, detail::stopped_by>(
			{table_, told(key), number<Mode>}, std::move(resume),
			{std::move(token)});
	}
	template <class M = exclusive, if_has<M> = 0>
	auto async(argument key, std::stop_token token)
	{
		return async(key, M(), std::move(token));
	}
#endif
#endif

	/* How many callbacks and coroutines that were handed over it has run: fifolock_table_run_due. */
	std::uint32_t run_due() noexcept
	{
		return fifolock_table_run_due(table_);
	}

	/* About how many keys are in use. */
	std::size_t keys() const noexcept
	{
		return fifolock_table_keys(table_);
	}

private:
#ifdef FIFOLOCK_HAS_ASYNC
	using request = detail::key_request<Modes, Key>;
#endif
	template <class Mode>
	int timed_lock(hold &held, const told &key, Mode, std::uint32_t n,
		       const timespec *deadline)
	{
		const int error = fifolock_table_timedlock_n(table_, key, number<Mode>, n,
							     deadline, &held.hold_);

		return detail::table_taken(error, "fifolock: try_lock") ? 0 : ETIMEDOUT;
	}

	template <class Items> static void fill(set_hold &set, const Items &items)
	{
		static_assert(std::is_lvalue_reference_v<decltype(*std::begin(items))>,
			      "fifolock: a range of items whose items are made when they "
			      "are looked at");
		for (const item &one : items) {
			fifolock_item native{};

			native.key = one.key_;
			native.mode = one.mode_;
			set.items_.push_back(native);
		}
	}
};

} // namespace fifolock

#include <fifolock/tree.hpp>

#endif
