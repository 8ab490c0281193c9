/* SPDX-License-Identifier: MIT
 *
 * arguments.h - numbers, and lists of them, on a command line.  What cannot be understood ends
 * the program with a message.
 */
#ifndef BENCHMARKS_ARGUMENTS_H
#define BENCHMARKS_ARGUMENTS_H

#include <stdbool.h>

#define ARGUMENTS_LIST 32

struct list {
	unsigned count;
	unsigned at[ARGUMENTS_LIST];
};

/* The name in messages and in the file; to be set first. */
extern const char *arguments_program;

__attribute__((format(printf, 1, 2), noreturn)) void refuse(const char *format, ...);

/* A number that takes part in a list, or is alone.  Where n is not 0, "4n" is 4 * n and
 * "n" is n. */
unsigned arguments_number(const char *option, const char *text, unsigned n, unsigned min,
			  unsigned max);

/* Numbers separated by commas; those that come twice are taken once. */
struct list arguments_numbers(const char *option, const char *text, unsigned n,
			      unsigned min, unsigned max);

/* From a millisecond to an hour. */
double arguments_seconds(const char *text);

/* Call one(ctx, name) for each of the names separated by commas. */
void arguments_names(const char *option, const char *text,
		     void (*one)(void *ctx, const char *name), void *ctx);

/* How many processors the program may use. */
unsigned arguments_processors(void);

/* Parse options as getopt_long() does: take(ctx, letter, value) for each, value NULL if it has
 * none. */
struct option;
void arguments_parse(int argc, char *argv[], const struct option *options,
		     void (*take)(void *ctx, int letter, const char *value), void *ctx);

#endif
