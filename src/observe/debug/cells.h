/* SPDX-License-Identifier: MIT
 *
 * cells.h - what the debug build remembers: small records that any thread may read at any
 * moment, written without a lock and in memory that never comes from malloc.
 *
 * A cell belongs to one list for ever, and is used over and over there: so a list is only
 * pushed to, and a reader that walks it, a signal handler that interrupted the very thread
 * that changes it included, never leaves it.  Its state says what it is:
 *
 *	63 ......... 33  32    31 ......... 0
 *	version          BUSY  count
 *
 * count 0: free.  BUSY: its words are being written.  The version is another one in each
 * life, so a life is named by its cell and its version, and a reader that has read the
 * words and finds the version as before has read what belongs together.
 */
#ifndef FL_CELLS_H
#define FL_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, straight from the kernel: malloc, and what a program has put in the place
 * of mmap, may be guarded by the very lock.  NULL: there is none.  errno is left alone. */
void *fl_map(size_t size);
void fl_unmap(void *memory, size_t size);

#define FL_CELL_BUSY  (UINT64_C(1) << 32)
#define FL_CELL_COUNT (FL_CELL_BUSY - 1)
#define FL_CELL_LIFE  (~(FL_CELL_BUSY | FL_CELL_COUNT))

struct fl_cell {
	uint64_t state;
	uint32_t next; /* in its list, 0: the last; constant once it is there */
	uint32_t id;   /* constant */
	uint32_t list; /* the head of a list that belongs to this cell, if it has one */
	uint32_t spare;
	uint64_t words[];
};

/* All cells of one kind: words each, most of them at most. */
struct fl_cells {
	uint32_t words;
	uint32_t most;
	uint32_t made;
	char *chunks[22];
};

struct fl_cell *fl_cell_at(struct fl_cells *cells, uint32_t id);

/* The first of a list, and the one after; NULL: there are no more. */
struct fl_cell *fl_cell_first(struct fl_cells *cells, const uint32_t *list);
struct fl_cell *fl_cell_after(struct fl_cells *cells, const struct fl_cell *cell);

/* The words of a cell in use, as they were at one moment, and its state then.  False: it is
 * not in use. */
bool fl_cell_read(const struct fl_cells *cells, const struct fl_cell *cell, void *words,
		  uint64_t *state);

/* free -> BUSY -> count: a cell of the list with these words.  NULL: there is no memory, or there
 * are most. */
struct fl_cell *fl_cell_new(struct fl_cells *cells, uint32_t *list, const void *words,
			    uint32_t count);

/* state -> count, if it is still that; 0 ends its life. */
bool fl_cell_set(struct fl_cell *cell, uint64_t *state, uint32_t count);

/* Other words for a cell in use: the next life.  False: it is no longer in that state. */
bool fl_cell_rewrite(struct fl_cells *cells, struct fl_cell *cell, uint64_t state,
		     const void *words);

uint64_t fl_cell_state(const struct fl_cell *cell);

static inline uint32_t fl_cell_count(uint64_t state)
{
	return (uint32_t)state;
}

/* Which life: never 0 of a cell in use. */
static inline uint32_t fl_cell_life(uint64_t state)
{
	return (uint32_t)(state >> 33);
}

#endif
