/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line.
 */
#define _GNU_SOURCE
#include "options.h"
#include "asked.h"

#include <getopt.h>
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

static void print_help(void)
{
	const struct keyed *row;

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

enum letter {
	LOAD_TEST = 256,
	COLLIDE_TEST,
	LIVE_TEST,
	CHURN_TEST,
	LOCKS,
	THREADS,
	ROUNDS,
	SECONDS,
	PIN,
	JSON,
	QUICK,
	HELP,
	KEYS,
	ACCESS,
	SHARED_PERCENT,
	TOUCH,
	PAIRS,
	HOLD,
	LIVE_KEYS,
	BIRTHS,
	HELD,
};

static const struct option long_options[] = {
	{"load", no_argument, NULL, LOAD_TEST},
	{"collide", no_argument, NULL, COLLIDE_TEST},
	{"live", no_argument, NULL, LIVE_TEST},
	{"churn", no_argument, NULL, CHURN_TEST},
	{"locks", required_argument, NULL, LOCKS},
	{"threads", required_argument, NULL, THREADS},
	{"rounds", required_argument, NULL, ROUNDS},
	{"seconds", required_argument, NULL, SECONDS},
	{"pin", no_argument, NULL, PIN},
	{"json", required_argument, NULL, JSON},
	{"quick", no_argument, NULL, QUICK},
	{"help", no_argument, NULL, HELP},
	{"keys", required_argument, NULL, KEYS},
	{"access", required_argument, NULL, ACCESS},
	{"shared", required_argument, NULL, SHARED_PERCENT},
	{"touch", required_argument, NULL, TOUCH},
	{"pairs", required_argument, NULL, PAIRS},
	{"hold", required_argument, NULL, HOLD},
	{"live-keys", required_argument, NULL, LIVE_KEYS},
	{"count", required_argument, NULL, BIRTHS},
	{"held", required_argument, NULL, HELD},
	{0},
};

static void set_switch(struct options *options, int letter)
{
	switch (letter) {
	case LOAD_TEST:
		options->tests |= LOAD;
		break;
	case COLLIDE_TEST:
		options->tests |= COLLIDE;
		break;
	case LIVE_TEST:
		options->tests |= LIVE;
		break;
	case CHURN_TEST:
		options->tests |= CHURN;
		break;
	case PIN:
		options->pinned = true;
		break;
	case QUICK:
		options->quick = true;
		break;
	case HELP:
		print_help();
		break;
	}
}

/* The lists of numbers, and what they are if the command line does not say. */
static const struct listed {
	int letter;
	const char *name;
	size_t offset;
	unsigned min, max;
	const char *usual, *quick;
} lists[] = {
#define LIST(member) offsetof(struct options, member)
	{THREADS, "threads", LIST(threads), 1, MAX_THREADS, "1,2,n,4n,16n", "1,2,4"},
	{KEYS, "keys", LIST(keys), 1, MAX_KEYS, "1,100,1000000", "1,100,10000"},
	{SHARED_PERCENT, "shared", LIST(shared), 0, 100, "0,90", "0,90"},
	{TOUCH, "touch", LIST(touch), 0, 1, "0,1", "0,1"},
	{PAIRS, "pairs", LIST(pairs), 1, 1024, "16", "16"},
	{LIVE_KEYS, "live-keys", LIST(live), 1, MAX_KEYS, "1000000", "10000"},
	{HELD, "held", LIST(held), 1, MAX_KEYS, "1,4096", "1,4096"},
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

static struct list *list_of(struct options *options, const struct listed *listed)
{
	return (struct list *)((char *)options + listed->offset);
}

static void set_list(struct options *options, const struct listed *listed,
		     const char *text)
{
	unsigned n = listed->letter == THREADS ? options->processors : 0;

	*list_of(options, listed) =
		arguments_numbers(listed->name, text, n, listed->min, listed->max);
}

static void set_value(struct options *options, int letter, const char *text)
{
	switch (letter) {
	case LOCKS:
		arguments_names("locks", text, add_locks, options);
		break;
	case ACCESS:
		arguments_names("access", text, add_access, options);
		break;
	case ROUNDS:
		options->rounds = arguments_number("rounds", text, 0, 1, OPTIONS_ROUNDS);
		break;
	case SECONDS:
		options->seconds = arguments_seconds(text);
		break;
	case HOLD:
		options->hold_us = arguments_number("hold", text, 0, 1, MAX_US);
		break;
	case BIRTHS:
		options->count = arguments_number("count", text, 0, 10, MAX_COUNT);
		break;
	case JSON:
		options->json = text;
		break;
	}
	for (unsigned i = 0; i < LISTS; i++)
		if (lists[i].letter == letter)
			set_list(options, &lists[i], text);
}

static void take(void *ctx, int letter, const char *value)
{
	if (value)
		set_value(ctx, letter, value);
	else
		set_switch(ctx, letter);
}

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
	for (unsigned i = 0; i < LISTS; i++)
		if (!list_of(options, &lists[i])->count)
			set_list(options, &lists[i],
				 quick ? lists[i].quick : lists[i].usual);
}

void options_parse(struct options *options, int argc, char *argv[])
{
	arguments_program = PROGRAM;
	*options = (struct options){
		.processors = arguments_processors(),
		.hold_us = 1000,
	};
	arguments_parse(argc, argv, long_options, take, options);
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
