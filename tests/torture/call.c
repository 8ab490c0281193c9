/* SPDX-License-Identifier: MIT
 *
 * call.c - every call of the library, written down.
 *
 * A shadow counts a hold after its grant was seen and until before its release is asked,
 * so it never counts a hold that is not there: what it shows must be allowed.
 */
#include "torture.h"

#define MARK 12345 /* an errno nobody else uses */

static struct entry *entry_open(struct actor *actor, enum kind kind,
				struct target *target, unsigned mode, uint32_t weight)
{
	struct entry *entry = &actor->entries[actor->used];

	if (!call_room(actor))
		violation("no room to write a call down");
	*entry = (struct entry){
		.kind = (uint8_t)kind,
		.target = (uint8_t)target->index,
		.mode = (uint8_t)mode,
		.weight = (uint16_t)weight,
	};
	return entry;
}

static void entry_close(struct actor *actor)
{
	relaxed_store(&actor->used, actor->used + 1);
}

bool call_room(const struct actor *actor)
{
	return actor->used < actor->room;
}

/* ---- shadows ---- */

static void shadow_judge(struct target *target, uint64_t shadow)
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

static void shadow_add(struct target *target, unsigned mode, uint32_t weight)
{
	uint64_t more = table_unit(target->table, mode) * weight;

	if (target->shadowed)
		shadow_judge(target, relaxed_add(&target->shadow, more) + more);
}

static void shadow_take(struct target *target, unsigned mode, uint32_t weight)
{
	if (target->shadowed)
		relaxed_add(&target->shadow, -(table_unit(target->table, mode) * weight));
}

/* ---- requests ---- */

/* In the past, about now, soon, or so far away that it is only reached if a wake-up is
 * lost: then the sweep sees a quiet lock with a line. */
static struct timespec deadline(clockid_t clock, uint64_t *random, uint64_t *monotonic)
{
	const struct plan *plan = &the_round->plan;
	uint64_t ns, most;
	struct timespec at;

	if (!(me && me->hasty) && oracle_below(random, 16) < plan->long_of_16)
		most = UINT64_C(3000000000);
	else
		most = oracle_below(random, 2) ? 20000 : 1000000;
	ns = oracle_random(random) % most;
	*monotonic = now_ns() + ns; /* or later */
	clock_gettime(clock, &at);
	ns += (uint64_t)at.tv_nsec;
	at.tv_sec += (time_t)(ns / 1000000000);
	at.tv_nsec = (long)(ns % 1000000000);
	if (oracle_below(random, 8) == 0) {
		at.tv_sec -= 4;
		*monotonic = 0;
	}
	return at;
}

/* Handlers only ever try. */
static bool by_request(struct actor *actor)
{
	if (!has(&the_round->plan, F_requests) || !me || oracle_below(&actor->random, 3))
		return false;
	tally_add(&tally->by_request, 1);
	return true;
}

static int timed_request(struct actor *actor, fifolock_t *lock, unsigned mode,
			 uint32_t weight)
{
	struct entry *entry = &actor->entries[actor->used];
	struct timespec at = deadline(CLOCK_MONOTONIC, &actor->random, &entry->deadline);

	errno = MARK;
	return request_ask(actor, lock, mode, weight, &at);
}

