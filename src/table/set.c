/* SPDX-License-Identifier: MIT
 *
 * set.c - several keys, all or none: sorted, taken in that order, given back if one is not to be had.
 *
 * The items are the caller's and stay where they are; lists of them go by number, in the items'
 * own fields.  A hold that is not taken yet says in its mode which one will be, so an item's own
 * mode stays what the caller has asked for.
 */
#include "set.h"
#include "stronger.h"

#include <errno.h>

#define NONE UINT32_MAX

/* ---- in order ---- */

/* An order of all keys, the same in all sets. */
static int compare(const struct fifolock_item *one, const struct fifolock_item *other)
{
	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	if (one->hash != other->hash)
		return one->hash < other->hash ? -1 : 1;
	return fl_key_compare(one->key, other->key);
}

/* Two lists into one; of equal items those of the first come first. */
static uint32_t merge(struct fifolock_item items[], uint32_t one, uint32_t other)
{
	uint32_t first;
	uint32_t *end = &first;

	while (one != NONE && other != NONE) {
		uint32_t *least =
			compare(&items[one], &items[other]) <= 0 ? &one : &other;

		*end = *least;
		end = &items[*least].next;
		*least = *end;
	}
	*end = one != NONE ? one : other;
	return first;
}

/* lists[b] is empty, or has 2^b items in order that come before those of the lists below. */
static uint32_t sort(struct fifolock_item items[], uint32_t n)
{
	uint32_t lists[32];
	uint32_t all = NONE;

	for (unsigned b = 0; b < 32; b++)
		lists[b] = NONE;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t list = i;
		unsigned b = 0;

		items[i].next = NONE;
		for (; lists[b] != NONE; lists[b++] = NONE)
			list = merge(items, lists[b], list);
		lists[b] = list;
	}
	for (unsigned b = 0; b < 32; b++)
		all = merge(items, lists[b], all);
	return all;
}

/* Of items with the same key the first stays, in a mode as strong as all of theirs. */
static int merge_same(const fifolock_modes_t *modes, struct fifolock_item items[],
		      uint32_t first)
{
	uint32_t next;
	int error;

	for (; first != NONE; first = next) {
		uint32_t wanted = 0;

		for (next = first; next != NONE; next = items[next].next) {
			if (compare(&items[first], &items[next]))
				break;
			wanted |= UINT32_C(1) << items[next].mode;
		}
		items[first].next = next;
		items[first].hold.mode = items[first].mode;
		if (!(wanted & (wanted - 1)))
			continue;
		error = fl_modes_over(modes, wanted, &items[first].hold.mode);
		if (error)
			return error;
	}
	return 0;
}

/* ---- taken ---- */

static int prepare(const fifolock_table_t *table, struct fifolock_item items[],
		   uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct fl_key key;
		int error;

		if (!fifolock_modes_capacity(table->modes, items[i].mode))
			return EINVAL;
		error = fl_key_prepare(&key, items[i].key, table->seed);
		if (error)
			return error;
		items[i].hash = key.hash;
	}
	return 0;
}

/* taken: a list, the last one first. */
static void give_back(struct fifolock_item items[], uint32_t taken)
{
	for (; taken != NONE; taken = items[taken].next)
		fifolock_table_unlock(&items[taken].hold);
}

static int take(fifolock_table_t *table, struct fifolock_item items[], uint32_t first,
		const struct timespec *deadline)
{
	uint32_t taken = NONE;

	while (first != NONE) {
		struct fifolock_item *item = &items[first];
		uint32_t next = item->next;
		int error = fifolock_table_timedlock(table, item->key, item->hold.mode,
						     deadline, &item->hold);

		if (error) {
			give_back(items, taken);
			return error;
		}
		item->next = taken;
		taken = first;
		first = next;
	}
	return 0;
}

int fl_set_lock(fifolock_table_t *table, struct fifolock_item items[], uint32_t n,
		const struct timespec *deadline)
{
	uint32_t first;
	int error;

	error = prepare(table, items, n);
	if (error)
		return error;
	first = sort(items, n);
	error = merge_same(table->modes, items, first);
	return error ? error : take(table, items, first, deadline);
}

int fifolock_table_lock_all(fifolock_table_t *table, struct fifolock_item items[],
			    size_t n, const struct timespec *deadline)
{
	if (n && !items)
		return EINVAL;
	if (n > FL_SET_MOST)
		return ERANGE;
	for (size_t i = 0; i < n; i++) {
		items[i].hold = (fifolock_hold_t){0};
		items[i].rank = 0;
	}
	return table ? fl_set_lock(table, items, (uint32_t)n, deadline) : EINVAL;
}

int fifolock_table_unlock_all(struct fifolock_item items[], size_t n)
{
	int result = 0;

	if (n && !items)
		return EINVAL;
	for (size_t i = 0; i < n; i++) {
		int error =
			items[i].hold.entry ? fifolock_table_unlock(&items[i].hold) : 0;

		result = result ? result : error;
	}
	return result;
}
