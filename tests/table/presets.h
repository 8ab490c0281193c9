/* SPDX-License-Identifier: MIT
 *
 * presets.h - the ready-made tables as rules (oracle.h), by the matrix of fifolock/modes.h.
 */
#ifndef PRESETS_H
#define PRESETS_H

#include "intent_modes.h"
#include "oracle.h"

/* The first count of the intent modes. */
static inline void rules_preset(struct rules *rules, const fifolock_modes_t *modes,
				unsigned count)
{
	*rules = (struct rules){.count = count};
	for (unsigned m = 0; m < 6 && m < count; m++)
		rules->modes[m].conflicts = against[m] & ((1u << count) - 1);
	for (unsigned m = 0; m < 6 && m < count; m++)
		rules_capacity(rules, modes, m);
}

#endif
