/* SPDX-License-Identifier: MIT
 *
 * measure.h - the measuring half of the program.
 */
#ifndef BENCHMARKS_MEASURE_H
#define BENCHMARKS_MEASURE_H

/* The exit status. */
int measure_main(int argc, char *argv[]);

#endif
