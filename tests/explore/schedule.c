/* SPDX-License-Identifier: MIT
 *
 * schedule.c - which thread takes the next step.
 *
 * EX_ALL is stateless model checking with dynamic partial-order reduction: source sets
 * (Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order Reduction", POPL
 * 2014, algorithm 1) with sleep sets (Godefroid, 1996).  Two steps of different threads
 * are dependent if they touch the same memory and one of them writes; executions that
 * only differ in the order of independent steps are the same to every thread and to
 * every check in watch.c, so one of each class is run.  It is complete for programs that
 * end, which these do: nothing spins without bound (src/core/wait.c spins and yields for a number
 * of turns).  The one step that can be disabled is the return from a park that has no
 * time-out; only the unpark enables it and nothing disables it again, so the order
 * of these two cannot be turned round and is no race.
 *
 * With no_retries a thread whose compare-and-swap fails in one of the loops that only load,
 * decide and try (programs.c lists them) goes no further in that execution.  Nothing is lost:
 * such a loop has done nothing yet, so going round is the same as having come later, and
 * the execution in which it came later is run.  The others go on, so that every race
 * of theirs is still seen.  What it leaves out is the retry itself: the small
 * programs are run without it, too.
 *
 * The one loop without bound is that of a thread that wants to look at the line while another scans
 * (become_scanner in src/core/walk.c).  A thread that has seen a scan there goes no further, in the
 * same way; the other strategies let it look again when the scan is over.
 *
 * EX_BOUNDED runs every schedule with at most so many preemptions, without reduction
 * (the two do not go together without further backtracking points).  EX_RANDOM picks
 * uniformly; EX_PCT by random priorities with three changes (Burckhardt, Kothari,
 * Musuvathi, Nagarakatte, ASPLOS 2010).
 */
#include "inside.h"
#include "../support/random.h"
#include "pool_inside.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>

static uint64_t dice;

void roll_from(uint64_t seed)
{
	dice = seed;
}

uint64_t roll(uint64_t bound)
{
	return oracle_random(&dice) % bound;
}

/* Without an unpark. */
bool may_wake(const struct thread *thread)
{
	return thread->interrupted || thread->spurious ||
	       (thread->timed && thread->may_time_out) ||
	       signal_pending((unsigned)(thread - threads));
}

static bool is_enabled(const struct thread *thread)
{
	if (thread->ended || thread->given_up)
		return false;
	if (thread->awaits && pool_is_top(thread->op.at))
		return pool_has_free();
	if (thread->awaits && watch_is_word(thread->op.at) &&
	    !watch_role_rests(thread->op.at))
		return false;
	if (thread->awaits && watch_is_role(thread->op.at))
		return false;
	return thread->op.kind != EX_WAKE || thread->woken || may_wake(thread);
}

bool anybody_gave_up(void)
{
	for (unsigned t = 0; t < run->threads; t++)
		if (threads[t].given_up)
			return true;
	return false;
}

static set enabled_now(void)
{
	set enabled = 0;

	for (unsigned t = 0; t < run->threads; t++)
		if (is_enabled(&threads[t]))
			enabled |= 1u << t;
	return enabled;
}

/* All others sleep or have ended, and a thread that can go on would only do so because time passes:
 * as good as the end. */
static bool at_rest(set enabled)
{
	for (unsigned t = 0; t < run->threads; t++)
		if (enabled >> t & 1 &&
		    (threads[t].op.kind != EX_WAKE || threads[t].woken ||
		     threads[t].interrupted || signal_pending(t)))
			return false;
	return true;
}

static unsigned prefer_current(set choices)
{
	if (current < NOBODY && choices >> current & 1)
		return current;
	return (unsigned)__builtin_ctz(choices);
}

static unsigned pick_random(set choices)
{
	unsigned nth = (unsigned)roll((unsigned)__builtin_popcount(choices));

	while (nth--)
		choices &= choices - 1;
	return (unsigned)__builtin_ctz(choices);
}

static unsigned pick_pct(set choices)
{
	unsigned best = (unsigned)__builtin_ctz(choices);

	for (unsigned t = 0; t < run->threads; t++)
		if (choices >> t & 1 && threads[t].priority > threads[best].priority)
			best = t;
	if (roll(60) == 0) /* about three in an execution */
		threads[best].priority = (unsigned)roll(1000);
	return best;
}

