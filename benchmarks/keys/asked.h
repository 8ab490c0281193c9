/* SPDX-License-Identifier: MIT
 *
 * asked.h - which keys are asked for, one after the other: in a few instructions, as this is not
 * what is to be measured.
 */
#ifndef BENCHMARKS_KEYS_ASKED_H
#define BENCHMARKS_KEYS_ASKED_H

#include "measure/dice.h"

#include <stddef.h>

#define ASKED_THETA 0.99

enum access { UNIFORM, ZIPF };

/* Without a list: any of the keys, evenly.  Otherwise the list has been drawn beforehand, and is
 * read by all threads, each from another place on, and around. */
struct asked {
	uint32_t keys;
	uint32_t *list;
	uint32_t length; /* a power of two */
};

/* 0 to keys - 1; with Zipf's frequencies, and a theta of 0.99, frequent ones are anywhere among
 * them. */
void asked_open(struct asked *asked, uint32_t keys, enum access access);

/* Those in the list, evenly; keys is more than any of them. */
void asked_open_these(struct asked *asked, const uint32_t these[], uint32_t count,
		      uint32_t keys);
void asked_close(struct asked *asked);

static inline uint32_t asked_next(const struct asked *asked, uint32_t *place,
				  uint64_t roll)
{
	if (!asked->list)
		return dice_below(roll, asked->keys);
	return asked->list[++*place & (asked->length - 1)];
}

#endif
