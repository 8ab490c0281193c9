/* SPDX-License-Identifier: MIT
 *
 * tsan.c - telling ThreadSanitizer.
 *
 * Its run-time library is there or it is not, which weak symbols find out when the
 * program is loaded: no header, and nothing that a build must have.  What is between a
 * pre_ and its post_ the detector ignores, so they come in pairs, with none of the
 * library's work and no other code in between.
 *
 * A library that is instrumented itself is seen as it is, and says nothing; but what it has
 * to say of libraries that are not (fl_detector_tsan_always).
 */
#include "detector.h"

/* As in <sanitizer/tsan_interface.h>. */
#define WEAK   __attribute__((weak, visibility("default")))
#define READ   (1u << 3)
#define TRY    (1u << 4)
#define FAILED (1u << 5)

WEAK void __tsan_acquire(void *tag);
WEAK void __tsan_release(void *tag);
WEAK void __tsan_mutex_pre_lock(void *mutex, unsigned flags);
WEAK void __tsan_mutex_post_lock(void *mutex, unsigned flags, int recursion);
WEAK int __tsan_mutex_pre_unlock(void *mutex, unsigned flags);
WEAK void __tsan_mutex_post_unlock(void *mutex, unsigned flags);
WEAK void __tsan_mutex_destroy(void *mutex, unsigned flags);
/* Of reads and of writes; they are counted. */
WEAK void AnnotateIgnoreReadsBegin(const char *file, int line);
WEAK void AnnotateIgnoreReadsEnd(const char *file, int line);

/* They look at no memory but their own, and at the first byte, as a reader. */
static void *plain(const void *at)
{
	return (void *)(uintptr_t)at;
}

static void before(const void *tag)
{
	__tsan_release(plain(tag));
}

static void after(const void *tag)
{
	__tsan_acquire(plain(tag));
}

/* To be told before the thread waits: that it wants it.  It has it later, see locked. */
static void wants(const void *mutex, bool shared)
{
	unsigned flags = shared ? READ : 0;

	__tsan_mutex_pre_lock(plain(mutex), flags);
	__tsan_mutex_post_lock(plain(mutex), flags | FAILED, 0);
}

static void locked(const void *mutex, bool shared, bool tried)
{
	unsigned flags = (shared ? READ : 0) | (tried ? TRY : 0);

	__tsan_mutex_pre_lock(plain(mutex), flags);
	__tsan_mutex_post_lock(plain(mutex), flags, 0);
}

static void unlocks(const void *mutex, bool shared)
{
	unsigned flags = shared ? READ : 0;

	__tsan_mutex_pre_unlock(plain(mutex), flags);
	__tsan_mutex_post_unlock(plain(mutex), flags);
}

/* What is still held, by the same thread. */
static void changes(const void *mutex, bool shared)
{
	unlocks(mutex, !shared);
	locked(mutex, shared, true);
}

/* With nothing but the detector's memory of it. */
static void forget(const void *tag)
{
	static char nothing;

	__tsan_mutex_pre_lock(&nothing, TRY);
	__tsan_mutex_destroy(plain(tag), 0);
	__tsan_mutex_post_lock(&nothing, TRY | FAILED, 0);
}

static void gone(const void *mutex)
{
	__tsan_mutex_destroy(plain(mutex), 0);
}

static void ignore(bool yes)
{
	if (!AnnotateIgnoreReadsBegin || !AnnotateIgnoreReadsEnd)
		return;
	if (yes)
		AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	else
		AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

const struct fl_detector *fl_detector_tsan_always(void)
{
	static const struct fl_detector tsan = {
		.before = before,
		.after = after,
		.forget = forget,
		.ignore = ignore,
		.wants = wants,
		.locked = locked,
		.unlocks = unlocks,
		.changes = changes,
		.fresh = forget,
		.gone = gone,
		.knows_tried = true,
		.ends_forked_threads = true,
		.defers_signals = true,
	};

	return __tsan_acquire && __tsan_release && __tsan_mutex_pre_lock &&
			       __tsan_mutex_post_lock && __tsan_mutex_pre_unlock &&
			       __tsan_mutex_post_unlock && __tsan_mutex_destroy
		       ? &tsan
		       : NULL;
}

const struct fl_detector *fl_detector_tsan(void)
{
	return FL_INSTRUMENTED ? NULL : fl_detector_tsan_always();
}
