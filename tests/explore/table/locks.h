/* SPDX-License-Identifier: MIT
 *
 * locks.h - in place of the lock.
 */
#ifndef EX_LOCKS_H
#define EX_LOCKS_H

#include "explore.h"

extern const fifolock_modes_t locks_modes;

#endif
