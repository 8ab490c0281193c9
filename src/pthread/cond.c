/* SPDX-License-Identifier: MIT
 *
 * cond.c - pthread_cond_*: conditions of the face, which are fifolock_cond_t.
 *
 * The signal is for the thread that has waited longest, and wakes it: then that asks for the mutex,
 * like any other thread.  It is not moved into the mutex's line by the signal, as with a fifolock_t:
 * programs signal and go on with the same mutex, and would wait each time until the other
 * thread has woken up (with a web server's thread pool that was a seventh of the requests).
 * Only a broadcast to several threads moves them there, so that they do not all wake up at once.
 * So the wait is with a lock of its own, which no other thread wants; the mutex, of whatever kind, is
 * given back when the wait is listed, and locked again afterwards.  A recursive mutex that is locked
 * more than once stays locked, as POSIX has it.
 *
 * The C library's conditions, which processes share, want a mutex of the C library's: one that those
 * that signal such a condition have for a moment, too.
 *
 *	row      released by                       acquired by   what it carries
 *	[GONE]   fl_line_count_dequeued (queue.c)  is_foreign    the mark
 *
 *	relaxed   because
 *	[KIND]    Set by init, before any other thread has the condition; or the mark, which
 *	          only waits write, and which matters when one of them has been in line: [GONE].
 */
#include "face.h"
#include "api/fast.h"

#include <string.h>

/* The C library's own bits: at 36, or since its conditions take less room (glibc 2.41), at 28, where the
 * face's guard counts requests that have been in line.  So before the first is, a mark is set where the
 * guard would have its table.  The C library counts signals there, in steps of two from 0; its other
 * counts may pass below 0, so that none of their bits tells anything. */
#define SHARED	  1u
#define MONOTONIC 2u
#define MARK_AT	  offsetof(fifolock_t, modes)
#define MARK	  0x6c6f636bu

static size_t shared_at = FL_CLOCK; /* 0: not known */

FL_LOADED static void find_shared(void)
{
	pthread_condattr_t attributes;
	pthread_cond_t shared;

	memset(&shared, 0, sizeof(shared));
	pthread_condattr_init(&attributes);
	pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	fl_libc()->cond_init(&shared, &attributes);
	if (*fl_field_at(&shared, FL_CLOCK) == SHARED)
		return;
	shared_at = offsetof(fifolock_t, dequeued);
	if (*fl_field_at(&shared, shared_at) != SHARED)
		shared_at = 0;
}

static fifolock_cond_t *condition_in(pthread_cond_t *cond)
{
	return (fifolock_cond_t *)(void *)cond;
}

static uint32_t clock_bits(const pthread_cond_t *cond)
{
	return fl_load_relaxed(fl_field_at(cond, FL_CLOCK)); /* [KIND] */
}

static bool is_marked(const pthread_cond_t *cond)
{
	return fl_load_relaxed(fl_field_at(cond, MARK_AT)) == MARK; /* [KIND] */
}

FL_ALWAYS bool is_foreign(const pthread_cond_t *cond)
{
	if (fl_likely(shared_at == FL_CLOCK))
		return clock_bits(cond) & SHARED;
	/* [GONE] acquire */
	return shared_at && (fl_load_acquire(fl_field_at(cond, shared_at)) & SHARED) &&
	       !is_marked(cond);
}

/* ---- beside the mutex ---- */

struct beside {
	fifolock_t lock;
	pthread_mutex_t *mutex; /* NULL: it is kept */
	bool given;
};

/* The wait is listed. */
static int give_mutex(fifolock_t *lock)
{
	struct beside *beside = (struct beside *)(void *)lock;
	int error = 0;

	if (!beside->mutex)
		return 0;
	error = pthread_mutex_unlock(beside->mutex);
	beside->given = !error;
	return error;
}

