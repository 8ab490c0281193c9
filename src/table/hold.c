/* SPDX-License-Identifier: MIT
 *
 * hold.c - what a hold is; a hold that is to be as strong as another one would be.
 */
#include "table.h"

#include <errno.h>

int fifolock_hold_key(const fifolock_hold_t *hold, fifolock_key_t *key)
{
	if (!hold || !hold->entry || !key)
		return EINVAL;
	*key = fl_entry_key(hold->entry);
	return 0;
}

fifolock_t *fifolock_hold_lock(const fifolock_hold_t *hold)
{
	struct fl_entry *entry = hold ? hold->entry : NULL;

	return entry ? &entry->lock : NULL;
}

int fifolock_hold_mode(const fifolock_hold_t *hold, unsigned *mode)
{
	if (!hold || !hold->entry || !mode)
		return EINVAL;
	*mode = hold->mode;
	return 0;
}

int fifolock_table_strengthen(fifolock_hold_t *hold, unsigned mode)
{
	unsigned both;
	int error;

	if (!hold || !hold->entry)
		return EINVAL;
	error = fifolock_modes_stronger(hold->table->modes, hold->mode, mode, &both);
	if (error || both == hold->mode)
		return error;
	return fifolock_table_convert(hold, both);
}
