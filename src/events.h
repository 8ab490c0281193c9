/* SPDX-License-Identifier: MIT
 *
 * events.h - what happens to a request, for whoever wants to watch.  Layer 0.
 *
 * With -DFL_PROBES each is a static probe for perf and bpftrace (docs/probes.md): one nop,
 * and nothing else if nobody traces.  With -DFL_EVENTS='"header.h"' that header defines
 * each.  Otherwise nothing.
 *
 *	join	pushed, for what is wanted: ticket is its place.  A scanner may have taken it
 *		already, and a slot that calls back may even be another's by now: only its
 *		address and id may be used
 *	leave	has left by its own decision, before anybody is told
 *	sleep	is about to park
 *	scan	the caller has become the scanner
 *	commit	the scanner is about to try its commit; oldest (NULL: nobody) and count
 *		are who would be granted, linked by newer.  The last try before the next
 *		scan of that lock is the one that succeeded.
 *	run	in the same commit, behind those: count sections, from oldest on, that the
 *		caller would run in a row
 *	grant	is about to be told what (FL_GRANTED and so on); the slot is still the
 *		scanner's
 *
 * scan and commit run with SCANNING set: on one lock they never overlap.
 */
#ifndef FL_EVENTS_H
#define FL_EVENTS_H

#if defined(FL_EVENTS)
#include FL_EVENTS
#elif defined(FL_PROBES)
#include <sys/sdt.h>
#define fl_event_join(lock, slot, want, ticket) \
	DTRACE_PROBE5(fifolock, join, lock, slot, (want)->mode, (want)->weight, ticket)
#define fl_event_leave(lock, slot)	     DTRACE_PROBE2(fifolock, leave, lock, slot)
#define fl_event_sleep(slot)		     DTRACE_PROBE1(fifolock, sleep, slot)
#define fl_event_scan(lock)		     DTRACE_PROBE1(fifolock, scan, lock)
#define fl_event_commit(lock, oldest, count) DTRACE_PROBE2(fifolock, commit, lock, count)
#define fl_event_run(lock, oldest, count)    DTRACE_PROBE2(fifolock, run, lock, count)
#define fl_event_grant(slot, what)	     DTRACE_PROBE2(fifolock, grant, slot, what)
#else
#define fl_event_join(lock, slot, want, ticket) ((void)(ticket))
#define fl_event_leave(lock, slot)		((void)0)
#define fl_event_sleep(slot)			((void)0)
#define fl_event_scan(lock)			((void)0)
#define fl_event_commit(lock, oldest, count)	((void)0)
#define fl_event_run(lock, oldest, count)	((void)0)
#define fl_event_grant(slot, what)		((void)0)
#endif

#endif
