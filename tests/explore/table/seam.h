/* SPDX-License-Identifier: MIT
 *
 * seam.h - the same for src/table, where an addition is a step, as it decides something.
 */
#ifndef EX_TABLE_SEAM_H
#define EX_TABLE_SEAM_H

#include "../seam.h"

#undef fl_add_relaxed
#define fl_add_relaxed(p, v) \
	((EX_VALUE(p))ex_add((p), sizeof(*(p)), EX_NUMBER(p, v), EX_SITE("add")))

#endif
