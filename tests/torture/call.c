/* SPDX-License-Identifier: MIT
 *
 * call.c - every call of the library, written down.
 */
#include "torture.h"

#define MARK 12345 /* an errno that nothing else uses */

_Thread_local struct entry *my_call;

static struct target *target_at(const struct entry *entry)
{
	return &the_round->targets[entry->target];
}

bool call_room(const struct actor *actor)
{
	return actor->used < actor->room;
}

struct entry *call_open(struct actor *actor, enum kind kind, struct target *target,
			unsigned mode, uint32_t weight)
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

void call_begin(struct actor *actor, struct entry *entry)
{
	if (!me || actor == &me->main)
		my_call = entry;
	entry->begun = stamp(target_at(entry), 1);
	errno = MARK;
}

/* ---- which errors there may be, and what they say about having been in line ---- */

static bool may_wait(const struct entry *entry)
{
	return (entry->kind == REQUEST || entry->kind == CONVERT ||
		entry->kind == SECTION) &&
	       entry->how != TRY;
}

static bool success_fits(const struct entry *entry)
{
	return !entry->left && !entry->refused &&
	       (entry->kind != WAIT || entry->signalled);
}

static bool late_fits(const struct entry *entry)
{
	if (entry->how != TIMED || now_ns() < entry->deadline)
		return false;
	if (entry->kind == WAIT)
		return entry->joined && !entry->signalled;
	return may_wait(entry) &&
	       (entry->kind == CONVERT || entry->joined == (entry->left != 0));
}

static bool error_fits(const struct entry *entry)
{
	const struct plan *plan = &the_round->plan;

	switch (entry->error) {
	case 0:
		return success_fits(entry);
	case EBUSY:
		return entry->how == TRY && !entry->joined;
	case ETIMEDOUT:
		return late_fits(entry);
	case ENOMEM:
		return entry->request && !entry->joined &&
		       relaxed_load(&tally->mmap_failed);
	case ECANCELED:
		return has(plan, F_closings) && !entry->left;
	case EAGAIN:
		if (entry->kind == SNAPSHOT || entry->kind == OPEN ||
		    (entry->kind == BUMP && !entry->joined))
			return true;
		return has(plan, F_limits) && !entry->joined && entry->kind != CONVERT &&
		       may_wait(entry);
	case EDEADLK:
		return entry->kind == CONVERT && entry->how != TRY;
	case EPERM:
		return entry->kind == RELEASE && has(plan, F_thieves);
	}
	return false;
}

/* Not of those that another thread may have put in line: when is that thread's. */
static void note_wait(const struct entry *entry)
{
	uint64_t now;

	if (!me || !entry->joined || entry->kind == WAIT || entry->kind == SIGNAL ||
	    entry->kind == CONVERT)
		return;
	now = now_ns();
	if (now - me->joined_ns > me->waited_most_ns)
		me->waited_most_ns = now - me->joined_ns;
	if (entry->deadline && now > entry->deadline &&
	    now - entry->deadline > me->overshot_most_ns)
		me->overshot_most_ns = now - entry->deadline;
}

int call_end(struct actor *actor, struct entry *entry, int error)
{
	if (errno != MARK)
		violation("lock %u: errno was changed to %d", entry->target, errno);
	entry->ended = stamp(target_at(entry), 1);
	entry->error = (uint8_t)error;
	if (!error_fits(entry))
		violation("lock %u: call of kind %u said %d: way %u, joined %d, left %u, "
			  "refused %u, signalled %d",
			  entry->target, entry->kind, error, entry->how, entry->joined,
			  entry->left, entry->refused, entry->signalled);
	note_wait(entry);
	if (!me || actor == &me->main)
		my_call = NULL;
	relaxed_store(&actor->used, actor->used + 1);
	return error;
}

/* ---- requests ---- */

/* In the past, about now, soon, or so far away that it is only reached if a wake-up is
 * lost: then the sweep sees a quiet lock with a line. */
struct timespec call_deadline(clockid_t clock, uint64_t *random, uint64_t *monotonic)
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

static int timed_request(struct actor *actor, fifolock_t *lock, struct entry *entry)
{
	struct timespec at =
		call_deadline(CLOCK_MONOTONIC, &actor->random, &entry->deadline);

	errno = MARK;
	return request_ask(actor, lock, entry->mode, entry->weight, &at);
}

static int timed(struct actor *actor, fifolock_t *lock, struct entry *entry)
{
	clockid_t clock =
		oracle_below(&actor->random, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct timespec at = call_deadline(clock, &actor->random, &entry->deadline);

	errno = MARK;
	if (entry->weight == 1)
		return fifolock_clocklock(lock, entry->mode, clock, &at);
	if (clock == CLOCK_MONOTONIC)
		return fifolock_timedlock_n(lock, entry->mode, entry->weight, &at);
	return fifolock_clocklock_n(lock, entry->mode, entry->weight, clock, &at);
}

static int ask(struct actor *actor, fifolock_t *lock, struct entry *entry)
{
	bool request = entry->how != TRY && by_request(actor);
	uint32_t weight = entry->weight;
	unsigned mode = entry->mode;

	entry->request = request;
	if (entry->how == TIMED)
		return request ? timed_request(actor, lock, entry)
			       : timed(actor, lock, entry);
	errno = MARK;
	if (request)
		return request_ask(actor, lock, mode, weight, NULL);
	if (entry->how == TRY && weight == 1)
		return fifolock_trylock(lock, mode);
	if (entry->how == TRY)
		return fifolock_trylock_n(lock, mode, weight);
	return weight == 1 ? fifolock_lock(lock, mode)
			   : fifolock_lock_n(lock, mode, weight);
}

int call_ask(struct actor *actor, struct target *target, unsigned mode, uint32_t weight,
	     enum how how)
{
	struct entry *entry = call_open(actor, REQUEST, target, mode, weight);
	int error;

	entry->how = (uint8_t)how;
	call_begin(actor, entry);
	error = call_end(actor, entry, ask(actor, target->lock, entry));
	if (!error)
		shadow_add(target, mode, weight);
	return error;
}

int call_give(struct actor *actor, struct target *target, unsigned mode, uint32_t weight)
{
	struct entry *entry = call_open(actor, RELEASE, target, mode, weight);
	int saved = errno, error;

	shadow_take(target, mode, weight);
	call_begin(actor, entry);
	error = weight == 1 ? fifolock_unlock(target->lock, mode)
			    : fifolock_unlock_n(target->lock, mode, weight);
	call_end(actor, entry, error);
	errno = saved;
	return error;
}

/* One that was seen in line is not passed by those that ask after that: see the sweep. */
void call_look(struct actor *actor, struct target *target)
{
	const struct plan *plan = &the_round->plan;
	struct entry *entry = call_open(actor, LOOK, target, 0, 0);

	call_begin(actor, entry);
	entry->told = fifolock_waiting(target->lock);
	call_end(actor, entry, 0);
	if (entry->told > 2 * plan->seats && !has(plan, F_timed) &&
	    !has(plan, F_closings))
		violation("lock %u: %u in line, of %u threads", target->index,
			  entry->told, plan->seats);
}
