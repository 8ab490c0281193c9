/* SPDX-License-Identifier: MIT
 *
 * plain.h - mode tables by their plain definition: what fifolock/modes.h says, in
 * counts, and nothing of how src/core/modes.c does it.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include "arguments.h"

#define NO_LIMIT UINT64_MAX

/* What the header says about a table. */
struct plain {
	unsigned count;
	uint64_t limit[MOST][MOST]; /* m is granted while fewer than this hold x */
	unsigned bits[MOST];	    /* at least */
	unsigned bits_needed;
	unsigned open; /* modes with as many holds as fit */
	uint32_t strays[MOST];
	bool any_stray;
	/* Of the compiled table: */
	uint32_t capacity[MOST];
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx);
};

static inline uint64_t plain_limit(const struct fifolock_mode *mode, unsigned x,
				   bool itself)
{
	uint64_t limit = NO_LIMIT;

	if (mode->limits && mode->limits[x])
		limit = mode->limits[x];
	if (itself && mode->max && mode->max < limit)
		limit = mode->max;
	return mode->conflicts >> x & 1 ? 1 : limit;
}

/* 1 + ceil(log2(most)), by counting; one bit if as many as fit. */
static inline unsigned plain_bits(uint64_t most)
{
	unsigned bits = 1;

	if (most != NO_LIMIT)
		while (UINT64_C(1) << (bits - 1) < most)
			bits++;
	return bits;
}

static inline struct plain plain_of(const struct rules *rules)
{
	struct plain plain = {.count = rules->count};

	for (unsigned m = 0; m < rules->count; m++) {
		const struct fifolock_mode *mode = &rules->modes[m];

		for (unsigned x = 0; x < rules->count; x++)
			plain.limit[m][x] = plain_limit(mode, x, x == m);
		for (unsigned x = rules->count; x < 32; x++)
			plain.strays[m] |= mode->conflicts & 1u << x;
		plain.bits[m] = plain_bits(plain.limit[m][m]);
		plain.bits_needed += plain.bits[m];
		plain.open += plain.limit[m][m] == NO_LIMIT;
		plain.any_stray |= plain.strays[m] != 0;
	}
	return plain;
}

/* n more of mode m, as n single ones, the last of which decides. */
static inline bool plain_limits_fit(const struct plain *plain, const uint32_t holds[],
				    unsigned m, uint32_t n)
{
	uint64_t last = (uint64_t)holds[m] + n - 1;

	if (last >= plain->capacity[m] || last >= plain->limit[m][m])
		return false;
	for (unsigned x = 0; x < plain->count; x++)
		if (x != m && holds[x] >= plain->limit[m][x])
			return false;
	return true;
}

static inline bool plain_predicate_fits(const struct plain *plain, const uint32_t holds[],
					unsigned m, uint32_t n)
{
	uint32_t then[MOST];

	memcpy(then, holds, sizeof(then));
	for (uint32_t i = 0; i < n; i++, then[m]++)
		if (then[m] >= plain->capacity[m] || !plain->compatible(then, m, NULL))
			return false;
	return true;
}

static inline bool plain_fits(const struct plain *plain, const uint32_t holds[],
			      unsigned m, uint32_t n)
{
	return plain->compatible ? plain_predicate_fits(plain, holds, m, n)
				 : plain_limits_fit(plain, holds, m, n);
}

#endif