/* A schedule as text: a digit for each step, the thread that takes it, and a letter where the step has
 * several outcomes. */
static struct {
	unsigned thread, outcome;
} plan[EX_DEPTH];
static unsigned plan_length;

void read_plan(const char *text)
{
	plan_length = 0;
	while (*text && plan_length < EX_DEPTH) {
		plan[plan_length].thread = (unsigned)(*text++ - '0');
		plan[plan_length].outcome = 0;
		if (*text >= 'a' && *text <= 'z')
			plan[plan_length].outcome = (unsigned)(*text++ - 'a');
		plan_length++;
	}
}

char *write_plan(void)
{
	char *text = malloc(2 * planned + 1), *end = text;

	for (unsigned i = 0; text && i < planned; i++) {
		*end++ = (char)('0' + nodes[i].chosen);
		if (nodes[i].outcomes > 1)
			*end++ = (char)('a' + nodes[i].outcome);
	}
	if (text)
		*end = '\0';
	return text;
}

/* Past the end of a plan: whatever comes first. */
static unsigned as_planned(set choices)
{
	unsigned thread;

	if (depth >= plan_length)
		return prefer_current(choices);
	thread = plan[depth].thread;
	if (thread >= run->threads || !(choices >> thread & 1))
		ex_fail("explorer: step %u of this schedule does not fit the program",
			depth);
	return thread;
}

static bool could_go_on(const struct node *node)
{
	return current < NOBODY && node->enabled >> current & 1;
}

static unsigned preemptions_before(void)
{
	return depth ? nodes[depth - 1].preemptions : 0;
}

/* A bound on preemptions: which may be chosen, given which ran. */
static set within_bound(const struct node *node)
{
	if (could_go_on(node) && preemptions_before() >= options->preemptions)
		return 1u << current;
	return node->enabled;
}

static void decide(struct node *node)
{
	set choices = node->enabled & ~node->asleep;

	node->outcome = 0;
	node->outcomes = 1;
	node->tried = 0;
	if (!choices)
		stop_here(true);
	switch (options->strategy) {
	case EX_ALL:
		node->chosen = prefer_current(choices);
		node->todo = 1u << node->chosen;
		break;
	case EX_BOUNDED:
		node->todo = within_bound(node);
		node->chosen = prefer_current(node->todo);
		break;
	case EX_RANDOM:
		node->chosen = pick_random(choices);
		break;
	case EX_PCT:
		node->chosen = pick_pct(choices);
		break;
	case EX_REPLAY:
		node->chosen = as_planned(choices);
		break;
	}
}

unsigned choose(void)
{
	struct node *node = &nodes[depth];
	set enabled = enabled_now();

	if (at_rest(enabled) && !anybody_gave_up()) {
		watch_rest();
		for (unsigned t = 0; !enabled && t < run->threads; t++)
			if (!threads[t].ended)
				ex_fail("thread %u sleeps for ever", t);
	}
	if (!enabled)
		stop_here(false);
	enabled = lead(enabled);
	if (depth >= EX_DEPTH)
		ex_fail("explorer: more than %d steps", EX_DEPTH);
	if (depth >= planned) {
		node->enabled = enabled;
		if (options->strategy != EX_ALL)
			node->asleep = 0;
		decide(node);
		planned = depth + 1;
	} else if (node->enabled != enabled) {
		ex_fail("explorer: the program did not repeat itself at step %u", depth);
	}
	node->preemptions =
		preemptions_before() + (could_go_on(node) && node->chosen != current);
	return node->chosen;
}

unsigned planned_outcome(void)
{
	return depth < plan_length ? plan[depth].outcome : 0;
}

/* The next undecided alternative, the last point first. */
bool next_execution(void)
{
	while (planned) {
		struct node *node = &nodes[planned - 1];
		set rest;

		if (++node->outcome < node->outcomes)
			return true;
		node->tried |= 1u << node->chosen;
		rest = node->todo & ~node->tried & ~node->asleep;
		if (rest) {
			node->chosen = (unsigned)__builtin_ctz(rest);
			node->outcome = 0;
			node->outcomes = 1;
			return true;
		}
		planned--;
	}
	return false;
}
