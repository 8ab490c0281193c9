/* SPDX-License-Identifier: MIT
 *
 * intent_modes.h - the intent modes: which go together, and some of them at random.
 */
#ifndef INTENT_MODES_H
#define INTENT_MODES_H

#include "common.h"
#include "random.h"

/* Bit x: not together with x.  As in fifolock/modes.h. */
static const unsigned against[6] = {
	[X] = 0x3f,
	[S] = 1 << X | 1 << IX | 1 << SIX,
	[U] = 1 << X | 1 << U | 1 << IX | 1 << SIX,
	[IS] = 1 << X,
	[IX] = 1 << X | 1 << S | 1 << U | 1 << SIX,
	[SIX] = 1 << X | 1 << S | 1 << U | 1 << IX | 1 << SIX,
};

/* Mostly such modes as go with others, or the line would never move. */
static inline unsigned some_mode(uint64_t *random)
{
	static const unsigned char modes[] = {X,  S,  S,  S,  U,  U,  IS,
					      IS, IS, IS, IX, IX, SIX};

	return modes[oracle_below(random, sizeof(modes))];
}

#endif
