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
 * looks at it again then; the place in line stays, but for conversions and conditions.  Its now()
 * must not throw.  Times may be of any unit and range, also without a sign; one that cannot be told in
 * seconds never comes, or has passed.  A wait for more than ten years has no end.
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

#include <fifolock/condition.hpp>
#include <fifolock/hold.hpp>
#include <fifolock/lock.hpp>
#include <fifolock/modes.hpp>
#include <fifolock/semaphore.hpp>

#endif
