/* SPDX-License-Identifier: MIT
 *
 * set.h - several keys, all or none.
 */
#ifndef FL_SET_H
#define FL_SET_H

#include "table.h"

/* As fifolock_table_lock_all, where items of a lower rank are taken before those of a higher one.
 * Items with the same key must have the same rank, and the holds
 * name nothing. */
int fl_set_lock(fifolock_table_t *table, struct fifolock_item items[], uint32_t n,
		const struct timespec *deadline);

/* The most items of one set. */
#define FL_SET_MOST (UINT32_C(1) << 31)

#endif
