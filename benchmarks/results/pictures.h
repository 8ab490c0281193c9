/* SPDX-License-Identifier: MIT
 *
 * pictures.h - which pictures there are, and what of the results is in each.
 */
#ifndef BENCHMARKS_PICTURES_H
#define BENCHMARKS_PICTURES_H

#include "results.h"

#include <stdio.h>

#define NUMBERS 32

struct numbers {
	unsigned count;
	unsigned at[NUMBERS];
};

struct selection {
	struct numbers threads; /* for pictures of one number; none: the biggest */
	struct numbers shared;	/* percent; none: all there are */
	bool png;
};

/* Write the script that draws all there is data for.  The names of the files. */
json_t *pictures_write(FILE *script, const struct results *results,
		       const struct selection *selection);

#endif
