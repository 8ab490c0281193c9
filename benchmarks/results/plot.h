/* SPDX-License-Identifier: MIT
 *
 * plot.h - pictures of results.
 */
#ifndef BENCHMARKS_PLOT_H
#define BENCHMARKS_PLOT_H

/* The command "plot"; argv[0] is its name.  The exit status. */
int plot_main(int argc, char *argv[]);

#endif
