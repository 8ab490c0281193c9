/* SPDX-License-Identifier: MIT
 *
 * report.h - every figure as a line of JSON, for programs: docs/benchmarks.md has the
 * format.  Nothing is written unless a file was asked for.
 */
#ifndef BENCHMARKS_REPORT_H
#define BENCHMARKS_REPORT_H

#include "load.h"
#include "options.h"

/* Append to the file, first of all what was run and where.  Ends the program if it
 * cannot be written. */
void report_open(const struct options *options, int argc, char *argv[]);

void report_uncontended(const char *lock, enum mode mode, unsigned round, double ns,
			double versus);
void report_load(const struct options *options, const struct load *load, const char *lock,
		 unsigned round, const struct outcome *outcome);
void report_line(const char *lock, unsigned length, unsigned round, double ns);
void report_floor(const char *floor, unsigned round, double ns);

#endif
