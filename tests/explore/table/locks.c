/* SPDX-License-Identifier: MIT
 *
 * locks.c - in place of the lock: mode 0 alone, mode 1 beside others, and no thread waits.  It orders those
 * that use an entry together.
 */
#include "locks.h"
#include "core/atomic.h"

#include <errno.h>
#include <fifolock/request.h>
#include <stdlib.h>

#define ALONE  UINT64_C(1)
#define BESIDE UINT64_C(2)

static const fifolock_modes_t modes_of_two = {
	.at_once = 2,
	.count = 2,
	.rows = {{.unit = ALONE}, {.unit = BESIDE}},
	.capacity = {1, EX_THREADS},
};

const fifolock_modes_t *locks_modes(void)
{
	return &modes_of_two;
}

void locks_begin(unsigned threads)
{
	(void)threads;
}

void locks_end(unsigned threads)
{
	(void)threads;
}

bool locks_is_hint(const struct ex_site *site)
{
	(void)site;
	return false;
}

unsigned locks_steps(void)
{
	return 40;
}

int fifolock_init(fifolock_t *lock, const fifolock_modes_t *modes)
{
	memory_touch(lock, sizeof(*lock), true);
	*lock = (fifolock_t){.modes = modes};
	return 0;
}

int fifolock_trylock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	uint64_t word = fl_load_relaxed(&lock->word);
	uint64_t unit = modes_of_two.rows[mode].unit;

	(void)n;
	memory_touch(&lock->modes, sizeof(lock->modes), false);
	while (mode == 0 ? word == 0 : !(word & ALONE))
		if (fl_cas_acquire(&lock->word, &word, word + unit))
			return 0;
	return EBUSY;
}

int fifolock_unlock(fifolock_t *lock, unsigned mode)
{
	uint64_t word = modes_of_two.rows[mode].unit; /* mostly */

	while (!fl_cas_release(&lock->word, &word, word - modes_of_two.rows[mode].unit))
		;
	return 0;
}

/* ---- what no program does ---- */

int fifolock_unlock_n(fifolock_t *lock, unsigned mode, uint32_t n)
{
	(void)n;
	return fifolock_unlock(lock, mode);
}

int fifolock_timedlock_n(fifolock_t *lock, unsigned mode, uint32_t n,
			 const struct timespec *deadline)
{
	(void)lock;
	(void)mode;
	(void)n;
	(void)deadline;
	abort();
}

int fifolock_lock(fifolock_t *lock, unsigned mode)
{
	return fifolock_timedlock_n(lock, mode, 1, NULL);
}

/* ---- no slots ---- */

void pool_switch(struct pool_thread *from, const struct pool_thread *to)
{
	(void)from;
	(void)to;
}

bool pool_is_top(uintptr_t at)
{
	(void)at;
	return false;
}

bool pool_has_free(void)
{
	return false;
}

const char *pool_name(const void *at)
{
	(void)at;
	return NULL;
}

void parks_processors(unsigned how_many)
{
	(void)how_many;
}
