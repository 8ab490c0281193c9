/* SPDX-License-Identifier: MIT
 *
 * table.h - what the files of this room know of a table.
 */
#ifndef FL_TABLE_H
#define FL_TABLE_H

#include "far.h"

struct fl_records;

struct fifolock_table {
	struct fl_home *home; /* a power of two of them */
	uint64_t mask;
	uint64_t seed;
	const fifolock_modes_t *modes;
	bool plain; /* nothing listens to what becomes of its locks, see units.h */
	bool heard; /* by a race detector, see hear.h */
	struct fl_far *far;
	struct fl_records *records; /* NULL: it keeps none */
	struct fifolock_table_options options;
};

#endif
