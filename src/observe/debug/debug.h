/* SPDX-License-Identifier: MIT
 *
 * debug.h - what each thread holds, for the debug build (-Dchecked=true).  In
 * a release build every function here is empty.
 *
 * site says where from: FL_SITE and its kin, in the public function itself.
 */
#ifndef FL_DEBUG_H
#define FL_DEBUG_H

#include "core/word.h"

#include <stdio.h>

/* The call as its user wrote it. */
struct fl_site {
	const char *call;
	const void *at; /* in the user's code */
	bool waits;	/* for as long as it takes: neither a try nor with a deadline */
};

#ifdef FL_CHECKED
#define FL_HOOKED 1 /* the fast paths call it */
/* One byte back: the call, and not what comes after it, which may be another line's. */
#define FL_SITE_OF(name, waits)                 \
	((const void *)&(const struct fl_site){ \
		(name), (const char *)__builtin_return_address(0) - 1, (waits)})

/* A callback is the place where its hold was taken. */
#define FL_SITE_CALLBACK(name, function)        \
	((const void *)&(const struct fl_site){ \
		(name), (const void *)(uintptr_t)(function), false})

/* EDEADLK: this thread's own holds keep this request, or one in line before it,
 * waiting for ever.  Prints what is held, where it was taken, and where from. */
int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);
int fl_debug_may_convert(fifolock_t *lock, unsigned from, unsigned to, const void *site);
void fl_debug_took(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);

/* EPERM: the table is owner-checked and this thread does not hold that much.  After
 * fl_debug_gives they are no longer this thread's. */
int fl_debug_holds(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);
int fl_debug_gives(fifolock_t *lock, unsigned mode, uint32_t n, const void *site);

/* A holder is about to wait for the lock once more. */
void fl_debug_asks_again(fifolock_t *lock, unsigned mode, const void *site);

/* A call that could never have been right is about to be answered so. */
void fl_debug_wrong(const fifolock_t *lock, unsigned mode, uint32_t n, int error,
		    const void *site);

/* For fifolock_dump, one a line. */
void fl_debug_print_holders(const fifolock_t *lock, FILE *out);

/* The lock begins a new life, or ends one. */
void fl_debug_forget(fifolock_t *lock);
#else
#define FL_HOOKED			 0
#define FL_SITE_OF(name, waits)		 NULL
#define FL_SITE_CALLBACK(name, function) NULL

static inline void fl_debug_forget(fifolock_t *lock)
{
	(void)lock;
}

static inline void fl_debug_print_holders(const fifolock_t *lock, FILE *out)
{
	(void)lock, (void)out;
}

static inline void fl_debug_asks_again(fifolock_t *lock, unsigned mode, const void *site)
{
	(void)lock, (void)mode, (void)site;
}

static inline void fl_debug_wrong(const fifolock_t *lock, unsigned mode, uint32_t n,
				  int error, const void *site)
{
	(void)lock, (void)mode, (void)n, (void)error, (void)site;
}

static inline int fl_debug_may_wait(fifolock_t *lock, unsigned mode, uint32_t n,
				    const void *site)
{
	(void)lock, (void)mode, (void)n, (void)site;
	return 0;
}

static inline int fl_debug_may_convert(fifolock_t *lock, unsigned from, unsigned to,
				       const void *site)
{
	(void)lock, (void)from, (void)to, (void)site;
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

#define FL_SITE	      FL_SITE_OF(__func__, true)
#define FL_SITE_BRIEF FL_SITE_OF(__func__, false)

#endif
