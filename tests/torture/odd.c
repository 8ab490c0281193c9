/* SPDX-License-Identifier: MIT
 *
 * odd.c - what is refused, in every life once: nothing may come of it.
 */
#include "torture.h"

#include <limits.h>

static void expect(int got, int wanted, const char *what)
{
	if (got != wanted)
		violation("%s said %d, not %d", what, got, wanted);
}

static bool always(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)holds, (void)mode, (void)ctx;
	return true;
}

static void odd_tables(void)
{
	struct fifolock_mode modes[] = {
		{.max = 2}, {.max = UINT32_MAX}, {.max = 1u << 30}};
	struct fifolock_mode dangling = {.conflicts = 2};
	fifolock_modes_t table;
	char why[200] = "";

	expect(fifolock_modes_compile(&table, modes, 3, why, sizeof(why)), ERANGE,
	       "wide");
	expect(fifolock_modes_compile(&table, modes, 3, NULL, 0), ERANGE, "wide");
	expect(fifolock_modes_compile(&table, modes, 3, why, 0), ERANGE, "wide");
	expect(fifolock_modes_compile(&table, &dangling, 1, why, sizeof(why)), EINVAL,
	       "dangling");
	expect(fifolock_modes_compile(&table, &dangling, 1, why, 0), EINVAL, "dangling");
	expect(fifolock_modes_compile(&table, &dangling, 1, NULL, 0), EINVAL, "dangling");
	expect(fifolock_modes_compile(&table, modes, 0, why, sizeof(why)), EINVAL,
	       "none");
	expect(fifolock_modes_compile(&table, modes, 17, why, 0), EINVAL, "too many");
	expect(fifolock_modes_compile(&table, NULL, 1, why, sizeof(why)), EINVAL, "NULL");
	expect(fifolock_modes_compile(NULL, modes, 1, NULL, 0), EINVAL, "NULL");
}

static void odd_makers(void)
{
	fifolock_modes_t table;

	expect(fifolock_modes_semaphore(NULL, 1), EINVAL, "semaphore");
	expect(fifolock_modes_semaphore(&table, 0), ERANGE, "semaphore");
	expect(fifolock_modes_predicate(&table, 1, 1, NULL, NULL), EINVAL, "predicate");
	expect(fifolock_modes_predicate(&table, 17, 1, always, NULL), EINVAL,
	       "predicate");
	expect(fifolock_modes_predicate(&table, 1, 0, always, NULL), ERANGE, "predicate");
	expect(fifolock_modes_predicate(&table, 16, 1u << 20, always, NULL), ERANGE,
	       "predicate");
	expect(fifolock_modes_owner_checked(NULL, true), EINVAL, "owner_checked");
	if (fifolock_modes_capacity(NULL, 0) ||
	    fifolock_modes_capacity(&fifolock_mutex_modes, 1))
		violation("a capacity of no table or no mode");
}

static void odd_deadlines(fifolock_t *lock)
{
	struct timespec late = {.tv_sec = 1}, bad = {.tv_nsec = 1000000000};
	struct timespec negative = {.tv_nsec = -1};

	expect(fifolock_timedlock(lock, 0, &bad), EINVAL, "nanoseconds");
	expect(fifolock_timedlock_n(lock, 0, 1, &negative), EINVAL, "nanoseconds");
	expect(fifolock_clocklock(lock, 0, CLOCK_BOOTTIME, &late), EINVAL, "clock");
	expect(fifolock_clocklock_n(lock, 1, 2, CLOCK_BOOTTIME, &late), EINVAL, "clock");
	expect(fifolock_timedlock_n(lock, 1, 0, &late), ERANGE, "weight");
	expect(fifolock_clocklock(lock, 2, CLOCK_REALTIME, &late), EINVAL, "mode");
	expect(fifolock_clocklock_n(lock, 0, 2, CLOCK_REALTIME, &late), ERANGE, "weight");
	expect(fifolock_timedlock(lock, 2, &late), EINVAL, "mode");
}

static void odd_calls(fifolock_t *lock)
{
	expect(fifolock_lock(lock, UINT_MAX), EINVAL, "mode");
	expect(fifolock_lock_n(lock, 0, 2), ERANGE, "weight");
	expect(fifolock_trylock(lock, 2), EINVAL, "mode");
	expect(fifolock_trylock_n(lock, 0, 0), ERANGE, "weight");
	expect(fifolock_unlock(lock, 2), EINVAL, "mode");
	expect(fifolock_unlock(lock, 0), EPERM, "unlock");
	expect(fifolock_unlock_n(lock, 1, 3), EPERM, "unlock");
	expect(fifolock_unlock_n(lock, 1, 0), ERANGE, "weight");
	if (fifolock_holds(lock, 2))
		violation("holds of a mode that is not there");
}

void odd(void)
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);

	odd_tables();
	odd_makers();
	odd_deadlines(&lock);
	odd_calls(&lock);
	if (lock.word || lock.arrivals)
		violation("something came of what was refused");
	expect(fifolock_init(NULL, NULL), EINVAL, "init");
	expect(fifolock_destroy(NULL), EINVAL, "destroy");
	expect(fifolock_destroy(&lock), 0, "destroy");
}
