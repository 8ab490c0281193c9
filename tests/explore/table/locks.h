/* SPDX-License-Identifier: MIT
 *
 * locks.h - the lock of an entry: locks.c is in place of it, real.c has the real one.
 */
#ifndef EX_LOCKS_H
#define EX_LOCKS_H

#include "explore.h"

const fifolock_modes_t *locks_modes(void); /* 0: alone, 1: beside others */
void locks_begin(unsigned threads);
void locks_end(unsigned threads);
bool locks_is_hint(const struct ex_site *site);
unsigned locks_steps(void); /* of a call that no thread interrupts, at most */

#endif
