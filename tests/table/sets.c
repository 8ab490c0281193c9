/* SPDX-License-Identifier: MIT
 *
 * sets.c - several keys in one call, all or none, played by one thread.
 */
#include "keys.h"
#include "intent_modes.h"

#define MOST 8

static const struct timespec past = {0, 1};

/* Keys of both kinds, in no order. */
static fifolock_key_t key(unsigned i)
{
	static const char *const texts[] = {"b", "",   "a/b",
					    "a", "zz", "a key of many bytes"};

	return i % 2 ? fifolock_key(77 - i) : fifolock_key_text(texts[i / 2 % 6]);
}

static void is_item(struct fifolock_item *item, unsigned k, unsigned mode)
{
	memset(item, 0x5a, sizeof(*item));
	item->key = key(k);
	item->mode = mode;
}

static size_t items_of(struct fifolock_item items[], const char *modes)
{
	size_t n = 0;

	for (; modes[n]; n++)
		is_item(&items[n], (unsigned)n, modes[n] == 'X' ? X : S);
	return n;
}

static bool all_free(fifolock_table_t *table, size_t n)
{
	bool free = true;

	for (unsigned i = 0; i < n; i++)
		free = free && fits(table, key(i), X);
	return free;
}

Script(sets, all_are_taken_and_given_back, "G2")
{
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item items[MOST];

	for (unsigned turn = 0; turn < 3; turn++) {
		struct timespec later = in_an_hour();
		size_t n = items_of(items, "XSXXSXSX");

		cr_assert_eq(
			fifolock_table_lock_all(table, items, n,
						turn ? turn > 1 ? &past : &later : NULL),
			0);
		cr_assert_eq(fifolock_table_keys(table), n);
		for (unsigned i = 0; i < n; i++) {
			cr_assert_eq(fits(table, key(i), S), items[i].mode == S);
			cr_assert_not(fits(table, key(i), X));
		}
		cr_assert_eq(fifolock_table_unlock_all(items, n), 0);
		cr_assert(all_free(table, n));
		cr_assert_eq(fifolock_table_unlock_all(items, n), 0);
	}
	table_ends(table);
}

