/* SPDX-License-Identifier: MIT
 *
 * events.h - what happens to a request, for whoever wants to watch.  Layer 0.
 * Nothing in a plain build; with -DFL_EVENTS='"header.h"' that header defines each.
 *
 *	join	pushed: slot->ticket is its place; a scanner may have taken it already
 *	leave	has left by its own decision, before anybody is told
 *	sleep	is about to park
 *	scan	the caller has become the scanner
 *	commit	the scanner is about to try its commit; oldest (NULL: nobody) and count
 *		are who would be granted, linked by newer.  The last try before the next
 *		scan of that lock is the one that succeeded.
 *	grant	is about to be told; the slot is still the scanner's
 *
 * scan and commit run with SCANNING set: on one lock they never overlap.
 */
#ifndef FL_EVENTS_H
#define FL_EVENTS_H

#ifdef FL_EVENTS
#include FL_EVENTS
#else
#define fl_event_join(lock, slot)	     ((void)0)
#define fl_event_leave(lock, slot)	     ((void)0)
#define fl_event_sleep(slot)		     ((void)0)
#define fl_event_scan(lock)		     ((void)0)
#define fl_event_commit(lock, oldest, count) ((void)0)
#define fl_event_grant(slot)		     ((void)0)
#endif

#endif
