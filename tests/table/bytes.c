/* SPDX-License-Identifier: MIT
 *
 * bytes.c - which keys are the same: integers, bytes of any length with anything in them.
 */
#include "keys.h"
#include "random.h"

#define MOST 4096

static bool is_of(const fifolock_hold_t *hold, fifolock_key_t key)
{
	fifolock_key_t its;

	return !fifolock_hold_key(hold, &its) && !its.bytes == !key.bytes &&
	       its.n == key.n && (!key.bytes || !memcmp(its.bytes, key.bytes, key.n));
}

/* All of them are different: each can be held alone, all at once, and its hold says whose it is; and
 * the same again is held. */
static void are_different(fifolock_table_t *table, const fifolock_key_t keys[],
			  size_t count)
{
	static fifolock_hold_t holds[MOST];

	cr_assert_leq(count, MOST);
	for (size_t i = 0; i < count; i++)
		holds[i] = takes(table, keys[i], X);
	cr_assert_eq(fifolock_table_keys(table), count);
	for (size_t i = 0; i < count; i++)
		quick_check(!fits(table, keys[i], X) && is_of(&holds[i], keys[i]),
			    "%s: key %zu", keys_kind.name, i);
	for (size_t i = 0; i < count; i++) {
		gives(&holds[i]);
		quick_check(fits(table, keys[i], X), "%s: key %zu", keys_kind.name, i);
	}
}

static void are_same(fifolock_table_t *table, fifolock_key_t one, fifolock_key_t other)
{
	fifolock_hold_t hold = takes(table, one, X);

	cr_assert_not(fits(table, other, S));
	gives(&hold);
	hold = takes(table, other, X);
	cr_assert_not(fits(table, one, S));
	gives(&hold);
}

Script(keys, integers_are_different_from_each_other, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_key_t keys[1000 + 64 * 3];
	size_t count = 0;

	for (uint64_t n = 0; n < 1000; n++)
		keys[count++] = fifolock_key(n);
	for (unsigned bit = 10; bit < 64; bit++) {
		keys[count++] = fifolock_key(UINT64_C(1) << bit);
		keys[count++] = fifolock_key(UINT64_MAX - (UINT64_C(1) << bit));
		keys[count++] = fifolock_key((UINT64_C(1) << bit) + 1);
	}
	keys[count++] = fifolock_key(UINT64_MAX);
	are_different(table, keys, count);
	table_ends(table);
}

Script(keys, an_integer_never_equals_bytes, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static const uint64_t numbers[] = {0, 1, 8, 0x61, UINT64_MAX};
	static const char zeros[16];
	fifolock_key_t keys[32];
	size_t count = 0;

	for (unsigned i = 0; i < 5; i++)
		keys[count++] = fifolock_key(numbers[i]);
	for (unsigned i = 1; i < 5; i++)
		keys[count++] = fifolock_key_bytes(&numbers[i], 8);
	for (size_t size = 0; size <= 16; size++)
		keys[count++] = fifolock_key_bytes(zeros, size);
	keys[count++] = fifolock_key_text("a");
	keys[count++] = fifolock_key_text("1");
	are_different(table, keys, count);
	table_ends(table);
}

Script(keys, no_bytes_are_a_key_too, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_key_t keys[] = {fifolock_key_text(""), fifolock_key(0),
				 fifolock_key_bytes("", 1)};

	are_different(table, keys, 3);
	are_same(table, fifolock_key_bytes(NULL, 0), fifolock_key_bytes("abc", 0));
	are_same(table, fifolock_key_bytes(NULL, 0), fifolock_key_text(""));
	table_ends(table);
}

/* All strings of up to five of two bytes. */
static size_t all_short(fifolock_key_t keys[], char bytes[][5], char one, char other)
{
	size_t count = 0;

	for (size_t size = 0; size <= 5; size++)
		for (unsigned bits = 0; bits < 1u << size; bits++, count++) {
			for (size_t i = 0; i < size; i++)
				bytes[count][i] = bits >> i & 1 ? one : other;
			keys[count] = fifolock_key_bytes(bytes[count], size);
		}
	return count;
}

Script(keys, every_byte_counts_and_so_does_the_length, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static const char pairs[][2] = {
		{0, 1}, {'a', 'b'}, {0, -1}, {'/', 0}, {127, -128}};
	fifolock_key_t keys[64];
	char bytes[64][5];

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		are_different(table, keys,
			      all_short(keys, bytes, pairs[i][0], pairs[i][1]));
	table_ends(table);
}

Script(keys, prefixes_and_suffixes_are_keys_of_their_own, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static char text[2000];
	fifolock_key_t keys[2 * 1990];
	uint64_t random = 5;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)oracle_random(&random);
	for (size_t i = 0; i < 1990; i++) {
		keys[2 * i] = fifolock_key_bytes(text, i + 8);
		keys[2 * i + 1] = fifolock_key_bytes(text + i + 1, sizeof(text) - i - 1);
	}
	are_different(table, keys, 2 * 1990);
	table_ends(table);
}

/* Equal bytes elsewhere are the same key; with one bit changed they are another. */
static void differ_by_a_bit(fifolock_table_t *table, char *one, char *other, size_t size,
			    size_t at)
{
	fifolock_key_t keys[2] = {fifolock_key_bytes(one, size),
				  fifolock_key_bytes(other, size)};

	other[at] ^= 16;
	are_different(table, keys, 2);
	other[at] ^= 16;
}

