/* SPDX-License-Identifier: MIT
 *
 * table.c - tables: made, unmade.
 */
#include "find.h"
#include "fork.h"
#include "hear.h"
#include "memory.h"
#include "quiet.h"
#include "units.h"
#include "records.h"
#include "core/atomic.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FEWEST_KEYS	   1024
#define KEYS_PER_PROCESSOR 256
#define PAGE		   4096
#define MOST_KEYS	   (UINT64_C(1) << 24)

static size_t keys_by_default(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t keys = processors > 0 ? (size_t)processors * KEYS_PER_PROCESSOR : 0;

	return keys > FEWEST_KEYS ? keys : FEWEST_KEYS;
}

static int check(const struct fifolock_table_options *options)
{
	if (options->keys > MOST_KEYS)
		return EINVAL;
	for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]);
	     i++)
		if (options->reserved[i])
			return EINVAL;
	return 0;
}

static int make_homes(fifolock_table_t *table)
{
	size_t keys = table->options.keys ? table->options.keys : keys_by_default();
	size_t slots = 1, size;

	while (slots < keys)
		slots *= 2;
	size = (slots + FL_HOMES - 1) / FL_HOMES * sizeof(*table->homes);
	table->homes = aligned_alloc(PAGE, size);
	if (!table->homes)
		return ENOMEM;
	memset(table->homes, 0, size);
	fl_hide(table->homes, size);
	table->slots = slots;
	table->mask = fl_homes_mask(slots);
	return 0;
}

static void unmake(fifolock_table_t *table)
{
	if (table->records)
		fl_records_free(table->records);
	if (table->far)
		fl_far_free(table->far);
	for (uint64_t i = 0; table->heard && table->homes && i < table->slots; i++)
		fl_lock_gone(&fl_home_at(table, i)->entry.lock);
	free(table->homes);
	free(table);
}

static int make(fifolock_table_t *table)
{
	if (!table->options.flavor && fl_fork_watch())
		return ENOMEM;
	table->seed = fl_key_seed();
	table->far = fl_far_new(table->options.flavor);
	if (!table->far || make_homes(table))
		return ENOMEM;
	if (!table->options.records && !table->options.deadlock_after_ns)
		return 0;
	table->records = fl_records_new();
	return table->records ? 0 : ENOMEM;
}

int fifolock_table_create(fifolock_table_t **table, const fifolock_modes_t *modes,
			  const struct fifolock_table_options *options)
{
	static const struct fifolock_table_options none;
	fifolock_table_t *made;
	int saved = errno;
	int error;

	options = options ? options : &none;
	if (!table || check(options))
		return EINVAL;
	made = fl_memory(NULL, sizeof(*made));
	if (!made)
		return ENOMEM;
	*made = (fifolock_table_t){
		.options = *options,
		.modes = modes ? modes : &fifolock_shared_exclusive_modes,
	};
	made->heard = fl_hears(made->modes);
	error = make(made);
	errno = saved;
	made->plain = !made->records && FL_HAS_PAIRS && fl_modes_are_plain(made->modes);
	if (error)
		unmake(made);
	else
		*table = made;
	return error;
}

int fifolock_table_destroy(fifolock_table_t *table)
{
	if (!table)
		return EINVAL;
	if (fl_find_any(table))
		return EBUSY;
	unmake(table);
	return 0;
}
