/* SPDX-License-Identifier: MIT
 *
 * lock.c - holds of keys: find the key's entry, do with its lock what is asked for, and put the entry
 * when no hold of it is left.
 */
#include "clock.h"
#include "first.h"
#include "hear.h"
#include "recorded.h"

static int find(fifolock_table_t *table, fifolock_key_t key, uint64_t units,
		struct fl_entry **entry)
{
	struct fl_key prepared;
	int error;

	error = fl_key_prepare(&prepared, key, table->seed);
	return error ? error : fl_find(table, &prepared, units, entry);
}

FL_ALWAYS void set(fifolock_hold_t *hold, fifolock_table_t *table, struct fl_entry *entry,
		   unsigned mode, uint32_t n)
{
	hold->table = table;
	hold->entry = entry;
	hold->mode = mode;
	hold->n = n;
	hold->record = NULL;
}

static int ended(fifolock_table_t *table, struct fl_entry *entry, int error)
{
	fl_put(table, entry);
	return error;
}

/* Of an entry that others use, or with a listener.  The lock's own checks of mode, n and deadline are
 * the table's. */
static int wait_for(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		    uint32_t n, const struct timespec *deadline)
{
	int error = n == 1 && !deadline
			    ? fifolock_lock(&entry->lock, mode)
			    : fifolock_timedlock_n(&entry->lock, mode, n, deadline);

	if (error)
		return ended(table, entry, error);
	fl_hear_took(table, entry, mode);
	return 0;
}

/* In a table with records. */
FL_NOT_INLINE static int lock_recorded(fifolock_table_t *table, fifolock_key_t key,
				       unsigned mode, uint32_t n, bool waits,
				       const struct timespec *deadline,
				       fifolock_hold_t *hold)
{
	struct fl_entry *entry;
	void *record;
	int error;

	error = find(table, key, 0, &entry);
	if (error > 0)
		return error;
	error = waits ? fl_recorded_lock(table, entry, mode, n, deadline, &record)
		      : fl_recorded_try(table, entry, mode, n, &record);
	if (error)
		return ended(table, entry, error);
	fl_hear_took(table, entry, mode);
	set(hold, table, entry, mode, n);
	hold->record = record;
	return 0;
}

FL_NOT_INLINE static int lock_any(fifolock_table_t *table, fifolock_key_t key,
				  unsigned mode, uint32_t n,
				  const struct timespec *deadline, fifolock_hold_t *hold)
{
	struct fl_entry *entry;
	uint64_t units;
	int error;

	if (!table || !hold)
		return EINVAL;
	units = !fl_is_deadline(deadline) ? 0 : fl_units(table, mode, n);
	if (!units && table->records)
		return lock_recorded(table, key, mode, n, true, deadline, hold);
	error = find(table, key, units, &entry);
	if (error > 0)
		return error;
	if (error != FL_TAKEN || !units)
		error = wait_for(table, entry, mode, n, deadline);
	if (error > 0)
		return error;
	set(hold, table, entry, mode, n);
	return 0;
}

/* Without a check of the mode: none but those of its table are READY. */
FL_ALWAYS bool lock_ready(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			  fifolock_hold_t *hold)
{
	struct fl_entry *entry;

	if (!table || !hold || key.bytes || mode >= FIFOLOCK_MAX_MODES ||
	    !fl_find_ready(table, key.n, mode, &entry))
		return false;
	set(hold, table, entry, mode, 1);
	return true;
}

int fifolock_table_lock(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			fifolock_hold_t *hold)
{
	return fl_likely(lock_ready(table, key, mode, hold))
		       ? 0
		       : lock_any(table, key, mode, 1, NULL, hold);
}

int fifolock_table_timedlock_n(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			       uint32_t n, const struct timespec *deadline,
			       fifolock_hold_t *hold)
{
	return n == 1 && fl_is_deadline(deadline) && lock_ready(table, key, mode, hold)
		       ? 0
		       : lock_any(table, key, mode, n, deadline, hold);
}

