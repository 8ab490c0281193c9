/* SPDX-License-Identifier: MIT
 *
 * control.h - what is said of a lock as a whole: that it is closed, how many may wait.
 */
#ifndef FL_CONTROL_H
#define FL_CONTROL_H

#include "word.h"

/* lock->control: the lowest bits are left alone, a pthread_mutex_t keeps its kind there. */
#define FL_MEETING     (UINT32_C(1) << 10) /* by a race detector (watch.c) ... */
#define FL_MET	       (UINT32_C(1) << 11) /* ... or by the debug build (debug.c) */
#define FL_LIMIT_SHIFT 12
#define FL_LIMIT_MAX   ((UINT32_C(1) << 19) - 1)
#define FL_CLOSED      (UINT32_C(1) << 31)

/* Has it been closed?  Decides nothing for requests that are in line already. */
bool fl_closed(const fifolock_t *lock);

/* Neither closed nor with a limit, as far as is known. */
bool fl_unruled(const fifolock_t *lock);

/* The other side of a closing: what the caller wrote before is seen by a closing that this
 * does not see. */
bool fl_closed_for_certain(fifolock_t *lock);

/* How many may be in line; UINT32_MAX: there is no limit. */
uint32_t fl_limit_of(const fifolock_t *lock);

/* The bits of mask become value. */
void fl_control_set(fifolock_t *lock, uint32_t mask, uint32_t value);

#endif
