/* SPDX-License-Identifier: MIT
 *
 * oracle.h - what the headers promise, said once more without bits and atomics:
 * mode tables by their plain definition, and a lock in the seed's few lines.
 *
 * "rules" are a table as its author writes it; "plain" is what the text of
 * fifolock/modes.h says about it; the oracle is a list of waiters and a count of
 * holds, and grants from the head for as long as the head is compatible.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "random.h"
#include "test.h"
#include <fifolock/modes.h>

/* Criterion reports assertions that hold, too, which takes microseconds: where
 * there are millions of them, only the one that fails is made. */
#define oracle_check(ok, ...)                       \
	do {                                        \
		if (!(ok))                          \
			cr_assert(ok, __VA_ARGS__); \
	} while (0)

struct rules {
	unsigned count;
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES];
	uint32_t limits[FIFOLOCK_MAX_MODES][FIFOLOCK_MAX_MODES];
	/* or, if not NULL: */
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx);
	void *ctx;
	uint32_t max_each;
	/* Filled in by rules_compile(). */
	uint64_t limit[FIFOLOCK_MAX_MODES][FIFOLOCK_MAX_MODES];
	uint32_t capacity[FIFOLOCK_MAX_MODES];
};

/* Mode m is granted while fewer than this many hold x; UINT64_MAX: no rule. */
static inline uint64_t plain_limit(const struct rules *rules, unsigned m, unsigned x)
{
	const struct fifolock_mode *mode = &rules->modes[m];
	uint64_t limit = UINT64_MAX;

	if (mode->conflicts >> x & 1)
		limit = 1;
	if (mode->limits && mode->limits[x] && mode->limits[x] < limit)
		limit = mode->limits[x];
	if (x == m && mode->max && mode->max < limit)
		limit = mode->max;
	return limit;
}

/* One more hold of mode m? */
static inline bool plain_allows(const struct rules *rules, const uint32_t holds[],
				unsigned m)
{
	if (holds[m] >= rules->capacity[m])
		return false;
	if (rules->compatible)
		return rules->compatible(holds, m, rules->ctx);
	for (unsigned x = 0; x < rules->count; x++)
		if (holds[x] >= rules->limit[m][x])
			return false;
	return true;
}

/* n more: as n single ones, one after the other. */
static inline bool plain_fits(const struct rules *rules, const uint32_t holds[],
			      unsigned m, uint32_t n)
{
	uint32_t then[FIFOLOCK_MAX_MODES];

	memcpy(then, holds, sizeof(then));
	for (uint32_t i = 0; i < n; i++, then[m]++)
		if (!plain_allows(rules, then, m))
			return false;
	return true;
}

/* A mode without max and without a rule about itself counts as many as fit, which
 * only the compiler knows; every other capacity follows from the rules. */
static inline void rules_capacity(struct rules *rules, const fifolock_modes_t *modes,
				  unsigned m)
{
	uint64_t limit = rules->compatible ? rules->max_each : plain_limit(rules, m, m);
	uint32_t capacity = fifolock_modes_capacity(modes, m);

	rules->capacity[m] = capacity;
	if (limit != UINT64_MAX)
		oracle_check(capacity == limit, "mode %u: capacity %u, not %llu", m,
			     capacity, (unsigned long long)limit);
	for (unsigned x = 0; x < rules->count; x++)
		rules->limit[m][x] = plain_limit(rules, m, x);
}

static inline void rules_compile(struct rules *rules, fifolock_modes_t *modes)
{
	char why[200] = "";
	int error;

	if (rules->compatible)
		error = fifolock_modes_predicate(modes, rules->count, rules->max_each,
						 rules->compatible, rules->ctx);
	else
		error = fifolock_modes_compile(modes, rules->modes, rules->count, why,
					       sizeof(why));
	oracle_check(error == 0, "%s", why);
	oracle_check(rules->count <= FIFOLOCK_MAX_MODES, "%u modes", rules->count);
	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES && m < rules->count; m++)
		rules_capacity(rules, modes, m);
}

/* The bits of a field: 1 + ceil(log2(max)). */
static inline unsigned rules_bits(uint32_t max)
{
	return max <= 1 ? 1 : 33 - (unsigned)__builtin_clz(max - 1);
}

/* A random mode that holds at most max; one rule in so many is there. */
static inline void rules_random_mode(struct rules *rules, unsigned m, uint32_t max,
				     uint32_t sparse, uint64_t *seed)
{
	struct fifolock_mode *mode = &rules->modes[m];

	mode->max = max;
	mode->limits = oracle_below(seed, 4) ? rules->limits[m] : NULL;
	for (unsigned x = 0; x < rules->count; x++) {
		if (oracle_below(seed, sparse) == 0)
			mode->conflicts |= 1u << x;
		else if (oracle_below(seed, sparse) == 0)
			rules->limits[m][x] = 1 + oracle_below(seed, 10);
	}
}

