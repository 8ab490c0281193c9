/* SPDX-License-Identifier: MIT
 *
 * accepted.h - a compiled table says what the plain definition says: every word of a
 * small one, the edges of a large one, and no field that runs into another.
 */
#ifndef ACCEPTED_H
#define ACCEPTED_H

#include "core/word.h"
#include "plain.h"

#define TRIES 16 /* words looked at of a large table */
#define FEW   64 /* words of a table that is small */

static inline uint64_t word_of(const fifolock_modes_t *table, const uint32_t holds[])
{
	uint64_t word = 0;

	for (unsigned m = 0; m < table->count; m++)
		word += table->rows[m].unit * holds[m];
	return word;
}

static inline void check_decoded(const fifolock_modes_t *table, const uint32_t holds[],
				 uint64_t word)
{
	for (unsigned m = 0; m < table->count; m++)
		check(fl_word_holds(table, m, word) == holds[m],
		      "%u of mode %u in word %#llx", holds[m], m,
		      (unsigned long long)word);
}

/* Into the word, with the flags as they were; and out again. */
static inline void check_sum(const fifolock_modes_t *table, const uint32_t holds[],
			     const struct fl_want *want, uint64_t word)
{
	uint64_t field = table->rows[want->mode].field;
	uint64_t sum = word + want->unit;
	uint32_t then[MOST];

	memcpy(then, holds, sizeof(then));
	then[want->mode] += want->weight;
	check_decoded(table, then, sum);
	check(((sum ^ word) & ~field) == 0, "mode %u, %u more: sum %#llx", want->mode,
	      want->weight, (unsigned long long)sum);
	check(fl_word_has(sum, field, want->unit), "mode %u", want->mode);
}

static inline void check_want(const fifolock_modes_t *table, const struct plain *plain,
			      const uint32_t holds[], uint64_t word, unsigned m,
			      uint32_t n)
{
	struct fl_want want = fl_want(&table->rows[m], m, n);
	bool fits = plain_fits(plain, holds, m, n);

	check(fl_want_fits(table, &want, word) == fits, "mode %u, %u more: %d in %#llx",
	      m, n, fits, (unsigned long long)word);
	/* The fast path looks at QUEUED and the guards in one. */
	if (!plain->compatible)
		check((((word + want.bias) & (want.guard | FL_QUEUED)) == 0) ==
			      (fits && !(word & FL_QUEUED)),
		      "mode %u, %u more: %d in %#llx", m, n, fits,
		      (unsigned long long)word);
	if (fits)
		check_sum(table, holds, &want, word);
}

static inline uint32_t weight_up_to(uint32_t capacity, const struct plain *plain,
				    struct input *input)
{
	uint32_t most = plain->compatible && capacity > 8 ? 8 : capacity;
	uint64_t random = draw(input);

	if (random & 1)
		return (uint32_t)((random >> 1) % most) + 1;
	return random & 2 ? most : 1;
}

/* Every mode, in one word. */
static inline void check_word(const fifolock_modes_t *table, const struct plain *plain,
			      const uint32_t holds[], struct input *input)
{
	uint64_t flags = draw(input) & ~FL_HOLDS;
	uint64_t word = word_of(table, holds) | flags;

	check_decoded(table, holds, word);
	for (unsigned m = 0; m < table->count; m++) {
		check_want(table, plain, holds, word, m, 1);
		check_want(table, plain, holds, word, m,
			   weight_up_to(plain->capacity[m], plain, input));
	}
}

/* A count worth a look: an end, the edge of a rule, any. */
static inline uint32_t a_count(const struct plain *plain, unsigned x, struct input *input)
{
	uint32_t capacity = plain->capacity[x];
	uint64_t random = draw(input);
	uint64_t edge =
		plain->limit[(random >> 8) % plain->count][x] + (random >> 4) % 3 - 1;

	switch (random % 8) {
	case 0:
	case 1:
		return edge <= capacity ? (uint32_t)edge : 0;
	case 2:
		return capacity;
	case 3:
		return capacity - 1;
	case 4:
		return (uint32_t)((random >> 16) % (capacity + UINT64_C(1)));
	case 5:
		return 1;
	default:
		return 0;
	}
}

static inline void check_some_words(const fifolock_modes_t *table,
				    const struct plain *plain, struct input *input)
{
	uint32_t holds[MOST] = {0};

	for (int i = 0; i < TRIES; i++) {
		for (unsigned x = 0; x < plain->count; x++)
			holds[x] = a_count(plain, x, input);
		check_word(table, plain, holds, input);
	}
}

/* The next combination of counts; false after the last. */
static inline bool next_holds(const struct plain *plain, uint32_t holds[])
{
	for (unsigned m = 0; m < plain->count; m++) {
		if (holds[m]++ < plain->capacity[m])
			return true;
		holds[m] = 0;
	}
	return false;
}

static inline void check_every_word(const fifolock_modes_t *table,
				    const struct plain *plain, struct input *input)
{
	uint32_t holds[MOST] = {0};

	do
		check_word(table, plain, holds, input);
	while (next_holds(plain, holds));
}

