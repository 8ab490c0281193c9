/* SPDX-License-Identifier: MIT
 *
 * script.h - the parts in which scripts are written.
 */
#ifndef BENCHMARKS_SCRIPT_H
#define BENCHMARKS_SCRIPT_H

#include "chart.h"

#define MANY	10 /* in the legend: more are in small letters */
#define LONGEST 40 /* name in the legend; the rest is cut off */

/* The text, quoted so that nothing in it is a command, of at most that many characters. */
void script_quote(FILE *script, const char *text, unsigned most);

unsigned in_legend(const struct chart *chart);

bool has_bars(const struct chart *chart, unsigned number);

/* The data and what draws it.  Error bars begin no lower than that. */
void script_series(FILE *script, const struct chart *chart, double lowest);

#endif
