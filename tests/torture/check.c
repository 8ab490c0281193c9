/* SPDX-License-Identifier: MIT
 *
 * check.c - what must be true when a round is over: the locks are at rest, every total
 * comes out even, no slot is lost.
 */
#include "torture.h"
#include "core/queue.h"

static void each_of(struct actor *actor, void (*visit)(struct entry *, void *), void *arg)
{
	for (uint32_t i = 0; i < actor->used; i++)
		visit(&actor->entries[i], arg);
}

void each_entry(struct round *round, void (*visit)(struct entry *, void *), void *arg)
{
	for (unsigned i = 0; i < round->plan.seats; i++) {
		each_of(&round->seats[i].main, visit, arg);
		each_of(&round->seats[i].handler, visit, arg);
	}
	each_of(&round->janitor, visit, arg);
	for (unsigned i = 0; i < WATCHERS; i++)
		each_of(&round->watchers[i], visit, arg);
}

/* ---- totals ---- */

struct totals {
	uint64_t taken, given;
};

struct count {
	struct totals modes[TARGETS][FIFOLOCK_MAX_MODES];
	struct tally tally;
};

static void count_request(struct tally *sums, const struct entry *entry)
{
	sums->requests++;
	sums->weighted += entry->weight > 1;
	if (entry->error == 0)
		sums->at_once += !entry->joined, sums->queued += entry->joined;
	sums->busy += entry->error == EBUSY;
	sums->late += entry->error == ETIMEDOUT && !entry->joined;
	sums->left += entry->error == ETIMEDOUT && entry->joined;
	sums->no_memory += entry->error == ENOMEM;
}

/* What is taken and given back in one call is not in the totals. */
static void count_holder(struct tally *sums, const struct entry *entry,
			 struct totals totals[])
{
	bool done = entry->error == 0;

	switch (entry->kind) {
	case CONVERT:
		sums->converted += done;
		sums->converted_in_line += done && entry->joined;
		sums->deadlocks += entry->error == EDEADLK;
		totals[entry->from].given += done;
		totals[entry->mode].taken += done;
		break;
	case WAIT:
		sums->waits++;
		sums->waits_late += entry->error == ETIMEDOUT;
		totals[entry->mode].given += entry->error == ECANCELED;
		break;
	default:
		sums->bumps += done && entry->joined;
		totals[entry->mode].given += entry->error == ECANCELED;
	}
}

static void count_look(struct tally *sums, const struct entry *entry)
{
	sums->looks += entry->kind == LOOK;
	sums->signalled += entry->kind == SIGNAL ? entry->told : 0;
	sums->snapshots += entry->kind == SNAPSHOT && !entry->error;
	sums->snapshots_again += entry->kind == SNAPSHOT && entry->error;
	sums->contended += entry->kind == CONTENDED;
	if (entry->kind == LOOK && entry->told > sums->longest_line)
		sums->longest_line = entry->told;
}

static void count_entry(struct entry *entry, void *arg)
{
	struct count *count = arg;
	struct totals *totals = count->modes[entry->target];
	struct tally *sums = &count->tally;

	sums->cancelled += entry->error == ECANCELED;
	sums->full += entry->error == EAGAIN && entry->kind != SNAPSHOT;
	sums->positions += entry->asked != 0;
	switch (entry->kind) {
	case REQUEST:
		count_request(sums, entry);
		totals[entry->mode].taken += entry->error == 0 ? entry->weight : 0;
		break;
	case RELEASE:
		sums->releases++;
		sums->refused += entry->error != 0;
		totals[entry->mode].given += entry->error == 0 ? entry->weight : 0;
		break;
	case SECTION:
		count_request(sums, entry);
		sums->sections += entry->error == 0;
		break;
	case CONVERT:
	case WAIT:
	case BUMP:
		count_holder(sums, entry, totals);
		break;
	default:
		count_look(sums, entry);
	}
}

/* What was not given back, in a round of misuse. */
static void give_the_rest(struct target *target, const struct totals *totals)
{
	uint32_t holds = fifolock_holds(target->lock, 0);

	if (holds != totals->taken - totals->given)
		violation("lock %u: %u holds; %llu taken and %llu given back",
			  target->index, holds, (unsigned long long)totals->taken,
			  (unsigned long long)totals->given);
	while (holds--)
		if (fifolock_unlock(target->lock, 0))
			violation("lock %u: a hold that cannot be given back",
				  target->index);
}

static void check_totals(const struct plan *plan, struct target *target,
			 const struct totals *totals)
{
	const struct table *table = target->table;
	uint64_t clique = 0;

	if (has(plan, F_thieves)) {
		give_the_rest(target, totals);
		return;
	}
	for (unsigned m = 0; m < table->rules.count; m++) {
		if (totals[m].taken != totals[m].given)
			violation("lock %u, mode %u: more taken than given",
				  target->index, m);
		if (in_set(table->apart[m], m) && target->guarded[m] != target->visits[m])
			violation("lock %u: %llu were in mode %u, %llu of them counted",
				  target->index, (unsigned long long)target->visits[m], m,
				  (unsigned long long)target->guarded[m]);
		clique += in_set(table->clique, m) ? target->visits[m] : 0;
	}
	if (clique != target->clique)
		violation("lock %u: %llu were in modes that keep each other out, %llu "
			  "counted",
			  target->index, (unsigned long long)clique,
			  (unsigned long long)target->clique);
	if (target->shadow)
		violation("lock %u: shadow %#llx at rest", target->index,
			  (unsigned long long)target->shadow);
}

