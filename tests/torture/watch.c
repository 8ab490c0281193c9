/* SPDX-License-Identifier: MIT
 *
 * watch.c - what is done to the locks of a round by those that hold nothing: they are closed
 * and opened again, their lines limited, their conditions signalled, and they are looked
 * at.  Each is one thread.
 */
#include "torture.h"

/* A lock that its last holder unmaps is none of theirs. */
static struct target *some_target(struct round *round, uint64_t *random)
{
	struct target *target =
		&round->targets[oracle_below(random, round->plan.targets)];

	return target->mortal ? NULL : target;
}

static bool roomy(const struct actor *actor)
{
	return actor->room - actor->used > 64;
}

/* All that wait for its conditions are told by the closing itself: no thread signals. */
static void await_nobody(struct target *target)
{
	while (relaxed_load(&target->at_conds))
		pause_ns(100000);
}

static void reopen(struct actor *actor, struct target *target)
{
	while (call_rule(actor, target, OPEN, 0) == EAGAIN)
		pause_ns(1000000);
}

static void close_for_a_while(struct actor *actor, struct target *target,
			      uint64_t *random)
{
	bool hush = oracle_below(random, 8) == 0;

	relaxed_store(&target->hush, hush);
	call_rule(actor, target, CLOSE, 0);
	tally_add(&tally->closings, 1);
	if (hush)
		await_nobody(target);
	else if (oracle_below(random, 2))
		pause_ns(oracle_below(random, 100000));
	reopen(actor, target);
	relaxed_store(&target->hush, 0);
	pause_ns(oracle_below(random, 8) ? oracle_below(random, 200000)
					 : oracle_below(random, 4000000));
}

static void limit_for_a_while(struct actor *actor, struct target *target,
			      uint64_t *random)
{
	call_rule(actor, target, LIMIT,
		  oracle_below(random, 3) ? 1 + oracle_below(random, 6) : 0);
	pause_ns(oracle_below(random, 2000000));
}

/* Until the end: a thread may be waiting. */
static void signal_some(struct actor *actor, struct target *target, uint64_t *random)
{
	call_signal(actor, target, oracle_below(random, CONDS),
		    oracle_below(random, 4) == 0);
	pause_ns(oracle_below(random, oracle_below(random, 4) ? 20000 : 300000));
}

static void look_at_one(struct round *round, struct actor *actor, struct target *target,
			uint64_t *random)
{
	if (round->sighted < SIGHTS)
		call_snapshot(actor, target);
	pause_ns(oracle_below(random, 100000));
}

void watcher_turn(struct round *round, enum watcher watcher, uint64_t *random)
{
	struct actor *actor = &round->watchers[watcher];
	struct target *target = some_target(round, random);

	if (!target || !roomy(actor)) {
		pause_ns(1000000);
		return;
	}
	if (watcher == CLOSER)
		close_for_a_while(actor, target, random);
	else if (watcher == LIMITER)
		limit_for_a_while(actor, target, random);
	else if (watcher == SIGNALLER)
		signal_some(actor, target, random);
	else
		look_at_one(round, actor, target, random);
}