static int wait_beside(fifolock_cond_t *cond, pthread_mutex_t *mutex,
		       const struct fl_deadline *deadline)
{
	struct beside beside = {.lock.word = FL_WRITER, .mutex = mutex};
	bool ours = mutex && !fl_mutex_is_foreign(mutex), in_line = false;
	int error =
		fl_cond_wait_beside(cond, &beside.lock, ours ? fl_lock_in(mutex) : NULL,
				    &in_line, deadline, give_mutex);
	int again = 0;

	if (in_line) {
		fl_mutex_is_granted(mutex);
		return error;
	}
	fl_release(&beside.lock, FL_WRITER, FL_WRITER);
	if (beside.given)
		again = pthread_mutex_lock(mutex);
	return again ? again : error;
}

/* ---- a condition of the C library's ---- */

/* By the condition's address. */
static pthread_mutex_t guards[FL_PLACES] = {
#define G  PTHREAD_MUTEX_INITIALIZER
#define G8 G, G, G, G, G, G, G, G
	G8, G8, G8, G8, G8, G8, G8, G8};

static pthread_mutex_t *guard_of(const pthread_cond_t *cond)
{
	return &guards[fl_place_of((const fifolock_t *)(const void *)cond)];
}

static int wait_there(pthread_cond_t *cond, pthread_mutex_t *mutex,
		      const struct fl_until *until)
{
	if (until->at && until->is_point)
		return fl_libc()->cond_timedwait(cond, mutex, until->at);
	return until->at ? fl_libc()->cond_clockwait(cond, mutex, until->clock, until->at)
			 : fl_libc()->cond_wait(cond, mutex);
}

struct guarded {
	pthread_mutex_t *guard, *mutex;
};

static void from_guard(void *of)
{
	struct guarded *guarded = of;

	fl_libc()->mutex_unlock(guarded->guard);
	pthread_mutex_lock(guarded->mutex);
}

static int wait_guarded(pthread_cond_t *cond, pthread_mutex_t *mutex,
			const struct fl_until *until)
{
	struct guarded guarded = {guard_of(cond), mutex};
	int error;

	fl_libc()->mutex_lock(guarded.guard);
	error = pthread_mutex_unlock(mutex);
	if (error) {
		fl_libc()->mutex_unlock(guarded.guard);
		return error;
	}
	pthread_cleanup_push(from_guard, &guarded);
	error = wait_there(cond, guarded.guard, until);
	pthread_cleanup_pop(1);
	return error;
}

static int signal_there(pthread_cond_t *cond, int (*signal)(pthread_cond_t *))
{
	int error;

	fl_libc()->mutex_lock(guard_of(cond));
	error = signal(cond);
	fl_libc()->mutex_unlock(guard_of(cond));
	return error;
}

/* ---- ours ---- */

/* Cancelled: with the mutex, as its handlers expect.  Signalled it is not cancelled here, so that no
 * signal is lost. */
static int wait_here(fifolock_cond_t *cond, pthread_mutex_t *mutex, uint32_t depth,
		     const struct fl_until *until)
{
	struct fl_deadline deadline = {.at = until->at, .clock = until->clock};
	struct fl_cancellable wait;
	uint32_t local = 0, ended;
	int error;

	fl_cancellable_begin(&wait, true);
	deadline.ended = wait.ended ? wait.ended : &local;
	error = wait_beside(cond, depth > 1 ? NULL : mutex, &deadline);
	ended = fl_cancellable_end(&wait);
	fl_cancellable_after(&wait);
	if (error != ETIMEDOUT || !(ended & FL_ENDED_BY_OTHER))
		return error;
	pthread_testcancel();
	return 0; /* it was another thread, with the same handle */
}