Script(keys, long_ones_are_compared_to_the_last_byte, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static const size_t sizes[] = {7,   8,	 9,   15,  16,	17,   23,   24,	    31,
				       32,  33,	 47,  48,  63,	64,   65,   127,    128,
				       255, 256, 257, 511, 512, 4096, 4097, 1 << 20};
	static char one[1 << 20], other[(1 << 20) + 1];
	uint64_t random = 11;

	for (size_t i = 0; i < sizeof(one); i++)
		one[i] = (char)oracle_random(&random);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i];

		memcpy(other + 1, one, size);
		are_same(table, fifolock_key_bytes(one, size),
			 fifolock_key_bytes(other + 1, size));
		memcpy(other, one, size);
		are_same(table, fifolock_key_bytes(one, size),
			 fifolock_key_bytes(other, size));
		differ_by_a_bit(table, one, other, size, size - 1);
		differ_by_a_bit(table, one, other, size, size / 2);
		differ_by_a_bit(table, one, other, size, 0);
	}
	table_ends(table);
}

Script(keys, bytes_may_be_overwritten_after_the_call, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold, refused;
	struct asked waits;
	char bytes[100];

	memset(bytes, 'a', sizeof(bytes));
	hold = takes(table, fifolock_key_bytes(bytes, sizeof(bytes)), X);
	memset(bytes, 'b', sizeof(bytes));
	cr_assert(fits(table, fifolock_key_bytes(bytes, sizeof(bytes)), X));
	memset(bytes, 'a', sizeof(bytes));
	cr_assert_not(fits(table, fifolock_key_bytes(bytes, sizeof(bytes)), X));
	queues(&waits, table, fifolock_key_bytes(bytes, sizeof(bytes)), X);
	memset(bytes, 'c', sizeof(bytes));
	gives(&hold);
	cr_assert(granted(&waits));
	memset(bytes, 'a', sizeof(bytes));
	cr_assert_eq(fifolock_table_trylock(table,
					    fifolock_key_bytes(bytes, sizeof(bytes)), S,
					    &refused),
		     EBUSY);
	gives_asked(&waits);
	table_ends(table);
}

Script(keys, text_is_its_bytes_without_the_end, "table")
{
	fifolock_table_t *table = table_of(NULL);
	char text[] = "a key";

	are_same(table, fifolock_key_text("a key"), fifolock_key_bytes(text, 5));
	are_different(
		table,
		(fifolock_key_t[]){fifolock_key_text(text), fifolock_key_bytes(text, 6)},
		2);
	table_ends(table);
}

Script(keys, random_ones_of_any_length_are_found_again, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static char bytes[64 << 10];
	fifolock_key_t keys[MOST];
	uint64_t random = 77;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)oracle_random(&random);
	for (size_t i = 0; i < MOST; i++) {
		size_t size = 9 + i % 40; /* too long to be there twice by chance */

		keys[i] = fifolock_key_bytes(bytes + at, size);
		at = (at + 13) % (sizeof(bytes) - 64);
	}
	are_different(table, keys, MOST);
	table_ends(table);
}

static void ignores(void *arg)
{
	(void)arg;
}

/* Nothing is read of it. */
static void is_no_key(fifolock_table_t *table, fifolock_key_t key)
{
	struct fifolock_item items[2] = {{.key = fifolock_key(1), .mode = X},
					 {.key = key, .mode = S}};
	fifolock_hold_t hold;
	struct asked asked;

	cr_assert_eq(fifolock_table_lock(table, key, X, &hold), EINVAL);
	cr_assert_eq(fifolock_table_trylock(table, key, X, &hold), EINVAL);
	cr_assert_eq(fifolock_table_timedlock(table, key, X, NULL, &hold), EINVAL);
	cr_assert_eq(asks_n(&asked, table, key, X, 1), EINVAL);
	cr_assert_eq(fifolock_table_run(table, key, X, ignores, NULL), EINVAL);
	cr_assert_eq(fifolock_table_lock_all(table, items, 2, NULL), EINVAL);
	cr_assert(fits(table, fifolock_key(1), X));
}

Script(keys, bytes_that_are_too_many_or_none_are_no_key, "G7")
{
	fifolock_table_t *table = table_of(NULL);

	is_no_key(table, fifolock_key_bytes("", (size_t)1 << 32));
	is_no_key(table, fifolock_key_bytes("", SIZE_MAX));
	is_no_key(table, fifolock_key_bytes(NULL, 1));
	is_no_key(table, fifolock_key_bytes(NULL, 8));
	table_ends(table);
}

Script(keys, a_hold_that_names_nothing_has_no_key, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, fifolock_key(1), X);
	fifolock_key_t key = fifolock_key(2);

	cr_assert_eq(fifolock_hold_key(&hold, NULL), EINVAL);
	gives(&hold);
	cr_assert_eq(fifolock_hold_key(&hold, &key), EINVAL);
	cr_assert_eq(fifolock_hold_key(NULL, &key), EINVAL);
	cr_assert(!key.bytes && key.n == 2);
	table_ends(table);
}
