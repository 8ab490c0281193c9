/* SPDX-License-Identifier: MIT
 *
 * coroutines.cpp - co_await lock.async(mode): where it goes on, in which order, and what ends it.
 */
#include <fifolock/fifolock.hpp>

#include "waits.hpp"
#include "test.hpp"

#ifndef FIFOLOCK_HAS_ASYNC
TEST(this_compiler_has_no_coroutines)
{
	std::fprintf(stderr, "   nothing is tested\n");
}
#else

#include <atomic>
#include <deque>
#include <memory>
#include <string>

using namespace std::chrono_literals;

namespace
{

/* Takes what is posted, in threads of its own. */
class executor
{
	fifolock::mutex mutex_;
	fifolock::condition changed_;
	std::deque<std::coroutine_handle<>> posted_;
	bool ends_ = false;
	std::vector<std::thread> threads_;

	void work()
	{
		std::unique_lock guard(mutex_);

		for (;;) {
			changed_.wait(guard, [&] { return ends_ || !posted_.empty(); });
			if (posted_.empty())
				return;
			auto next = posted_.front();
			posted_.pop_front();
			guard.unlock();
			next.resume();
			guard.lock();
		}
	}

public:
	explicit executor(int threads)
	{
		for (int i = 0; i < threads; i++)
			threads_.emplace_back([this] { work(); });
	}
	~executor()
	{
		{
			std::lock_guard guard(mutex_);
			ends_ = true;
			changed_.notify_all();
		}
		for (std::thread &thread : threads_)
			thread.join();
	}
	void post(std::coroutine_handle<> coroutine)
	{
		std::lock_guard guard(mutex_);

		posted_.push_back(coroutine);
		changed_.notify_one();
	}
	/* What async takes: it cannot be copied. */
	auto resumes()
	{
		return [this, only = std::unique_ptr<int>()](
			       std::coroutine_handle<> coroutine) { post(coroutine); };
	}
};

} // namespace

TEST(a_free_lock_is_had_at_once)
{
	fifolock::async_mutex mutex;
	std::atomic<int> ended{0};
	int error = -1;

	waits([&] { return mutex.async(); }, ended, error);
	CHECK(ended == 1 && error == 0);
	CHECK(mutex.holds(fifolock::exclusive()) == 0);
}

TEST(it_goes_on_in_the_thread_that_makes_the_grant)
{
	fifolock::async_shared_mutex mutex;
	std::thread::id here, there;
	const auto reads = [&]() -> job {
		auto held = co_await mutex.async(fifolock::shared());

		CHECK(held.has(fifolock::shared()));
		here = std::this_thread::get_id();
	};

	mutex.lock();
	reads();
	CHECK(mutex.waiting() == 1 && here == std::thread::id());
	std::thread other([&] {
		there = std::this_thread::get_id();
		mutex.unlock();
		CHECK(here == there);
	});
	other.join();
	CHECK(mutex.holds(fifolock::shared()) == 0);
}

TEST(one_that_always_asks_again_is_handed_over_and_goes_on_when_due)
{
	fifolock::async_mutex mutex;
	int turns = 0;
	const auto asks_again = [&]() -> job {
		for (int i = 0; i < 1000; i++) {
			auto held = co_await mutex.async();

			turns++;
		}
	};

	mutex.lock();
	asks_again();
	asks_again();
	mutex.unlock();
	CHECK(turns < 2000);
	while (turns < 2000)
		CHECK(mutex.run_due() > 0);
	CHECK(mutex.run_due() == 0 && mutex.waiting() == 0);
	CHECK(mutex.holds(fifolock::exclusive()) == 0);
}

TEST(a_resume_function_is_called_there_and_the_coroutine_goes_on_elsewhere)
{
	fifolock::async_mutex mutex;
	std::coroutine_handle<> posted;
	bool in = false;
	const auto writes = [&]() -> job {
		auto held = co_await mutex.async(
			fifolock::exclusive(),
			[&](std::coroutine_handle<> coroutine) { posted = coroutine; });

		in = true;
	};

	mutex.lock();
	writes();
	CHECK(!posted);
	mutex.unlock();
	CHECK(posted && !in && mutex.holds(fifolock::exclusive()) == 1);
	in_another_thread([&] { posted.resume(); });
	CHECK(in && mutex.holds(fifolock::exclusive()) == 0);
}

TEST(coroutines_and_threads_stand_in_one_line)
{
	fifolock::async_mutex mutex;
	std::string order;
	std::vector<std::thread> threads;
	const auto writes = [&](char name) -> job {
		auto held = co_await mutex.async();

		order += name;
	};

	mutex.lock();
	for (char name = 'a'; name < 'g'; name++) {
		const auto before = mutex.waiting();

		if (name % 2)
			writes(name);
		else
			threads.emplace_back([&, name] {
				std::lock_guard guard(mutex);
				order += name;
			});
		wait_until([&] { return mutex.waiting() == before + 1; });
	}
	mutex.unlock();
	for (std::thread &thread : threads)
		thread.join();
	mutex.lock(); /* behind all */
	mutex.unlock();
	CHECK(order == "abcdef");
}