/* Each rule alone: at its edge, with nothing else held. */
static inline void check_rules(const fifolock_modes_t *table, const struct plain *plain)
{
	uint32_t holds[MOST] = {0};

	for (unsigned m = 0; m < plain->count; m++)
		for (unsigned x = 0; x < plain->count; x++) {
			uint64_t limit = plain->limit[m][x];

			for (uint64_t n = limit - 1;
			     n <= plain->capacity[x] && n <= limit; n++) {
				holds[x] = (uint32_t)n;
				check_want(table, plain, holds, word_of(table, holds), m,
					   1);
			}
			holds[x] = 0;
		}
}

/* Grants that the plain definition allows, and holds given back, from nothing on: what a lock
 * goes through. */
static inline void check_walk(const fifolock_modes_t *table, const struct plain *plain,
			      struct input *input)
{
	uint32_t holds[MOST] = {0};
	uint64_t word = 0;

	for (int i = 0; i < TRIES; i++) {
		unsigned m = (unsigned)(draw(input) % plain->count);
		uint32_t n = weight_up_to(plain->capacity[m], plain, input);

		check_want(table, plain, holds, word, m, n);
		if (plain_fits(plain, holds, m, n)) {
			word += table->rows[m].unit * n;
			holds[m] += n;
		} else if (holds[m]) {
			word -= table->rows[m].unit * holds[m];
			holds[m] = 0;
		}
		check_decoded(table, holds, word);
	}
	check((word & ~FL_HOLDS) == 0, "flags in word %#llx", (unsigned long long)word);
}

static inline uint64_t top_of(uint64_t field)
{
	return field & ~(field >> 1);
}

/* With the largest counts and the largest weight, the sum in a field is still its own. */
static inline void check_carry(const fifolock_modes_t *table, unsigned m)
{
	const struct fifolock_row *row = &table->rows[m];
	uint64_t fields = 0, tops = 0;

	for (unsigned x = 0; x < table->count; x++) {
		uint64_t unit = table->rows[x].unit, field = table->rows[x].field;
		uint64_t sum = (row->bias & field) / unit + table->capacity[x];

		if (x == m)
			sum += table->capacity[x] - 1;
		check(sum <= field / unit, "row %u overflows field %u", m, x);
		fields |= field;
		tops |= top_of(field);
	}
	check((row->bias & ~fields) == 0, "bias %u", m);
	check((row->guard & ~tops) == 0, "guard %u", m);
}

static inline void check_fields(const fifolock_modes_t *table)
{
	uint64_t seen = 0;

	for (unsigned m = 0; m < table->count; m++) {
		const struct fifolock_row *row = &table->rows[m];

		check(row->field &&
			      (row->field & (FL_QUEUED | FL_SCANNING | FL_RESCAN)) == 0,
		      "field %u", m);
		check((row->field & seen) == 0, "field %u is not its own", m);
		check(row->unit == (row->field & -row->field), "unit %u", m);
		check(((row->field + row->unit) & row->field) == 0, "gap in field %u", m);
		check(table->capacity[m] <= top_of(row->field) / row->unit,
		      "field %u cannot count to %u", m, table->capacity[m]);
		seen |= row->field;
	}
	for (unsigned m = 0; m < table->count; m++)
		check_carry(table, m);
}

/* As many as fit: the bits that are left, in equal shares. */
static inline void check_open(const fifolock_modes_t *table, const struct plain *plain,
			      unsigned m)
{
	unsigned left = FL_HOLD_BITS - plain->bits_needed;
	unsigned bits = (unsigned)__builtin_popcountll(table->rows[m].field) - 1;
	uint64_t most = UINT64_C(1) << bits;

	check(bits >= left / plain->open || bits == 32, "mode %u: %u bits", m, bits);
	check(table->capacity[m] == (most > UINT32_MAX ? UINT32_MAX : most),
	      "mode %u: %u bits, %u holds", m, bits, table->capacity[m]);
}

static inline void check_capacities(const fifolock_modes_t *table, struct plain *plain)
{
	for (unsigned m = 0; m < plain->count; m++) {
		uint64_t limit = plain->limit[m][m];

		plain->capacity[m] = fifolock_modes_capacity(table, m);
		if (limit == NO_LIMIT) {
			check_open(table, plain, m);
			continue;
		}
		check(plain->capacity[m] == limit, "mode %u: capacity %u", m,
		      plain->capacity[m]);
		check((unsigned)__builtin_popcountll(table->rows[m].field) ==
			      plain->bits[m],
		      "mode %u: %u bits", m, plain->bits[m]);
	}
	check(fifolock_modes_capacity(table, plain->count) == 0, "a mode too many");
}

static inline void check_table(const fifolock_modes_t *table, struct plain *plain,
			       struct input *input)
{
	uint64_t words = 1;

	check(table->count == plain->count, "%u modes", table->count);
	check(table->flags == 0, "flags %u", table->flags);
	check_capacities(table, plain);
	check_fields(table);
	check_rules(table, plain);
	check_walk(table, plain, input);
	for (unsigned m = 0; m < plain->count && words <= FEW; m++)
		words *= plain->capacity[m] + UINT64_C(1);
	if (words <= FEW)
		check_every_word(table, plain, input);
	else
		check_some_words(table, plain, input);
}

#endif
