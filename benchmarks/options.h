/* SPDX-License-Identifier: MIT
 *
 * options.h - what to measure, as the command line says.
 */
#ifndef BENCHMARKS_OPTIONS_H
#define BENCHMARKS_OPTIONS_H

#include "contenders.h"

#include <stdbool.h>

#define OPTIONS_LIST  32
#define OPTIONS_LOCKS 32

struct list {
	unsigned count;
	unsigned at[OPTIONS_LIST];
};

struct options {
	unsigned processors;
	bool uncontended, mixed, line; /* what is measured */
	bool quick;
	unsigned rounds;
	double seconds; /* per cell; 0: what makes the whole run last a minute */
	unsigned section_ns, think_ns;
	struct list threads;
	struct list shared;  /* percent */
	struct list lengths; /* of the line */
	unsigned lock_count;
	const struct contender *locks[OPTIONS_LOCKS];
};

/* Ends the program after --help and, with a message, if it cannot be understood. */
void options_parse(struct options *options, int argc, char *argv[]);

#endif
