/* SPDX-License-Identifier: MIT
 *
 * cycle.h - which owner waits for which, among those that are stuck.
 */
#ifndef FL_CYCLE_H
#define FL_CYCLE_H

#include "model.h"

/* One wait of a circle. */
struct fl_step {
	uint32_t item; /* a request that is stuck */
	uint32_t
		because; /* a hold of the next owner's, or its request before this one in line */
};

struct fl_cycle {
	struct fl_step *steps; /* room for as many as there are owners */
	uint32_t first;
	uint32_t end;
};

/* The circle that this stuck request waits for.  False: there is none; it waits for what can never
 * be granted. */
bool fl_cycle_find(struct fl_model *model, uint32_t item, struct fl_cycle *cycle);

/* Have all requests that the circle waits for been in line, in that order, at the moment of the
 * model?  False: not certain. */
bool fl_cycle_verify(struct fl_model *model, const struct fl_cycle *cycle);

#endif
