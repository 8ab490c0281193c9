/* SPDX-License-Identifier: MIT
 *
 * records.h - which owner holds and waits for which keys; for tables that keep records.
 */
#ifndef FL_RECORDS_H
#define FL_RECORDS_H

#include "table.h"

struct fl_records *fl_records_new(fifolock_table_t *table); /* NULL: no memory */
void fl_records_free(struct fl_records *records);

#endif
