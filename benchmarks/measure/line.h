/* SPDX-License-Identifier: MIT
 *
 * line.h - what a release costs, by the number of requests in line.
 */
#ifndef BENCHMARKS_LINE_H
#define BENCHMARKS_LINE_H

#include "options.h"

/* How long it will take, by guess; where the run has a pace, in fewer rounds perhaps. */
double line_seconds(const struct options *options);

/* Measure and print. */
void line_run(const struct options *options);

#endif
