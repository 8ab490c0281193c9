/* SPDX-License-Identifier: MIT
 *
 * debug.h - what each thread holds, for the debug build (-Dchecked=true).  In
 * a release build every function here is empty.  Layer 4.
 */
#ifndef FL_DEBUG_H
#define FL_DEBUG_H

#include "lock.h"

#ifdef FL_CHECKED
/* EDEADLK: this thread's own holds keep this request, or one in line before it,
 * waiting for ever.  Prints what is held, where it was taken, and where from. */
int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);
void fl_debug_took(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);

/* EPERM: the table is owner-checked and this thread does not hold that much.  After
 * fl_debug_gives they are no longer this thread's. */
int fl_debug_holds(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);
int fl_debug_gives(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);

/* The lock begins a new life. */
void fl_debug_forget(const fifolock_t *lock);
#else
#define fl_debug_forget(lock)		       ((void)(lock))
#define fl_debug_may_wait(lock, mode, n, site) ((void)(site), 0)
#define fl_debug_took(lock, mode, n, site)     ((void)(site))
#define fl_debug_holds(lock, mode, n, site)    ((void)(site), 0)
#define fl_debug_gives(lock, mode, n, site)    ((void)(site), 0)
#endif

#endif
