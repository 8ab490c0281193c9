/* SPDX-License-Identifier: MIT
 *
 * face.h - where the face's objects lie in the C library's.
 *
 * A fifolock_t whose table is not asked for takes 32 bytes, with the rules of the lock at offset
 * 16, whose lowest ten bits it leaves alone: there the C library has the kind of a mutex, so
 * static initialisers of every kind are right as they are.  What is behind it is the face's.
 *
 *	bytes     pthread_mutex_t      pthread_rwlock_t   pthread_cond_t     sem_t
 *	0..31     the lock             the lock           the guard          the lock, with MARK
 *	                                                                     at 16
 *	32..35    owner                the writer         -
 *	36..39    how often            -                  the clock; or of the C library's,
 *	                                                  here or at 28: bit 0, shared
 *	                                                  between processes
 *	40..47    -                    OURS, if ever a    the waiters
 *	                               request was in line
 *	48..55                         the kind: not looked at
 *
 * A read-write lock is the C library's if it is shared between processes (rwlock.c); a mutex if its kind says robust, with a protocol, or shared between
 * processes, or is none (destroyed); a semaphore if it has no mark.
 *
 *	relaxed   because
 *	[KIND]    Set by init, before any other thread has the object.
 *	[OWNER]   Only whether it is this thread counts, and that only this thread writes.
 */
#ifndef FL_FACE_H
#define FL_FACE_H

/* These get their names, with versions, in cond.c. */
#ifdef FL_FACE_VERSIONS
#define pthread_cond_init      fl_face_cond_init
#define pthread_cond_destroy   fl_face_cond_destroy
#define pthread_cond_wait      fl_face_cond_wait
#define pthread_cond_timedwait fl_face_cond_timedwait
#define pthread_cond_signal    fl_face_cond_signal
#define pthread_cond_broadcast fl_face_cond_broadcast
#endif

#define _GNU_SOURCE
#include "libc.h"
#include "core/lock.h"
#include "core/atomic.h"
#include "core/park.h"
#include "core/pass.h"
#include "core/role.h"
#include "core/thread.h"

#include <errno.h>
#include <fifolock/cond.h>
#include <stddef.h>

/* Seen by the program, in place of the C library's function. */
#define FL_FACE __attribute__((visibility("default")))

/* ... also by the name inside the C library, by which old libraries call some of them. */
#define FL_FACE_INSIDE(name) \
	FL_FACE extern __typeof__(name) __##name __attribute__((alias(#name)))

/* The modes of the one table: a semaphore's unit beside those of a lock. */
#define FL_UNIT		2u
#define FL_WRITER	UINT64_C(1) /* EXCLUSIVE, in the word */
#define FL_READER	UINT64_C(2) /* SHARED: bits 1 to 22, guard 23 */
#define FL_READERS	UINT64_C(0xfffffe)
#define FL_READERS_FULL UINT64_C(0x800000)
#define FL_UNITS_SHIFT	24 /* bits 24 to 54, guard 55 */

_Static_assert(offsetof(fifolock_t, control) == 16, "the kind of a mutex");
_Static_assert(offsetof(fifolock_t, modes) == 32,
	       "the lock ends where the face's own begins");
_Static_assert(sizeof(pthread_mutex_t) >= 40 && sizeof(pthread_rwlock_t) >= 48 &&
		       sizeof(fifolock_cond_t) == 48 && sizeof(pthread_cond_t) >= 48 &&
		       sizeof(sem_t) >= 32,
	       "there is room");

static inline fifolock_t *fl_lock_in(const void *object)
{
	return (fifolock_t *)(uintptr_t)object;
}

static inline uint32_t *fl_field_at(const void *object, size_t offset)
{
	return (uint32_t *)((uintptr_t)object + offset);
}

#define FL_OWNER 32
#define FL_DEPTH 36
#define FL_CLOCK 36
#define FL_MARK	 40
#define FL_KIND	 48

/* Bits that the C library has at the lock's rules. */
#define FL_KIND_BITS 0x3ffu
#define FL_KIND_TYPE 3u
#define FL_KIND_ELSE 0xf0u /* robust, two protocols, shared between processes */

static inline uint32_t fl_kind_of(const void *object)
{
	/* [KIND] */
	return fl_load_relaxed(&fl_lock_in(object)->control) & FL_KIND_BITS;
}

/* This thread, as the owner of mutexes: unique among those that are alive, and after fork() still
 * the same.  Never 0. */
uint32_t fl_self(void);
void fl_self_forked(void); /* in the child */

static inline bool fl_is_mine(const void *object)
{
	return fl_load_relaxed(fl_field_at(object, FL_OWNER)) == fl_self(); /* [OWNER] */
}

static inline void fl_set_owner(void *object, uint32_t owner)
{
	fl_store_relaxed(fl_field_at(object, FL_OWNER), owner); /* [OWNER] */
}

/* How to wait. */
struct fl_until {
	fl_time at; /* NULL: as long as it takes */
	clockid_t clock;
	bool is_point; /* a cancellation point; a signal handler ends it */
};

/* EINVAL: such a clock cannot be waited on; not a time. */
int fl_until_clock(clockid_t clock);
int fl_until_time(fl_time at);

/* In line, until held: 0, ETIMEDOUT, EINVAL (no time); of a cancellation point EINTR, too.  A
 * thread that is cancelled leaves the line first. */
int fl_queue_up(fifolock_t *lock, unsigned mode, const struct fl_until *until);

/* Without waiting. */
bool fl_take_if_free(fifolock_t *lock, unsigned mode);

/* ---- cancel.c ---- */

/* A wait that pthread_cancel may end.  begin acts on a cancellation that has come already. */
struct fl_cancellable {
	struct fl_slot *record;
	uint32_t *ended; /* as a deadline has it; NULL: cancellation is disabled */
	int type, state;
};
void fl_cancellable_begin(struct fl_cancellable *wait, bool is_point);
struct fl_slot *fl_cancellable_mine(void); /* for fork.c: this thread's record */
uint32_t fl_cancellable_end(struct fl_cancellable *wait); /* why it has ended: FL_ENDED */
void fl_cancellable_after(
	const struct fl_cancellable *wait); /* as before: may not return */

/* ---- mutex.c, for conditions ---- */

uint32_t fl_mutex_depth(const pthread_mutex_t *mutex);
void fl_mutex_is_granted(pthread_mutex_t *mutex);
bool fl_mutex_is_foreign(const pthread_mutex_t *mutex);

/* ---- cond.c, fork.c ---- */

void fl_condition_forget(void *cond);
void fl_conditions_forked(void);

#endif
