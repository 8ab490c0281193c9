/* SPDX-License-Identifier: MIT
 *
 * cells.c - see cells.h.
 *
 * Memory comes in chunks, each twice the one before, as in pool.c, and is never given back.
 *
 *	row       released by              acquired by              what it carries
 *	[CHUNK]   chunk_add                fl_cell_at               the zeroed chunk
 *	[LIST]    push                     fl_cell_first            a cell's id and next
 *	[LIFE]    fl_cell_set, publish,    fl_cell_state, claim,    the words of a life; and that
 *	          claim, copy_in           copy_out                 a word is of a later one
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides.
 *	[CARRIED]  The release of the push after it carries it.
 *	[COUNT]    Only makes ids unique.  The chunk has a row of its own.
 */
#define _GNU_SOURCE
#include "cells.h"
#include "core/atomic.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK_FIRST 64u

/* ThreadSanitizer has to know of memory that it has seen before. */
#if FL_INSTRUMENTED
void *fl_map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void fl_unmap(void *memory, size_t size)
{
	munmap(memory, size);
}
#else
void *fl_map(size_t size)
{
	int saved = errno;
	long at = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	errno = saved;
	return at == -1 ? NULL : (void *)at;
}

void fl_unmap(void *memory, size_t size)
{
	int saved = errno;

	(void)syscall(SYS_munmap, memory, size);
	errno = saved;
}
#endif

static unsigned chunk_of(uint32_t id)
{
	return 25u - (unsigned)__builtin_clz(id + CHUNK_FIRST - 1);
}

static size_t size_of(const struct fl_cells *cells)
{
	return sizeof(struct fl_cell) + cells->words * sizeof(uint64_t);
}

struct fl_cell *fl_cell_at(struct fl_cells *cells, uint32_t id)
{
	unsigned k = chunk_of(id);
	/* [CHUNK] acquire */
	char *chunk = fl_load_acquire(&cells->chunks[k]);
	size_t place = id + CHUNK_FIRST - 1 - (CHUNK_FIRST << k);

	return (struct fl_cell *)(void *)(chunk + place * size_of(cells));
}

/* no chunk k -> chunk k.  Two threads may both map it; one keeps it. */
static bool chunk_add(struct fl_cells *cells, unsigned k)
{
	size_t size = size_of(cells) * ((size_t)CHUNK_FIRST << k);
	char *none = NULL;
	char *memory = fl_map(size);

	if (!memory)
		return false;
	/* [CHUNK] release */
	if (!fl_cas_release(&cells->chunks[k], &none, memory))
		fl_unmap(memory, size);
	return true;
}

/* NULL: there is no memory, or there are most. */
static struct fl_cell *make(struct fl_cells *cells)
{
	uint32_t last = fl_load_relaxed(&cells->made); /* [COUNT] */
	struct fl_cell *cell;

	do {
		unsigned k = chunk_of(last + 1);

		if (last >= cells->most || k >= 22)
			return NULL;
		if (!fl_load_relaxed(&cells->chunks[k]) && /* [GUESS] */
		    !chunk_add(cells, k))
			return NULL;
		/* [COUNT] */
	} while (!fl_cas_relaxed(&cells->made, &last, last + 1));
	cell = fl_cell_at(cells, last + 1);
	cell->id = last + 1;
	return cell;
}

static void push(uint32_t *list, struct fl_cell *cell)
{
	uint32_t top = fl_load_relaxed(list); /* [GUESS] */

	do {
		fl_store_relaxed(&cell->next, top); /* [CARRIED] */
						    /* [LIST] release */
	} while (!fl_cas_release(list, &top, cell->id));
}

struct fl_cell *fl_cell_first(struct fl_cells *cells, const uint32_t *list)
{
	/* [LIST] acquire */
	uint32_t id = fl_load_acquire(list);

	return id ? fl_cell_at(cells, id) : NULL;
}

