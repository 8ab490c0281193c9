/* SPDX-License-Identifier: MIT
 *
 * atomic.h - the only spelling of atomics in the library, the order in the
 * name.
 *
 * Plain members, GNU builtins: the lock is a public struct that C++ includes
 * too, where _Atomic does not exist.  With -DFL_SEAM='"header.h"' that header defines
 * the operations instead: a schedule explorer sees and steers every one of them
 * (tests/explore), and nothing else in src/ touches shared memory atomically.
 *
 * The compare-and-swaps store what they found in *expected when they fail, and
 * never fail without cause (the strong form): where that matters is in the
 * contract of trylock.
 */
#ifndef FL_ATOMIC_H
#define FL_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

/* Does ThreadSanitizer see this code itself?  gcc and clang say so in different ways. */
#if defined(__SANITIZE_THREAD__)
#define FL_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FL_INSTRUMENTED 1
#endif
#endif
#ifndef FL_INSTRUMENTED
#define FL_INSTRUMENTED 0
#endif

#ifdef FL_SEAM
#include FL_SEAM
#else
#define fl_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define fl_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define fl_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define fl_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#define fl_swap_acquire(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define fl_swap_release(p, v) __atomic_exchange_n((p), (v), __ATOMIC_RELEASE)
#define fl_or_relaxed(p, v)   __atomic_fetch_or((p), (v), __ATOMIC_RELAXED)
#define fl_and_relaxed(p, v)  __atomic_fetch_and((p), (v), __ATOMIC_RELAXED)
#define fl_and_acquire(p, v)  __atomic_fetch_and((p), (v), __ATOMIC_ACQUIRE)
#define fl_add_relaxed(p, v)  __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)

#define fl_cas_relaxed(p, expected, v)                                             \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELAXED, \
				    __ATOMIC_RELAXED)
#define fl_cas_acquire(p, expected, v)                                             \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQUIRE, \
				    __ATOMIC_RELAXED)
#define fl_cas_release(p, expected, v)                                             \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELEASE, \
				    __ATOMIC_RELAXED)
#define fl_cas_acq_rel(p, expected, v)                                             \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL, \
				    __ATOMIC_ACQUIRE)

/* Two words side by side, at a multiple of 16 bytes, compared and written as one; false: they are
 * others, or may be.  The compilers have no builtin for it that makes no call.  ThreadSanitizer does
 * not see it, so what it instruments goes without. */
#if defined(__x86_64__) && !FL_INSTRUMENTED
#define FL_HAS_PAIRS fl_has_pairs()

/* All x86-64 since 2006. */
static inline bool fl_has_pairs(void)
{
	unsigned a = 1, b, c, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return c >> 13 & 1;
}

static inline bool fl_cas_pair_acq_rel(uint64_t at[2], uint64_t first, uint64_t second,
				       uint64_t next, uint64_t other)
{
	bool done;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(done), "+m"(*(uint64_t(*)[2])at), "+a"(first),
			   "+d"(second)
			 : "b"(next), "c"(other)
			 : "memory");
	return done;
}
#elif defined(__aarch64__) && !FL_INSTRUMENTED
#define FL_HAS_PAIRS true

static inline bool fl_cas_pair_acq_rel(uint64_t at[2], uint64_t first, uint64_t second,
				       uint64_t next, uint64_t other)
{
	uint64_t was, beside;
	uint32_t failed = 1;

	__asm__ volatile("ldaxp %0, %1, %2\n\t"
			 "cmp %0, %4\n\t"
			 "ccmp %1, %5, #0, eq\n\t"
			 "b.ne 1f\n\t"
			 "stlxp %w3, %6, %7, %2\n"
			 "1:"
			 : "=&r"(was), "=&r"(beside), "+Q"(*(uint64_t(*)[2])at),
			   "+&r"(failed)
			 : "r"(first), "r"(second), "r"(next), "r"(other)
			 : "cc", "memory");
	return !failed;
}
#else
#define FL_HAS_PAIRS false

static inline bool fl_cas_pair_acq_rel(uint64_t at[2], uint64_t first, uint64_t second,
				       uint64_t next, uint64_t other)
{
	(void)at, (void)first, (void)second, (void)next, (void)other;
	return false;
}
#endif
#endif

/* The line is about to be written: fetch it so, and not first to be read and then, with a
 * second message to the other processors, to be written.  A hint. */
#if defined(__x86_64__)
#define fl_prefetch_write(p) __asm__ volatile("prefetchw %0" : : "m"(*(p)))
#else
#define fl_prefetch_write(p) __builtin_prefetch((p), 1)
#endif

/* ... to be read. */
#define fl_fetch(p) __builtin_prefetch((p))

/* Between a store and a load of something else.  Where another file's atomics are one of the two. */
#define fl_fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Against a handler of the same thread: the compiler keeps the order. */
#define fl_handler_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#define FL_ALWAYS     static inline __attribute__((always_inline))
#define FL_NOT_INLINE __attribute__((noinline))

#define fl_likely(x)   __builtin_expect(!!(x), 1)
#define fl_unlikely(x) __builtin_expect(!!(x), 0)

#endif
