/* SPDX-License-Identifier: MIT
 *
 * deadlock.h - can a request that waits ever be granted?
 */
#ifndef FL_DEADLOCK_H
#define FL_DEADLOCK_H

#include "records.h"

/* After how many nanoseconds a request looks.  0: none does, or none is to be told. */
uint64_t fl_deadlock_after(const fifolock_table_t *table);

/* Look, for a request of the calling thread that is in line.  It may be refused then. */
void fl_deadlock_look(struct fl_record *record);

/* A conversion has been refused by the lock, for another one that waits. */
void fl_deadlock_tell(const struct fl_record *conversion);

#endif
