/* SPDX-License-Identifier: MIT
 *
 * main.c - which programs to explore, and how.
 */
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct ex_counts *sum, const struct ex_counts *counts)
{
	sum->executions += counts->executions;
	sum->redundant += counts->redundant;
	sum->steps += counts->steps;
	sum->seconds += counts->seconds;
	sum->complete &= counts->complete;
	sum->failure = counts->failure;
}

/* The handler in each window of its thread, until there is none left. */
static struct ex_counts explore_windows(const struct program *program,
					const struct ex_options *options)
{
	const struct ex_run run = program_run(program);
	struct ex_counts sum = {.complete = true};
	unsigned window = 0;

	do {
		struct ex_counts counts;

		program_signal(window++);
		counts = ex_explore(&run, options);
		add(&sum, &counts);
		if (sum.failure && !options->brief)
			printf("window %u\n", window - 1);
	} while (!sum.failure && program->handler && ex_signal_ran());
	return sum;
}

static bool explore(const struct program *program, const struct ex_options *options)
{
	struct ex_counts counts = explore_windows(program, options);

	if (options->brief)
		return !counts.failure;
	printf("%-28s %10lu executions (%lu cut) %10lu steps %8.1f s  %s\n",
	       program->name, counts.executions, counts.redundant, counts.steps,
	       counts.seconds,
	       counts.failure	 ? "FAILED"
	       : counts.complete ? "all"
				 : "");
	fflush(stdout);
	return !counts.failure;
}

static bool at_random(const struct ex_options *options)
{
	return options->strategy == EX_RANDOM || options->strategy == EX_PCT;
}

/* ---- is each order needed? ---- */

static bool is_chosen(const struct program *which, char *const names[], int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], which->name))
			return true;
	return !count;
}

static const char *failing_program(const struct ex_options *options, char *const names[],
				   int count)
{
	for (unsigned i = 0; i < program_count; i++)
		if (is_chosen(&programs[i], names, count) &&
		    !explore(&programs[i], options))
			return programs[i].name;
	return NULL;
}

/* Take each acquire and release of the sources away in turn: does a program fail? */
static int weaken_each(struct ex_options options, char *const names[], int names_count)
{
	const struct memory_order *orders;
	unsigned count, needed = 0;

	options.brief = true;
	if (!at_random(&options)) {
		fputs("--weaken-each needs --random or --pct\n", stderr);
		return 2;
	}
	if (failing_program(&options, names,
			    names_count)) /* meets the orders that there are */
		return 1;
	orders = memory_orders(&count);
	for (unsigned i = 0; i < count; i++) {
		const char *name;

		memory_weaken(&orders[i]);
		name = failing_program(&options, names, names_count);
		memory_weaken(NULL);
		needed += name != NULL;
		printf("%-22s:%-4d %-8s %s%s\n", orders[i].site->file,
		       orders[i].site->line,
		       orders[i].part == EX_ACQUIRE ? "acquire" : "release",
		       name ? "needed by " : "not needed by any program",
		       name ? name : "");
		fflush(stdout);
	}
	printf("%u of %u orders needed\n", needed, count);
	return 0;
}

/* ---- is the reduction right? ---- */

static size_t classes_of(const struct program *program, struct ex_options options,
			 enum ex_strategy strategy, uint64_t *which,
			 unsigned long *executions)
{
	options.strategy = strategy;
	options.preemptions = EX_DEPTH;
	options.classes = true;
	*executions = explore_windows(program, &options).executions;
	return class_count(which);
}

