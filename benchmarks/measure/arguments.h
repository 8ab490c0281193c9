/* SPDX-License-Identifier: MIT
 *
 * arguments.h - the command line of a program, whose options are a table.  What cannot be understood
 * ends the program with a message.
 */
#ifndef BENCHMARKS_ARGUMENTS_H
#define BENCHMARKS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_LIST 32

struct list {
	unsigned count;
	unsigned at[ARGUMENTS_LIST];
};

/* The name in messages and in the file; to be set first. */
extern const char *arguments_program;

__attribute__((format(printf, 1, 2), noreturn)) void refuse(const char *format, ...);

/* How many processors the program may use. */
unsigned arguments_processors(void);

/* What an option is: what it sets, so many bytes from the beginning of the program's options. */
enum argument_kind {
	FLAG,	/* no value: a bool becomes true */
	BIT,	/* no value: this bit, min, of an unsigned becomes 1 */
	NUMBER, /* from min to max: an unsigned */
	NUMBERS, /* separated by commas: a struct list; those that come twice are taken once */
	THREADS, /* the same, and n stands for the number of processors: 4n is 4 * n */
	SECONDS, /* from a millisecond to an hour: a double */
	TEXT,	 /* a const char * */
	NAMES,	 /* separated by commas: call one(options, name) for each */
	HELP,	 /* no value: call one(options, NULL) */
};

struct argument {
	const char *name;
	enum argument_kind kind;
	size_t offset;
	unsigned min, max;
	/* Of lists: what they are if the command line does not say, and with --quick.  NULL:
	 * empty. */
	const char *usual, *quick;
	void (*one)(void *options, const char *name);
};

/* Set what the command line says; the array ends with an argument without a name. */
void arguments_parse(int argc, char *argv[], const struct argument *arguments,
		     void *options);

/* Then: the lists that it has not said. */
void arguments_fill_in(const struct argument *arguments, void *options, bool quick);

#endif
