/* SPDX-License-Identifier: MIT
 *
 * gnuplot.h - have gnuplot draw.
 */
#ifndef BENCHMARKS_GNUPLOT_H
#define BENCHMARKS_GNUPLOT_H

#include <jansson.h>
#include <stdbool.h>

/* Run the script, which writes these files, and have them in the folder; their paths are
 * printed.  False: that did not work, and the user has been told. */
bool gnuplot_draw(const char *script, const json_t *files, const char *folder);

#endif
