/* SPDX-License-Identifier: MIT
 *
 * first.h - the first tries, in the callers' own code: a number comes to a slot whose last key was one, too, and
 * was held as this one is to be: READY.  So its lock has to be made neither free nor taken: the slot
 * becomes the key's, with state and word in one step, and the thread is its only user till the end.
 *
 * What the last users have left in the lock is what there is in any lock with one hold and nobody in line.
 *
 *	row       released by              acquired by                   what it carries
 *	[KEY]     fl_find_ready            fl_entry_use (entry.c)        the key
 *	[GONE]    fl_put_ready             fl_find_ready                 what the users of the key's
 *	                                                                 last entry did
 *	[WORD]    fl_find_ready            seems_same (find.c)           the same
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

/* The entry of the number is new, its lock held once in the mode.  False: nothing has been done. */
FL_ALWAYS bool fl_find_ready(fifolock_table_t *table, uint64_t number, unsigned mode,
			     struct fl_entry **out)
{
	struct fl_home *home = fl_home_of(table, fl_key_spread(number, table->seed));
	struct fl_entry *entry = &home->entry;
	uint64_t ready = fl_ready(mode), word;

	fl_prefetch_write(&entry->state);
	if (fl_unlikely(fl_load_relaxed(&entry->state) != ready)) /* [GUESS] */
		return false;
	word = fl_load_relaxed(&entry->word); /* [GUESS] */
	/* [KEY] [WORD] release, [GONE] acquire: the key may have been far since, and have gone */
	if (!fl_cas_pair_acq_rel(entry->pair, ready, word, FL_ENTRY_LIVE | FL_USER,
				 number))
		return false;
	*out = entry;
	return true;
}

/* Give back the only hold, of these units, and the entry with it.  False: nothing has been done. */
FL_ALWAYS bool fl_put_ready(struct fl_entry *entry, uint64_t units, unsigned mode,
			    uint32_t n)
{
	uint64_t seen = FL_ENTRY_LIVE | FL_USER; /* mostly */

	if (entry->is_far || !entry->is_number || n != 1 ||
	    fl_load_relaxed(&entry->lock.word) != units) /* [MINE] */
		return false;
	/* [GONE] release */
	return fl_cas_release(&entry->state, &seen, fl_ready(mode));
}

#endif
