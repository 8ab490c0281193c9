/* SPDX-License-Identifier: MIT
 *
 * hold.c - what a holder does besides giving back: another mode, a turn for others, a wait
 * for a condition.  And what is done to a lock by those that hold nothing: it is closed and
 * opened, its line limited, its conditions signalled; it is looked at.
 *
 * Meanwhile the shadow counts nothing for it; of a conversion that waits it counts what
 * that holds, until just before the commit (events.c).
 */
#include "torture.h"

#include <fifolock/inspect.h>

static int convert(struct actor *actor, fifolock_t *lock, struct entry *entry)
{
	struct timespec at;

	if (entry->how == TRY)
		return fifolock_tryconvert(lock, entry->from, entry->mode);
	if (entry->how == LOCK)
		return fifolock_convert(lock, entry->from, entry->mode);
	at = call_deadline(CLOCK_MONOTONIC, &actor->random, &entry->deadline);
	return fifolock_timedconvert(lock, entry->from, entry->mode, &at);
}

int call_convert(struct actor *actor, struct target *target, unsigned from, unsigned to,
		 enum how how)
{
	struct entry *entry = call_open(actor, CONVERT, target, to, 1);
	int error;

	entry->from = (uint8_t)from;
	entry->how = (uint8_t)how;
	shadow_take(target, from, 1);
	call_begin(actor, entry);
	error = call_end(actor, entry, convert(actor, target->lock, entry));
	if (!error && entry->kept)
		violation("lock %u: a conversion that was never granted", target->index);
	if (!entry->kept)
		shadow_add(target, error ? from : to, 1);
	return error;
}

int call_bump(struct actor *actor, struct target *target, unsigned mode)
{
	struct entry *entry = call_open(actor, BUMP, target, mode, 1);
	int error;

	shadow_take(target, mode, 1);
	call_begin(actor, entry);
	error = call_end(actor, entry, fifolock_bump(target->lock, mode));
	if (error != ECANCELED)
		shadow_add(target, mode, 1);
	return error;
}

/* ---- conditions ---- */

static int wait_for(struct actor *actor, struct target *target, struct entry *entry)
{
	fifolock_cond_t *cond = &target->conds[entry->from];
	clockid_t clock =
		oracle_below(&actor->random, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct timespec at;

	if (entry->how == LOCK)
		return fifolock_cond_wait(cond, target->lock, entry->mode);
	at = call_deadline(clock, &actor->random, &entry->deadline);
	if (clock == CLOCK_MONOTONIC && oracle_below(&actor->random, 2))
		return fifolock_cond_timedwait(cond, target->lock, entry->mode, &at);
	return fifolock_cond_clockwait(cond, target->lock, entry->mode, clock, &at);
}

int call_wait(struct actor *actor, struct target *target, unsigned mode, unsigned cond,
	      bool timed)
{
	struct entry *entry = call_open(actor, WAIT, target, mode, 1);
	int error;

	entry->from = (uint8_t)cond;
	entry->how = timed ? TIMED : LOCK;
	shadow_take(target, mode, 1);
	relaxed_add(&target->at_conds, 1);
	call_begin(actor, entry);
	error = call_end(actor, entry, wait_for(actor, target, entry));
	relaxed_add(&target->at_conds, -1u);
	if (error != ECANCELED)
		shadow_add(target, mode, 1);
	return error;
}

/* Where little room is left those that moved none are not written down: nothing is
 * demanded because of them. */
void call_signal(struct actor *actor, struct target *target, unsigned cond, bool all)
{
	struct entry *entry = call_open(actor, SIGNAL, target, 0, 0);
	int error;

	if (relaxed_load(&target->hush))
		return;
	entry->from = (uint8_t)cond;
	entry->all = all;
	call_begin(actor, entry);
	error = all ? fifolock_cond_broadcast(&target->conds[cond])
		    : fifolock_cond_signal(&target->conds[cond]);
	call_end(actor, entry, error);
	if (!all && entry->told > 1)
		violation("lock %u: one signal moved %u", target->index, entry->told);
	tally_add(&tally->signals, 1);
	if (!entry->told && actor->room - actor->used < actor->room / 2)
		relaxed_store(&actor->used, actor->used - 1);
}

/* ---- rules ---- */

int call_rule(struct actor *actor, struct target *target, enum kind kind, uint32_t most)
{
	struct entry *entry = call_open(actor, kind, target, 0, 0);
	int error;

	entry->told = most;
	call_begin(actor, entry);
	if (kind == LIMIT)
		error = fifolock_limit_waiters(target->lock, most);
	else
		error = kind == CLOSE ? fifolock_close(target->lock)
				      : fifolock_reopen(target->lock);
	return call_end(actor, entry, error);
}

/* ---- looks ---- */

bool call_contended(struct actor *actor, struct target *target, unsigned mode)
{
	struct entry *entry = call_open(actor, CONTENDED, target, mode, 1);
	uint64_t begun = now_ns();

	call_begin(actor, entry);
	entry->told = fifolock_contended(target->lock, mode);
	entry->unsure = !entry->told && now_ns() - begun > LOOK_NS;
	call_end(actor, entry, 0);
	return entry->told;
}

/* Conversions first, and of each kind the oldest. */
static void check_order(const struct target *target, const struct sight *sight)
{
	uint32_t base = target->first_ticket;

	for (uint32_t i = 1; i < sight->waiting && i < SIGHT_MOST; i++) {
		const struct sighted *older = &sight->line[i - 1], *newer = older + 1;

		if (older->from < 0 && newer->from >= 0)
			violation("lock %u: a snapshot with ticket %u, which holds "
				  "nothing, before conversion %u",
				  target->index, older->ticket, newer->ticket);
		if ((older->from < 0) == (newer->from < 0) &&
		    older->ticket - base >= newer->ticket - base)
			violation("lock %u: a snapshot with ticket %u before %u",
				  target->index, older->ticket, newer->ticket);
	}
}

static void note_sight(const struct target *target, struct sight *sight,
		       const struct fifolock_snapshot *snapshot,
		       const struct fifolock_in_line line[])
{
	memcpy(sight->holds, snapshot->holds, sizeof(sight->holds));
	sight->waiting = snapshot->waiting;
	sight->closed = snapshot->closed;
	for (uint32_t i = 0; i < snapshot->waiting && i < SIGHT_MOST; i++)
		sight->line[i] = (struct sighted){.ticket = line[i].ticket,
						  .n = line[i].n,
						  .mode = (uint8_t)line[i].mode,
						  .from = (int8_t)line[i].from,
						  .may_leave = line[i].may_leave};
	if (target->table->monotone && !table_allows_all(target->table, sight->holds))
		violation("lock %u: a snapshot of holds that cannot be", target->index);
	check_order(target, sight);
}

void call_snapshot(struct actor *actor, struct target *target)
{
	struct entry *entry = call_open(actor, SNAPSHOT, target, 0, 0);
	struct sight *sight = &the_round->sights[the_round->sighted];
	struct fifolock_in_line line[SIGHT_MOST];
	struct fifolock_snapshot snapshot;

	call_begin(actor, entry);
	entry->error =
		(uint8_t)fifolock_snapshot(target->lock, &snapshot, line, SIGHT_MOST);
	if (call_end(actor, entry, entry->error))
		return;
	sight->entry = entry;
	note_sight(target, sight, &snapshot, line);
	the_round->sighted++;
}
