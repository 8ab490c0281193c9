/* SPDX-License-Identifier: MIT
 *
 * programs.h - small programs whose threads use one lock.
 */
#ifndef EX_PROGRAMS_H
#define EX_PROGRAMS_H

#include "explore.h"

struct program {
	const char *name;
	unsigned table;
	const char *scripts[EX_THREADS];
	const char
		*handler; /* runs in thread 0, in each window while it holds something */
	bool late;	  /* ... since it has held something */
	const char *callback; /* of requests; NULL: gives back */
	unsigned cold;	      /* threads have no slot yet, and the pool has so many */
	unsigned spare;	      /* so many slots are in the pool already */
	unsigned spurious;    /* so many returns from each thread's parks for no reason */
	unsigned spin, yields;
	uint32_t ticket;  /* the first */
	unsigned limit;	  /* so many in line at most; 0: as many as want */
	unsigned serves;  /* so many younger requests' callbacks in one call; 0: 256 */
	unsigned row;	  /* so many sections in a row at most; 0: 16 */
	bool tiny;	  /* every execution there is can be run: see classes.c */
	bool big;	  /* at random: too many executions for all */
	const char *held; /* to begin with: a mode for each thread, or . */
	bool kept;	  /* some of that for ever, by no thread that is there */
	const char *met; /* whom all have met: X, S: had to wait for that; s: shared it */
	bool unpaid;	 /* the role is kept only if a thread is in line already */
	bool misuse;
	const char *first; /* how it begins: see lead.c */
};

extern const struct program programs[];
extern const unsigned program_count;

void programs_prepare(void);			   /* once, before all */
struct ex_run program_run(const struct program *); /* from now on it is that one */
void program_signal(unsigned window); /* its handler, if it has one, comes there */

#endif
