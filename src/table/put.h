/* SPDX-License-Identifier: MIT
 *
 * put.h - users of an entry become more, and go.
 */
#ifndef FL_PUT_H
#define FL_PUT_H

#include "table.h"

/* A user of an entry becomes one more.  False: there are as many as can be counted. */
bool fl_use_again(struct fl_entry *entry);

/* Has the entry any user?  If not it has no hold either, whatever its lock says. */
bool fl_is_used(const struct fl_entry *entry);

/* The caller does not use it any more.  The last one ends it. */
void fl_put(fifolock_table_t *table, struct fl_entry *entry);

/* The same, and give back these units, if the caller is the only user, and nobody has ever waited
 * for them.  False: nothing has been done. */
bool fl_put_taken(struct fl_entry *entry, uint64_t units);

/* Of a slot. */
void fl_put_home(struct fl_home *home);

/* FILLING -> FREE */
void fl_home_unclaim(struct fl_home *home);

/* Inside.  A far entry is DEAD: take it out.  one: this thread has made it so. */
void fl_bury(fifolock_table_t *table, struct fl_entry *entry, bool one);

#endif
