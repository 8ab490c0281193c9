/* SPDX-License-Identifier: MIT
 *
 * hear.c - see hear.h.  Tags are bytes of an array that nothing looks at: keys share one now and
 * then, and then a detector takes them for one key.
 */
#include "hear.h"
#include "quiet.h"
#include "core/word.h"
#include "observe/waits.h"

/* As many as keep the detector's own memory of them small. */
#define KEY_BITS 12

static const char tags[1 << KEY_BITS][FIFOLOCK_MAX_MODES];

bool fl_hears(const fifolock_modes_t *modes)
{
	return fl_hearer && !FL_INSTRUMENTED && modes->flags & FL_MODES_WATCHED;
}

static const char *tag_of(const fifolock_table_t *table, const struct fl_entry *entry,
			  unsigned mode)
{
	uint64_t hash = (entry->word ^ table->seed) * UINT64_C(0x9e3779b97f4a7c15);

	return &tags[hash >> (64 - KEY_BITS)][mode];
}

void fl_hear_granted(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode)
{
	for (unsigned other = 0; other < table->modes->count; other++)
		if (fl_waits_for(table->modes, mode, other))
			fl_hearer->after(tag_of(table, entry, other));
}

void fl_hear_release(const fifolock_table_t *table, const struct fl_entry *entry,
		     unsigned mode)
{
	fl_hearer->before(tag_of(table, entry, mode));
}
