/* SPDX-License-Identifier: MIT
 *
 * key.c - keys.
 *
 * The hash multiplies to 128 bits and folds them, as wyhash (Wang Yi, 2019) and its
 * kin do.  It starts from a seed that differs from table to table, so that keys which collide cannot
 * be prepared outside.
 */
#include "key.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t eight(const unsigned char *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size < 8 ? size : 8);
	return value;
}

/* Each factor has a secret in it, so none can be made 0 from outside. */
static uint64_t hash_bytes(const unsigned char *at, size_t size, uint64_t seed)
{
	uint64_t other = fl_key_fold(seed ^ FL_ODD_A, FL_ODD_B) | 1;
	uint64_t hash = seed;
	size_t left = size;

	for (; left > 16; left -= 16, at += 16)
		hash = fl_key_fold(eight(at, 8) ^ other, eight(at + 8, 8) ^ hash);
	hash = fl_key_fold(eight(at, left) ^ other,
			   (left > 8 ? eight(at + 8, left - 8) : 0) ^ hash);
	return fl_key_fold(hash ^ seed, size ^ other);
}

int fl_key_prepare(struct fl_key *out, fifolock_key_t key, uint64_t seed)
{
	if (!key.bytes)
		*out = (struct fl_key){key, key.n, fl_key_spread(key.n, seed)};
	else if (key.n > UINT32_MAX)
		return EINVAL;
	else
		out->key = key,
		out->word = out->hash = hash_bytes(key.bytes, key.n, seed);
	return 0;
}

bool fl_key_same(fifolock_key_t one, fifolock_key_t other)
{
	if (!one.bytes != !other.bytes || one.n != other.n)
		return false;
	return !one.bytes || memcmp(one.bytes, other.bytes, one.n) == 0;
}

int fl_key_compare(fifolock_key_t one, fifolock_key_t other)
{
	if (!one.bytes != !other.bytes)
		return one.bytes ? 1 : -1;
	if (one.n != other.n)
		return one.n < other.n ? -1 : 1;
	return one.bytes ? memcmp(one.bytes, other.bytes, one.n) : 0;
}

uint64_t fl_key_seed(void)
{
	struct timespec now = {0, 0};
	uint64_t seed;

	/* The C library's function is a cancellation point. */
	if (syscall(SYS_getrandom, &seed, sizeof(seed), GRND_NONBLOCK) ==
	    (long)sizeof(seed))
		return seed;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return fl_key_fold((uint64_t)now.tv_nsec ^ FL_ODD_A, (uintptr_t)&seed ^ FL_ODD_B);
}
