/* SPDX-License-Identifier: MIT
 *
 * recorded.c - what lock.c does, in tables that keep records.
 *
 * A thread waits by a request of the core's without a callback, so that it can look for deadlocks now
 * and then without leaving the line, and so that another thread can end its wait.
 */
#include "clock.h"
#include "recorded.h"
#include "deadlock.h"
#include "find.h"
#include "hear.h"
#include "core/word.h"

#include <errno.h>

static bool is_before(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec
					    : one->tv_nsec < other->tv_nsec;
}

#define YEAR	    (INT64_C(365) * 24 * 3600)
#define NANOSECONDS UINT64_C(1000000000)

/* It is one of CLOCK_REALTIME, see fifolock/fifolock.h. */
static bool is_astray(const struct timespec *at)
{
	struct timespec up, day;

	return at && !clock_gettime(CLOCK_MONOTONIC, &up) &&
	       at->tv_sec > up.tv_sec + 10 * YEAR &&
	       !clock_gettime(CLOCK_REALTIME, &day) && at->tv_sec > day.tv_sec - YEAR &&
	       at->tv_sec < day.tv_sec + YEAR;
}

/* ---- waits ---- */

/* The earlier of the two: when to look for deadlocks, and the deadline.  NULL: neither. */
static const struct timespec *next_look(const fifolock_table_t *table,
					const struct timespec *deadline,
					struct timespec *look)
{
	uint64_t after = fl_deadlock_after(table);

	if (!after || clock_gettime(CLOCK_MONOTONIC, look))
		return deadline;
	if (after > YEAR * NANOSECONDS)
		after = YEAR * NANOSECONDS;
	after += (uint64_t)look->tv_nsec;
	look->tv_sec += (time_t)(after / NANOSECONDS);
	look->tv_nsec = (long)(after % NANOSECONDS);
	return deadline && is_before(deadline, look) ? deadline : look;
}

static int give_up(struct fl_record *record, int why)
{
	return fifolock_request_cancel(&record->request)
		       ? fifolock_request_wait(&record->request, NULL)
		       : why;
}

static int await(struct fl_record *record, const struct timespec *deadline)
{
	fifolock_table_t *table = record->table;
	struct timespec look;

	for (;;) {
		const struct timespec *until = next_look(table, deadline, &look);
		int error = fifolock_request_wait(&record->request, until);

		if (error != ETIMEDOUT)
			return error;
		if (until == &look)
			fl_deadlock_look(record);
		if (fl_record_is_refused(record))
			return give_up(record, EDEADLK);
		if (until && until == deadline &&
		    !clock_gettime(CLOCK_MONOTONIC, &look) && !is_before(&look, deadline))
			return give_up(record, ETIMEDOUT);
	}
}

/* The record is no hold's yet. */
static int wait_in_line(struct fl_record *record, const struct timespec *deadline)
{
	const struct fl_claim *want = &record->claim;
	fifolock_t *lock = &want->entry->lock;
	int error;

	fl_record_asks(record);
	error = want->from < 0 ? fifolock_request(lock, want->mode, want->n,
						  &record->request, NULL, NULL)
			       : fifolock_request_convert(lock, (unsigned)want->from,
							  want->mode, &record->request);
	if (error != EINPROGRESS)
		return error;
	fl_record_waits(record);
	return is_astray(deadline) ? give_up(record, EINVAL) : await(record, deadline);
}

/* ---- holds ---- */

/* Then a try that fails would be one request, and the wait for the same another one. */
static bool counts(const fifolock_table_t *table)
{
	return table->modes->flags & FL_MODES_COUNTED;
}

static int taken(struct fl_record *record, int error, void **out)
{
	if (error) {
		fl_record_free(record);
		return error;
	}
	fl_record_holds(record);
	*out = record;
	return 0;
}

int fl_recorded_try(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		    uint32_t n, void **out)
{
	struct fl_record *record = fl_record_new(table, entry, mode, n);

	return record ? taken(record, fifolock_trylock_n(&entry->lock, mode, n), out)
		      : ENOMEM;
}

