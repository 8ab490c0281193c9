/* SPDX-License-Identifier: MIT
 *
 * waits.h - which modes' grants wait for which modes' releases.
 */
#ifndef FL_WAITS_H
#define FL_WAITS_H

#include "core/word.h"

/* Does the predicate refuse mode beside some number of holds of other alone?  Such numbers
 * only as can be: up to the first that is refused. */
static inline bool fl_predicate_waits(const fifolock_modes_t *modes, unsigned mode,
				      unsigned other)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	for (uint32_t k = 1; k && k < modes->capacity[other]; k += k < 64 ? 1 : k) {
		holds[other] = k;
		if (!modes->compatible(holds, mode, modes->ctx))
			return true;
	}
	return false;
}

/* May a grant of mode have waited for a release of other?  As many as fit is no limit. */
static inline bool fl_waits_for(const fifolock_modes_t *modes, unsigned mode,
				unsigned other)
{
	uint64_t field = modes->rows[other].field, guard = field & ~(field >> 1);

	if (modes->compatible && fl_predicate_waits(modes, mode, other))
		return true;
	if (mode == other && (fl_modes_open(modes, mode) || modes->compatible))
		return modes->capacity[mode] == 1;
	return modes->rows[mode].guard & guard;
}

#endif