struct fl_cell *fl_cell_after(struct fl_cells *cells, const struct fl_cell *cell)
{
	/* [CARRIED] */
	uint32_t id = fl_load_relaxed(&cell->next);

	return id ? fl_cell_at(cells, id) : NULL;
}

uint64_t fl_cell_state(const struct fl_cell *cell)
{
	/* [LIFE] acquire */
	return fl_load_acquire(&cell->state);
}

static void copy_out(const struct fl_cell *cell, uint64_t *words, uint32_t n)
{
	/* [LIFE] acquire: the state is looked at again after these. */
	for (uint32_t i = 0; i < n; i++)
		words[i] = fl_load_acquire(&cell->words[i]);
}

static void copy_in(struct fl_cell *cell, const uint64_t *words, uint32_t n)
{
	/* [LIFE] release: a reader that sees one of these sees BUSY, or what came later. */
	for (uint32_t i = 0; i < n; i++)
		fl_store_release(&cell->words[i], words[i]);
}

bool fl_cell_read(const struct fl_cells *cells, const struct fl_cell *cell, void *words,
		  uint64_t *state)
{
	uint64_t now = fl_cell_state(cell);

	while (!(now & FL_CELL_BUSY) && fl_cell_count(now)) {
		*state = now;
		copy_out(cell, words, cells->words);
		now = fl_cell_state(cell);
		if (((now ^ *state) & (FL_CELL_LIFE | FL_CELL_BUSY)) == 0)
			return true;
	}
	return false;
}

bool fl_cell_set(struct fl_cell *cell, uint64_t *state, uint32_t count)
{
	uint64_t life = (*state & FL_CELL_LIFE) + (count ? 0 : 2 * FL_CELL_BUSY);

	/* [LIFE] release, [LIFE] acquire */
	return fl_cas_acq_rel(&cell->state, state, life | count);
}

/* BUSY -> count */
static void publish(struct fl_cell *cell, uint64_t state, uint32_t count)
{
	/* [LIFE] release */
	fl_store_release(&cell->state, (state & FL_CELL_LIFE) | count);
}

/* state -> BUSY, in the next life. */
static bool claim(struct fl_cell *cell, uint64_t *state)
{
	uint64_t next = ((*state & FL_CELL_LIFE) + 2 * FL_CELL_BUSY) | FL_CELL_BUSY;

	/* [LIFE] release, [LIFE] acquire */
	if (!fl_cas_acq_rel(&cell->state, state, next))
		return false;
	*state = next;
	return true;
}

bool fl_cell_rewrite(struct fl_cells *cells, struct fl_cell *cell, uint64_t state,
		     const void *words)
{
	uint32_t count = fl_cell_count(state);

	if ((state & FL_CELL_BUSY) || !claim(cell, &state))
		return false;
	copy_in(cell, words, cells->words);
	publish(cell, state, count);
	return true;
}

static struct fl_cell *claim_free(struct fl_cells *cells, const uint32_t *list,
				  uint64_t *state)
{
	struct fl_cell *cell = fl_cell_first(cells, list);

	for (; cell; cell = fl_cell_after(cells, cell)) {
		*state = fl_cell_state(cell);
		if (!(*state & FL_CELL_BUSY) && !fl_cell_count(*state) &&
		    claim(cell, state))
			return cell;
	}
	return NULL;
}

struct fl_cell *fl_cell_new(struct fl_cells *cells, uint32_t *list, const void *words,
			    uint32_t count)
{
	uint64_t state;
	struct fl_cell *cell = claim_free(cells, list, &state);

	if (cell) {
		copy_in(cell, words, cells->words);
		publish(cell, state, count);
		return cell;
	}
	cell = make(cells);
	if (!cell)
		return NULL;
	copy_in(cell, words, cells->words);
	publish(cell, 2 * FL_CELL_BUSY, count);
	push(list, cell);
	return cell;
}
