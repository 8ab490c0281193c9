/* SPDX-License-Identifier: MIT
 *
 * records.c - the records of a table.
 */
#include "records.h"

#include <stdlib.h>

struct fl_records {
	fifolock_table_t *table;
};

struct fl_records *fl_records_new(fifolock_table_t *table)
{
	struct fl_records *records = calloc(1, sizeof(*records));

	if (records)
		records->table = table;
	return records;
}

void fl_records_free(struct fl_records *records)
{
	free(records);
}