TEST(a_closing_ends_it)
{
	fifolock::async_mutex mutex;
	std::atomic<int> ended{0};
	int error = -1;

	mutex.lock();
	waits([&] { return mutex.async(); }, ended, error);
	mutex.close();
	CHECK(ended == 1 && error == ECANCELED);
	waits([&] { return mutex.async(); }, ended, error);
	CHECK(ended == 2 && error == ECANCELED);
	mutex.unlock();
}

TEST(a_long_chain_needs_the_stack_of_one)
{
	fifolock::async_mutex mutex;
	long count = 0;
	const auto adds = [&]() -> job {
		auto held = co_await mutex.async();

		count++;
	};

	mutex.lock();
	for (int i = 0; i < 20000; i++)
		adds();
	CHECK(count == 0);
	mutex.unlock();
	while (count < 20000)
		CHECK(fifolock_request_run_due(mutex.native_handle()) > 0);
}

TEST(the_last_coroutine_frees_the_lock)
{
	struct object {
		fifolock::async_mutex mutex;
		int users = 3;
	};

	for (int turn = 0; turn < 200; turn++) {
		std::atomic<int> ended{0};
		object *shared = new object;
		const auto uses = [&ended](object *mine) -> job {
			{
				auto held = co_await mine->mutex.async();
				const bool last = --mine->users == 0;

				held.unlock();
				if (last)
					delete mine;
			}
			ended++;
		};

		in_threads(3, [&](int) { uses(shared); });
		wait_until([&] { return ended == 3; });
	}
}

TEST(many_coroutines_go_on_in_an_executor)
{
	static constexpr int jobs = 50, turns = 100;
	fifolock::async_shared_mutex mutex;
	std::atomic<int> ended{0};
	long a = 0, b = 0;
	executor pool(3);
	const auto works = [&](int me) -> job {
		for (int turn = 0; turn < turns; turn++) {
			if ((me + turn) % 2) {
				auto held = co_await mutex.async(fifolock::shared(),
								 pool.resumes());
				CHECK(a == b);
			} else {
				auto held = co_await mutex.async(fifolock::exclusive(),
								 pool.resumes());
				a++, b++;
			}
		}
		ended++;
	};

	for (int i = 0; i < jobs; i++)
		works(i);
	wait_until([&] { return ended == jobs; });
	CHECK(a == b && a == jobs * turns / 2);
}

#if defined(__cpp_lib_jthread)

TEST(a_stop_takes_it_out_of_the_line)
{
	fifolock::async_mutex mutex;
	std::atomic<int> ended{0};
	std::stop_source stop;
	int first = -1, second = -1;

	mutex.lock();
	waits([&] { return mutex.async(stop.get_token()); }, ended, first);
	waits([&] { return mutex.async(); }, ended, second);
	CHECK(mutex.waiting() == 2 && ended == 0);
	stop.request_stop();
	CHECK(ended == 1 && first == ECANCELED && mutex.waiting() == 1);
	/* Stopped already: it leaves the line as soon as it is in it. */
	waits([&] { return mutex.async(stop.get_token()); }, ended, first);
	CHECK(ended == 2 && first == ECANCELED && mutex.waiting() == 1);
	mutex.unlock();
	CHECK(ended == 3 && second == 0);
	/* What can be had at once is had. */
	waits([&] { return mutex.async(stop.get_token()); }, ended, first);
	CHECK(ended == 4 && first == 0 && mutex.holds(fifolock::exclusive()) == 0);
}

/* A grant, a stop and the asking itself, at the same time: it ends once, in one of two ways. */
TEST(a_stop_races_with_a_grant_and_with_the_asking)
{
	int granted = 0, stopped = 0;

	for (int turn = 0; turn < 500; turn++) {
		fifolock::async_mutex mutex;
		std::stop_source stop;
		std::atomic<int> ended{0}, there{0};
		int error = -1;

		mutex.lock();
		in_threads(3, [&](int me) {
			there++;
			wait_until([&] { return there == 3; });
			if (me == turn % 3)
				for (int i = 0; i < turn % 50; i++)
					there = 3; /* a moment later */
			if (me == 0)
				waits([&] { return mutex.async(stop.get_token()); },
				      ended, error);
			else if (me == 1)
				stop.request_stop();
			else
				mutex.unlock();
		});
		CHECK(ended == 1 && (error == 0 || error == ECANCELED));
		error ? stopped++ : granted++;
		CHECK(mutex.holds(fifolock::exclusive()) == 0);
	}
	std::fprintf(stderr, "   %d granted, %d stopped\n", granted, stopped);
}

TEST(stops_and_grants_go_on_among_many)
{
	fifolock::async_mutex mutex;
	std::atomic<int> begun{0}, ended{0};
	long count = 0;

	const auto adds = [&](std::stop_token token) -> job {
		try {
			auto held = co_await mutex.async(std::move(token));

			count++;
		} catch (const std::system_error &thrown) {
			CHECK(thrown.code().value() == ECANCELED);
		}
		ended++;
	};

	in_threads(3, [&](int) {
		for (int turn = 0; turn < 500; turn++) {
			std::stop_source stop;
			std::lock_guard guard(mutex);

			begun += 3;
			adds(stop.get_token());
			adds({});
			adds(stop.get_token());
			stop.request_stop();
		}
	});
	while (ended != begun)
		fifolock_request_run_due(mutex.native_handle());
	CHECK(count >= 1500);
}
#endif
#endif
