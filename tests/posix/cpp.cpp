/* SPDX-License-Identifier: MIT
 *
 * cpp.cpp - the mutexes, conditions and semaphores of the C++ library, which are those of pthreads;
 * and what cancellation does to objects on the stack.
 */
#include "../cpp/test.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <shared_mutex>
#if __cplusplus >= 202002L && __has_include(<semaphore>)
#include <latch>
#include <semaphore>
#endif

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using wall = std::chrono::system_clock;

namespace
{

template <class F> auto elsewhere(F call)
{
	decltype(call()) result{};

	std::thread([&] { result = call(); }).join();
	return result;
}

template <class Mutex> bool is_free(Mutex &mutex)
{
	return elsewhere([&] {
		bool got = mutex.try_lock();

		if (got)
			mutex.unlock();
		return got;
	});
}

template <class Mutex> void excludes()
{
	long count = 0, got = 0;
	Mutex mutex;

	in_threads(4, [&](int i) {
		for (int turn = 0; turn < 5000; turn++) {
			if ((turn + i) % 4) {
				std::lock_guard guard(mutex);
				count++, got++;
			} else if (std::unique_lock guard(mutex, std::try_to_lock);
				   guard) {
				count++, got++;
			}
		}
	});
	CHECK(count == got && count >= 15000);
	CHECK(is_free(mutex));
}

template <class Mutex> void times_out()
{
	Mutex mutex;

	mutex.lock();
	in_threads(2, [&](int) {
		auto steady_end = steady::now() + 10ms;
		auto wall_end = wall::now() + 10ms;

		CHECK(!mutex.try_lock_until(steady_end) && steady::now() >= steady_end);
		CHECK(!mutex.try_lock_until(wall_end) && wall::now() >= wall_end);
		CHECK(!mutex.try_lock_for(1ms));
		CHECK(!mutex.try_lock_for(-1h));
	});
	mutex.unlock();
	CHECK(mutex.try_lock_for(-1h));
	CHECK(!is_free(mutex));
	mutex.unlock();
	CHECK(is_free(mutex));
}

template <class Mutex> void counts()
{
	Mutex mutex;

	for (int i = 0; i < 100; i++) {
		mutex.lock();
		CHECK(mutex.try_lock());
	}
	for (int i = 0; i < 200; i++) {
		CHECK(!is_free(mutex));
		mutex.unlock();
	}
	CHECK(is_free(mutex));
}

} // namespace

TEST(mutexes_exclude)
{
	excludes<std::mutex>();
	excludes<std::recursive_mutex>();
	excludes<std::timed_mutex>();
	excludes<std::recursive_timed_mutex>();
	excludes<std::shared_mutex>();
	excludes<std::shared_timed_mutex>();
}

TEST(timed_mutexes_time_out_not_before_the_end)
{
	times_out<std::timed_mutex>();
	times_out<std::recursive_timed_mutex>();
	times_out<std::shared_timed_mutex>();
}

TEST(recursive_mutexes_count)
{
	counts<std::recursive_mutex>();
	counts<std::recursive_timed_mutex>();
}

TEST(scoped_lock_takes_several_without_deadlock)
{
	std::recursive_mutex b;
	std::timed_mutex c;
	std::mutex a;
	int n = 0;

	in_threads(4, [&](int i) {
		for (int turn = 0; turn < 1000; turn++) {
			if (i % 2) {
				std::scoped_lock guard(a, b, c);
				n++;
			} else {
				std::scoped_lock guard(c, b, a);
				n++;
			}
		}
	});
	CHECK(n == 4000);
}

TEST(a_mutex_of_static_storage_is_locked_in_a_static_constructor)
{
	static std::mutex mutex;
	static const int value = [] {
		std::lock_guard guard(mutex);
		return 47;
	}();

	CHECK(value == 47 && is_free(mutex));
}

/* ---- readers and writers ---- */

namespace
{

template <class Mutex> void reads_and_writes()
{
	std::atomic<int> readers{0};
	long a = 0, b = 0;
	Mutex mutex;

	in_threads(4, [&](int i) {
		for (int turn = 0; turn < 3000; turn++) {
			if ((turn + i) % 3 == 0) {
				std::unique_lock guard(mutex);
				CHECK(readers == 0);
				a++, b++;
			} else if ((turn + i) % 3 == 1) {
				std::shared_lock guard(mutex);
				readers++;
				CHECK(a == b);
				readers--;
			} else if (std::shared_lock guard(mutex, std::try_to_lock);
				   guard) {
				CHECK(a == b);
			}
		}
	});
	CHECK(a == b && a == 4000);
	CHECK(is_free(mutex));
}

} // namespace

TEST(shared_mutexes_let_readers_in_together_and_writers_alone)
{
	std::shared_mutex mutex;

	reads_and_writes<std::shared_mutex>();
	reads_and_writes<std::shared_timed_mutex>();
	mutex.lock_shared();
	CHECK(elsewhere([&] {
		return mutex.try_lock_shared() && (mutex.unlock_shared(), true);
	}));
	CHECK(!is_free(mutex));
	mutex.unlock_shared();
	CHECK(is_free(mutex));
}

TEST(a_shared_timed_mutex_times_out_for_readers_too)
{
	std::shared_timed_mutex mutex;

	mutex.lock();
	in_threads(2, [&](int) {
		auto end = steady::now() + 10ms;

		CHECK(!mutex.try_lock_shared_until(end) && steady::now() >= end);
		CHECK(!mutex.try_lock_shared_for(1ms));
	});
	mutex.unlock();
	CHECK(mutex.try_lock_shared_for(1ms));
	mutex.unlock_shared();
}