/* ---- rest ---- */

static void check_rest(struct target *target)
{
	fifolock_t *lock = target->lock;

	if (!lock)
		return; /* destroyed when it was to be */
	for (unsigned m = 0; m < target->table->rules.count; m++)
		if (fifolock_holds(lock, m))
			violation("lock %u: mode %u is held at rest", target->index, m);
	for (unsigned i = 0; i < CONDS; i++)
		if (target->conds[i].last || target->conds[i].guard.word)
			violation("lock %u: condition %u is waited for at rest",
				  target->index, i);
	if (fifolock_waiting(lock))
		violation("lock %u: a line at rest", target->index);
	if (lock->word || lock->head || lock->departed || (uint32_t)lock->arrivals)
		violation("lock %u: at rest, but word %#llx first %u left %u newest %u",
			  target->index, (unsigned long long)lock->word, lock->head,
			  lock->departed, (uint32_t)lock->arrivals);
	if ((uint32_t)(lock->arrivals >> 32) != lock->dequeued)
		violation("lock %u: ticket %u, gone %u", target->index,
			  (uint32_t)(lock->arrivals >> 32), lock->dequeued);
	if (fifolock_destroy(lock))
		violation("lock %u: not destroyed at rest", target->index);
	if (fifolock_trylock(lock, 0) != EINVAL || fifolock_destroy(lock) != EINVAL)
		violation("lock %u: of use after its end", target->index);
}

/* All threads are gone: every slot that was made is free, once. */
static void check_slots(void)
{
	uint32_t made = fl_slots_made();
	struct fl_slot **slots = memory_get((made + 1) * sizeof(struct fl_slot *));

	for (uint32_t i = 0; i < made; i++) {
		struct fl_slot *slot = fl_slot_new();

		if (!slot || slot->id > made)
			violation("%u slots were made, and %u are free", made, i);
		if (slots[slot->id])
			violation("slot %u is free twice", slot->id);
		slots[slot->id] = slot;
	}
	for (uint32_t id = made; id; id--)
		fl_slot_free(slots[id]);
	memory_return(slots, (made + 1) * sizeof(struct fl_slot *));
	tally_max(&tally->slots, made);
}

/* ---- sums ---- */

static void tally_entries(const struct count *count)
{
	const struct tally *sums = &count->tally;

#define SUM(name) tally_add(&tally->name, sums->name);
	SUM(requests) SUM(at_once) SUM(queued) SUM(busy) SUM(late) SUM(left);
	SUM(no_memory) SUM(releases) SUM(refused) SUM(looks) SUM(weighted);
	SUM(converted) SUM(converted_in_line) SUM(deadlocks) SUM(sections);
	SUM(waits) SUM(waits_late) SUM(signalled) SUM(bumps) SUM(cancelled) SUM(full);
	SUM(snapshots) SUM(snapshots_again) SUM(contended) SUM(positions);
#undef SUM
	tally_add(&tally->operations, sums->requests + sums->releases + sums->converted +
					      sums->waits + sums->bumps);
	tally_max(&tally->longest_line, sums->longest_line);
}

static void tally_seat(const struct seat *seat)
{
	for (uint32_t i = 0; i < seat->handler.used; i++) {
		bool asks = seat->handler.entries[i].kind == REQUEST;

		tally_add(asks ? &tally->handler_asks : &tally->by_handler, 1);
	}
	tally_add(&tally->interrupts, seat->interrupts);
	tally_add(&tally->freezes, seat->freezes);
	tally_add(&tally->delays, seat->delays);
	tally_add(&tally->wishes, seat->wishes / 2);
	tally_add(&tally->sections_by_others, seat->by_others);
	tally_add(&tally->sleepers, seat->sleeps);
	tally_add(&tally->shadow_judged, seat->judged);
	tally_max(&tally->overshoot_us, seat->overshot_most_ns / 1000);
	tally_max(&tally->longest_wait_us, seat->waited_most_ns / 1000);
}

static void check_target(struct round *round, struct target *target,
			 const struct count *count)
{
	target->logged += target->pending;
	target->pending = 0;
	check_line(round, target);
	check_totals(&round->plan, target, count->modes[target->index]);
	if (target->stamped)
		sweep(round, target);
	check_rest(target);
	target_check_page(target);
	tally_add(&tally->scans, target->scans);
	tally_max(&tally->biggest_batch, target->biggest);
	tally_add(&tally->retries, target->tries - target->scans);
}

void check_round(struct round *round)
{
	struct count *count = memory_get(sizeof(*count));

	each_entry(round, count_entry, count);
	for (unsigned i = 0; i < round->plan.targets; i++)
		check_target(round, &round->targets[i], count);
	check_slots();
	tally_entries(count);
	for (unsigned i = 0; i < round->plan.seats; i++)
		tally_seat(&round->seats[i]);
	tally_add(&tally->by_janitor, round->janitor.used);
	memory_return(count, sizeof(*count));
}
