/* SPDX-License-Identifier: MIT
 *
 * table.h - rows of text, printed in columns as wide as they have to be.
 */
#ifndef BENCHMARKS_TABLE_H
#define BENCHMARKS_TABLE_H

#include "colour.h"

#define TABLE_COLUMNS 9

/* All zero: empty. */
struct table {
	char *(*rows)[TABLE_COLUMNS];
	unsigned count;
	int widths[TABLE_COLUMNS];
	unsigned right;	   /* bit i: column i is numbers, aligned to the right */
	unsigned coloured; /* column that gets the colour */
};

/* Texts become the table's. */
void table_add(struct table *table, char *const row[TABLE_COLUMNS]);

/* Rows first up to, without, end. */
void table_print(const struct table *table, unsigned first, unsigned end,
		 enum colour text_colour);
void table_free(struct table *table);

#endif
