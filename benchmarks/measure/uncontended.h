/* SPDX-License-Identifier: MIT
 *
 * uncontended.h - what an uncontended lock and unlock cost.
 */
#ifndef BENCHMARKS_UNCONTENDED_H
#define BENCHMARKS_UNCONTENDED_H

#include "options.h"

/* How long it will take. */
double uncontended_seconds(const struct options *options);

/* Measure and print. */
void uncontended_run(const struct options *options);

#endif
