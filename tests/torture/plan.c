/* SPDX-License-Identifier: MIT
 *
 * plan.c - a seed and a number -> what one round is going to do.  The same seed and number
 * make the same tables, threads and requests; only their times differ.
 */
#include "torture.h"

static const uint8_t chances[] = {
#define X(name, chance, what) chance,
	FEATURES(X)
#undef X
};

#define LIFE_FEATURES (ONE(stops) | ONE(nomem) | ONE(asleep) | ONE(keyless))

static uint64_t roll(uint64_t *random)
{
	uint64_t features = 0;

	for (unsigned i = 0; i < F_COUNT; i++)
		if (oracle_below(random, 16) < chances[i])
			features |= UINT64_C(1) << i;
	return (features & options.may) | options.must;
}

uint64_t life_features(uint64_t life)
{
	uint64_t random = options.seed ^ ~life;

	return roll(&random) & LIFE_FEATURES;
}

/* What does not go together. */
static uint64_t sensible(uint64_t features)
{
	if (options.wedge) /* thieves would undo it, a function might allow more */
		features &= ~(ONE(thieves) | ONE(predicates) | ONE(closings) |
			      ONE(limits) | ONE(conditions) | ONE(converts));
	if (features >> F_thieves & 1)
		features &= ~(ONE(stamps) | ONE(shadow) | ONE(mortal) | ONE(gifts) |
			      ONE(nest) | ONE(storms) | ONE(converts) | ONE(sections) |
			      ONE(conditions) | ONE(bumps) | ONE(closings) | ONE(limits) |
			      ONE(watchers));
	if (features >> F_storms & 1)
		features = (features | ONE(timed)) & ~(ONE(mortal));
	return features;
}

static unsigned random_seats(const struct plan *plan, uint64_t *random)
{
	static const unsigned sizes[] = {2, 2, 3, 3, 4, 4, 6, 8, 12, 16, 24, 32};

	if (options.threads)
		return options.threads < SEATS ? options.threads : SEATS;
	if (has(plan, F_crowd))
		return 70 + oracle_below(random, SEATS - 70);
	return sizes[oracle_below(random, sizeof(sizes) / sizeof(sizes[0]))];
}

/* The largest round: 2000 << SIZES steps, about 100 bytes each. */
#ifdef SANITIZED
#define SIZES 7
#else
#define SIZES 11
#endif

/* About as much in every round, whatever the threads: what must sleep to make progress
 * does less. */
static uint32_t random_steps(const struct plan *plan, uint64_t *random)
{
	uint32_t all = 2000u << oracle_below(random, SIZES);

	if (has(plan, F_crowd))
		all = 6000;
	if (has(plan, F_stamps) && all > 64000)
		all = 64000;
	if (has(plan, F_jitter) && all > 32000)
		all = 32000;
	if (has(plan, F_naps) || has(plan, F_storms) || has(plan, F_hogs) ||
	    has(plan, F_gifts) || has(plan, F_freezes))
		all = all > 16000 ? 16000 : all;
	/* The end is what those are about. */
	if (has(plan, F_mortal) && oracle_below(random, 4))
		all = 400;
	return 1 + all / plan->seats;
}

void plan_make(struct plan *plan, uint64_t number)
{
	uint64_t random = options.seed * UINT64_C(0x2545f4914f6cdd1d) + number;
	uint64_t once = life_features(number / ROUNDS_PER_LIFE);

	memset(plan, 0, sizeof(*plan));
	plan->number = number;
	plan->seed = oracle_random(&random);
	plan->features = sensible((roll(&random) & ~LIFE_FEATURES) | once);
	if (has(plan, F_mortal))
		plan->features &= oracle_below(&random, 2) ? ~ONE(crowd) : UINT64_MAX;
	plan->targets = 1 + oracle_below(&random, oracle_below(&random, 2) ? TARGETS : 1);
	plan->seats = random_seats(plan, &random);
	plan->births = has(plan, F_births) ? 1 + oracle_below(&random, 6) : 0;
	plan->steps = random_steps(plan, &random);
	plan->timed_of_16 = has(plan, F_timed) ? 1 + oracle_below(&random, 9) : 0;
	plan->try_of_16 = has(plan, F_tries) ? 1 + oracle_below(&random, 6) : 0;
	if (has(plan, F_storms))
		plan->timed_of_16 = 15;
	plan->nap_of_1024 = has(plan, F_naps) ? 1 + oracle_below(&random, 60) : 0;
	plan->long_of_16 = oracle_below(&random, 10);
	if (has(plan, F_storms) || has(plan, F_thieves))
		plan->long_of_16 = 0;
	plan->generations = has(plan, F_mortal) ? 1u << oracle_below(&random, 9) : 0;
	if (plan->seats > 8 && plan->generations > 8)
		plan->generations = 8;
	plan->jitter = has(plan, F_jitter) ? 4u << oracle_below(&random, 10) : 0;
	plan->work = 1u << oracle_below(&random, 11);
	plan->clique_of_16 = oracle_below(&random, 12);
}
