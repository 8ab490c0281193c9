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
