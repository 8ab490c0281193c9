/* SPDX-License-Identifier: MIT
 *
 * values.h - the values that a variable has had, and which of them a thread may see.
 */
#ifndef EX_VALUES_H
#define EX_VALUES_H

#include "explore.h"

#define HISTORY 256

struct view {
	uint16_t oldest[EX_LOCATIONS]; /* the oldest value of each variable to be seen */
	uint16_t clock[EX_THREADS];    /* the steps of each thread that happened before */
};

struct value {
	uint64_t value;
	struct view view;
};

struct variable {
	uintptr_t at;
	unsigned count;
	unsigned first; /* the oldest that any thread may see */
	bool written;	/* by plain writes, since the last */
	struct value values[HISTORY];
};

struct variable *variable_at(uintptr_t at, size_t size);
void raw_write(uintptr_t at, size_t size, uint64_t value);

/* All of the current thread. */
void value_time_goes_on(void);
unsigned value_pick(const struct variable *variable); /* the newest, or an older one */
void value_see(const struct variable *variable, unsigned which, unsigned order);
/* inherited: what a read-modify-write hands on of the value before; or NULL. */
void value_append(struct variable *variable, uint64_t value, size_t size, unsigned order,
		  const struct view *inherited);
void full_barrier(void);

#endif