Script(sets, items_stay_where_they_are, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item items[MOST], before[MOST];
	size_t n = items_of(items, "SXSXXSXS");

	memcpy(before, items, sizeof(items));
	cr_assert_eq(fifolock_table_lock_all(table, items, n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(items[i].key.bytes, before[i].key.bytes);
		cr_assert_eq(items[i].key.n, before[i].key.n);
		cr_assert_eq(items[i].mode, before[i].mode);
		/* So each is the hold of its own key. */
		gives(&items[i].hold);
		cr_assert(fits(table, key((unsigned)i), X));
	}
	table_ends(table);
}

Script(sets, an_empty_set_is_no_error, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item item;

	is_item(&item, 0, X);
	cr_assert_eq(fifolock_table_lock_all(table, NULL, 0, NULL), 0);
	cr_assert_eq(fifolock_table_lock_all(table, &item, 0, &past), 0);
	cr_assert_eq(fifolock_table_keys(table), 0);
	cr_assert_eq(fifolock_table_unlock_all(NULL, 0), 0);
	cr_assert_eq(fifolock_table_unlock_all(&item, 0), 0);
	table_ends(table);
}

Script(sets, arguments_are_looked_at, "G7")
{
	static const struct timespec no_time = {0, 1000000000};
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item items[MOST];
	size_t n = items_of(items, "XSX");
	fifolock_hold_t hold;

	cr_assert_eq(fifolock_table_lock_all(NULL, items, n, NULL), EINVAL);
	cr_assert_eq(fifolock_table_lock_all(table, NULL, 1, NULL), EINVAL);
	cr_assert_eq(fifolock_table_unlock_all(NULL, 1), EINVAL);
	cr_assert_eq(fifolock_table_lock_all(table, items, ((size_t)1 << 31) + 1, NULL),
		     ERANGE);
	for (unsigned i = 0; i < n; i++) {
		items_of(items, "XSX");
		items[i].mode = 2;
		cr_assert_eq(fifolock_table_lock_all(table, items, n, NULL), EINVAL);
		items[i].mode = UINT32_MAX;
		cr_assert_eq(fifolock_table_lock_all(table, items, n, NULL), EINVAL);
		cr_assert(all_free(table, n));
	}
	items_of(items, "XSX");
	hold = takes(table, key(1), X);
	cr_assert_eq(fifolock_table_lock_all(table, items, n, &no_time), EINVAL);
	gives(&hold);
	cr_assert(all_free(table, n));
	table_ends(table);
}

/* ---- all or none ---- */

Script(sets, if_one_cannot_be_had_none_is_held, "G2 G4")
{
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item items[MOST];
	size_t n = 0;

	for (unsigned held = 0; held < MOST; held++) {
		fifolock_hold_t hold = takes(table, key(held), held % 3 ? X : S);

		n = items_of(items, "XXSXXSXX");
		cr_assert_eq(fifolock_table_lock_all(table, items, n, &past),
			     held % 3 == 0 && items[held].mode == S ? 0 : ETIMEDOUT);
		if (held % 3 == 0 && items[held].mode == S)
			cr_assert_eq(fifolock_table_unlock_all(items, n), 0);
		for (unsigned i = 0; i < n; i++)
			cr_assert_eq(fits(table, key(i), X), i != held);
		gives(&hold);
	}
	cr_assert(all_free(table, n));
	table_ends(table);
}

/* A set waits for one key and holds others, behind which requests stand. */
struct behind {
	fifolock_table_t *table;
	struct fifolock_item items[MOST];
	size_t n;
	struct timespec deadline;
	int rc;
};

static void *waits_for_all(void *arg)
{
	struct behind *behind = arg;

	behind->rc = fifolock_table_lock_all(behind->table, behind->items, behind->n,
					     &behind->deadline);
	return NULL;
}

/* Each key of the set is held by a reader, behind which the set's writer has to wait at the first
 * of them; requests that come later go with the reader. */
Script(sets, a_time_out_lets_those_in_who_stood_behind, "G4")
{
	struct behind behind = {.table = table_of(NULL)};
	fifolock_hold_t holds[3];
	struct asked asked[3];
	pthread_t thread;

	behind.n = items_of(behind.items, "XXX");
	for (unsigned i = 0; i < 3; i++)
		holds[i] = takes(behind.table, key(i), S);
	behind.deadline = test_in_ns(CLOCK_MONOTONIC, 30000000);
	pthread_create(&thread, NULL, waits_for_all, &behind);
	for (unsigned i = 0; i < 3; i++)
		if (asks_n(&asked[i], behind.table, key(i), S, 1) == 0)
			asked_told(&asked[i], 0);
	pthread_join(thread, NULL);
	cr_assert_eq(behind.rc, ETIMEDOUT);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(granted(&asked[i]), "key %u", i);
		gives_asked(&asked[i]);
		gives(&holds[i]);
		cr_assert(fits(behind.table, key(i), X));
	}
	table_ends(behind.table);
}

/* ---- duplicates ---- */

/* The mode in which one key is held when it is asked for in all of these. */
static void are_one(fifolock_table_t *table, const unsigned modes[], size_t n,
		    unsigned strongest)
{
	struct fifolock_item items[MOST];
	unsigned named = 0;

	for (size_t i = 0; i < n; i++)
		is_item(&items[i], 3, modes[i]);
	cr_assert_eq(fifolock_table_lock_all(table, items, n, &past), 0);
	cr_assert_eq(fifolock_table_keys(table), 1);
	for (unsigned m = 0; m < 6; m++)
		cr_assert_eq(fits(table, key(3), m), !(against[strongest] >> m & 1));
	for (size_t i = 0; i < n; i++)
		named += fifolock_table_unlock(&items[i].hold) == 0;
	cr_assert_eq(named, 1);
	cr_assert_eq(fifolock_table_keys(table), 0);
}

Script(sets, items_with_the_same_key_are_one_in_the_stronger_mode, "G2")
{
	fifolock_table_t *table = table_of(&fifolock_intent_modes);

	are_one(table, (unsigned[]){S, S}, 2, S);
	are_one(table, (unsigned[]){X, S}, 2, X);
	are_one(table, (unsigned[]){S, X}, 2, X);
	are_one(table, (unsigned[]){S, IX}, 2, SIX);
	are_one(table, (unsigned[]){IS, IX, IS, IS}, 4, IX);
	are_one(table, (unsigned[]){IX, IS, S, IS}, 4, SIX);
	are_one(table, (unsigned[]){IS, S, U}, 3, U);
	are_one(table, (unsigned[]){U, IX}, 2, SIX);
	are_one(table, (unsigned[]){X, X, X, X, X, X, X, X}, 8, X);
	table_ends(table);
}