int fl_recorded_lock(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		     uint32_t n, const struct timespec *deadline, void **out)
{
	struct fl_record *record;
	int error;

	if (!fl_is_deadline(deadline))
		return EINVAL;
	record = fl_record_new(table, entry, mode, n);
	if (!record)
		return ENOMEM;
	error = counts(table) ? EBUSY : fifolock_trylock_n(&entry->lock, mode, n);
	if (error == EBUSY)
		error = wait_in_line(record, deadline);
	return taken(record, error, out);
}

int fl_recorded_unlock(struct fl_entry *entry, unsigned mode, uint32_t n,
		       struct fl_record *record)
{
	int error;

	if (!fl_is_used(entry))
		return EPERM;
	fl_record_ends(record);
	error = fifolock_unlock_n(&entry->lock, mode, n);
	if (error)
		fl_record_holds(record);
	else
		fl_record_free(record);
	return error;
}

static int convert_in_line(const fifolock_hold_t *hold, unsigned to,
			   const struct timespec *deadline)
{
	struct fl_record *record = fl_record_new(hold->table, hold->entry, to, 1);
	int error;

	if (!record)
		return ENOMEM;
	record->claim.from = (int)hold->mode;
	error = wait_in_line(record, deadline);
	if (!error)
		fl_record_converted(hold->record, to);
	else if (error == EDEADLK && !fl_record_is_refused(record))
		fl_deadlock_tell(record);
	fl_record_free(record);
	return error;
}

int fl_recorded_convert(const fifolock_hold_t *hold, unsigned to, bool waits,
			const struct timespec *deadline)
{
	struct fl_entry *entry = hold->entry;
	int error;

	if (!fl_is_deadline(deadline))
		return EINVAL;
	error = waits && counts(hold->table)
			? EBUSY
			: fifolock_tryconvert(&entry->lock, hold->mode, to);
	if (error == EBUSY && waits)
		return convert_in_line(hold, to, deadline);
	if (!error)
		fl_record_converted(hold->record, to);
	return error;
}

/* ---- requests ---- */

static void granted(void *ctx, int status)
{
	struct fl_record *record = ctx;
	fifolock_key_request_t *request = record->called;

	fl_hear_took(record->table, record->claim.entry, record->claim.mode);
	fl_record_holds(record);
	request->done(request->ctx, status);
}

/* When it is in line another thread may call it back, and give the hold back, at any moment. */
int fl_recorded_request(fifolock_key_request_t *request)
{
	struct fl_entry *entry = request->hold.entry;
	struct fl_record *record = fl_record_new(request->hold.table, entry,
						 request->hold.mode, request->hold.n);
	int result;

	if (!record)
		return ENOMEM;
	if (!record->claim.owner)
		record->claim.alone = (uintptr_t)record;
	request->hold.record = record;
	fl_record_call(record, request);
	fl_record_asks(record);
	fl_record_pin(record);
	result = fifolock_request(&entry->lock, record->claim.mode, record->claim.n,
				  &record->request, granted, record);
	if (!result)
		fl_record_holds(record);
	else if (result == EINPROGRESS)
		fl_record_waits(record);
	else
		fl_record_free(record);
	fl_record_unpin(record);
	return result;
}

int fl_recorded_cancel(fifolock_key_request_t *request)
{
	struct fl_record *record = fl_record_of_request(request);
	int error;

	if (!record)
		return EALREADY;
	error = fifolock_request_cancel(&record->request);
	if (!error)
		fl_record_free(record);
	fl_record_unpin(record);
	return error;
}

fifolock_key_request_t *fl_recorded_refuse(struct fl_record *record, bool *refused)
{
	fifolock_key_request_t *called;

	*refused = true;
	if (!record->request.done) {
		fifolock_request_rouse(&record->request);
		return NULL;
	}
	*refused = fifolock_request_cancel(&record->request) == 0;
	if (!*refused)
		return NULL;
	called = record->called;
	called->hold.entry = NULL;
	fl_record_free(record);
	fl_put(record->table, record->claim.entry);
	return called;
}
