/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line.
 */
#include "options.h"
#include "asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM	    "fifolock-bench-keys"
#define MAX_THREADS 100000
#define MAX_KEYS    100000000
#define MAX_US	    10000000
#define MAX_COUNT   4000000000

static const char help[] =
	"Usage: " PROGRAM " [OPTION]...\n"
	"Compare ways to lock keys.\n"
	"\n"
	"What to measure (default: --load --collide --live):\n"
	"  --load            threads that lock a key, touch what it guards, unlock it\n"
	"  --collide         keys that share one of 1024 stripes with a key that is held "
	"for long\n"
	"  --live            memory and time for many keys held at once\n"
	"  --churn           memory over births and deaths of many different keys; some "
	"minutes\n"
	"\n"
	"  --locks NAMES     which locks (default: each test's usual ones; 'all': all; "
	"below)\n"
	"  --threads LIST    threads under load; n stands for the number of processors\n"
	"                    (default: 1,2,n,4n,16n)\n"
	"  --rounds N        rounds; figures are medians over them (default: 3)\n"
	"  --seconds S       seconds for each lock, load, number of threads, round "
	"(default: 0.2)\n"
	"  --pin             each thread stays on one processor\n"
	"  --json FILE       append every figure of every round, one object a line\n"
	"  --quick           a moment for everything: shows that it works, the figures "
	"mean\n"
	"                    nothing\n"
	"  --help            this text\n"
	"\n"
	"Of --load; each number makes a load of its own:\n"
	"  --keys LIST       how many keys there are (default: 1,100,1000000)\n"
	"  --access NAMES    which are asked for: uniform, all alike; zipf, the k-th in\n"
	"                    proportion to 1 / k^0.99 (default: both)\n"
	"  --shared LIST     percent of requests that are shared (default: 0,90)\n"
	"  --touch LIST      cache lines touched under the lock: 0, or the one of the "
	"key's row,\n"
	"                    1 (default: both)\n"
	"Of --collide:\n"
	"  --pairs LIST      pairs of keys, each on a stripe of its own (default: 16)\n"
	"  --hold US         how long one key of a pair is held, microseconds (default: "
	"1000)\n"
	"Of --live:\n"
	"  --live-keys LIST  how many (default: 1000000)\n"
	"Of --churn, by a thread for each processor:\n"
	"  --count N         how many (default: 100000000)\n"
	"  --held LIST       keys that each thread holds at a time (default: 1,4096)\n"
	"\n"
	"A LIST is numbers separated by commas, NAMES are names so separated.  Locks:\n";

static void print_help(void *options, const char *none)
{
	const struct keyed *row;

	(void)options;
	(void)none;
	fputs(help, stdout);
	for (unsigned i = 0; (row = keyed_at(i)); i++)
		printf("  %-22s %s\n", row->name, row->description);
	exit(0);
}

static void lock_add(struct options *options, const struct keyed *row)
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
	for (unsigned i = 0; keyed_at(i); i++)
		lock_add(options, keyed_at(i));
}

static void add_locks(void *ctx, const char *name)
{
	struct options *options = ctx;

	options->named = true;
	if (strcmp(name, "all") == 0)
		add_all_locks(options);
	else if (keyed_named(name))
		lock_add(options, keyed_named(name));
	else
		refuse("--locks: there is no lock '%s'", name);
}

const char *access_name(unsigned access)
{
	return access == ZIPF ? "zipf" : "uniform";
}

static void add_access(void *ctx, const char *name)
{
	struct options *options = ctx;
	unsigned access = strcmp(name, access_name(ZIPF)) == 0 ? ZIPF : UNIFORM;

	if (strcmp(name, access_name(access)) != 0)
		refuse("--access: '%s' is neither uniform nor zipf", name);
	if (options->access.count == 0 ||
	    (options->access.count == 1 && options->access.at[0] != access))
		options->access.at[options->access.count++] = access;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct argument arguments[] = {
	{"load", BIT, AT(tests), LOAD},
	{"collide", BIT, AT(tests), COLLIDE},
	{"live", BIT, AT(tests), LIVE},
	{"churn", BIT, AT(tests), CHURN},
	{"locks", NAMES, .one = add_locks},
	{"threads", THREADS, AT(threads), 1, MAX_THREADS, "1,2,n,4n,16n", "1,2,4"},
	{"rounds", NUMBER, AT(rounds), 1, OPTIONS_ROUNDS},
	{"seconds", SECONDS, AT(seconds)},
	{"pin", FLAG, AT(pinned)},
	{"json", TEXT, AT(json)},
	{"quick", FLAG, AT(quick)},
	{"help", HELP, .one = print_help},
	{"keys", NUMBERS, AT(keys), 1, MAX_KEYS, "1,100,1000000", "1,100,10000"},
	{"access", NAMES, .one = add_access},
	{"shared", NUMBERS, AT(shared), 0, 100, "0,90", "0,90"},
	{"touch", NUMBERS, AT(touch), 0, 1, "0,1", "0,1"},
	{"pairs", NUMBERS, AT(pairs), 1, 1024, "16", "16"},
	{"hold", NUMBER, AT(hold_us), 1, MAX_US},
	{"live-keys", NUMBERS, AT(live), 1, MAX_KEYS, "1000000", "10000"},
	{"count", NUMBER, AT(count), 10, MAX_COUNT},
	{"held", NUMBERS, AT(held), 1, MAX_KEYS, "1,4096", "1,4096"},
	{0},
};

/* Of the usual tests, those in which a lock takes part. */
static void choose_tests(struct options *options)
{
	static const enum test usual[] = {LOAD, COLLIDE, LIVE};

	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (options_locks_of(options, usual[i]))
			options->tests |= usual[i];
}

static void check_locks(const struct options *options)
{
	static const struct {
		enum test test;
		const char *name;
	} tests[] = {
		{LOAD, "load"}, {COLLIDE, "collide"}, {LIVE, "live"}, {CHURN, "churn"}};

	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if ((options->tests & tests[i].test) &&
		    !options_locks_of(options, tests[i].test))
			refuse("no lock that was named takes part in --%s",
			       tests[i].name);
}

/* What the command line did not say. */
static void fill_in(struct options *options)
{
	bool quick = options->quick;

	if (!options->rounds)
		options->rounds = quick ? 2 : 3;
	if (options->seconds == 0)
		options->seconds = quick ? 0.005 : 0.2;
	if (!options->count)
		options->count = quick ? 100000 : 100000000;
	if (!options->lock_count)
		add_all_locks(options);
	if (!options->tests)
		choose_tests(options);
	if (!options->access.count)
		options->access = (struct list){2, {UNIFORM, ZIPF}};
	arguments_fill_in(arguments, options, quick);
}

void options_parse(struct options *options, int argc, char *argv[])
{
	arguments_program = PROGRAM;
	*options = (struct options){
		.processors = arguments_processors(),
		.hold_us = 1000,
	};
	arguments_parse(argc, argv, arguments, options);
	fill_in(options);
	check_locks(options);
}

bool options_take(const struct options *options, const struct keyed *row, enum test test)
{
	return ((options->named ? row->tests : row->usual) & test) != 0;
}

unsigned options_locks_of(const struct options *options, enum test test)
{
	unsigned count = 0;

	for (unsigned i = 0; i < options->lock_count; i++)
		count += options_take(options, options->locks[i], test);
	return count;
}

int options_name_width(const struct options *options)
{
	size_t width = 0;

	for (unsigned i = 0; i < options->lock_count; i++)
		if (strlen(options->locks[i]->name) > width)
			width = strlen(options->locks[i]->name);
	return (int)width;
}
