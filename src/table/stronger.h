/* SPDX-License-Identifier: MIT
 *
 * stronger.h - which mode can stand for several.
 */
#ifndef FL_STRONGER_H
#define FL_STRONGER_H

#include <fifolock/table.h>

/* The weakest mode that is as strong as all of these, given by bit.  EINVAL: there is none. */
int fl_modes_over(const fifolock_modes_t *modes, uint32_t these, unsigned *mode);

#endif
