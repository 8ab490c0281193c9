/* SPDX-License-Identifier: MIT
 *
 * locks.c - in place of the lock: mode 0 alone, mode 1 beside others, and nobody waits.  It orders those
 * that use an entry together.  Nobody listens.
 */
#include "locks.h"
#include "core/atomic.h"
#include "table/hear.h"
#include "table/quiet.h"
#include "table/recorded.h"

#include <errno.h>
#include <fifolock/request.h>
#include <stdlib.h>

#define ALONE  UINT64_C(1)
#define BESIDE UINT64_C(2)

const fifolock_modes_t locks_modes = {
	.count = 2,
	.rows = {{.unit = ALONE}, {.unit = BESIDE}},
	.capacity = {1, EX_THREADS},
};

int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes)
{
	memory_touch(lock, sizeof(*lock), true);
	*lock = (fifolock_t){.modes = modes};
	return 0;
}

int fifolock_trylock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	uint64_t word = fl_load_relaxed(&lock->word);
	uint64_t unit = locks_modes.rows[mode].unit;

	(void)n;
	memory_touch(&lock->modes, sizeof(lock->modes), false);
	while (mode == 0 ? word == 0 : !(word & ALONE))
		if (fl_cas_acquire(&lock->word, &word, word + unit))
			return 0;
	return EBUSY;
}

int fifolock_unlock(fifolock_t *lock, unsigned mode)
{
	uint64_t word = locks_modes.rows[mode].unit; /* mostly */

	while (!fl_cas_release(&lock->word, &word, word - locks_modes.rows[mode].unit))
		;
	return 0;
}

/* ---- what no program does ---- */

int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	(void)n;
	return fifolock_unlock(lock, mode);
}

const struct fl_detector *fl_hearer;

void fl_hear_granted(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode)
{
	(void)table;
	(void)entry;
	(void)mode;
	abort();
}

void fl_hear_release(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode)
{
	fl_hear_granted(table, entry, mode);
}

int fifolock_timedlock_n(fifolock_t *lock, unsigned mode, uint32_t n,
			 const struct timespec *deadline)
{
	(void)lock;
	(void)mode;
	(void)n;
	(void)deadline;
	abort();
}

int fifolock_lock(fifolock_t *lock, unsigned mode)
{
	return fifolock_timedlock_n(lock, mode, 1, NULL);
}

int fl_recorded_lock(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		     uint32_t n, const struct timespec *deadline, void **record)
{
	(void)table;
	(void)record;
	return fifolock_timedlock_n(&entry->lock, mode, n, deadline);
}

int fl_recorded_try(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		    uint32_t n, void **record)
{
	return fl_recorded_lock(table, entry, mode, n, NULL, record);
}

int fl_recorded_unlock(struct fl_entry *entry, unsigned mode, uint32_t n,
		       struct fl_record *record)
{
	(void)record;
	return fifolock_timedlock_n(&entry->lock, mode, n, NULL);
}
