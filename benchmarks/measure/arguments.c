/* SPDX-License-Identifier: MIT
 *
 * arguments.c - the command line of a program.
 */
#define _GNU_SOURCE
#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SECONDS 3600

const char *arguments_program;

void refuse(const char *format, ...)
{
	va_list list;

	fprintf(stderr, "%s: ", arguments_program);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\nTry '%s --help'.\n", arguments_program);
	exit(2);
}

unsigned arguments_processors(void)
{
	cpu_set_t mine;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		return (unsigned)CPU_COUNT(&mine);
	return online > 0 ? (unsigned)online : 1;
}

/* Where n is not 0, "4n" is 4 * n and "n" is n. */
static unsigned number(const char *option, const char *text, unsigned n, unsigned min,
		       unsigned max)
{
	bool bare = n && strcmp(text, "n") == 0;
	unsigned long value = 1;
	char *end = (char *)text;

	errno = 0;
	if (!bare && *text >= '0' && *text <= '9')
		value = strtoul(text, &end, 10);
	else if (!bare)
		refuse("--%s: '%s' is not a number", option, text);
	if (n && *end == 'n') {
		value = value > max ? value : value * n;
		end++;
	}
	if (*end)
		refuse("--%s: '%s' is not a number", option, text);
	if (errno || value < min || value > max)
		refuse("--%s: '%s' is not between %u and %u", option, text, min, max);
	return (unsigned)value;
}

static void list_add(struct list *list, const char *option, unsigned value)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->at[i] == value)
			return;
	if (list->count == ARGUMENTS_LIST)
		refuse("--%s: more than %d numbers", option, ARGUMENTS_LIST);
	list->at[list->count++] = value;
}

/* Call one(ctx, name) for each of the names separated by commas. */
static void each_name(const char *option, const char *text,
		      void (*one)(void *ctx, const char *name), void *ctx)
{
	char *copy = strdup(text);
	char *rest = copy;
	char *name;

	if (!copy)
		refuse("--%s: %s", option, strerror(errno));
	while ((name = strsep(&rest, ",")))
		one(ctx, name);
	free(copy);
}

struct numbers {
	struct list list;
	const struct argument *argument;
	unsigned n;
};

static void one_number(void *ctx, const char *text)
{
	struct numbers *numbers = ctx;
	const struct argument *argument = numbers->argument;

	list_add(&numbers->list, argument->name,
		 number(argument->name, text, numbers->n, argument->min, argument->max));
}

static struct list list_of(const struct argument *argument, const char *text)
{
	struct numbers numbers = {.argument = argument};

	if (argument->kind == THREADS)
		numbers.n = arguments_processors();
	each_name(argument->name, text, one_number, &numbers);
	return numbers.list;
}

static double seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0.001 && value <= MAX_SECONDS))
		refuse("--seconds: '%s' is not a number between 0.001 and %d", text,
		       MAX_SECONDS);
	return value;
}

static void set(const struct argument *argument, void *options, const char *text)
{
	void *member = (char *)options + argument->offset;

	switch (argument->kind) {
	case FLAG:
		*(bool *)member = true;
		break;
	case BIT:
		*(unsigned *)member |= argument->min;
		break;
	case NUMBER:
		*(unsigned *)member =
			number(argument->name, text, 0, argument->min, argument->max);
		break;
	case NUMBERS:
	case THREADS:
		*(struct list *)member = list_of(argument, text);
		break;
	case SECONDS:
		*(double *)member = seconds(text);
		break;
	case TEXT:
		*(const char **)member = text;
		break;
	case NAMES:
		each_name(argument->name, text, argument->one, options);
		break;
	case HELP:
		argument->one(options, NULL);
		break;
	}
}

static bool has_value(const struct argument *argument)
{
	return argument->kind != FLAG && argument->kind != BIT && argument->kind != HELP;
}

#define MOST   64
#define LETTER 256 /* of the first: none that could be typed */

void arguments_parse(int argc, char *argv[], const struct argument *arguments,
		     void *options)
{
	struct option list[MOST + 1] = {0};
	int letter;

	for (int i = 0; i < MOST && arguments[i].name; i++)
		list[i] = (struct option){arguments[i].name, has_value(&arguments[i]),
					  NULL, LETTER + i};
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", list, NULL)) != -1) {
		if (letter == ':')
			refuse("%s: a value is missing", argv[optind - 1]);
		else if (letter == '?')
			refuse("%s: not an option, or not with that", argv[optind - 1]);
		else
			set(&arguments[letter - LETTER], options, optarg);
	}
	if (optind < argc)
		refuse("%s: not an option", argv[optind]);
}

void arguments_fill_in(const struct argument *arguments, void *options, bool quick)
{
	for (; arguments->name; arguments++) {
		struct list *list = (void *)((char *)options + arguments->offset);

		if (arguments->usual && !list->count)
			set(arguments, options,
			    quick ? arguments->quick : arguments->usual);
	}
}
