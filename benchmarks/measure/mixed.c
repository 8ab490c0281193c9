/* SPDX-License-Identifier: MIT
 *
 * mixed.c - locks side by side under loads of shared and exclusive requests.
 */
#include "mixed.h"
#include "figures.h"
#include "line.h"
#include "load.h"
#include "progress.h"
#include "report.h"
#include "sides.h"
#include "work.h"

#include <math.h>
#include <stdio.h>

/* One load and number of threads. */
struct table {
	const struct options *options;
	struct load load;
	struct sides sides;
};

/* Of all tables: what has been run, what this took besides its time, s, to start and to
 * end, and what is yet to be run as it was planned. */
static unsigned cells_done;
static double beside;
static unsigned cells_left;

static bool takes_part(const struct options *options, const struct contender *row,
		       unsigned threads)
{
	return !row->spins || options->spin_anyway || threads <= options->processors;
}

static int run_cell(void *ctx, const struct side *lock, unsigned round,
		    struct outcome *outcome)
{
	struct table *table = ctx;
	double before = progress_passed();
	int error;

	table->load.seed = round; /* the same arrivals for every lock */
	progress_now("%u %% shared, %u threads, round %u: %s", table->load.shared_percent,
		     table->load.threads, round + 1, lock->name);
	error = load_run(&table->load, lock->row, outcome);
	progress_done(table->options->seconds);
	beside += progress_passed() - before - table->load.seconds;
	cells_done++;
	return error;
}

static void report(void *ctx, const struct side *lock, unsigned round,
		   const struct outcome *outcome)
{
	const struct table *table = ctx;

	report_load(table->options, &table->load, lock->name, round, outcome);
}

static void choose_locks(struct table *table)
{
	const struct options *options = table->options;

	for (unsigned i = 0; i < options->lock_count; i++) {
		const struct contender *row = options->locks[i];

		if (takes_part(options, row, table->load.threads))
			table->sides.locks[table->sides.count++] =
				(struct side){row->name, row->ours, row->overlaps, row};
	}
}

/* Beside other work each cell takes longer than it is given.  Then it is given less, down to
 * the least, and there are fewer rounds: the whole run lasts what it was to last. */
static void set_pace(struct table *table)
{
	const struct options *options = table->options;
	double each = cells_done ? beside / cells_done : 0;
	double after = options->line ? line_seconds(options) : 0;
	double cell, rounds;

	table->sides.rounds = options->rounds;
	if (options->pace == 0 || !cells_left)
		return;
	cell = (options->pace - progress_passed() - after) / cells_left;
	table->load.seconds = fmin(fmax(cell - each, MIXED_LEAST), options->seconds);
	rounds = options->rounds * cell / (table->load.seconds + each);
	table->sides.rounds = (unsigned)fmin(fmax(rounds, 1), options->rounds);
}

/* What is left of the plan without these rounds. */
static void go_on(const struct table *table)
{
	const struct options *options = table->options;
	unsigned left_out = options->rounds - table->sides.rounds;

	cells_left -= table->sides.count * options->rounds;
	progress_done(table->sides.count * left_out * options->seconds);
}

/* In an open loop all do what is asked, or fall behind: there is nothing to compare. */
static struct sides sides_of(const struct options *options, const struct load *load)
{
	return (struct sides){
		.threads = load->threads,
		.width = options_name_width(options),
		.reference = load->arrivals > 0 ? NULL : REFERENCE,
		.versus = "x mutex",
		.after = true,
		.run = run_cell,
		.report = report,
	};
}

static void run_table(const struct options *options, struct load load)
{
	struct table table = {options, load, sides_of(options, &load)};

	table.sides.ctx = &table;
	choose_locks(&table);
	set_pace(&table);
	sides_run(&table.sides);
	go_on(&table);
}

static void print_load(const struct options *options, const struct load *load)
{
	struct sides sides = sides_of(options, load);

	progress_clear();
	if (load->arrivals > 0)
		printf("\nOpen loop: %s requests a second, %u %% shared, %u ns inside",
		       human_count(load->arrivals).at, load->shared_percent,
		       options->section_ns);
	else
		printf("\nMixed load: %u %% shared, %u ns inside, %u ns between",
		       load->shared_percent, options->section_ns, options->think_ns);
	if (load->instances > 1)
		printf(", %u locks", load->instances);
	printf("%s\n", load->pinned ? ", threads pinned" : "");
	sides_print_titles(&sides);
}

static void run_load(const struct options *options, unsigned shared, unsigned instances,
		     unsigned arrivals)
{
	struct load load = {
		.processors = options->processors,
		.shared_percent = shared,
		.instances = instances,
		.section_turns = work_turns(options->section_ns),
		.think_turns = work_turns(options->think_ns),
		.arrivals = arrivals,
		.seconds = options->seconds,
		.pinned = options->pinned,
	};

	print_load(options, &load);
	for (unsigned i = 0; i < options->threads.count; i++) {
		load.threads = options->threads.at[i];
		run_table(options, load);
	}
	progress_finished("%u %% shared", shared);
}

static void run_kind(const struct options *options, unsigned arrivals)
{
	for (unsigned i = 0; i < options->shared.count; i++)
		for (unsigned j = 0; j < options->instances.count; j++)
			run_load(options, options->shared.at[i], options->instances.at[j],
				 arrivals);
}

static const char method[] =
	"\nLoads: medians of %s%u rounds of %.3g s, the locks taking turns in each "
	"round, "
	"the\n"
	"first fifth of the time not counted.\n"
	"  +-        between the slowest and the fastest round, of the median\n"
	"  x mutex   ops/s over those of " REFERENCE " in the same round\n"
	"  wait      from asking to having: one in eight, chosen at random, is timed; "
	"with\n"
	"            more than %u threads all are.  In an open loop from the moment at "
	"which\n"
	"            the request was to come\n"
	"  CPU/op    time of all processors\n"
	"  fairness  Jain's index of the threads' shares: 1 all equal, 1/threads one\n"
	"            has all\n"
	"  after     from the end of a section to the return of the call that had it "
	"run,\n"
	"            where one thread runs the sections of others: one in eight\n";

static void print_spinners(const struct options *options)
{
	bool any = false;

	for (unsigned i = 0; i < options->lock_count; i++)
		if (!takes_part(options, options->locks[i], options->processors + 1))
			printf("%s%s",
			       any ? ", " : "Up to as many threads as processors: ",
			       options->locks[i]->name),
				any = true;
	if (any)
		puts("; their\nwaiters never sleep.");
}

static void print_method(const struct options *options)
{
	progress_clear();
	printf(method, options->pace > 0 ? "up to " : "", options->rounds,
	       options->seconds, options->processors);
	print_spinners(options);
	fflush(stdout);
}

unsigned mixed_cells(const struct options *options)
{
	unsigned kinds = options->mixed + options->arrivals.count, cells = 0;

	for (unsigned i = 0; i < options->threads.count; i++)
		for (unsigned j = 0; j < options->lock_count; j++)
			cells += takes_part(options, options->locks[j],
					    options->threads.at[i]);
	return cells * kinds * options->shared.count * options->instances.count *
	       options->rounds;
}

void mixed_run(const struct options *options)
{
	print_method(options);
	cells_left = mixed_cells(options);
	if (options->mixed)
		run_kind(options, 0);
	for (unsigned i = 0; i < options->arrivals.count; i++)
		run_kind(options, options->arrivals.at[i]);
}