int fifolock_table_timedlock(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			     const struct timespec *deadline, fifolock_hold_t *hold)
{
	return fifolock_table_timedlock_n(table, key, mode, 1, deadline, hold);
}

int fifolock_table_lock_n(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			  uint32_t n, fifolock_hold_t *hold)
{
	return fifolock_table_timedlock_n(table, key, mode, n, NULL, hold);
}

int fifolock_table_trylock_n(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			     uint32_t n, fifolock_hold_t *hold)
{
	struct fl_entry *entry;
	uint64_t units;
	int error;

	if (!table || !hold)
		return EINVAL;
	if (n == 1 && lock_ready(table, key, mode, hold))
		return 0;
	units = fl_units(table, mode, n);
	if (!units && table->records)
		return lock_recorded(table, key, mode, n, false, NULL, hold);
	error = find(table, key, units, &entry);
	if (error > 0)
		return error;
	if (error != FL_TAKEN || !units) {
		error = fifolock_trylock_n(&entry->lock, mode, n);
		if (error)
			return ended(table, entry, error);
		fl_hear_took(table, entry, mode);
	}
	set(hold, table, entry, mode, n);
	return 0;
}

int fifolock_table_trylock(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			   fifolock_hold_t *hold)
{
	return fifolock_table_trylock_n(table, key, mode, 1, hold);
}

/* As fifolock_unlock.  The lock of an entry that is not used may still say that it is held. */
static int give_units(const struct fl_entry *entry, unsigned mode, uint32_t n)
{
	fifolock_t *lock = (fifolock_t *)&entry->lock;

	if (!fl_is_used(entry))
		return EPERM;
	return n == 1 ? fifolock_unlock(lock, mode) : fifolock_unlock_n(lock, mode, n);
}

static int give_back(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		     uint32_t n, uint64_t units, struct fl_record *record)
{
	int error;

	if (units && fl_put_taken(entry, units))
		return 0;
	fl_hear_gives(table, entry, mode);
	error = record ? fl_recorded_unlock(entry, mode, n, record)
		       : give_units(entry, mode, n);
	if (!error)
		fl_put(table, entry);
	return error;
}

FL_NOT_INLINE static int give_any_back(fifolock_hold_t *hold, struct fl_entry *entry,
				       uint64_t units)
{
	fifolock_hold_t copy = *hold;
	int error;

	error = give_back(copy.table, entry, copy.mode, copy.n, units, copy.record);
	if (error)
		hold->entry = entry;
	return error;
}

/* What the key guards may be freed by its next holder, and the hold be a part of that: nothing of it is
 * touched when it has been given back.  Read field by field: a load wider than the stores that lock has
 * just made would wait for them to reach the cache. */
int fifolock_table_unlock(fifolock_hold_t *hold)
{
	struct fl_entry *entry;
	uint64_t units;

	if (!hold || !hold->entry)
		return EINVAL;
	entry = hold->entry;
	units = fl_units(hold->table, hold->mode, hold->n);
	hold->entry = NULL;
	if (fl_likely(units && fl_put_ready(entry, units, hold->mode, hold->n)))
		return 0;
	return give_any_back(hold, entry, units);
}

/* ---- conversions ---- */

static int check_hold(const fifolock_hold_t *hold)
{
	if (!hold || !hold->entry)
		return EINVAL;
	if (hold->n != 1)
		return ERANGE;
	return fl_is_used(hold->entry) ? 0 : EPERM;
}

static int converted(fifolock_hold_t *hold, unsigned to, int error)
{
	if (error)
		return error;
	fl_hear_took(hold->table, hold->entry, to);
	hold->mode = to;
	return 0;
}

int fifolock_table_timedconvert(fifolock_hold_t *hold, unsigned to,
				const struct timespec *deadline)
{
	int error = check_hold(hold);
	struct fl_entry *entry;

	if (error)
		return error;
	entry = hold->entry;
	fl_hear_gives(hold->table, entry, hold->mode);
	error = hold->record
			? fl_recorded_convert(hold, to, true, deadline)
			: fifolock_timedconvert(&entry->lock, hold->mode, to, deadline);
	return converted(hold, to, error);
}

