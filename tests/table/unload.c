/* SPDX-License-Identifier: MIT
 *
 * unload.c - libfifolock-table.so opened at run time and closed.  A thread of liburcu's goes on, so
 * its code must.  Nothing of the library is linked with this program.
 */
#define _GNU_SOURCE
#include "test.h"
#include <dlfcn.h>
#include <fifolock/table.h>

#define FIND(name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(library, #name)

static bool uses(void *library, uint64_t keys)
{
	FIND(fifolock_table_create);
	FIND(fifolock_table_lock);
	FIND(fifolock_table_unlock);
	FIND(fifolock_table_destroy);
	struct fifolock_table_options options = {.keys = 1};
	fifolock_table_t *table;
	fifolock_hold_t first, hold;
	bool ok = fifolock_table_create_(&table, NULL, &options) == 0 &&
		  fifolock_table_lock_(table, fifolock_key(0), FIFOLOCK_SHARED, &first) ==
			  0;

	for (uint64_t i = 1; ok && i <= keys; i++)
		ok = fifolock_table_lock_(table, fifolock_key(i), FIFOLOCK_EXCLUSIVE,
					  &hold) == 0 &&
		     fifolock_table_unlock_(&hold) == 0;
	return ok && fifolock_table_unlock_(&first) == 0 &&
	       fifolock_table_destroy_(table) == 0;
}

Test(table_unload, of_the_library_leaves_there_what_a_thread_of_liburcu_runs,
     .description = "G5")
{
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(TABLE_LIBRARY, RTLD_NOW | RTLD_LOCAL);

		cr_assert_not_null(library, "%s", dlerror());
		cr_assert(uses(library, 1000));
		cr_assert_eq(dlclose(library), 0);
		library = dlopen(TABLE_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
		cr_assert_not_null(library, "it is gone, and its thread is not");
		dlclose(library);
	}
}
