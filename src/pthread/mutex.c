/* SPDX-License-Identifier: MIT
 *
 * mutex.c - pthread_mutex_*: normal, adaptive, recursive, errorcheck.
 *
 * A normal mutex that is free takes one compare-and-swap, like a fifolock_t.  The owner is
 * written down only where the kind asks for it.
 *
 *	row      released by     acquired by          what it carries
 *	[HOLD]   give            take                 the holder's writes
 *
 *	relaxed   because
 *	[KIND]    Set by init, before any other thread has the mutex.
 *	[GUESS]   A first look.  What decides is after it.
 */
#include "face.h"
#include "report.h"

#include <string.h>

#define DESTROYED UINT32_MAX

/* ---- without a look at the kind ---- */

/* The guess: it is free. */
FL_ALWAYS bool take(fifolock_t *lock)
{
	uint64_t seen = 0;

	/* [HOLD] acquire */
	return fl_likely(fl_cas_acquire(&lock->word, &seen, FL_WRITER));
}

/* Not at once. */
FL_NOT_INLINE static int take_in_line(fifolock_t *lock, const struct fl_until *until)
{
	return fl_take_if_free(lock, FIFOLOCK_EXCLUSIVE)
		       ? 0
		       : fl_queue_up(lock, FIFOLOCK_EXCLUSIVE, until);
}

FL_NOT_INLINE static int give_slowly(fifolock_t *lock)
{
	return fl_release(lock, FL_WRITER, FL_WRITER);
}

FL_NOT_INLINE static int give_kept(fifolock_t *lock)
{
	return fl_pass(lock, FIFOLOCK_EXCLUSIVE) ? 0 : give_slowly(lock);
}

FL_ALWAYS int give(fifolock_t *lock)
{
	uint64_t seen = FL_WRITER;

	if (fl_unlikely(fl_kept_lock == lock))
		return give_kept(lock);
	/* [HOLD] release */
	return fl_likely(fl_cas_release(&lock->word, &seen, 0)) ? 0 : give_slowly(lock);
}

static const struct fl_until as_long_as_it_takes;

FL_ALWAYS int lock_plainly(fifolock_t *lock)
{
	return take(lock) ? 0 : take_in_line(lock, &as_long_as_it_takes);
}

FL_ALWAYS int try_plainly(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */

	if (fl_likely(!word))
		return take(lock) ? 0 : EBUSY;
	return !(word & FL_HOLDS) && fl_take_if_free(lock, FIFOLOCK_EXCLUSIVE) ? 0
									       : EBUSY;
}

/* ---- owners ---- */

static bool has_owner(uint32_t kind)
{
	kind &= FL_KIND_TYPE;
	return kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK;
}

static bool is_foreign(uint32_t kind)
{
	return kind & FL_KIND_ELSE;
}

/* Had once. */
static void own(pthread_mutex_t *mutex)
{
	*fl_field_at(mutex, FL_DEPTH) = 1;
	fl_set_owner(mutex, fl_self());
}

/* By its owner once more. */
static int lock_again(pthread_mutex_t *mutex, uint32_t kind)
{
	uint32_t *depth = fl_field_at(mutex, FL_DEPTH);

	if ((kind & FL_KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK)
		return EDEADLK;
	if (*depth == UINT32_MAX)
		return EAGAIN;
	++*depth;
	return 0;
}

/* until NULL: without waiting. */
static int lock_owned(pthread_mutex_t *mutex, uint32_t kind, const struct fl_until *until)
{
	fifolock_t *lock = fl_lock_in(mutex);
	int error = EBUSY;

	if (fl_is_mine(mutex))
		return !until && (kind & FL_KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK
			       ? EBUSY
			       : lock_again(mutex, kind);
	if (!until)
		error = try_plainly(lock);
	else
		error = take(lock) ? 0 : take_in_line(lock, until);
	if (error)
		return error;
	own(mutex);
	return 0;
}

static int unlock_owned(pthread_mutex_t *mutex)
{
	uint32_t *depth = fl_field_at(mutex, FL_DEPTH);

	if (!fl_is_mine(mutex))
		return EPERM;
	if (--*depth)
		return 0;
	fl_set_owner(mutex, 0);
	return give(fl_lock_in(mutex));
}

/* ---- for conditions ---- */

/* How often the caller has it; 0: not at all. */
uint32_t fl_mutex_depth(const pthread_mutex_t *mutex)
{
	return !has_owner(fl_kind_of(mutex)) ? 1
	       : fl_is_mine(mutex)	     ? *fl_field_at(mutex, FL_DEPTH)
					     : 0;
}

/* By its line. */
void fl_mutex_is_granted(pthread_mutex_t *mutex)
{
	if (has_owner(fl_kind_of(mutex)))
		own(mutex);
}

bool fl_mutex_is_foreign(const pthread_mutex_t *mutex)
{
	return is_foreign(fl_kind_of(mutex));
}

/* ---- by kind ---- */

static int lock_until(pthread_mutex_t *mutex, uint32_t kind, const struct fl_until *until)
{
	fifolock_t *lock = fl_lock_in(mutex);

	if (has_owner(kind))
		return lock_owned(mutex, kind, until);
	return take(lock) ? 0 : take_in_line(lock, until);
}

FL_NOT_INLINE static int lock_by_kind(pthread_mutex_t *mutex, uint32_t kind)
{
	if (is_foreign(kind))
		return fl_libc()->mutex_lock(mutex);
	return lock_until(mutex, kind, &as_long_as_it_takes);
}

FL_NOT_INLINE static int unlock_by_kind(pthread_mutex_t *mutex, uint32_t kind)
{
	if (is_foreign(kind))
		return fl_libc()->mutex_unlock(mutex);
	if (has_owner(kind))
		return unlock_owned(mutex);
	(void)give(fl_lock_in(mutex));
	return 0;
}

/* ---- what programs call ---- */

/* For the report: what it is called, and where it was initialised if it has room for that. */
static const char *name_of(uint32_t kind)
{
	switch (kind & FL_KIND_TYPE) {
	case PTHREAD_MUTEX_RECURSIVE:
		return "recursive";
	case PTHREAD_MUTEX_ERRORCHECK:
		return "errorcheck";
	default:
		return "mutex";
	}
}

#define REPORT(mutex, kind)                                          \
	do {                                                         \
		if (fl_reports() && !is_foreign(kind))               \
			fl_report_asks((mutex), name_of(kind),       \
				       __builtin_return_address(0)); \
	} while (0)

FL_FACE int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	uint32_t kind;

	fl_prefetch_write(&fl_lock_in(mutex)->word);
	kind = fl_kind_of(mutex);
	if (fl_likely((kind | fl_reporting) == 0))
		return lock_plainly(fl_lock_in(mutex));
	REPORT(mutex, kind);
	return lock_by_kind(mutex, kind);
}

/* A normal mutex that is not locked stays so, and that is no error, as with the C library. */
FL_FACE int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	uint32_t kind;

	fl_prefetch_write(&fl_lock_in(mutex)->word);
	kind = fl_kind_of(mutex);
	if (fl_unlikely(kind != 0))
		return unlock_by_kind(mutex, kind);
	(void)give(fl_lock_in(mutex));
	return 0;
}

