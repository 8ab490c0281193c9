/* SPDX-License-Identifier: MIT
 *
 * tests.h - what is measured: each of the tests, and what it is planned to take, s.
 */
#ifndef BENCHMARKS_KEYS_TESTS_H
#define BENCHMARKS_KEYS_TESTS_H

#include "options.h"

/* --load and --collide */
void load_run(const struct options *options);
double load_seconds(const struct options *options);
void collide_run(const struct options *options);
double collide_seconds(const struct options *options);

/* These fork; the program must not have used a lock before. */
void live_run(const struct options *options);
double live_seconds(const struct options *options);
void churn_run(const struct options *options);
double churn_seconds(const struct options *options);

#endif
