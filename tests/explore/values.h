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
	bool plain; /* by a store: a read-modify-write may still come between it and the one before */
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
void value_append(struct variable *variable, uint64_t value, size_t size, unsigned order);
/* A read-modify-write that has seen that one of the values, which value_change_at says it can. */
bool value_change_at(const struct variable *variable, unsigned which);
void value_change(struct variable *variable, unsigned which, uint64_t value, size_t size,
		  unsigned order);
void full_barrier(void);

#endif
