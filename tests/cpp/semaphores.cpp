/* SPDX-License-Identifier: MIT
 *
 * semaphores.cpp - semaphore, counting_semaphore, binary_semaphore.
 */
#include <fifolock/fifolock.hpp>

#include "test.hpp"

#include <string>

using namespace std::chrono_literals;

TEST(a_semaphore_counts_and_serves_in_order)
{
	fifolock::semaphore semaphore(2);
	std::string order;

	CHECK(semaphore.value() == 2 && semaphore.max() == UINT32_MAX);
	semaphore.acquire();
	CHECK(semaphore.try_acquire() && !semaphore.try_acquire());
	CHECK(!semaphore.try_acquire_for(1ms));
	CHECK(!semaphore.try_acquire_until(std::chrono::system_clock::now()));
	std::thread heavy([&] {
		semaphore.acquire(3);
		order += '3';
		semaphore.release();
	});
	wait_until([&] { return fifolock_waiting(semaphore.native_handle()) == 1; });
	semaphore.release(2);
	CHECK(semaphore.value() == 2 && !semaphore.try_acquire());
	std::thread light([&] {
		semaphore.acquire();
		order += '1';
	});
	wait_until([&] { return fifolock_waiting(semaphore.native_handle()) == 2; });
	semaphore.release();
	heavy.join();
	light.join();
	CHECK(order == "31" && semaphore.value() == 0);
}

TEST(a_semaphore_is_released_up_to_its_most_and_no_further)
{
	fifolock::counting_semaphore<4> four(4);
	fifolock::binary_semaphore binary(0);

	CHECK(error_of([&] { four.release(); }) == EOVERFLOW && four.value() == 4);
	CHECK(error_of([&] { four.release(5); }) == EOVERFLOW);
	four.acquire(2);
	CHECK(error_of([&] { four.release(3); }) == EOVERFLOW && four.value() == 2);
	four.release(2);
	four.release(0);
	CHECK(four.value() == 4);
	CHECK(error_of([&] { four.acquire(5); }) == ERANGE);
	CHECK(error_of([] { fifolock::counting_semaphore<4> five(5); }) == EINVAL);
	binary.release();
	CHECK(binary.try_acquire() && !binary.try_acquire());
	binary.close();
	CHECK(error_of([&] { binary.acquire(); }) == ECANCELED);
}

/* Signals back and forth: what one thread has acquired another releases. */
TEST(a_semaphore_signals_from_thread_to_thread)
{
	fifolock::binary_semaphore ping(0), pong(0);
	int ball = 0;
	std::thread other([&] {
		for (int i = 0; i < 500; i++) {
			ping.acquire();
			ball++;
			pong.release();
		}
	});

	for (int i = 0; i < 500; i++) {
		ping.release();
		pong.acquire();
		CHECK(ball == i + 1);
	}
	other.join();
}