/* ---- conditions ---- */

namespace
{

template <class Condition, class Mutex> void ping_pong()
{
	Condition changed;
	Mutex mutex;
	int turn = 0;

	in_threads(2, [&](int me) {
		for (int i = 0; i < 1000; i++) {
			std::unique_lock guard(mutex);

			changed.wait(guard, [&] { return turn % 2 == me; });
			turn++;
			changed.notify_all();
		}
	});
	CHECK(turn == 2000);
}

template <class Condition, class Mutex> void waits_end()
{
	Condition never;
	Mutex mutex;
	std::unique_lock guard(mutex);
	auto steady_end = steady::now() + 10ms;
	auto wall_end = wall::now() + 10ms;

	while (never.wait_until(guard, steady_end) == std::cv_status::no_timeout)
		;
	CHECK(steady::now() >= steady_end && guard.owns_lock());
	while (never.wait_until(guard, wall_end) == std::cv_status::no_timeout)
		;
	CHECK(wall::now() >= wall_end);
	CHECK(!never.wait_for(guard, 1ms, [] { return false; }));
	CHECK(never.wait_for(guard, -1ms, [] { return true; }));
}

} // namespace

TEST(conditions_hand_the_turn_to_and_fro)
{
	ping_pong<std::condition_variable, std::mutex>();
	ping_pong<std::condition_variable_any, std::mutex>();
	ping_pong<std::condition_variable_any, std::recursive_mutex>();
	ping_pong<std::condition_variable_any, std::timed_mutex>();
	ping_pong<std::condition_variable_any, std::shared_mutex>();
}

TEST(conditions_time_out_not_before_the_end)
{
	waits_end<std::condition_variable, std::mutex>();
	waits_end<std::condition_variable_any, std::mutex>();
	waits_end<std::condition_variable_any, std::shared_timed_mutex>();
}

/* The object of the thread that waits last is gone when it returns. */
TEST(a_condition_lives_no_longer_than_its_last_waiter)
{
	for (int i = 0; i < 500; i++) {
		struct meeting {
			std::condition_variable changed;
			std::mutex mutex;
			bool done = false;
		};
		auto *both = new meeting;
		std::thread other([both] {
			std::lock_guard guard(both->mutex);

			both->done = true;
			both->changed.notify_all();
		});
		{
			std::unique_lock guard(both->mutex);
			both->changed.wait(guard, [both] { return both->done; });
		}
		delete both;
		other.join();
	}
}

TEST(notify_all_at_thread_exit_wakes)
{
	std::condition_variable changed;
	std::mutex mutex;
	bool done = false;
	std::thread other([&] {
		std::unique_lock guard(mutex);

		done = true;
		std::notify_all_at_thread_exit(changed, std::move(guard));
	});

	{
		std::unique_lock guard(mutex);
		changed.wait(guard, [&] { return done; });
	}
	other.join();
}

TEST(call_once_calls_once)
{
	std::once_flag flag;
	std::atomic<int> calls{0};

	in_threads(8, [&](int) { std::call_once(flag, [&] { calls++; }); });
	CHECK(calls == 1);
}

#ifdef __cpp_lib_semaphore
TEST(semaphores_count)
{
	std::counting_semaphore<4> room{4};
	std::binary_semaphore never{0};
	std::atomic<int> inside{0};

	in_threads(6, [&](int) {
		for (int i = 0; i < 1000; i++) {
			room.acquire();
			CHECK(++inside <= 4);
			inside--;
			room.release();
		}
	});
	CHECK(!never.try_acquire() && !never.try_acquire_for(1ms));
}
#endif

/* ---- cancellation is an exception ---- */

namespace
{

struct cancelled {
	pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	sem_t sem;
	std::atomic<bool> waits{false};
	int unlocked = -1;
	bool destroyed = false;
};

/* The wait has the mutex again when this is destroyed. */
struct unlocks {
	cancelled &of;

	~unlocks()
	{
		of.unlocked = pthread_mutex_unlock(&of.mutex);
	}
};

struct says {
	cancelled &of;

	~says()
	{
		of.destroyed = true;
	}
};

void *waits_on_condition(void *arg)
{
	cancelled &of = *static_cast<cancelled *>(arg);
	says said{of};

	CHECK(pthread_mutex_lock(&of.mutex) == 0);
	unlocks guard{of};
	of.waits = true;
	for (;;)
		pthread_cond_wait(&of.cond, &of.mutex);
	return nullptr;
}

void *waits_for_semaphore(void *arg)
{
	cancelled &of = *static_cast<cancelled *>(arg);
	says said{of};

	of.waits = true;
	while (sem_wait(&of.sem) == 0)
		;
	return nullptr;
}

void is_cancelled(cancelled &of, void *(*body)(void *))
{
	pthread_t thread;
	void *result;

	CHECK(pthread_create(&thread, nullptr, body, &of) == 0);
	wait_until([&] { return of.waits.load(); });
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(of.destroyed);
}

} // namespace

TEST(objects_are_destroyed_when_their_thread_is_cancelled_on_a_condition)
{
	for (int i = 0; i < 100; i++) {
		cancelled of;

		is_cancelled(of, waits_on_condition);
		CHECK(of.unlocked == 0);
	}
}

TEST(objects_are_destroyed_when_their_thread_is_cancelled_on_a_semaphore)
{
	for (int i = 0; i < 100; i++) {
		cancelled of;

		CHECK(sem_init(&of.sem, 0, 0) == 0);
		is_cancelled(of, waits_for_semaphore);
		CHECK(sem_destroy(&of.sem) == 0);
	}
}
