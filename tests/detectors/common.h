/* SPDX-License-Identifier: MIT
 *
 * common.h - programs that a race detector looks at.  Most are correct; with the argument
 * "race" they are not: every thread then writes `beside` before it does anything else, so
 * nothing ever orders these writes, whatever the threads' turns.
 */
#ifndef COMMON_H
#define COMMON_H

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fifolock/cond.h>
#include <fifolock/fifolock.h>
#include <fifolock/inspect.h>
#include <fifolock/request.h>

enum {
	X = FIFOLOCK_EXCLUSIVE,
	S = FIFOLOCK_SHARED,
	U = FIFOLOCK_UPDATE,
	IS = FIFOLOCK_INTENT_SHARED,
	IX = FIFOLOCK_INTENT_EXCLUSIVE,
};

#define THREADS 3
#define TURNS	20

extern bool races;
extern long beside, data[8]; /* data: zero when a program begins */

/* In each of three threads at once. */
void crowd(void (*body)(long me));

/* It must be so, or the program says what was not and fails. */
#define must(that)                                                                     \
	do {                                                                           \
		if (!(that)) {                                                         \
			fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #that); \
			_exit(3);                                                      \
		}                                                                      \
	} while (0)

struct timespec in_ms(long ms);

struct program {
	const char *name;
	void (*run)(void);
	bool wrong; /* anyway */
};

extern const struct program holds_programs[], later_programs[], order_programs[],
	life_programs[], table_programs[];

#endif
