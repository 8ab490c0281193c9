/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line.
 */
#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM	    "fifolock-mixed"
#define MAX_THREADS 100000
#define MAX_ROUNDS  100
#define MAX_NS	    1000000000
#define MAX_SECONDS 3600

static const char help[] =
	"Usage: " PROGRAM " [OPTION]...\n"
	"Compare locks: uncontended, under mixed load, and with a long line.\n"
	"\n"
	"What to measure (default: all three):\n"
	"  --uncontended        one thread, nobody else\n"
	"  --mixed              threads that take the lock, work, give it back, work\n"
	"  --line               a release with many requests in line\n"
	"\n"
	"  --locks NAMES        which locks (default: all, see below)\n"
	"  --threads LIST       threads under mixed load; n stands for the number of\n"
	"                       processors (default: 1,n,2n,4n,8n,32n)\n"
	"  --shared LIST        percent of requests that are shared; each number makes\n"
	"                       a load of its own (default: 0,90)\n"
	"  --section NS         work with the lock held, nanoseconds (default: 50)\n"
	"  --think NS           work between two requests, nanoseconds on average\n"
	"                       (default: 50)\n"
	"  --rounds N           rounds; figures are medians over them (default: 5)\n"
	"  --seconds S          seconds for each lock, load, number of threads, round\n"
	"                       (default: so that the run takes a minute, at most 1)\n"
	"  --lengths LIST       requests in line for --line (default: 10,1000,10000)\n"
	"  --quick              a few milliseconds for everything: shows that it works,\n"
	"                       the figures mean nothing\n"
	"  --help               this text\n"
	"\n"
	"A LIST is numbers separated by commas, NAMES are names so separated.  Locks:\n";

__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format,
								   ...)
{
	va_list list;

	fputs(PROGRAM ": ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputs("\nTry '" PROGRAM " --help'.\n", stderr);
	exit(2);
}

static void print_help(void)
{
	const struct contender *row;

	fputs(help, stdout);
	for (unsigned i = 0; (row = contender_at(i)); i++)
		printf("  %-20s %s\n", row->name, row->description);
	exit(0);
}

static unsigned count_processors(void)
{
	cpu_set_t mine;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		return (unsigned)CPU_COUNT(&mine);
	return online > 0 ? (unsigned)online : 1;
}

/* A number that takes part in a list, or is alone.  Where n is not 0, "4n" is 4 * n and
 * "n" is n. */
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

/* Numbers that come twice are taken once. */
static void list_add(struct list *list, const char *option, unsigned value)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->at[i] == value)
			return;
	if (list->count == OPTIONS_LIST)
		refuse("--%s: more than %d numbers", option, OPTIONS_LIST);
	list->at[list->count++] = value;
}

static struct list numbers(const char *option, const char *text, unsigned n, unsigned min,
			   unsigned max)
{
	struct list list = {0};
	char *copy = strdup(text);
	char *rest = copy;
	char *item;

	if (!copy)
		refuse("--%s: %s", option, strerror(errno));
	while ((item = strsep(&rest, ",")))
		list_add(&list, option, number(option, item, n, min, max));
	free(copy);
	return list;
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

static void lock_add(struct options *options, const struct contender *row)
{
	for (unsigned i = 0; i < options->lock_count; i++)
		if (options->locks[i] == row)
			return;
	if (options->lock_count == OPTIONS_LOCKS)
		refuse("--locks: more than %d locks", OPTIONS_LOCKS);
	options->locks[options->lock_count++] = row;
}

static void add_all_locks(struct options *options)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_at(i)); i++)
		lock_add(options, row);
}

static void add_locks(struct options *options, const char *names)
{
	char *copy = strdup(names);
	char *rest = copy;
	char *name;

	if (!copy)
		refuse("--locks: %s", strerror(errno));
	while ((name = strsep(&rest, ","))) {
		const struct contender *row = contender_named(name);

		if (!row)
			refuse("--locks: there is no lock '%s'", name);
		lock_add(options, row);
	}
	free(copy);
}

enum letter {
	UNCONTENDED = 256,
	MIXED,
	LINE,
	LOCKS,
	THREADS,
	SHARED_PERCENT,
	SECTION,
	THINK,
	ROUNDS,
	SECONDS,
	LENGTHS,
	QUICK,
	HELP,
};

static const struct option long_options[] = {
	{"uncontended", no_argument, NULL, UNCONTENDED},
	{"mixed", no_argument, NULL, MIXED},
	{"line", no_argument, NULL, LINE},
	{"locks", required_argument, NULL, LOCKS},
	{"threads", required_argument, NULL, THREADS},
	{"shared", required_argument, NULL, SHARED_PERCENT},
	{"section", required_argument, NULL, SECTION},
	{"think", required_argument, NULL, THINK},
	{"rounds", required_argument, NULL, ROUNDS},
	{"seconds", required_argument, NULL, SECONDS},
	{"lengths", required_argument, NULL, LENGTHS},
	{"quick", no_argument, NULL, QUICK},
	{"help", no_argument, NULL, HELP},
	{0},
};

static void set_switch(struct options *options, int letter)
{
	switch (letter) {
	case UNCONTENDED:
		options->uncontended = true;
		break;
	case MIXED:
		options->mixed = true;
		break;
	case LINE:
		options->line = true;
		break;
	case QUICK:
		options->quick = true;
		break;
	case HELP:
		print_help();
		break;
	}
}

static void set_value(struct options *options, int letter, const char *text)
{
	switch (letter) {
	case LOCKS:
		add_locks(options, text);
		break;
	case THREADS:
		options->threads =
			numbers("threads", text, options->processors, 1, MAX_THREADS);
		break;
	case SHARED_PERCENT:
		options->shared = numbers("shared", text, 0, 0, 100);
		break;
	case LENGTHS:
		options->lengths = numbers("lengths", text, 0, 1, MAX_THREADS);
		break;
	case SECTION:
		options->section_ns = number("section", text, 0, 0, MAX_NS);
		break;
	case THINK:
		options->think_ns = number("think", text, 0, 0, MAX_NS);
		break;
	case ROUNDS:
		options->rounds = number("rounds", text, 0, 1, MAX_ROUNDS);
		break;
	case SECONDS:
		options->seconds = seconds(text);
		break;
	}
}

/* What the command line did not say. */
static void fill_in(struct options *options)
{
	const char *threads = options->quick ? "1,2,4" : "1,n,2n,4n,8n,32n";
	const char *lengths = options->quick ? "10,100" : "10,1000,10000";

	if (!options->uncontended && !options->mixed && !options->line)
		options->uncontended = options->mixed = options->line = true;
	if (!options->rounds)
		options->rounds = options->quick ? 2 : 5;
	if (options->quick && options->seconds == 0)
		options->seconds = 0.005;
	if (!options->threads.count)
		set_value(options, THREADS, threads);
	if (!options->shared.count)
		set_value(options, SHARED_PERCENT, "0,90");
	if (!options->lengths.count)
		set_value(options, LENGTHS, lengths);
	if (!options->lock_count)
		add_all_locks(options);
}

void options_parse(struct options *options, int argc, char *argv[])
{
	int letter;

	*options = (struct options){
		.processors = count_processors(),
		.section_ns = 50,
		.think_ns = 50,
	};
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (letter == ':')
			refuse("%s: a value is missing", argv[optind - 1]);
		else if (letter == '?')
			refuse("%s: not an option, or not with that", argv[optind - 1]);
		else if (optarg)
			set_value(options, letter, optarg);
		else
			set_switch(options, letter);
	}
	if (optind < argc)
		refuse("%s: not an option", argv[optind]);
	fill_in(options);
}
