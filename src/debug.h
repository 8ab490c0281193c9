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
static inline void fl_debug_forget(const fifolock_t *lock)
{
	(void)lock;
}

static inline int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n,
				    const void *site)
{
	(void)lock, (void)mode, (void)n, (void)site;
	return 0;
}

static inline void fl_debug_took(fifolock_t *lock, unsigned mode, uint32_t n,
				 const void *site)
{
	(void)lock, (void)mode, (void)n, (void)site;
}

static inline int fl_debug_holds(fifolock_t *lock, unsigned mode, uint32_t n,
				 const void *site)
{
	(void)lock, (void)mode, (void)n, (void)site;
	return 0;
}

static inline int fl_debug_gives(fifolock_t *lock, unsigned mode, uint32_t n,
				 const void *site)
{
	(void)lock, (void)mode, (void)n, (void)site;
	return 0;
}
#endif

#endif
