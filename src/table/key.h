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

/* EINVAL: too many bytes. */
int fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed);

bool fl_key_same(fifolock_key_t one, fifolock_key_t other);

/* An order of all keys: <0, 0, >0. */
int fl_key_compare(fifolock_key_t one, fifolock_key_t other);

/* A number that an attacker does not know, if the system gives one. */
uint64_t fl_key_seed(void);

#endif
