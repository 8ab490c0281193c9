/* SPDX-License-Identifier: MIT
 *
 * fifolock/section.hpp - for run of fifolock/lock.hpp: a function that another thread may call, and
 * what has become of it.  Private.
 */
#ifndef FIFOLOCK_SECTION_HPP
#define FIFOLOCK_SECTION_HPP

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace fifolock
{
namespace detail
{

/* What a function has returned: constructed where it is, moved out once. */
template <class R> class outcome
{
	using value_type = std::remove_const_t<R>;
	static_assert(std::is_move_constructible_v<value_type>,
		      "fifolock: what a section returns is moved to the caller");
	alignas(value_type) unsigned char memory_[sizeof(value_type)];

	struct end {
		value_type *value;

		~end()
		{
			std::destroy_at(value);
		}
	};

public:
	template <class F> void of(F &&function)
	{
		::new (static_cast<void *>(memory_))
			value_type(std::invoke(std::forward<F>(function)));
	}
	R take()
	{
		end ended{std::launder(reinterpret_cast<value_type *>(memory_))};

		return std::move(*ended.value);
	}
};

template <class R> class outcome<R &>
{
	R *value_ = nullptr;

public:
	template <class F> void of(F &&function)
	{
		value_ = std::addressof(std::invoke(std::forward<F>(function)));
	}
	R &take() const noexcept
	{
		return *value_;
	}
};

template <class R> class outcome<R &&>
{
	R *value_ = nullptr;

public:
	template <class F> void of(F &&function)
	{
		R &&value = std::invoke(std::forward<F>(function));

		value_ = std::addressof(value);
	}
	R &&take() const noexcept
	{
		return std::move(*value_);
	}
};

template <> class outcome<void>
{
public:
	template <class F> void of(F &&function)
	{
		std::invoke(std::forward<F>(function));
	}
	void take() const noexcept
	{
	}
};

/* In the caller's stack, until the section has run. */
template <class F> class section
{
	std::remove_reference_t<F> &function_;
	outcome<std::invoke_result_t<F>> outcome_;
	std::exception_ptr thrown_;

	void run()
	{
		outcome_.of(std::forward<F>(function_));
	}

public:
	explicit section(std::remove_reference_t<F> &function) noexcept
		: function_(function)
	{
	}

	/* Nothing may leave it: C code has called it, perhaps in another thread. */
	static void call(void *at) noexcept
	{
		section *self = static_cast<section *>(at);

#if defined(__cpp_exceptions)
		if constexpr (!std::is_nothrow_invocable_v<F>) {
			try {
				self->run();
			} catch (...) {
				self->thrown_ = std::current_exception();
			}
			return;
		}
#endif
		self->run();
	}

	std::invoke_result_t<F> result()
	{
		if (thrown_)
			std::rethrow_exception(std::move(thrown_));
		return outcome_.take();
	}
};

} // namespace detail
} // namespace fifolock

#endif
