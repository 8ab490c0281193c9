/* SPDX-License-Identifier: MIT
 *
 * handler.c - what happens in a thread's signal handlers, whatever they interrupted.
 *
 *	SIGUSR1	gives back the holds that the thread left to it; tries a lock
 *	SIGUSR2	freezes the thread for a while: in the midst of a scan, perhaps
 *
 * The handler of SIGUSR1 has a list of calls of its own; it does not interrupt itself.
 */
#include "torture.h"

static bool roomy(const struct actor *actor)
{
	return actor->room - actor->used > 2 * HELD + 4;
}

static void give_back(struct seat *seat)
{
	for (unsigned i = 0; i < HELD; i++) {
		struct hold *hold = &seat->held[i];

		if (take_from_handler(hold))
			worker_release(seat, &seat->handler, hold);
	}
}

static void try_one(struct seat *seat)
{
	struct round *round = the_round;
	struct target *target =
		&round->targets[oracle_below(&seat->handler.random, round->plan.targets)];
	unsigned mode;

	if (target->mortal)
		return;
	mode = table_random_mode(target->table, &seat->handler.random);
	if (call_ask(&seat->handler, target, mode, 1, TRY))
		return;
	come_and_go(target, mode);
	call_give(&seat->handler, target, mode, 1);
}

void on_interrupt(int signal)
{
	struct seat *seat = me;
	int saved = errno;

	(void)signal;
	if (seat && !has(&the_round->plan, F_thieves) && roomy(&seat->handler)) {
		give_back(seat);
		if (oracle_below(&seat->handler.random, 4) == 0)
			try_one(seat);
	}
	if (seat)
		seat->interrupts++;
	errno = saved;
}

void on_freeze(int signal)
{
	struct seat *seat = me;
	uint64_t random;
	int saved = errno;

	(void)signal;
	if (seat) {
		random = now_ns();
		pause_ns(10000 + oracle_below(&random, 3000000));
		seat->freezes++;
	}
	errno = saved;
}
