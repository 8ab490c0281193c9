/* SPDX-License-Identifier: MIT
 *
 * options.h - what to measure, as the command line says.
 */
#ifndef BENCHMARKS_KEYS_OPTIONS_H
#define BENCHMARKS_KEYS_OPTIONS_H

#include "contenders.h"
#include "measure/arguments.h"

#define OPTIONS_LOCKS  16
#define OPTIONS_ROUNDS 100

struct options {
	unsigned processors;
	unsigned tests; /* a set */
	bool quick, pinned;
	unsigned rounds;
	double seconds; /* per cell */
	struct list threads;
	struct list keys;   /* of the load */
	struct list access; /* enum access */
	struct list shared; /* percent */
	struct list touch;  /* lines of a row: 0, 1 */
	struct list pairs;
	unsigned hold_us;
	struct list live; /* keys held at once */
	unsigned count;	  /* births */
	struct list held; /* keys that each thread of the churn holds */
	bool named; /* the locks are those asked for; otherwise each test's usual ones */
	unsigned lock_count;
	const struct keyed *locks[OPTIONS_LOCKS];
	const char *json; /* file, NULL: none */
};

/* Does it take part in the test? */
bool options_take(const struct options *options, const struct keyed *row, enum test test);
unsigned options_locks_of(const struct options *options, enum test test);

/* The length of the longest name among the locks. */
int options_name_width(const struct options *options);

const char *access_name(unsigned access);

/* Ends the program after --help and, with a message, if it cannot be understood. */
void options_parse(struct options *options, int argc, char *argv[]);

#endif
