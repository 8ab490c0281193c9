/* SPDX-License-Identifier: MIT
 *
 * events.h - what happens to a request, for probes and for the tests.
 *
 * With -DFL_PROBES each is a static probe for perf and bpftrace (docs/probes.md): one nop,
 * and nothing else if no tracer listens.  With -DFL_EVENTS='"header.h"' that header defines
 * each.  Otherwise nothing.
 *
 *	join	pushed, for what is wanted: ticket is its place; a conversion: by the scanner that
 *		has given it a place, and the want is the slot.  A scanner may have taken it
 *		already, and a slot that calls back may even be another's by now: only its
 *		address and id may be used
 *	ahead	a conversion is where the next scanner takes it in
 *	leave	has left by its own decision, before the scanner is told
 *	sleep	is about to park
 *	scan	the caller has become the scanner
 *	commit	the scanner is about to try its commit; oldest (NULL: none) and count
 *		are the requests that would be granted, linked by newer.  The last try
 *		before the next scan of that lock is the one that succeeded.
 *	run	the section of the slot is about to be run by the caller, in its turn and
 *		without a scan: as a scan and a commit that grant it
 *	pass	hold and role are about to go on to the slot from the one before it, without
 *		a scan: as a scan and a commit that grant it
 *	grant	is about to be told what (FL_GRANTED and so on); the slot is still the
 *		scanner's
 *
 * scan, commit and pass run with the role: on one lock they never overlap.
 */
#ifndef FL_EVENTS_H
#define FL_EVENTS_H

#if defined(FL_EVENTS)
#include FL_EVENTS
#elif defined(FL_PROBES)
#include <sys/sdt.h>
#define fl_event_join(lock, slot, want, ticket) \
	DTRACE_PROBE5(fifolock, join, lock, slot, (want)->mode, (want)->weight, ticket)
#define fl_event_ahead(lock, slot)	     DTRACE_PROBE2(fifolock, ahead, lock, slot)
#define fl_event_leave(lock, slot)	     DTRACE_PROBE2(fifolock, leave, lock, slot)
#define fl_event_sleep(slot)		     DTRACE_PROBE1(fifolock, sleep, slot)
#define fl_event_scan(lock)		     DTRACE_PROBE1(fifolock, scan, lock)
#define fl_event_commit(lock, oldest, count) DTRACE_PROBE2(fifolock, commit, lock, count)
#define fl_event_run(lock, slot)	     DTRACE_PROBE2(fifolock, run, lock, slot)
#define fl_event_pass(lock, slot)	     DTRACE_PROBE2(fifolock, pass, lock, slot)
#define fl_event_grant(slot, what)	     DTRACE_PROBE2(fifolock, grant, slot, what)
#else
#define fl_event_join(lock, slot, want, ticket) ((void)(ticket))
#define fl_event_ahead(lock, slot)		((void)0)
#define fl_event_leave(lock, slot)		((void)0)
#define fl_event_sleep(slot)			((void)0)
#define fl_event_scan(lock)			((void)0)
#define fl_event_commit(lock, oldest, count)	((void)0)
#define fl_event_run(lock, slot)		((void)0)
#define fl_event_pass(lock, slot)		((void)0)
#define fl_event_grant(slot, what)		((void)0)
#endif

#endif