/* All executions without reduction, and with it. */
static int check_reduction(const struct ex_options *options, char *const names[],
			   int count)
{
	unsigned passed = 0, failed = 0;

	for (unsigned i = 0; i < program_count; i++) {
		const struct program *program = &programs[i];
		unsigned long many, few;
		uint64_t all, reduced;
		size_t of_all, of_reduced;

		if (count ? !is_chosen(program, names, count) : !program->tiny)
			continue;
		of_all = classes_of(program, *options, EX_BOUNDED, &all, &many);
		of_reduced = classes_of(program, *options, EX_ALL, &reduced, &few);
		printf("%-28s %10lu executions of %zu classes; reduced to %lu of %zu\n",
		       program->name, many, of_all, few, of_reduced);
		fflush(stdout);
		if (all == reduced && of_all == of_reduced)
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

/* ---- main ---- */

static const char usage[] =
	"usage: explore [option...] [program...]\n"
	"Runs small programs of several threads on the real library in every order that\n"
	"matters, and checks each step.  Without names: all programs.\n"
	"  --list             name the programs\n"
	"  --all              every execution (default)\n"
	"  --preemptions N    every execution with at most N preemptions\n"
	"  --random N         N executions at random\n"
	"  --pct N            N executions by random priorities\n"
	"  --seed N           where the random ones begin; each is the next number\n"
	"  --weak N           N loads of each execution may see old values, by RC11's "
	"rules\n"
	"  --limit N          at most N executions of each program\n"
	"  --seconds N        at most N seconds for each program\n"
	"  --processors N     as far as the library knows (1): with more than two, a "
	"hold\n"
	"                     goes on from section to section\n"
	"  --no-retries       leave out executions that only try again (see schedule.c)\n"
	"  --weaken-each      take each acquire and release of the library away in turn "
	"and\n"
	"                     say which program fails\n"
	"  --check-reduction  compare what --all runs with every execution there is\n"
	"  --replay SCHEDULE  one execution, step by step\n";

static bool number(const char *text, double *value)
{
	char *end;

	*value = text ? strtod(text, &end) : 0;
	return text && *text && !*end && *value >= 0;
}

static bool option(struct ex_options *options, const char *name, const char *text)
{
	double value = 0;

	if (!strcmp(name, "--replay")) {
		options->strategy = EX_REPLAY;
		options->replay = text;
		options->print = true;
		return text;
	}
	if (!number(text, &value))
		return false;
	if (!strcmp(name, "--random") || !strcmp(name, "--pct")) {
		options->strategy = name[2] == 'p' ? EX_PCT : EX_RANDOM;
		options->executions = (unsigned long)value;
	} else if (!strcmp(name, "--preemptions")) {
		options->strategy = EX_BOUNDED;
		options->preemptions = (unsigned)value;
	} else if (!strcmp(name, "--seed")) {
		options->seed = (uint64_t)value;
	} else if (!strcmp(name, "--weak")) {
		options->stale = (unsigned)value;
	} else if (!strcmp(name, "--limit")) {
		options->executions = (unsigned long)value;
	} else if (!strcmp(name, "--processors")) {
		parks_processors((unsigned)value);
	} else if (!strcmp(name, "--seconds")) {
		options->seconds = value;
	} else {
		return false;
	}
	return true;
}

static int list(void)
{
	for (unsigned i = 0; i < program_count; i++)
		printf("%s%s\n", programs[i].name, programs[i].big ? " (at random)" : "");
	return 0;
}

int main(int argc, char *argv[])
{
	struct ex_options options = {.strategy = EX_ALL};
	unsigned passed = 0, failed = 0;
	bool weaken = false, reduction = false;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (!strcmp(argv[at], "--list"))
			return list();
		if (!strcmp(argv[at], "--all")) {
			options.strategy = EX_ALL;
		} else if (!strcmp(argv[at], "--weaken-each")) {
			weaken = true;
		} else if (!strcmp(argv[at], "--check-reduction")) {
			reduction = true;
		} else if (!strcmp(argv[at], "--no-retries")) {
			options.no_retries = true;
		} else if (!option(&options, argv[at], argv[at + 1])) {
			fputs(usage, stderr);
			return 2;
		} else {
			at++;
		}
	}
	programs_prepare();
	if (reduction)
		return check_reduction(&options, argv + at, argc - at);
	if (weaken)
		return weaken_each(options, argv + at, argc - at);
	for (unsigned i = 0; i < program_count; i++) {
		if (!is_chosen(&programs[i], argv + at, argc - at) ||
		    (at == argc && programs[i].big && !at_random(&options)))
			continue;
		if (explore(&programs[i], &options))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
