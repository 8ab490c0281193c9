/* SPDX-License-Identifier: MIT
 *
 * job.hpp - the coroutine of the tests.
 */
#ifndef JOB_HPP
#define JOB_HPP

#include <coroutine>
#include <cstdlib>

/* It runs at once, and by itself. */
struct job {
	struct promise_type {
		job get_return_object() noexcept
		{
			return {};
		}
		std::suspend_never initial_suspend() noexcept
		{
			return {};
		}
		std::suspend_never final_suspend() noexcept
		{
			return {};
		}
		void return_void() noexcept
		{
		}
		void unhandled_exception() noexcept
		{
			std::abort();
		}
	};
};

#endif
