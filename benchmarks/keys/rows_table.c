/* SPDX-License-Identifier: MIT
 *
 * rows_table.c - this library's locks by key.
 */
#include "rows.h"

#include <string.h>

#define MOST_SLOTS (1u << 24)

void *row_table_create(size_t keys)
{
	fifolock_table_t *table;

	(void)keys;
	must(fifolock_table_create(&table, NULL, NULL));
	return table;
}

void *row_table_sized_create(size_t keys)
{
	struct fifolock_table_options options = {
		.keys = keys < MOST_SLOTS ? keys : MOST_SLOTS,
	};
	fifolock_table_t *table;

	must(fifolock_table_create(&table, NULL, &options));
	return table;
}

void row_table_destroy(void *locks)
{
	must(fifolock_table_destroy(locks));
}

static unsigned mode_of(enum mode mode)
{
	return mode == SHARED ? FIFOLOCK_SHARED : FIFOLOCK_EXCLUSIVE;
}

void row_table_lock(void *locks, uint64_t key, enum mode mode, union hold *hold)
{
	must(fifolock_table_lock(locks, fifolock_key(key), mode_of(mode), &hold->key));
}

void row_table_unlock(void *locks, union hold *hold)
{
	(void)locks;
	must(fifolock_table_unlock(&hold->key));
}

/* A letter for each four bits, all at once: the text is not what is to be measured. */
static uint64_t letters(uint64_t key)
{
	uint64_t x = key & UINT32_MAX;

	x = (x | x << 16) & UINT64_C(0x0000FFFF0000FFFF);
	x = (x | x << 8) & UINT64_C(0x00FF00FF00FF00FF);
	x = (x | x << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return x + UINT64_C(0x6161616161616161);
}

void row_table_bytes_lock(void *locks, uint64_t key, enum mode mode, union hold *hold)
{
	char text[16] = "session/";
	uint64_t rest = letters(key);

	memcpy(text + 8, &rest, sizeof(rest));
	must(fifolock_table_lock(locks, fifolock_key_bytes(text, sizeof(text)),
				 mode_of(mode), &hold->key));
}
