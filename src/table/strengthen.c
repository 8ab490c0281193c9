/* SPDX-License-Identifier: MIT
 *
 * strengthen.c - a hold that is to be at least as strong as another one would be.
 */
#include "table.h"

#include <errno.h>

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
