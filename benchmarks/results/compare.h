/* SPDX-License-Identifier: MIT
 *
 * compare.h - what changed between two files of results.
 */
#ifndef BENCHMARKS_COMPARE_H
#define BENCHMARKS_COMPARE_H

/* The command "compare"; argv[0] is its name.  The exit status. */
int compare_main(int argc, char *argv[]);

#endif
