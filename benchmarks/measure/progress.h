/* SPDX-License-Identifier: MIT
 *
 * progress.h - how far the run is, on stderr: one line that is written over if that is
 * a terminal, else one line per finished part.
 */
#ifndef BENCHMARKS_PROGRESS_H
#define BENCHMARKS_PROGRESS_H

/* Once, before the rest: how long the whole run is planned to take. */
void progress_plan(double seconds);

/* Seconds since then. */
double progress_passed(void);

/* What runs now. */
__attribute__((format(printf, 1, 2))) void progress_now(const char *format, ...);

/* That many of the planned seconds are done. */
void progress_done(double seconds);

/* Make way for output, which may go to the same terminal. */
void progress_clear(void);

/* A part is finished. */
__attribute__((format(printf, 1, 2))) void progress_finished(const char *format, ...);

#endif