static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
		      const struct fl_until *until)
{
	uint32_t depth;

	if (fl_until_time(until->at))
		return EINVAL;
	if (is_foreign(cond))
		return fl_mutex_is_foreign(mutex) ? wait_there(cond, mutex, until)
						  : wait_guarded(cond, mutex, until);
	depth = fl_mutex_is_foreign(mutex) ? 1 : fl_mutex_depth(mutex);
	if (!is_marked(cond))
		fl_store_relaxed(fl_field_at(cond, MARK_AT), MARK); /* [KIND] */
	return depth ? wait_here(condition_in(cond), mutex, depth, until) : EPERM;
}

/* ---- what programs call ---- */

FL_FACE int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	const struct fl_until until = {.at = NULL};

	return wait_until(cond, mutex, &until);
}

FL_FACE int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				   fl_time at)
{
	const struct fl_until until = {
		.at = at,
		.clock = clock_bits(cond) & MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME,
		.is_point = true,
	};

	return wait_until(cond, mutex, &until);
}

FL_FACE int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				   clockid_t clock, fl_time at)
{
	const struct fl_until until = {.at = at, .clock = clock};

	return fl_until_clock(clock) ? EINVAL : wait_until(cond, mutex, &until);
}

FL_FACE int pthread_cond_signal(pthread_cond_t *cond)
{
	return fl_unlikely(is_foreign(cond)) ? signal_there(cond, fl_libc()->cond_signal)
					     : fifolock_cond_signal(condition_in(cond));
}

FL_FACE int pthread_cond_broadcast(pthread_cond_t *cond)
{
	return fl_unlikely(is_foreign(cond))
		       ? signal_there(cond, fl_libc()->cond_broadcast)
		       : fifolock_cond_broadcast(condition_in(cond));
}

FL_FACE int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes)
{
	int shared = PTHREAD_PROCESS_PRIVATE;
	clockid_t clock = CLOCK_REALTIME;

	if (attributes) {
		pthread_condattr_getpshared(attributes, &shared);
		pthread_condattr_getclock(attributes, &clock);
	}
	memset(cond, 0, sizeof(*cond));
	if (shared != PTHREAD_PROCESS_PRIVATE)
		return shared_at ? fl_libc()->cond_init(cond, attributes) : ENOTSUP;
	fl_store_relaxed(fl_field_at(cond, FL_CLOCK), /* [KIND] */
			 clock == CLOCK_MONOTONIC ? MONOTONIC : 0);
	return 0;
}

/* Waiters whose time is up, and which have not been signalled, may still take themselves off the
 * list; and the guard may be about to be given back. */
FL_FACE int pthread_cond_destroy(pthread_cond_t *cond)
{
	return is_foreign(cond) ? fl_libc()->cond_destroy(cond)
				: fl_cond_end(condition_in(cond));
}

/* Another thread may have had one when it forked. */
void fl_conditions_forked(void)
{
	memset(guards, 0, sizeof(guards));
}

void fl_condition_forget(void *cond)
{
	uint32_t bits = clock_bits(cond);

	memset(cond, 0, sizeof(pthread_cond_t));
	fl_store_relaxed(fl_field_at(cond, FL_CLOCK), bits); /* [KIND] */
}

/* The versions of before their layout changed, and of now; face.h has given the functions other
 * names. */
#ifdef FL_FACE_VERSIONS
#define VERSIONS(name, here)                                     \
	__asm__(".symver " #here "_old, " #name "@GLIBC_2.2.5"); \
	__asm__(".symver " #here ", " #name "@@GLIBC_2.3.2");    \
	FL_FACE extern __typeof__(here) here##_old __attribute__((alias(#here)))
VERSIONS(pthread_cond_init, fl_face_cond_init);
VERSIONS(pthread_cond_destroy, fl_face_cond_destroy);
VERSIONS(pthread_cond_wait, fl_face_cond_wait);
VERSIONS(pthread_cond_timedwait, fl_face_cond_timedwait);
VERSIONS(pthread_cond_signal, fl_face_cond_signal);
VERSIONS(pthread_cond_broadcast, fl_face_cond_broadcast);
#endif
