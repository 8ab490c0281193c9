/* SPDX-License-Identifier: MIT
 *
 * first.h - the first tries, in the callers' own code: a key that is a number comes to a slot that
 * is free, and is its only user till the end.
 *
 *	row       released by              acquired by                   what it carries
 *	[KEY]     fl_find_first            fl_entry_use (entry.c)        the key, a new lock
 *	[GONE]    fl_put_first             fl_find_first                 what the users of the key's
 *	                                                                 last entry did
 *	[WORD]    fl_find_first            seems_same (find.c)           the same
 *
 *	relaxed   because
 *	[GUESS]   The compare-and-swap behind it decides.
 *	[MINE]    What it says of the caller's hold the caller has written, or has seen.
 */
#ifndef FL_FIRST_H
#define FL_FIRST_H

#include "find.h"
#include "units.h"
#include "core/atomic.h"

/* As fl_find, for a number, and units that are not 0. */
FL_ALWAYS int fl_find_first(fifolock_table_t *table, fifolock_key_t key, uint64_t units,
			    struct fl_entry **out)
{
	uint64_t hash = fl_key_spread(key.n, table->seed);
	struct fl_home *home = &table->home[hash & table->mask];
	struct fl_entry *entry = &home->entry;
	struct fl_key filled = {key, key.n, hash};
	uint64_t state;

	fl_prefetch_write(&entry->state);
	state = fl_load_relaxed(&entry->state); /* [GUESS] */
	/* [GONE] acquire */
	if (state != FL_ENTRY_FREE ||
	    !fl_cas_acquire(&entry->state, &state, FL_ENTRY_FILLING))
		return fl_find(table, &filled, units, out);
	fl_store_release(&entry->word, key.n); /* [WORD] release */
	entry->lock = (fifolock_t){.word = units, .modes = table->modes};
	entry->size = 0;
	entry->is_number = true;
	*out = entry;
	state = FL_ENTRY_FILLING;
	/* [KEY] release, [GONE] acquire: the key may have been far since, and have gone */
	if (fl_cas_acq_rel(&entry->state, &state, FL_ENTRY_LIVE | FL_USER))
		return FL_TAKEN;
	return fl_find_filled(table, &filled, units, out);
}

/* As fl_put_taken. */
FL_ALWAYS bool fl_put_first(struct fl_entry *entry, uint64_t units)
{
	uint64_t seen = FL_ENTRY_LIVE | FL_USER; /* mostly */

	if (entry->is_far || entry->size > FL_HOME_BYTES ||
	    fl_load_relaxed(&entry->lock.word) != units) /* [MINE] */
		return false;
	/* [GONE] release */
	return fl_cas_release(&entry->state, &seen, FL_ENTRY_FREE);
}

#endif