FL_FACE int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	uint32_t kind = fl_kind_of(mutex);

	if (fl_unlikely(is_foreign(kind)))
		return fl_libc()->mutex_trylock(mutex);
	return fl_unlikely(has_owner(kind)) ? lock_owned(mutex, kind, NULL)
					    : try_plainly(fl_lock_in(mutex));
}

FL_FACE int pthread_mutex_timedlock(pthread_mutex_t *mutex, fl_time at)
{
	const struct fl_until until = {.at = at, .clock = CLOCK_REALTIME};
	uint32_t kind = fl_kind_of(mutex);

	REPORT(mutex, kind);
	return is_foreign(kind) ? fl_libc()->mutex_timedlock(mutex, at)
				: lock_until(mutex, kind, &until);
}

FL_FACE int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, fl_time at)
{
	const struct fl_until until = {.at = at, .clock = clock};
	uint32_t kind = fl_kind_of(mutex);

	if (is_foreign(kind))
		return fl_libc()->mutex_clocklock(mutex, clock, at);
	REPORT(mutex, kind);
	return fl_until_clock(clock) ? EINVAL : lock_until(mutex, kind, &until);
}

/* ---- their life ---- */

/* The kind that the attributes ask for; DESTROYED: it is for the C library. */
static uint32_t kind_by(const pthread_mutexattr_t *attributes)
{
	int type = PTHREAD_MUTEX_NORMAL, shared = 0, robust = 0, protocol = 0;

	if (!attributes)
		return PTHREAD_MUTEX_NORMAL;
	pthread_mutexattr_gettype(attributes, &type);
	pthread_mutexattr_getpshared(attributes, &shared);
	pthread_mutexattr_getrobust(attributes, &robust);
	pthread_mutexattr_getprotocol(attributes, &protocol);
	return shared == PTHREAD_PROCESS_PRIVATE && robust == PTHREAD_MUTEX_STALLED &&
			       protocol == PTHREAD_PRIO_NONE
		       ? (uint32_t)type
		       : DESTROYED;
}

FL_FACE int pthread_mutex_init(pthread_mutex_t *mutex,
			       const pthread_mutexattr_t *attributes)
{
	uint32_t kind = kind_by(attributes);

	if (kind == DESTROYED)
		return fl_libc()->mutex_init(mutex, attributes);
	memset(mutex, 0, sizeof(*mutex));
	fl_store_relaxed(&fl_lock_in(mutex)->control, kind & FL_KIND_TYPE); /* [KIND] */
	if (fl_reports() && !has_owner(kind))
		fl_report_born(fl_field_at(mutex, FL_OWNER), __builtin_return_address(0));
	return 0;
}

FL_FACE int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	fifolock_t *lock = fl_lock_in(mutex);

	if (is_foreign(fl_kind_of(mutex)))
		return fl_libc()->mutex_destroy(mutex);
	/* [HOLD] acquire: before whatever the caller does with the memory. */
	if (fl_load_acquire(&lock->word) != 0)
		return EBUSY;
	fl_store_relaxed(&lock->control, DESTROYED); /* [KIND] */
	return 0;
}

FL_FACE_INSIDE(pthread_mutex_init);
FL_FACE_INSIDE(pthread_mutex_destroy);
FL_FACE_INSIDE(pthread_mutex_lock);
FL_FACE_INSIDE(pthread_mutex_trylock);
FL_FACE_INSIDE(pthread_mutex_unlock);
