/* SPDX-License-Identifier: MIT
 *
 * fifolock/async.hpp - for C++20: a lock that a coroutine waits for, and no thread.
 *
 *	fifolock::async_mutex mutex;
 *
 *	auto held = co_await mutex.async();		// a fifolock::hold
 *	auto held = co_await mutex.async(stop_token);	// throws ECANCELED if it is stopped first
 *	auto held = co_await lock.async(reader{}, [&pool](std::coroutine_handle<> h) { pool.post(h); });
 *
 * Where it goes on.  A coroutine whose request has to wait is resumed in the thread that makes the
 * grant: inside its unlock, or whatever other call of this library that was.  What is said of
 * callbacks in fifolock/request.h holds for what the coroutine does there until it suspends or
 * ends: that thread waits for it, so it should be short; it must not wait for what the thread
 * holds or has yet to do; if a signal handler made the grant it may do only what a handler may.
 * Nothing may be thrown out of it: a promise whose unhandled_exception throws ends the program.
 * The coroutines of one thread go on one after the other, oldest first, on the stack of one.
 *
 * As callbacks are, coroutines that ask again and again are handed over to the next thread that comes
 * on the lock: one unlock resumes at most 256 that came after it had begun.  If no thread comes, they
 * stay where they are, and hold the lock.  So a program whose threads may all be elsewhere calls
 * run_due() of the lock or the table when it is idle.
 *
 * A resume function avoids all that.  It is called in place of resume(), once, in that thread, is
 * given the handle, and passes it on: to an executor, an event loop.  It must not throw.
 *
 * It never goes on before fifolock_request has returned in the thread that asked, so a coroutine
 * that is the last to use the lock may free it.  A coroutine must not be destroyed while it waits
 * in line: stop it, or close the lock.
 *
 * Its hold may be given back by another thread than the one that took it.  So the table is to be
 * one whose holds have no owners, for the debug build and race detectors: async_mutex,
 * async_shared_mutex, or any modes<...>.
 *
 * Nothing is allocated but the place in line, as by fifolock_request.
 */
#ifndef FIFOLOCK_ASYNC_HPP
#define FIFOLOCK_ASYNC_HPP

#if __cplusplus >= 202002L
#include <version>
#endif
#if defined(__cpp_impl_coroutine) && defined(__cpp_lib_coroutine)
#define FIFOLOCK_HAS_ASYNC 1
#endif

#ifdef FIFOLOCK_HAS_ASYNC

#include <fifolock/clock.hpp>
#include <fifolock/request.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

namespace fifolock
{

template <class Modes> class basic_lock;
template <class Modes> class hold;

namespace detail
{

/* The default: in the thread that makes the grant. */
struct resume_here {
	void operator()(std::coroutine_handle<> coroutine) const
	{
		coroutine.resume();
	}
};

/* For a request that nothing stops. */
struct never_stopped {
	template <class Awaiter> struct callback {
		callback(const never_stopped &, Awaiter &) noexcept
		{
		}
	};
};

#if defined(__cpp_lib_jthread)
struct stopped_by {
	std::stop_token token;

