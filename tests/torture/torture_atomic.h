/* SPDX-License-Identifier: MIT
 *
 * torture_atomic.h - the library's atomics (src/core/atomic.h) with a chance, in rounds with
 * jitter, that the thread loses some time before any of them.  A window of a few
 * nanoseconds between two of them is then hit every few thousand times.
 */
#ifndef TORTURE_ATOMIC_H
#define TORTURE_ATOMIC_H

#include <stdint.h>

/* Operations until the next delay; 0: none. */
extern _Thread_local uint32_t torture_fuse;
void torture_delay(void);

static inline void torture_jitter(void)
{
	if (__builtin_expect(torture_fuse != 0, 0) && --torture_fuse == 0)
		torture_delay();
}

#define torture_after_jitter(operation) (torture_jitter(), operation)

#define torture_cas(p, expected, v, success, failure)                                 \
	torture_after_jitter(__atomic_compare_exchange_n((p), (expected), (v), false, \
							 success, failure))

#define fl_load_relaxed(p) torture_after_jitter(__atomic_load_n((p), __ATOMIC_RELAXED))
#define fl_load_acquire(p) torture_after_jitter(__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define fl_store_relaxed(p, v) \
	torture_after_jitter(__atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define fl_store_release(p, v) \
	torture_after_jitter(__atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define fl_swap_acquire(p, v) \
	torture_after_jitter(__atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE))
#define fl_swap_release(p, v) \
	torture_after_jitter(__atomic_exchange_n((p), (v), __ATOMIC_RELEASE))
#define fl_or_relaxed(p, v) \
	torture_after_jitter(__atomic_fetch_or((p), (v), __ATOMIC_RELAXED))
#define fl_and_relaxed(p, v) \
	torture_after_jitter(__atomic_fetch_and((p), (v), __ATOMIC_RELAXED))
#define fl_and_acquire(p, v) \
	torture_after_jitter(__atomic_fetch_and((p), (v), __ATOMIC_ACQUIRE))
#define fl_add_relaxed(p, v) \
	torture_after_jitter(__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define fl_cas_relaxed(p, expected, v) \
	torture_cas(p, expected, v, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define fl_cas_acquire(p, expected, v) \
	torture_cas(p, expected, v, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define fl_cas_release(p, expected, v) \
	torture_cas(p, expected, v, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define fl_cas_acq_rel(p, expected, v) \
	torture_cas(p, expected, v, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

#endif
