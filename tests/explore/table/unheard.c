/* SPDX-License-Identifier: MIT
 *
 * unheard.c - no program's table has records, or a race detector that listens.
 */
#include "table/hear.h"
#include "table/quiet.h"
#include "table/recorded.h"

#include <stdlib.h>

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

int fl_recorded_lock(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		     uint32_t n, const struct timespec *deadline, void **record)
{
	(void)table;
	(void)record;
	(void)entry;
	(void)mode;
	(void)n;
	(void)deadline;
	abort();
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
	return fl_recorded_lock(NULL, entry, mode, n, NULL, NULL);
}
