/* SPDX-License-Identifier: MIT
 *
 * coroutines_forced.cpp - what others do between two steps of co_await lock.async(mode): the header
 * once more, with hooks there.
 */
#include <fifolock/request.h>

#include <cerrno>
#include <functional>
#include <utility>

namespace
{

/* Once, if there is one: in the thread that asks, after it is in line and before it knows; in the
 * thread that stops, before the request is taken out of the line, and after. */
std::function<void()> in_line, before_cancel, after_cancel;

void once(std::function<void()> &hook)
{
	if (std::function<void()> what = std::exchange(hook, nullptr))
		what();
}

[[maybe_unused]] int hooked_request(fifolock_t *lock, unsigned mode, uint32_t n,
				    fifolock_request_t *request,
				    void (*done)(void *, int), void *ctx)
{
	const int error = fifolock_request(lock, mode, n, request, done, ctx);

	if (error == EINPROGRESS)
		once(in_line);
	return error;
}

[[maybe_unused]] int hooked_cancel(fifolock_request_t *request)
{
	once(before_cancel);
	const int error = fifolock_request_cancel(request);

	once(after_cancel);
	return error;
}

} // namespace

#define fifolock_request	hooked_request
#define fifolock_request_cancel hooked_cancel
#include <fifolock/fifolock.hpp>
#undef fifolock_request
#undef fifolock_request_cancel

#include "waits.hpp"
#include "test.hpp"

#if defined(FIFOLOCK_HAS_ASYNC) && defined(__cpp_lib_jthread)

#include <atomic>

using fifolock::exclusive;
using fifolock::shared;

namespace
{

/* One coroutine that waits for a lock that is held. */
struct scene {
	fifolock::async_shared_mutex mutex;
	std::stop_source stop;
	std::atomic<int> ended{0};
	int error = -1;

	scene()
	{
		mutex.lock();
	}
	void begins()
	{
		waits([this] { return mutex.async(shared(), stop.get_token()); }, ended,
		      error);
	}
	void stops()
	{
		stop.request_stop();
	}
};

} // namespace

TEST(a_grant_before_the_asking_has_returned)
{
	scene at;

	in_line = [&] {
		at.mutex.unlock();
		CHECK(at.ended == 0 && at.mutex.holds(shared()) == 1);
	};
	at.begins();
	CHECK(at.ended == 1 && at.error == 0 && at.mutex.holds(shared()) == 0);
}

TEST(a_closing_before_the_asking_has_returned)
{
	scene at;

	in_line = [&] {
		at.mutex.close();
		CHECK(at.ended == 0);
	};
	at.begins();
	CHECK(at.ended == 1 && at.error == ECANCELED);
	at.mutex.unlock();
}

TEST(a_stop_before_the_asking_has_returned)
{
	scene at;

	in_line = [&] {
		at.stops();
		CHECK(at.ended == 0 && at.mutex.waiting() == 1);
	};
	at.begins();
	CHECK(at.ended == 1 && at.error == ECANCELED && at.mutex.waiting() == 0);
	at.mutex.unlock();
}

TEST(a_stop_and_a_grant_before_the_asking_has_returned)
{
	for (int first = 0; first < 2; first++) {
		scene at;

		in_line = [&] {
			if (first)
				at.stops();
			at.mutex.unlock();
			if (!first)
				at.stops();
			CHECK(at.ended == 0);
		};
		at.begins();
		CHECK(at.ended == 1 && at.error == 0 && at.mutex.holds(shared()) == 0);
	}
}

TEST(a_grant_before_the_stop_has_its_way)
{
	scene at;

	at.begins();
	before_cancel = [&] {
		at.mutex.unlock();
		CHECK(at.ended == 0);
	};
	at.stops();
	CHECK(at.ended == 1 && at.error == 0 && at.mutex.holds(shared()) == 0);
}

/* Another thread has granted it, and comes to say so later, or now. */
TEST(a_grant_that_is_told_after_the_stop_or_beside_it)
{
	for (int beside = 0; beside < 2; beside++) {
		struct blocks {
			std::atomic<bool> there{false}, goes_on{false};

			static void done(void *ctx, int)
			{
				blocks *self = static_cast<blocks *>(ctx);

				self->there = true;
				wait_until([self] { return self->goes_on.load(); });
			}
		} first;
		fifolock_request_t request;
		scene at;

		CHECK(fifolock_request(at.mutex.native_handle(), 1, 1, &request,
				       blocks::done, &first) == EINPROGRESS);
		at.begins();
		std::thread grants([&] { at.mutex.unlock(); });
		wait_until([&] { return first.there.load(); });
		if (beside)
			after_cancel = [&] {
				first.goes_on = true;
				grants.join();
				CHECK(at.ended == 0);
			};
		at.stops();
		CHECK(at.ended == beside);
		first.goes_on = true;
		if (!beside)
			grants.join();
		CHECK(at.ended == 1 && at.error == 0);
		at.mutex.unlock_shared();
		CHECK(at.mutex.holds(shared()) == 0);
	}
}

TEST(a_resume_function_outlives_the_coroutine_that_it_resumes)
{
	struct resumes {
		bool *gone;

		explicit resumes(bool *flag) : gone(flag)
		{
		}
		resumes(resumes &&other) noexcept
			: gone(std::exchange(other.gone, nullptr))
		{
		}
		~resumes()
		{
			if (gone)
				*gone = true;
		}
		void operator()(std::coroutine_handle<> coroutine)
		{
			const bool *mine = gone;

			coroutine.resume();
			CHECK(!*mine);
		}
	};
	fifolock::async_mutex mutex;
	std::atomic<int> ended{0};
	bool gone = false;
	int error = -1;

	mutex.lock();
	waits([&] { return mutex.async(exclusive(), resumes(&gone)); }, ended, error);
	mutex.unlock();
	CHECK(ended == 1 && error == 0 && gone);
}
#endif
