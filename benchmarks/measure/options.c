/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line.
 */
#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM	    "fifolock-bench"
#define MAX_THREADS 100000
#define MAX_NS	    1000000000
#define MAX_RATE    1000000000
#define MAX_LOCKS   10000000

static const char help[] =
	"Usage: " PROGRAM " [OPTION]...\n"
	"       " PROGRAM " compare A.json B.json    what has changed, and is it noise?\n"
	"       " PROGRAM " plot FILE.json           pictures, by matplotlib\n"
	"Compare locks: uncontended, under mixed loads, and with a long line.\n"
	"\n"
	"What to measure (default: all but --open):\n"
	"  --uncontended        one thread, nobody else\n"
	"  --mixed              threads that take the lock, work, give it back, work\n"
	"  --open RATES         threads to which requests come at random times, so many "
	"per\n"
	"                       second in all; waits count from there, however late the\n"
	"                       thread is; each number makes a load of its own\n"
	"  --line               a release with many requests in line\n"
	"  --floors             the least that this machine makes a lock cost\n"
	"\n"
	"  --locks NAMES        which locks (default: the usual ones; 'all': all; "
	"below)\n"
	"  --threads LIST       threads under load; n stands for the number of\n"
	"                       processors (default: 1,n,2n,4n,8n,32n)\n"
	"  --shared LIST        percent of requests that are shared; each number makes\n"
	"                       a load of its own (default: 0,90)\n"
	"  --instances LIST     how many locks of the kind there are; each request is "
	"for one\n"
	"                       of them at random; each number makes a load (default: "
	"1)\n"
	"  --section NS         work with the lock held, nanoseconds (default: 50)\n"
	"  --think NS           work between two requests, nanoseconds on average\n"
	"                       (default: 50)\n"
	"  --pin                each thread stays on one processor\n"
	"  --spin-anyway        measure locks whose waiters never sleep with more "
	"threads\n"
	"                       than processors, too\n"
	"  --lengths LIST       requests in line for --line (default: 10,1000,10000)\n"
	"\n"
	"  --rounds N           rounds; figures are medians over them (default: 5)\n"
	"  --seconds S          seconds for each lock, load, number of threads, round\n"
	"                       (default: so that the run takes a minute, at most 1)\n"
	"  --json FILE          append every figure of every round, one object a line\n"
	"  --quick              a few milliseconds for everything: shows that it works,\n"
	"                       the figures mean nothing\n"
	"  --help               this text\n"
	"\n"
	"A LIST is numbers separated by commas, NAMES are names so separated.  Locks (* "
	"the\n"
	"usual ones):\n";

static void print_help(void)
{
	const struct contender *row;

	fputs(help, stdout);
	for (unsigned i = 0; (row = contender_at(i)); i++)
		printf("%c %-34s %s\n", row->usual ? '*' : ' ', row->name,
		       row->description);
	for (unsigned i = 0; (row = contender_absent_at(i)); i++)
		printf("  %-34s not in this build: it lacked %s\n", row->name,
		       row->absent);
	exit(0);
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

static void add_locks_of_table(struct options *options, bool all)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_at(i)); i++)
		if (all || row->usual)
			lock_add(options, row);
}

static void add_named(struct options *options, const char *name)
{
	const struct contender *row = contender_named(name);

	if (!row)
		refuse("--locks: there is no lock '%s'", name);
	if (row->absent)
		refuse("--locks: %s is not in this build: it lacked %s", name,
		       row->absent);
	lock_add(options, row);
}

static void add_locks(void *ctx, const char *name)
{
	if (strcmp(name, "all") == 0)
		add_locks_of_table(ctx, true);
	else
		add_named(ctx, name);
}

enum letter {
	UNCONTENDED = 256,
	MIXED,
	OPEN,
	LINE,
	FLOORS,
	LOCKS,
	THREADS,
	SHARED_PERCENT,
	INSTANCES,
	SECTION,
	THINK,
	PIN,
	SPIN_ANYWAY,
	ROUNDS,
	SECONDS,
	LENGTHS,
	JSON,
	QUICK,
	HELP,
};

