/* SPDX-License-Identifier: MIT
 *
 * lives.h - what must be true of keys and their entries, from the text of find.h and entry.h.
 */
#ifndef EX_LIVES_H
#define EX_LIVES_H

#include "far_inside.h"
#include "table/table.h"

void lives_begin(const fifolock_table_t *table, const struct fl_key keys[],
		 unsigned count);
void lives_go_on(void);	      /* from here: the threads begin */
void lives_end(bool all_put); /* after the last step */

/* The calls of a thread; before the threads begin those of one thread for another. */
void lives_finds(unsigned thread);
void lives_found(unsigned thread, unsigned key, int error, struct fl_entry *entry);
void lives_busy(unsigned thread); /* it has not got the lock, and has put the entry */
void lives_puts(unsigned thread, const struct fl_entry *entry);
void lives_has_put(unsigned thread);
void lives_each(unsigned thread);
unsigned lives_each_found(unsigned thread, struct fl_entry *entry); /* which key */
void lives_each_ended(unsigned thread, bool all);

/* It has a hold of the key in that mode, or is about to give it back. */
void lives_holds(unsigned thread, unsigned key, unsigned mode, bool holds);

#endif