static int timed(struct actor *actor, fifolock_t *lock, unsigned mode, uint32_t weight)
{
	clockid_t clock =
		oracle_below(&actor->random, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct entry *entry = &actor->entries[actor->used];
	struct timespec at = deadline(clock, &actor->random, &entry->deadline);

	errno = MARK;
	if (weight == 1)
		return fifolock_clocklock(lock, mode, clock, &at);
	if (clock == CLOCK_MONOTONIC)
		return fifolock_timedlock_n(lock, mode, weight, &at);
	return fifolock_clocklock_n(lock, mode, weight, clock, &at);
}

static int ask(struct actor *actor, fifolock_t *lock, unsigned mode, uint32_t weight,
	       enum how how)
{
	bool request = how != TRY && by_request(actor);

	if (how == TIMED)
		return request ? timed_request(actor, lock, mode, weight)
			       : timed(actor, lock, mode, weight);
	errno = MARK;
	if (request)
		return request_ask(actor, lock, mode, weight, NULL);
	if (how == TRY && weight == 1)
		return fifolock_trylock(lock, mode);
	if (how == TRY)
		return fifolock_trylock_n(lock, mode, weight);
	return weight == 1 ? fifolock_lock(lock, mode)
			   : fifolock_lock_n(lock, mode, weight);
}

/* Which errors there may be, and what they say about having been in line. */
static bool error_fits(const struct entry *entry)
{
	switch (entry->error) {
	case 0:
		return !entry->left;
	case EBUSY:
		return entry->how == TRY && !entry->joined;
	case ETIMEDOUT:
		return entry->how == TIMED && entry->joined == (entry->left != 0);
	case ENOMEM:
		return entry->how != TRY && !entry->joined &&
		       relaxed_load(&tally->mmap_failed);
	}
	return false;
}

static void note_wait(const struct entry *entry)
{
	uint64_t now;

	if (!me || !entry->joined)
		return;
	now = now_ns();
	if (now - me->joined_ns > me->waited_most_ns)
		me->waited_most_ns = now - me->joined_ns;
	if (entry->deadline && now > entry->deadline &&
	    now - entry->deadline > me->overshot_most_ns)
		me->overshot_most_ns = now - entry->deadline;
}

int call_ask(struct actor *actor, struct target *target, unsigned mode, uint32_t weight,
	     enum how how)
{
	struct entry *entry = entry_open(actor, REQUEST, target, mode, weight);
	int error;

	entry->how = (uint8_t)how;
	if (me && actor == &me->main)
		me->now = entry;
	entry->begun = stamp(target, 1);
	error = ask(actor, target->lock, mode, weight, how);
	entry->ended = stamp(target, 1);
	if (errno != MARK)
		violation("lock %u: errno was changed to %d", target->index, errno);
	entry->error = (uint8_t)error;
	if (!error_fits(entry))
		violation("lock %u: error %d from way %d, joined %d, left %u",
			  target->index, error, how, entry->joined, entry->left);
	if (!error)
		shadow_add(target, mode, weight);
	note_wait(entry);
	entry_close(actor);
	return error;
}

int call_give(struct actor *actor, struct target *target, unsigned mode, uint32_t weight)
{
	struct entry *entry = entry_open(actor, RELEASE, target, mode, weight);
	int saved = errno, error;

	shadow_take(target, mode, weight);
	entry->begun = stamp(target, 1);
	errno = MARK;
	error = weight == 1 ? fifolock_unlock(target->lock, mode)
			    : fifolock_unlock_n(target->lock, mode, weight);
	if (errno != MARK)
		violation("errno was changed to %d by an unlock", errno);
	errno = saved;
	entry->ended = stamp(target, 1);
	entry->error = (uint8_t)error;
	if (error && !(has(&the_round->plan, F_thieves) && error == EPERM))
		violation("lock %u: unlock said %d", target->index, error);
	entry_close(actor);
	return error;
}

/* Who was seen in line is not passed by those who ask after that: see the sweep. */
void call_look(struct actor *actor, struct target *target)
{
	struct entry *entry = entry_open(actor, LOOK, target, 0, 0);
	uint32_t waiting;

	entry->begun = stamp(target, 1);
	waiting = fifolock_waiting(target->lock);
	entry->ended = stamp(target, 1);
	entry->joined = waiting != 0;
	entry->ticket = waiting;
	if (waiting > 2 * the_round->plan.seats && !has(&the_round->plan, F_timed))
		violation("lock %u: %u in line, of %u threads", target->index, waiting,
			  the_round->plan.seats);
	entry_close(actor);
}
