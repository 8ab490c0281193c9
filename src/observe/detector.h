/* SPDX-License-Identifier: MIT
 *
 * detector.h - the race detector that the process runs under, if it does, and what it can
 * be told.
 *
 * A detector sees the program and not why it is right.  ThreadSanitizer sees nothing of a
 * library that is not instrumented; valgrind's tools see each of its loads and stores.
 * Both want to know what happens before what.  A tag is any address; what a thread did
 * before fl_watch_before happens before what a thread does after a later fl_watch_after
 * of the same tag.
 */
#ifndef FL_DETECTOR_H
#define FL_DETECTOR_H

#include "core/atomic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_detector {
	void (*before)(const void *tag);
	void (*after)(const void *tag);
	void (*forget)(const void *tag); /* it is about to mean something else */
	/* The library's own memory, and no longer; NULL: it does not see that. */
	void (*hide)(const void *from, size_t size);
	void (*show)(const void *from, size_t size);
	/* What this thread does until it says false is not looked at; they may be nested.  NULL: it looks
	 * at everything. */
	void (*ignore)(bool yes);
	/* A mutex by address, for the order in which a thread takes several; NULL: that is
	 * nothing to it.  shared: by readers.  tried: the thread would not have waited for
	 * ever; by one that does not know the difference such are left out. */
	void (*wants)(const void *mutex, bool shared);
	void (*locked)(const void *mutex, bool shared, bool tried);
	void (*unlocks)(const void *mutex, bool shared);
	void (*changes)(const void *mutex, bool shared); /* it was the other */
	void (*fresh)(const void *mutex);		 /* whatever was there before */
	void (*gone)(const void *mutex);		 /* it is not locked */
	bool knows_tried;
	bool ends_forked_threads; /* and the process, if the parent had several */
	/* A handler waits until its thread calls something that the detector has replaced. */
	bool defers_signals;
};

/* Found before any other constructor runs, and then constant.  NULL: none. */
extern const struct fl_detector *fl_detector;

/* NULL: not under it.  The first one: nor where it sees this code itself. */
const struct fl_detector *fl_detector_tsan(void);
const struct fl_detector *fl_detector_tsan_always(void);
const struct fl_detector *fl_detector_valgrind(void); /* nor under these */

static inline bool fl_watched(void)
{
	return __builtin_expect(fl_detector != NULL, 0);
}

static inline void fl_watch_before(const void *tag)
{
	if (fl_watched())
		fl_detector->before(tag);
}

static inline void fl_watch_after(const void *tag)
{
	if (fl_watched())
		fl_detector->after(tag);
}

static inline void fl_watch_hide(const void *from, size_t size)
{
	if (fl_watched() && fl_detector->hide)
		fl_detector->hide(from, size);
}

#endif
