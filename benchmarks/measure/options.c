/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line.
 */
#include "options.h"

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
	"  --uncontended        one thread alone\n"
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

static void print_help(void *options, const char *none)
{
	const struct contender *row;

	(void)options;
	(void)none;
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

#define AT(member) .offset = offsetof(struct options, member)

static const struct argument arguments[] = {
	{"uncontended", FLAG, AT(uncontended)},
	{"mixed", FLAG, AT(mixed)},
	{"open", NUMBERS, AT(arrivals), 1, MAX_RATE},
	{"line", FLAG, AT(line)},
	{"floors", FLAG, AT(floors)},
	{"locks", NAMES, .one = add_locks},
	{"threads", THREADS, AT(threads), 1, MAX_THREADS, "1,n,2n,4n,8n,32n", "1,2,4"},
	{"shared", NUMBERS, AT(shared), 0, 100, "0,90", "0,90"},
	{"instances", NUMBERS, AT(instances), 1, MAX_LOCKS, "1", "1"},
	{"section", NUMBER, AT(section_ns), 0, MAX_NS},
	{"think", NUMBER, AT(think_ns), 0, MAX_NS},
	{"pin", FLAG, AT(pinned)},
	{"spin-anyway", FLAG, AT(spin_anyway)},
	{"rounds", NUMBER, AT(rounds), 1, OPTIONS_ROUNDS},
	{"seconds", SECONDS, AT(seconds)},
	{"lengths", NUMBERS, AT(lengths), 1, MAX_THREADS, "10,1000,10000", "10,100"},
	{"json", TEXT, AT(json)},
	{"quick", FLAG, AT(quick)},
	{"help", HELP, .one = print_help},
	{0},
};

/* What the command line did not say. */
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
	arguments_fill_in(arguments, options, options->quick);
}

void options_parse(struct options *options, int argc, char *argv[])
{
	arguments_program = PROGRAM;
	*options = (struct options){
		.processors = arguments_processors(),
		.section_ns = 50,
		.think_ns = 50,
	};
	arguments_parse(argc, argv, arguments, options);
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