Script(sets, the_same_bytes_elsewhere_are_the_same_key, "G2")
{
	fifolock_table_t *table = table_of(NULL);
	char one[] = "some bytes", other[] = "some bytes";
	struct fifolock_item items[3] = {
		{.key = fifolock_key_text(one), .mode = S},
		{.key = fifolock_key(1), .mode = X},
		{.key = fifolock_key_text(other), .mode = X},
	};

	cr_assert_eq(fifolock_table_lock_all(table, items, 3, &past), 0);
	cr_assert_eq(fifolock_table_keys(table), 2);
	cr_assert_not(fits(table, fifolock_key_text(one), S));
	cr_assert_eq(fifolock_table_unlock_all(items, 3), 0);
	table_ends(table);
}

Script(sets, modes_without_a_stronger_one_cannot_be_merged, "G7")
{
	static const struct fifolock_mode apart[] = {{.conflicts = 1}, {.conflicts = 2}};
	fifolock_modes_t modes;
	fifolock_table_t *table;
	struct fifolock_item items[3];

	cr_assert_eq(fifolock_modes_compile(&modes, apart, 2, NULL, 0), 0);
	table = table_of(&modes);
	is_item(&items[0], 1, 0);
	is_item(&items[1], 2, 1);
	is_item(&items[2], 1, 1);
	cr_assert_eq(fifolock_table_lock_all(table, items, 3, NULL), EINVAL);
	cr_assert_eq(fifolock_table_keys(table), 0);
	cr_assert_eq(fifolock_table_lock_all(table, items, 2, NULL), 0);
	cr_assert_eq(fifolock_table_unlock_all(items, 2), 0);
	table_ends(table);
}

/* ---- many ---- */

Script(sets, a_large_one_with_many_duplicates_is_taken, "table")
{
	enum { MANY = 20000 };
	static struct fifolock_item items[MANY];
	static unsigned char held[MANY];
	fifolock_table_t *table = table_of(NULL);
	uint64_t random = 3;
	size_t different = 0;

	memset(held, 0, sizeof(held));
	for (size_t i = 0; i < MANY; i++) {
		uint32_t k = oracle_below(&random, MANY);
		unsigned mode = oracle_below(&random, 2);

		items[i] = (struct fifolock_item){.key = fifolock_key(k), .mode = mode};
		different += !held[k];
		held[k] = (unsigned char)(held[k] | 1u << mode);
	}
	cr_assert_eq(fifolock_table_lock_all(table, items, MANY, &past), 0);
	cr_assert_eq(fifolock_table_keys(table), different);
	for (unsigned k = 0; k < MANY; k++)
		quick_check(fits(table, fifolock_key(k), S) == !(held[k] & 1 << X),
			    "key %u", k);
	cr_assert_eq(fifolock_table_unlock_all(items, MANY), 0);
	table_ends(table);
}

Script(sets, those_given_back_by_themselves_are_left_out, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct fifolock_item items[MOST];
	size_t n = items_of(items, "XXXX");

	cr_assert_eq(fifolock_table_lock_all(table, items, n, NULL), 0);
	gives(&items[2].hold);
	gives(&items[0].hold);
	cr_assert_eq(fifolock_table_unlock_all(items, n), 0);
	cr_assert(all_free(table, n));
	table_ends(table);
}

/* ---- what one holds already ---- */

Script(sets, a_hold_of_ones_own_is_not_looked_at, "G2")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t shared = takes(table, key(0), S);
	struct fifolock_item items[MOST];
	size_t n = items_of(items, "SX");

	cr_assert_eq(fifolock_table_lock_all(table, items, n, &past), 0);
	cr_assert_eq(fifolock_table_unlock_all(items, n), 0);
	items[0].mode = X;
	cr_assert_eq(fifolock_table_lock_all(table, items, n, &past), ETIMEDOUT);
	cr_assert(fits(table, key(0), S));
	gives(&shared);
	cr_assert(all_free(table, n));
	table_ends(table);
}
