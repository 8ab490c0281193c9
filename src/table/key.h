/* SPDX-License-Identifier: MIT
 *
 * key.h - keys: what is compared, hashed, copied.
 */
#ifndef FL_KEY_H
#define FL_KEY_H

#include <fifolock/table.h>

/* A key that is looked for.  word is the integer, or the hash of the bytes: two keys with
 * different words are different. */
struct fl_key {
	fifolock_key_t key;
	uint64_t word;
	uint64_t hash; /* spreads over all bits */
};

#define FL_ODD_A UINT64_C(0xa0761d6478bd642f)
#define FL_ODD_B UINT64_C(0xe7037ed1a0b428db)

static inline uint64_t fl_key_fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The hash of a number. */
static inline uint64_t fl_key_spread(uint64_t number, uint64_t seed)
{
	return fl_key_fold(number ^ seed ^ FL_ODD_A, FL_ODD_B);
}

/* EINVAL: too many bytes. */
int fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed);

bool fl_key_same(fifolock_key_t one, fifolock_key_t other);

/* An order of all keys: <0, 0, >0. */
int fl_key_compare(fifolock_key_t one, fifolock_key_t other);

/* A number that an attacker does not know, if the system gives one. */
uint64_t fl_key_seed(void);

#endif