	template <class Awaiter> class callback
	{
		struct stops {
			Awaiter *awaiter;

			void operator()() const noexcept
			{
				awaiter->stop();
			}
		};
		std::stop_callback<stops> callback_;

	public:
		callback(const stopped_by &stop, Awaiter &awaiter)
			: callback_(stop.token, stops{&awaiter})
		{
		}
	};
};
#endif

/* A request for a lock, in a coroutine.  It becomes a hold. */
template <class Modes> class lock_request
{
	basic_lock<Modes> &lock_;
	const unsigned mode_;
	fifolock_request_t request_;

public:
	lock_request(basic_lock<Modes> &lock, unsigned mode) noexcept
		: lock_(lock), mode_(mode)
	{
	}
	lock_request(const lock_request &other) noexcept /* that has not asked yet */
		: lock_(other.lock_), mode_(other.mode_)
	{
	}

	int ask(void (*done)(void *, int), void *ctx)
	{
		return fifolock_request(lock_.native_handle(), mode_, 1, &request_, done,
					ctx);
	}
	int cancel() noexcept
	{
		return fifolock_request_cancel(&request_);
	}
	/* What has become of it, in the thread that resumes: race detectors see then what came
	 * before. */
	int status(int) noexcept
	{
		return fifolock_request_poll(&request_);
	}
	hold<Modes> result(int status)
	{
		check(status, "fifolock: async");
		return hold<Modes>(lock_, mode_);
	}
};

/* What co_await waits for: a Request, which is asked, may be cancelled, and has a result.
 *
 * Up to three threads meet in its state: the one that asked, the one that makes the grant, the one
 * that stops.  The last of those that have begun resumes the coroutine; the others have let go of
 * this memory by then.
 *
 *	asked		fifolock_request has returned, and the request was in line
 *	ended		it has been granted or refused
 *	stopping	the token has said so
 *	cancelling	a thread is about to take the request out of the line, or to find that it
 *			is too late
 *
 * That thread, if there is one, is the last.  Otherwise it is the later one of the two that set
 * asked and ended. */
template <class Request, class Resume, class Stop> class [[nodiscard]] awaiter
{
	static constexpr unsigned asked = 1;
	static constexpr unsigned ended = 2;
	static constexpr unsigned stopping = 4;
	static constexpr unsigned cancelling = 8;

	Request request_;
	Resume resume_;
	Stop stop_;
	std::coroutine_handle<> coroutine_;
	std::atomic<unsigned> state_{0};
	int status_ = 0;
	/* Its destructor, the first here, waits for a thread that is in it. */
	std::optional<typename Stop::template callback<awaiter>> callback_;

public:
	awaiter(const Request &request, Resume resume, Stop stop)
		: request_(request), resume_(std::move(resume)), stop_(std::move(stop))
	{
	}
	awaiter(const awaiter &) = delete;
	awaiter &operator=(const awaiter &) = delete;

	bool await_ready() const noexcept
	{
		return false;
	}

	/* False: it goes on at once. */
	bool await_suspend(std::coroutine_handle<> coroutine)
	{
		coroutine_ = coroutine;
		callback_.emplace(stop_, *this);
		const int error = request_.ask(done, this);

		if (error == EINPROGRESS)
			return !has_ended_while_asking();
		status_ = error;
		return false;
	}

	auto await_resume()
	{
		return request_.result(status_);
	}

	/* By the token's callback. */
	void stop() noexcept
	{
		unsigned was = state_.load(std::memory_order_relaxed), next;

		do
			next = was | stopping | (in_line(was) ? cancelling : 0);
		while (!state_.compare_exchange_weak(was, next, std::memory_order_acq_rel,
						     std::memory_order_relaxed));
		if ((next & cancelling) && has_ended_while_cancelling())
			resume();
	}

private:
	static bool in_line(unsigned state)
	{
		return (state & asked) && !(state & ended);
	}

	static void done(void *at, int status) noexcept
	{
		awaiter *self = static_cast<awaiter *>(at);

		self->status_ = status;
		const unsigned was =
			self->state_.fetch_or(ended, std::memory_order_acq_rel);

		if (!(was & asked) || (was & cancelling))
			return; /* another thread resumes it, and may have done so */
		self->resume();
	}

	/* A stop that came before the request was in line is heeded now. */
	bool has_ended_while_asking() noexcept
	{
		unsigned was = state_.load(std::memory_order_relaxed), next;

		do
			next = was | asked | (was & stopping ? cancelling : 0);
		while (!state_.compare_exchange_weak(was, next, std::memory_order_acq_rel,
						     std::memory_order_relaxed));
		return next & cancelling ? has_ended_while_cancelling()
					 : was & ended && takes_over();
	}

	bool has_ended_while_cancelling() noexcept
	{
		if (request_.cancel() == 0) /* done is not called */
			status_ = ECANCELED;
		else if (!(state_.fetch_and(~cancelling, std::memory_order_acq_rel) &
			   ended))
			return false;
		return takes_over();
	}

	bool takes_over() noexcept
	{
		status_ = request_.status(status_);
		return true;
	}

	/* The coroutine, and this with it, may be gone before that returns. */
	void resume() noexcept
	{
		Resume resume = std::move(resume_);
		const std::coroutine_handle<> coroutine = coroutine_;

		resume(coroutine);
	}
};

} // namespace detail
} // namespace fifolock

#endif
#endif
