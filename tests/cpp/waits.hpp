/* SPDX-License-Identifier: MIT
 *
 * waits.hpp - a coroutine that waits for a lock.
 */
#ifndef WAITS_HPP
#define WAITS_HPP

#include <fifolock/fifolock.hpp>

#ifdef FIFOLOCK_HAS_ASYNC

#include "job.hpp"
#include "test.hpp"

#include <atomic>

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
