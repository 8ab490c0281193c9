/* SPDX-License-Identifier: MIT
 *
 * contenders.c - what people lock keys with.
 */
#include "contenders.h"
#include "rows.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STRIPED	     (LOAD | COLLIDE)
#define EACH_KEY     (LOAD | COLLIDE | LIVE | CHURN)

static const struct keyed contenders[] = {
	{
		.name = "fifolock_table",
		.description = "fifolock_table_t, integers as keys",
		.ours = true,
		.tests = EACH_KEY,
		.usual = EACH_KEY,
		.create = row_table_create,
		.destroy = row_table_destroy,
		.lock = row_table_lock,
		.unlock = row_table_unlock,
	},
	{
		.name = "fifolock_table-bytes",
		.description = "the same, texts of 16 bytes as keys",
		.ours = true,
		.tests = EACH_KEY,
		.usual = EACH_KEY & ~CHURN,
		.create = row_table_create,
		.destroy = row_table_destroy,
		.lock = row_table_bytes_lock,
		.unlock = row_table_unlock,
	},
	{
		.name = "fifolock_table-sized",
		.description = "integers, told how many will be in use",
		.ours = true,
		.tests = EACH_KEY,
		.usual = LIVE,
		.create = row_table_sized_create,
		.destroy = row_table_destroy,
		.lock = row_table_lock,
		.unlock = row_table_unlock,
	},
	{
		.name = "stripes-64",
		.description = "64 pthread_rwlock_t, a key's by its hash",
		.tests = STRIPED,
		.usual = STRIPED,
		.create = row_stripes_64_create,
		.destroy = row_stripes_destroy,
		.lock = row_stripes_lock,
		.unlock = row_stripes_unlock,
	},
	{
		.name = KEYED_REFERENCE,
		.description = "1024 of them",
		.tests = STRIPED,
		.usual = STRIPED,
		.create = row_stripes_1024_create,
		.destroy = row_stripes_destroy,
		.lock = row_stripes_lock,
		.unlock = row_stripes_unlock,
	},
	{
		.name = "mutexes",
		.description = "a pthread_mutex_t for each key in use, in a hash table "
			       "under one; "
			       "takes shared as exclusive",
		.tests = EACH_KEY,
		.usual = EACH_KEY,
		.create = row_mutexes_create,
		.destroy = row_mutexes_destroy,
		.lock = row_mutexes_lock,
		.unlock = row_mutexes_unlock,
	},
};

const struct keyed *keyed_at(unsigned i)
{
	return i < COUNT(contenders) ? &contenders[i] : NULL;
}

const struct keyed *keyed_named(const char *name)
{
	for (unsigned i = 0; i < COUNT(contenders); i++)
		if (strcmp(contenders[i].name, name) == 0)
			return &contenders[i];
	return NULL;
}
