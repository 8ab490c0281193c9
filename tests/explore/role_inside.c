/* SPDX-License-Identifier: MIT
 *
 * role_inside.c - src/core/role.c with a way to begin anew.  How far the line has come is only asked
 * by who hovers; where nobody does, to ask is no step.
 */
#include "pool_inside.h"

#include <fifolock/fifolock.h>

uint32_t reached(const fifolock_t *lock);

#define fl_role_reached reached
#include "../../src/core/role.c"
#undef fl_role_reached

#include <string.h>

uint32_t fl_hover_turns(void);
uint32_t fl_role_reached(const fifolock_t *lock);

uint32_t fl_role_reached(const fifolock_t *lock)
{
	return fl_hover_turns() ? reached(lock) : 0;
}

void role_begin(void)
{
	memset(boards, 0, sizeof(boards));
}
