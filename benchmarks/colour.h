/* SPDX-License-Identifier: MIT
 *
 * colour.h - colours where stdout is a terminal, unless NO_COLOR is set (no-color.org).
 */
#ifndef BENCHMARKS_COLOUR_H
#define BENCHMARKS_COLOUR_H

enum colour {
	PLAIN,
	BOLD,
	GREEN,
};

/* What to print to have it; "" where there are none. */
const char *colour(enum colour colour);

#endif
