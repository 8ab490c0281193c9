/* SPDX-License-Identifier: MIT
 *
 * options.h - what to measure, as the command line says.
 */
#ifndef BENCHMARKS_OPTIONS_H
#define BENCHMARKS_OPTIONS_H

#include "arguments.h"
#include "locks/contenders.h"

#include <stdbool.h>

#define OPTIONS_LOCKS  64
#define OPTIONS_ROUNDS 100

struct options {
	unsigned processors;
	bool uncontended, mixed, line, floors; /* what is measured; open: see arrivals */
	bool quick, pinned, spin_anyway;
	unsigned rounds;
	double seconds; /* per cell; 0: what makes the whole run last a minute */
	double pace;	/* s, how long the whole run is to last; 0: as long as it takes */
	unsigned section_ns, think_ns;
	struct list threads;
	struct list shared;    /* percent */
	struct list instances; /* of each lock */
	struct list arrivals;  /* per second; empty: no open loop */
	struct list lengths;   /* of the line */
	unsigned lock_count;
	const struct contender *locks[OPTIONS_LOCKS];
	const char *json; /* file, NULL: none */
};

/* The length of the longest name among the locks. */
int options_name_width(const struct options *options);

/* Ends the program after --help and, with a message, if it cannot be understood. */
void options_parse(struct options *options, int argc, char *argv[]);

#endif
