/* SPDX-License-Identifier: MIT
 *
 * role_inside.c - src/core/role.c with a way to begin anew.  How far the line has come is only asked
 * by threads that yield; where no thread does, to ask is no step.  Whether it pays to keep the role says the
 * program.
 */
#include "pool_inside.h"

#include <fifolock/fifolock.h>

uint32_t reached(const fifolock_t *lock);
bool pays(const fifolock_t *lock);
void in_vain(const fifolock_t *lock);

#define fl_role_reached reached
#define fl_role_pays	pays
#define fl_role_in_vain in_vain
#include "../../src/core/role.c"
#undef fl_role_reached
#undef fl_role_pays
#undef fl_role_in_vain

#include <string.h>

uint32_t fl_yield_count(void);
uint32_t fl_role_reached(const fifolock_t *lock);
bool fl_role_pays(const fifolock_t *lock);
void fl_role_in_vain(const fifolock_t *lock);

static bool never_pays;

uint32_t fl_role_reached(const fifolock_t *lock)
{
	return fl_yield_count() ? reached(lock) : 0;
}

bool fl_role_pays(const fifolock_t *lock)
{
	(void)lock;
	return !never_pays;
}

void fl_role_in_vain(const fifolock_t *lock)
{
	(void)lock;
}

void role_begin(bool unpaid)
{
	never_pays = unpaid;
	memset(boards, 0, sizeof(boards));
	memset(dormitories, 0, sizeof(dormitories));
}
