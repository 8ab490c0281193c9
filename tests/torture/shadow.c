/* SPDX-License-Identifier: MIT
 *
 * shadow.c - holds, counted by the holders.
 *
 * A shadow counts a hold after its grant was seen and until before its release is asked,
 * so it never counts a hold that is not there: what it shows must be allowed.
 */
#include "torture.h"

void shadow_judge(struct target *target, uint64_t shadow)
{
	uint64_t *seen = NULL;

	if (!target->table->monotone)
		return;
	if (me) {
		uint64_t hash = shadow * UINT64_C(0x9e3779b97f4a7c15) >> 32;

		seen = &me->shadow_seen[target->index][hash % SHADOW_SEEN];
		me->judged++;
		if (*seen == shadow)
			return;
	}
	if (!table_reachable(target->table, shadow))
		violation("lock %u: holds %#llx (in the table's shadow) exist together",
			  target->index, (unsigned long long)shadow);
	if (seen)
		*seen = shadow;
}

void shadow_add(struct target *target, unsigned mode, uint32_t weight)
{
	uint64_t more = table_unit(target->table, mode) * weight;

	if (target->shadowed)
		shadow_judge(target, relaxed_add(&target->shadow, more) + more);
}

void shadow_take(struct target *target, unsigned mode, uint32_t weight)
{
	if (target->shadowed)
		relaxed_add(&target->shadow, -(table_unit(target->table, mode) * weight));
}

/* ---- what the holders keep ---- */

/* What only the modes of the clique, and each mode that is apart from itself, may write.
 * Read when coming in, written when going out: one that was let in between is noticed,
 * now or when the totals are checked. */
struct inside come_in(struct target *target, unsigned mode)
{
	const struct table *table = target->table;
	struct inside inside = {0};

	if (has(&the_round->plan, F_thieves))
		return inside;
	if (in_set(table->apart[mode], mode))
		inside.guarded = target->guarded[mode];
	if (in_set(table->clique | table->reads, mode))
		inside.clique = target->clique;
	return inside;
}

void go_out(struct target *target, unsigned mode, struct inside inside)
{
	const struct table *table = target->table;

	if (has(&the_round->plan, F_thieves))
		return;
	relaxed_add(&target->visits[mode], 1);
	if (in_set(table->apart[mode], mode))
		target->guarded[mode] = inside.guarded + 1;
	if (in_set(table->reads, mode) && target->clique != inside.clique)
		violation("lock %u: mode %u beside a mode that keeps it out",
			  target->index, mode);
	if (in_set(table->clique, mode))
		target->clique = inside.clique + 1;
}

void come_and_go(struct target *target, unsigned mode)
{
	go_out(target, mode, come_in(target, mode));
}