/* Random limits and conflicts among up to count modes, in so many bits. */
static inline void rules_random(struct rules *rules, unsigned count, unsigned bits,
				uint64_t *seed)
{
	static const uint32_t sizes[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17};
	uint32_t sparse = 2 + oracle_below(seed, 4);
	uint32_t max[FIFOLOCK_MAX_MODES];

	memset(rules, 0, sizeof(*rules));
	for (unsigned m = 0; m < count; m++) {
		max[m] = sizes[oracle_below(seed, sizeof(sizes) / sizeof(sizes[0]))];
		if (rules_bits(max[m]) > bits)
			break;
		bits -= rules_bits(max[m]);
		rules->count++;
	}
	for (unsigned m = 0; m < rules->count; m++)
		rules_random_mode(rules, m, max[m], sparse, seed);
}

/* The rule of a random predicate: no sense in it, but a function of its arguments. */
struct rules_dice {
	uint64_t seed;
	uint32_t yes_of_8;
	bool yes_if_free;
	unsigned count;
};

static inline bool rules_throw(const uint32_t holds[], unsigned mode, void *ctx)
{
	const struct rules_dice *dice = ctx;
	uint64_t state = dice->seed + mode;
	uint32_t sum = 0;

	for (unsigned m = 0; m < dice->count; m++) {
		state = oracle_random(&state) + holds[m];
		sum += holds[m];
	}
	return (sum == 0 && dice->yes_if_free) ||
	       oracle_below(&state, 8) < dice->yes_of_8;
}

static inline void rules_random_predicate(struct rules *rules, struct rules_dice *dice,
					  uint64_t *seed)
{
	memset(rules, 0, sizeof(*rules));
	rules->count = 1 + oracle_below(seed, 4);
	rules->max_each = 1 + oracle_below(seed, 9);
	rules->compatible = rules_throw;
	rules->ctx = dice;
	*dice = (struct rules_dice){
		.seed = oracle_random(seed),
		.yes_of_8 = 2 + oracle_below(seed, 6),
		.yes_if_free = oracle_below(seed, 2),
		.count = rules->count,
	};
}

/* The seed's lock.  Each request is known by a number. */
#define ORACLE_LINE 64

struct oracle {
	const struct rules *rules;
	uint32_t holds[FIFOLOCK_MAX_MODES];
	struct oracle_waiter {
		unsigned who;
		unsigned mode;
		uint32_t n;
	} line[ORACLE_LINE];
	unsigned waiting;
	bool pauses; /* several events, one look at the line after all of them */
};

static inline void oracle_remove(struct oracle *oracle, unsigned at)
{
	oracle->waiting--;
	memmove(&oracle->line[at], &oracle->line[at + 1],
		(oracle->waiting - at) * sizeof(oracle->line[0]));
}

static inline void oracle_scan(struct oracle *oracle)
{
	const struct oracle_waiter *head = &oracle->line[0];

	while (!oracle->pauses && oracle->waiting &&
	       plain_fits(oracle->rules, oracle->holds, head->mode, head->n)) {
		oracle->holds[head->mode] += head->n;
		oracle_remove(oracle, 0);
	}
}

static inline bool oracle_is_waiting(const struct oracle *oracle, unsigned who)
{
	for (unsigned i = 0; i < oracle->waiting; i++)
		if (oracle->line[i].who == who)
			return true;
	return false;
}

static inline void oracle_asks(struct oracle *oracle, unsigned who, unsigned mode,
			       uint32_t n)
{
	oracle->line[oracle->waiting++] = (struct oracle_waiter){who, mode, n};
	oracle_scan(oracle);
}

static inline bool oracle_tries(struct oracle *oracle, unsigned mode, uint32_t n)
{
	if (oracle->waiting || !plain_fits(oracle->rules, oracle->holds, mode, n))
		return false;
	oracle->holds[mode] += n;
	return true;
}

static inline void oracle_gives_back(struct oracle *oracle, unsigned mode, uint32_t n)
{
	oracle->holds[mode] -= n;
	oracle_scan(oracle);
}

static inline void oracle_gives_up(struct oracle *oracle, unsigned who)
{
	for (unsigned i = 0; i < oracle->waiting; i++)
		if (oracle->line[i].who == who)
			oracle_remove(oracle, i--);
	oracle_scan(oracle);
}

#endif