int fifolock_table_convert(fifolock_hold_t *hold, unsigned to)
{
	return fifolock_table_timedconvert(hold, to, NULL);
}

int fifolock_table_tryconvert(fifolock_hold_t *hold, unsigned to)
{
	int error = check_hold(hold);
	struct fl_entry *entry;

	if (error)
		return error;
	entry = hold->entry;
	fl_hear_gives(hold->table, entry, hold->mode);
	error = hold->record ? fl_recorded_convert(hold, to, false, NULL)
			     : fifolock_tryconvert(&entry->lock, hold->mode, to);
	return converted(hold, to, error);
}

/* ---- sections, requests ---- */

struct section {
	const fifolock_table_t *table;
	const struct fl_entry *entry;
	unsigned mode;
	void (*run)(void *arg);
	void *arg;
};

/* In the thread that runs it. */
static void heard(void *arg)
{
	struct section *section = arg;

	fl_hear_took(section->table, section->entry, section->mode);
	section->run(section->arg);
	fl_hear_gives(section->table, section->entry, section->mode);
}

FL_NOT_INLINE static int run_heard(fifolock_table_t *table, struct fl_entry *entry,
				   unsigned mode, void (*run)(void *arg), void *arg)
{
	struct section section = {table, entry, mode, run, arg};

	return fifolock_run(&entry->lock, mode, heard, &section);
}

static int run_recorded(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			void (*section)(void *arg), void *arg)
{
	fifolock_hold_t hold;
	int error;

	error = fifolock_table_lock(table, key, mode, &hold);
	if (error)
		return error;
	section(arg);
	return fifolock_table_unlock(&hold);
}

int fifolock_table_run(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
		       void (*section)(void *arg), void *arg)
{
	struct fl_entry *entry;
	int error;

	if (!table || !section)
		return EINVAL;
	if (table->records)
		return run_recorded(table, key, mode, section, arg);
	error = find(table, key, 0, &entry);
	if (error > 0)
		return error;
	error = table->heard ? run_heard(table, entry, mode, section, arg)
			     : fifolock_run(&entry->lock, mode, section, arg);
	return ended(table, entry, error);
}

static void granted(void *ctx, int status)
{
	fifolock_key_request_t *request = ctx;

	if (!status)
		fl_hear_took(request->hold.table, request->hold.entry,
			     request->hold.mode);
	request->done(request->ctx, status);
}

/* As soon as it is in line another thread may call it back, and then its memory may be used for
 * something else, and its hold be given back: so the call is a user of the entry, too. */
int fifolock_table_request(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			   uint32_t n, fifolock_key_request_t *request,
			   void (*done)(void *ctx, int status), void *ctx)
{
	struct fl_entry *entry;
	int result;

	if (request)
		*request = (fifolock_key_request_t){.done = done, .ctx = ctx};
	if (!table || !request || !done)
		return EINVAL;
	result = find(table, key, 0, &entry);
	if (result > 0)
		return result;
	if (!fl_use_again(entry))
		return ended(table, entry, EAGAIN);
	set(&request->hold, table, entry, mode, n);
	result = table->records ? fl_recorded_request(request)
				: fifolock_request(&entry->lock, mode, n,
						   &request->request, granted, request);
	if (!result)
		fl_hear_took(table, entry, mode);
	if (result && result != EINPROGRESS) {
		*request = (fifolock_key_request_t){.done = done, .ctx = ctx};
		fl_put(table, entry);
	}
	return ended(table, entry, result);
}

int fifolock_table_request_cancel(fifolock_key_request_t *request)
{
	struct fl_entry *entry;
	int error;

	if (!request)
		return EINVAL;
	error = request->hold.record ? fl_recorded_cancel(request)
				     : fifolock_request_cancel(&request->request);
	if (error)
		return error;
	entry = request->hold.entry;
	request->hold.entry = NULL;
	return ended(request->hold.table, entry, 0);
}
