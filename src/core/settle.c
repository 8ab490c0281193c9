/* SPDX-License-Identifier: MIT
 *
 * settle.c - how a scan begins: the line is brought up to date.  Departures out, arrivals and
 * conversions in; of conversions that would wait for each other for ever the later one is
 * turned away (docs/design.md, Conversions).
 */
#include "scan.h"
#include "observe/account.h"
#include "queue.h"

#include <errno.h>

void fl_batch_add(struct batch *batch, struct fl_slot *slot, uint64_t units)
{
	if (batch->newest)
		batch->newest->newer = slot->id;
	else
		batch->oldest = slot;
	batch->newest = slot;
	batch->units += units;
	batch->count++;
}

void fl_refuse(struct scan *scan, struct fl_slot *slot, int error)
{
	fl_line_cut(scan->lock, slot);
	if (fl_claim(slot)) {
		slot->verdict = (uint8_t)error;
		fl_account_turns_away(scan->modes, slot->mode);
		fl_batch_add(&scan->refused, slot, 0);
	} else {
		slot->verdict = FL_OUT; /* its departure is about to be announced */
	}
}

/* What a conversion in line keeps while it waits; nothing if it has left already. */
static uint64_t kept_by(const struct fl_slot *slot)
{
	/* One that left before the last one asked is seen to have left. */
	return fl_slot_has_left(slot) ? 0 : fl_slot_gives(slot);
}

/* What is known of the conversions in line while one looks at them, from the head on: the
 * holds that they keep, all together, and for each mode how many of these are those of
 * the first one that waits for it and of those before.  One that waits for the same mode
 * further back has fewer behind it, and is not kept waiting by more. */
struct keepers {
	uint64_t kept;
	uint64_t before[FIFOLOCK_MAX_MODES];
	uint32_t awaited; /* a bit for each mode */
};

static void keepers_add(struct keepers *all, const struct fl_slot *slot)
{
	uint64_t kept = kept_by(slot);

	all->kept += kept;
	if (!kept || (all->awaited >> slot->mode & 1))
		return;
	all->awaited |= UINT32_C(1) << slot->mode;
	all->before[slot->mode] = all->kept;
}

static bool mode_fits(const struct scan *scan, unsigned mode, uint64_t word)
{
	const struct fl_want want = fl_want(&scan->modes->rows[mode], mode, 1);

	return fl_want_fits(scan->modes, &want, word);
}

/* Does every mode that is waited for fit beside all that is kept behind the head?  Then
 * no conversion waits for another, and the scanner need not look at each. */
static bool all_fit(const struct scan *scan, const struct fl_slot *head)
{
	for (uint32_t modes = head->awaited; modes; modes &= modes - 1)
		if (!mode_fits(scan, (unsigned)__builtin_ctz(modes),
			       head->kept - fl_slot_keeps(head)))
			return false;
	return true;
}

/* Would one of them wait for ever because of what the next one keeps?  Each waits for the
 * holds of those behind it, which wait for it. */
static bool wait_for_each_other(const struct scan *scan, const struct keepers *all,
				const struct fl_slot *next)
{
	for (uint32_t modes = all->awaited; modes; modes &= modes - 1) {
		unsigned mode = (unsigned)__builtin_ctz(modes);
		uint64_t others = all->kept - all->before[mode];

		if (mode_fits(scan, mode, others) &&
		    !mode_fits(scan, mode, others + fl_slot_keeps(next)))
			return true;
	}
	return false;
}

/* Of two conversions that wait for each other the later one is turned away.  first: of
 * those that have just come, while the others have been looked at before. */
static void refuse_deadlocks(struct scan *scan, struct fl_slot *first)
{
	struct fl_slot *head = fl_line_head(scan->lock), *slot, *newer;
	struct keepers all = {0};

	if (all_fit(scan, head))
		return;
	for (slot = head; slot != first; slot = fl_line_after(scan->lock, slot))
		keepers_add(&all, slot);
	for (; slot && (slot->how & FL_CONVERTS); slot = newer) {
		newer = fl_line_after(scan->lock, slot);
		if (wait_for_each_other(scan, &all, slot))
			fl_refuse(scan, slot, EDEADLK);
		else
			keepers_add(&all, slot);
	}
	head->awaited = (uint16_t)all.awaited;
}

/* What refuse_deadlocks has found to fit may fit no more, although fewer holds are left, if a function
 * says so; a limit cannot.  One that has left keeps a hold that is not counted here. */
bool fl_refuse_last(struct scan *scan, struct fl_slot *head, uint64_t word)
{
	struct fl_slot *slot = head, *last = head;
	uint64_t kept = 0;

	if (!(head->how & FL_CONVERTS) || head->kept != (word & FL_HOLDS))
		return false;
	for (; slot && (slot->how & FL_CONVERTS);
	     slot = fl_line_after(scan->lock, slot)) {
		kept += kept_by(slot);
		last = slot;
	}
	if (last == head || kept != (word & FL_HOLDS))
		return false;
	fl_refuse(scan, last, EDEADLK);
	return true;
}

void fl_scan_settle(struct scan *scan)
{
	struct fl_slot *first;

	scan->looks = false;
	scan->modes = fl_modes_of(scan->lock);
	first = fl_line_settle(scan->lock);
	if (first)
		refuse_deadlocks(scan, first);
}
