/* SPDX-License-Identifier: MIT
 *
 * job.hpp - the coroutines of the tests.
 */
#ifndef JOB_HPP
#define JOB_HPP

#include <fifolock/fifolock.hpp>

#ifdef FIFOLOCK_HAS_ASYNC

#include "test.hpp"

#include <atomic>

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

/* As a coroutine, and says how it ended. */
template <class Await> job waits(Await await, std::atomic<int> &ended, int &error)
{
	try {
		auto held = co_await await();

		CHECK(held.owns_lock());
		error = 0;
	} catch (const std::system_error &thrown) {
		error = thrown.code().value();
	}
	ended++;
}

#endif
#endif
