/* SPDX-License-Identifier: MIT
 *
 * arguments.c - numbers, and lists of them, on a command line.
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

unsigned arguments_number(const char *option, const char *text, unsigned n, unsigned min,
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

void arguments_names(const char *option, const char *text,
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
	const char *option;
	unsigned n, min, max;
};

static void one_number(void *ctx, const char *text)
{
	struct numbers *numbers = ctx;

	list_add(&numbers->list, numbers->option,
		 arguments_number(numbers->option, text, numbers->n, numbers->min,
				  numbers->max));
}

struct list arguments_numbers(const char *option, const char *text, unsigned n,
			      unsigned min, unsigned max)
{
	struct numbers numbers = {.option = option, .n = n, .min = min, .max = max};

	arguments_names(option, text, one_number, &numbers);
	return numbers.list;
}

double arguments_seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0.001 && value <= MAX_SECONDS))
		refuse("--seconds: '%s' is not a number between 0.001 and %d", text,
		       MAX_SECONDS);
	return value;
}

void arguments_parse(int argc, char *argv[], const struct option *options,
		     void (*take)(void *ctx, int letter, const char *value), void *ctx)
{
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (letter == ':')
			refuse("%s: a value is missing", argv[optind - 1]);
		else if (letter == '?')
			refuse("%s: not an option, or not with that", argv[optind - 1]);
		else
			take(ctx, letter, optarg);
	}
	if (optind < argc)
		refuse("%s: not an option", argv[optind]);
}
