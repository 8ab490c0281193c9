/* SPDX-License-Identifier: MIT
 *
 * slots.h - whether all slots are where they belong when no request waits.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "test.h"
#include "core/slot.h"

/* Every slot there is can be had again, and each only once.  Not while another thread
 * waits or keeps its slot for its next wait. */
static inline void no_slot_is_lost(void)
{
	uint32_t made = fl_slots_made(), twice = 0;
	struct fl_slot **slots = calloc(made + 1, sizeof(*slots));

	cr_assert_not_null(slots);
	for (uint32_t i = 0; i < made; i++) {
		struct fl_slot *slot = fl_slot_new();

		if (slot->id > made)
			break;
		twice += slots[slot->id] != NULL;
		slots[slot->id] = slot;
	}
	cr_assert_eq(fl_slots_made(), made, "a slot was lost");
	cr_assert_eq(twice, 0, "a slot was given back twice");
	for (uint32_t i = 1; i <= made; i++)
		fl_slot_free(slots[i]);
	free(slots);
}

#endif
