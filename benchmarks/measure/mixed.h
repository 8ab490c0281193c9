/* SPDX-License-Identifier: MIT
 *
 * mixed.h - locks side by side under loads of shared and exclusive requests.
 */
#ifndef BENCHMARKS_MIXED_H
#define BENCHMARKS_MIXED_H

#include "options.h"

/* What a load is compared with. */
#define REFERENCE "pthread_mutex"

/* The least time of a run, s, where the whole is to end in time. */
#define MIXED_LEAST 0.02

/* How many runs of one lock under one load. */
unsigned mixed_cells(const struct options *options);
void mixed_run(const struct options *options);

#endif
