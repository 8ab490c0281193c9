/* SPDX-License-Identifier: MIT
 *
 * serve.h - sections of other threads, run by one that is in fifolock_run.
 */
#ifndef FL_SERVE_H
#define FL_SERVE_H

#include "core/scan.h"

#include <stddef.h>

/* What one call of fifolock_run does for others. */
struct fl_serving {
	fifolock_t *lock;
	const uint32_t *sleepers; /* see role.h */
	struct fl_service on;
	uint32_t left;
	bool booked;
	unsigned held;	      /* callbacks, as the caller found it */
	uint64_t began, seen; /* the coarse clock, at first and last ... */
	bool ticked;	      /* ... which was another time than the last but one */
};

/* booked: a listener is to hear of what is run. */
struct fl_serving fl_serving_on(fifolock_t *lock, bool booked);

/* The slot of the thread has joined the line: now it is known whether to serve. */
void fl_serving_joined(struct fl_serving *serving, const struct fl_slot *slot);

/* For a scan; NULL: it is to grant the next section to its owner. */
static inline struct fl_service *fl_service_of(struct fl_serving *serving)
{
	return serving->left ? &serving->on : NULL;
}

/* Run what this thread has been given to run (serving->on), and what its releases bring. */
void fl_serve(struct fl_serving *serving);

/* Give one's own hold back and run the sections that are next. */
void fl_release_and_serve(struct fl_serving *serving, const struct fifolock_row *row);

#endif