static const struct option long_options[] = {
	{"uncontended", no_argument, NULL, UNCONTENDED},
	{"mixed", no_argument, NULL, MIXED},
	{"open", required_argument, NULL, OPEN},
	{"line", no_argument, NULL, LINE},
	{"floors", no_argument, NULL, FLOORS},
	{"locks", required_argument, NULL, LOCKS},
	{"threads", required_argument, NULL, THREADS},
	{"shared", required_argument, NULL, SHARED_PERCENT},
	{"instances", required_argument, NULL, INSTANCES},
	{"section", required_argument, NULL, SECTION},
	{"think", required_argument, NULL, THINK},
	{"pin", no_argument, NULL, PIN},
	{"spin-anyway", no_argument, NULL, SPIN_ANYWAY},
	{"rounds", required_argument, NULL, ROUNDS},
	{"seconds", required_argument, NULL, SECONDS},
	{"lengths", required_argument, NULL, LENGTHS},
	{"json", required_argument, NULL, JSON},
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
	case FLOORS:
		options->floors = true;
		break;
	case PIN:
		options->pinned = true;
		break;
	case SPIN_ANYWAY:
		options->spin_anyway = true;
		break;
	case QUICK:
		options->quick = true;
		break;
	case HELP:
		print_help();
		break;
	}
}

static void set_list(struct options *options, int letter, const char *text)
{
	switch (letter) {
	case THREADS:
		options->threads = arguments_numbers("threads", text, options->processors,
						     1, MAX_THREADS);
		break;
	case SHARED_PERCENT:
		options->shared = arguments_numbers("shared", text, 0, 0, 100);
		break;
	case INSTANCES:
		options->instances =
			arguments_numbers("instances", text, 0, 1, MAX_LOCKS);
		break;
	case OPEN:
		options->arrivals = arguments_numbers("open", text, 0, 1, MAX_RATE);
		break;
	case LENGTHS:
		options->lengths = arguments_numbers("lengths", text, 0, 1, MAX_THREADS);
		break;
	}
}

static void set_value(struct options *options, int letter, const char *text)
{
	switch (letter) {
	case LOCKS:
		arguments_names("locks", text, add_locks, options);
		break;
	case SECTION:
		options->section_ns = arguments_number("section", text, 0, 0, MAX_NS);
		break;
	case THINK:
		options->think_ns = arguments_number("think", text, 0, 0, MAX_NS);
		break;
	case ROUNDS:
		options->rounds = arguments_number("rounds", text, 0, 1, OPTIONS_ROUNDS);
		break;
	case SECONDS:
		options->seconds = arguments_seconds(text);
		break;
	case JSON:
		options->json = text;
		break;
	default:
		set_list(options, letter, text);
	}
}

/* What the command line did not say. */
static void fill_in_lists(struct options *options)
{
	const char *threads = options->quick ? "1,2,4" : "1,n,2n,4n,8n,32n";
	const char *lengths = options->quick ? "10,100" : "10,1000,10000";

	if (!options->threads.count)
		set_list(options, THREADS, threads);
	if (!options->shared.count)
		set_list(options, SHARED_PERCENT, "0,90");
	if (!options->instances.count)
		set_list(options, INSTANCES, "1");
	if (!options->lengths.count)
		set_list(options, LENGTHS, lengths);
}

static void fill_in(struct options *options)
{
	if (!options->uncontended && !options->mixed && !options->line &&
	    !options->floors && !options->arrivals.count)
		options->uncontended = options->mixed = options->line = options->floors =
			true;
	if (!options->rounds)
		options->rounds = options->quick ? 2 : 5;
	if (options->quick && options->seconds == 0)
		options->seconds = 0.005;
	if (!options->lock_count)
		add_locks_of_table(options, false);
	fill_in_lists(options);
}

static void take(void *ctx, int letter, const char *value)
{
	if (value)
		set_value(ctx, letter, value);
	else
		set_switch(ctx, letter);
}

void options_parse(struct options *options, int argc, char *argv[])
{
	arguments_program = PROGRAM;
	*options = (struct options){
		.processors = arguments_processors(),
		.section_ns = 50,
		.think_ns = 50,
	};
	arguments_parse(argc, argv, long_options, take, options);
	fill_in(options);
}

int options_name_width(const struct options *options)
{
	size_t width = 0;

	for (unsigned i = 0; i < options->lock_count; i++)
		if (strlen(options->locks[i]->name) > width)
			width = strlen(options->locks[i]->name);
	return (int)width;
}
