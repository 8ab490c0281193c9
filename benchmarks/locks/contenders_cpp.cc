/* SPDX-License-Identifier: MIT
 *
 * contenders_cpp.cc - the locks of C++ libraries behind the same functions as the
 * others.  Nothing is thrown across: all that may throw is noexcept, which aborts.
 */
#include "rows.h"

#include <new>

#ifdef HAVE_ABSL
#include <absl/synchronization/mutex.h>
#endif
#ifdef HAVE_BOOST
#include <boost/thread/shared_mutex.hpp>
#endif
#ifdef HAVE_TBB
#include <oneapi/tbb/queuing_mutex.h>
#include <oneapi/tbb/queuing_rw_mutex.h>
#include <oneapi/tbb/rw_mutex.h>
#include <oneapi/tbb/spin_mutex.h>
#include <oneapi/tbb/spin_rw_mutex.h>
#endif

namespace
{

#ifdef HAVE_TBB
template <typename Mutex> struct Exclusive {
	Mutex mutex;

	void lock(mode) noexcept
	{
		mutex.lock();
	}

	void unlock(mode) noexcept
	{
		mutex.unlock();
	}
};
#endif

#if defined(HAVE_TBB) || defined(HAVE_BOOST)
template <typename Mutex> struct SharedToo {
	Mutex mutex;

	void lock(mode how) noexcept
	{
		if (how == SHARED)
			mutex.lock_shared();
		else
			mutex.lock();
	}

	void unlock(mode how) noexcept
	{
		if (how == SHARED)
			mutex.unlock_shared();
		else
			mutex.unlock();
	}
};
#endif

#ifdef HAVE_TBB
/* One place in line is enough: a thread holds one of these at a time.  It is made and
 * unmade at each turn, as on the stack of a program. */
template <typename Mutex> struct Queuing {
	using Place = typename Mutex::scoped_lock;

	Mutex mutex;
	alignas(128) static thread_local unsigned char room[128];

	static_assert(sizeof(Place) <= sizeof(room), "room for a place in line");

	void lock(mode how) noexcept
	{
		if constexpr (Mutex::is_rw_mutex)
			new (room) Place(mutex, how == EXCLUSIVE);
		else
			new (room) Place(mutex);
	}

	void unlock(mode) noexcept
	{
		reinterpret_cast<Place *>(room)->~Place();
	}
};

template <typename Mutex>
alignas(128) thread_local unsigned char Queuing<Mutex>::room[128];
#endif

#ifdef HAVE_ABSL
struct Absl {
	absl::Mutex mutex;

	/* Whether the search for deadlocks is on depends on how the library was built;
	 * it would be most of the cost. */
	Absl() noexcept
	{
		absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
	}

	void lock(mode how) noexcept
	{
		if (how == SHARED)
			mutex.ReaderLock();
		else
			mutex.Lock();
	}

	void unlock(mode how) noexcept
	{
		if (how == SHARED)
			mutex.ReaderUnlock();
		else
			mutex.Unlock();
	}
};
#endif

} // namespace

#define CPP_ROW(row, type)                              \
	SIZE(row, type)                                 \
	void row_##row##_init(void *lock)               \
	{                                               \
		new (lock) type;                        \
	}                                               \
	void row_##row##_lock(void *lock, mode how)     \
	{                                               \
		static_cast<type *>(lock)->lock(how);   \
	}                                               \
	void row_##row##_unlock(void *lock, mode how)   \
	{                                               \
		static_cast<type *>(lock)->unlock(how); \
	}                                               \
	void row_##row##_destroy(void *lock)            \
	{                                               \
		using Lock = type;                      \
		static_cast<Lock *>(lock)->~Lock();     \
	}                                               \
	PAIRS(row)

#ifdef HAVE_ABSL
CPP_ROW(absl, Absl)
#endif
#ifdef HAVE_BOOST
CPP_ROW(boost, SharedToo<boost::shared_mutex>)
#endif
#ifdef HAVE_TBB
CPP_ROW(tbb_queuing, Queuing<tbb::queuing_mutex>)
CPP_ROW(tbb_queuing_rw, Queuing<tbb::queuing_rw_mutex>)
CPP_ROW(tbb_rw, SharedToo<tbb::rw_mutex>)
CPP_ROW(tbb_spin, Exclusive<tbb::spin_mutex>)
CPP_ROW(tbb_spin_rw, SharedToo<tbb::spin_rw_mutex>)
#endif
