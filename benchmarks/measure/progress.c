/* SPDX-License-Identifier: MIT
 *
 * progress.c - how far the run is, on stderr.
 */
#include "progress.h"
#include "ticks.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static double planned;
static double done;
static uint64_t started;

void progress_plan(double seconds)
{
	planned = seconds;
	done = 0;
	started = clock_ns(CLOCK_MONOTONIC);
	if (!isatty(STDERR_FILENO))
		fprintf(stderr, "measuring for about %.0f s\n", seconds);
}

double progress_passed(void)
{
	return (double)(clock_ns(CLOCK_MONOTONIC) - started) / 1e9;
}

/* The plan, corrected by how it went so far. */
static double seconds_left(void)
{
	double pace = done > 1 ? progress_passed() / done : 1;

	return (planned - done) * pace;
}

void progress_now(const char *format, ...)
{
	char what[60];
	va_list list;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	fprintf(stderr, "\r%3.0f %%  %4.0f s left  %s\033[K", 100 * done / planned,
		seconds_left(), what);
}

void progress_done(double seconds)
{
	done += seconds;
}

void progress_clear(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

void progress_finished(const char *format, ...)
{
	va_list list;

	if (isatty(STDERR_FILENO))
		return;
	va_start(list, format);
	fputs("done: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}
