/* SPDX-License-Identifier: MIT
 *
 * hooks.h - what a test does in the middle of a call of the library: one hook for each
 * event of src/observe/events.h, and one after a load.  The library's sources are compiled
 * with -DFL_EVENTS="hooks.h" -DFL_SEAM="hooks.h".
 *
 * A hook is the thread's own: the one that sets it is under test, and what others
 * do meanwhile sets off nothing.  It is called once, and must return.
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <stddef.h>

struct hooks {
	void (*join)(void);
	void (*leave)(void);
	void (*sleep)(void);
	void (*scan)(void);
	void (*commit)(void);
	void (*pass)(void);
	void (*grant)(void);
	void (*loaded)(void); /* after the next load of *loads */
	const void *loads;    /* NULL: of anything */
};

extern _Thread_local struct hooks hooks; /* the test defines it */

static inline void hooks_call(void (**hook)(void))
{
	void (*act)(void) = *hook;

	*hook = NULL;
	if (act)
		act();
}

static inline void hooks_after_load(const void *at)
{
	if (hooks.loaded && (!hooks.loads || hooks.loads == at))
		hooks_call(&hooks.loaded);
}

/* That of a conversion is its scanner's. */
#define fl_event_join(lock, slot, want, ticket) \
	((void)(ticket), (slot)->how & FL_CONVERTS ? (void)0 : hooks_call(&hooks.join))
#define fl_event_ahead(...)  hooks_call(&hooks.join)
#define fl_event_leave(...)  hooks_call(&hooks.leave)
#define fl_event_sleep(...)  hooks_call(&hooks.sleep)
#define fl_event_scan(...)   hooks_call(&hooks.scan)
#define fl_event_commit(...) hooks_call(&hooks.commit)
#define fl_event_run(...)    ((void)0)
#define fl_event_pass(...)   hooks_call(&hooks.pass)
#define fl_event_grant(...)  hooks_call(&hooks.grant)

/* The library's own operations, all but two. */
#undef FL_SEAM
#undef FL_ATOMIC_H
#include "core/atomic.h"

#undef fl_load_relaxed
#undef fl_load_acquire
#define hooks_load(p, order)                                                \
	({                                                                  \
		__typeof__(*(p) + 0) loaded_ = __atomic_load_n((p), order); \
		hooks_after_load(p);                                        \
		loaded_;                                                    \
	})
#define fl_load_relaxed(p) hooks_load(p, __ATOMIC_RELAXED)
#define fl_load_acquire(p) hooks_load(p, __ATOMIC_ACQUIRE)

#endif
