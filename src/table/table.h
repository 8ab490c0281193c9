/* SPDX-License-Identifier: MIT
 *
 * table.h - what the files of this room know of a table.
 */
#ifndef FL_TABLE_H
#define FL_TABLE_H

#include "far.h"

struct fl_records;

struct fifolock_table {
	struct fl_homes *homes;
	uint64_t mask;	/* fl_homes_mask */
	uint64_t slots; /* a power of two */
	uint64_t seed;
	const fifolock_modes_t *modes;
	bool plain; /* nothing listens to what becomes of its locks, see units.h */
	bool heard; /* by a race detector, see hear.h */
	struct fl_far *far;
	struct fl_records *records; /* NULL: it keeps none */
	struct fifolock_table_options options;
};

static inline struct fl_home *fl_home_of(const fifolock_table_t *table, uint64_t hash)
{
	return (struct fl_home *)((char *)table->homes + (hash & table->mask));
}

/* The i-th slot. */
static inline struct fl_home *fl_home_at(const fifolock_table_t *table, uint64_t i)
{
	return &table->homes[i / FL_HOMES].at[i % FL_HOMES];
}

#endif
