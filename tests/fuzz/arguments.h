/* SPDX-License-Identifier: MIT
 *
 * arguments.h - the bytes of a fuzzer into mode tables as their authors might write
 * them, wrong ones too.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <fifolock/modes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST FIFOLOCK_MAX_MODES

#define check(ok, ...)                                                           \
	do {                                                                     \
		if (!(ok)) {                                                     \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #ok); \
			fprintf(stderr, __VA_ARGS__);                            \
			fputc('\n', stderr);                                     \
			abort();                                                 \
		}                                                                \
	} while (0)

struct input {
	const uint8_t *at, *end;
	uint64_t random; /* what the input leaves open, but always the same for it */
};

static inline uint8_t byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static inline uint32_t number(struct input *input)
{
	uint32_t n = byte(input);

	for (int i = 1; i < 4; i++)
		n |= (uint32_t)byte(input) << 8 * i;
	return n;
}

/* Around a power of two, small, any, none. */
static inline uint32_t amount(struct input *input)
{
	uint8_t kind = byte(input);

	if (kind < 32)
		return (UINT32_C(1) << kind) + byte(input) % 5 - 2;
	if (kind < 128)
		return kind - 32u;
	if (kind < 160)
		return number(input);
	return kind < 192 ? UINT32_MAX - byte(input) : 0;
}

static inline uint64_t draw(struct input *input)
{
	uint64_t z = input->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return z ^ (z >> 29);
}

static inline struct input input_of(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size, UINT64_C(0xcbf29ce484222325)};

	for (size_t i = 0; i < size; i++)
		input.random = (input.random ^ data[i]) * UINT64_C(0x100000001b3);
	return input;
}

/* Exactly as many bytes as promised, so that a sanitizer sees one more being read. */
static inline void *exactly(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);

	check(copy, "no memory");
	return size ? memcpy(copy, bytes, size) : copy;
}

/* A table as its author writes it. */
struct rules {
	unsigned count;
	struct fifolock_mode *modes; /* so many, or none at all */
	unsigned there;		     /* of them */
};

static inline const char *a_name(struct input *input)
{
	static const char odd[] = "%s%n%d\n\xff";
	uint8_t kind = byte(input);
	char text[301];

	if (kind < 128)
		return NULL;
	if (kind == 128)
		return exactly(odd, sizeof(odd));
	if (kind == 129) {
		memset(text, 'n', sizeof(text));
	} else {
		memset(text, kind, 8);
		text[kind % 8] = '\0';
	}
	text[sizeof(text) - 1] = '\0';
	return exactly(text, strlen(text) + 1);
}

static inline const uint32_t *some_limits(struct input *input, unsigned count)
{
	uint32_t limits[MOST];

	for (unsigned x = 0; x < count; x++)
		limits[x] = amount(input);
	return exactly(limits, count * sizeof(limits[0]));
}

/* Bits above the modes that are there are wrong, so not always there. */
static inline struct fifolock_mode a_mode(struct input *input, unsigned count)
{
	uint8_t what = byte(input);
	struct fifolock_mode mode = {0};

	if (what & 1)
		mode.max = amount(input);
	if (what & 2)
		mode.conflicts = byte(input);
	if (what & 4)
		mode.conflicts |= (uint32_t)byte(input) << 8;
	if (what & 8)
		mode.limits = some_limits(input, count);
	if (what & 16)
		mode.name = a_name(input);
	if (!(what & 32))
		mode.conflicts &= (1u << count) - 1;
	else if (what & 64)
		mode.conflicts ^= 1u << byte(input) % 32;
	return mode;
}

/* Where there are too many modes, nothing says that any can be read. */
static inline struct rules some_rules(struct input *input)
{
	struct fifolock_mode modes[MOST];
	uint8_t count = byte(input);
	struct rules rules = {.count = count % (MOST + 4)};

	if (rules.count == MOST + 2)
		rules.count = UINT32_MAX - byte(input) % 2;
	if (rules.count == MOST + 3)
		rules.count = number(input);
	rules.there = rules.count <= MOST ? rules.count : 0;
	for (unsigned m = 0; m < rules.there; m++)
		modes[m] = a_mode(input, rules.count);
	if (count < 250)
		rules.modes = exactly(modes, rules.there * sizeof(modes[0]));
	else
		for (unsigned m = 0; m < rules.there; m++) {
			free((void *)modes[m].limits);
			free((void *)modes[m].name);
		}
	return rules;
}

static inline void rules_free(struct rules *rules)
{
	for (unsigned m = 0; rules->modes && m < rules->there; m++) {
		free((void *)rules->modes[m].limits);
		free((void *)rules->modes[m].name);
	}
	free(rules->modes);
}

#endif
