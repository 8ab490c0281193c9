/* SPDX-License-Identifier: MIT
 *
 * mixed.c - locks side by side under loads of shared and exclusive requests.
 *
 * The locks take turns within each round, so that whatever changes on the machine meets
 * all of them.  Ratios are taken within a round, medians over the rounds.
 */
#include "mixed.h"
#include "colour.h"
#include "figures.h"
#include "line.h"
#include "load.h"
#include "progress.h"
#include "report.h"
#include "work.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One load and number of threads: what each lock achieved in each round. */
struct table {
	const struct options *options;
	struct load load;
	unsigned rounds;
	unsigned count;
	const struct contender *locks[OPTIONS_LOCKS];
	int error;
	struct outcome *outcomes; /* [lock][round] */
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

static struct outcome *outcome_of(const struct table *table, unsigned lock,
				  unsigned round)
{
	return &table->outcomes[lock * table->rounds + round];
}

static void run_cell(struct table *table, unsigned lock, unsigned round)
{
	const struct contender *row = table->locks[lock];
	double before = progress_passed();

	table->load.seed = round; /* the same arrivals for every lock */
	progress_now("%u %% shared, %u threads, round %u: %s", table->load.shared_percent,
		     table->load.threads, round + 1, row->name);
	table->error = load_run(&table->load, row, outcome_of(table, lock, round));
	progress_done(table->options->seconds);
	beside += progress_passed() - before - table->load.seconds;
	cells_done++;
}

/* In an open loop all do what is asked, or fall behind. */
static void compare(struct table *table, unsigned round)
{
	double reference = 0;

	for (unsigned i = 0; i < table->count && table->load.arrivals == 0; i++)
		if (strcmp(table->locks[i]->name, REFERENCE) == 0)
			reference = outcome_of(table, i, round)->figures[RATE];
	for (unsigned i = 0; i < table->count; i++) {
		struct outcome *outcome = outcome_of(table, i, round);

		outcome->figures[VERSUS] =
			ratio_if_any(outcome->figures[RATE], reference);
		report_load(table->options, &table->load, table->locks[i]->name, round,
			    outcome);
	}
}

static void run_rounds(struct table *table)
{
	for (unsigned round = 0; round < table->rounds; round++) {
		for (unsigned i = 0; i < table->count; i++) {
			run_cell(table, i, round);
			if (table->error)
				return;
		}
		compare(table, round);
	}
}

static void print_row(const struct table *table, const struct contender *row,
		      const struct summary *summary, bool best)
{
	double versus = summary->middle[VERSUS];
	char text[16] = "-";

	printf("%7u  %s%-*s%s ", table->load.threads, row->ours ? colour(BOLD) : "",
	       options_name_width(table->options), row->name,
	       row->ours ? colour(PLAIN) : "");
	if (summary->middle[RATE] <= 0) {
		puts("nothing measured: in the time there was, no operation ended");
		return;
	}
	if (versus > 0)
		snprintf(text, sizeof(text), versus < 0.1 ? "%.4f" : "%.2f", versus);
	printf("%s%8s%s %3.0f%% %8s", best ? colour(GREEN) : "",
	       human_count(summary->middle[RATE]).at, best ? colour(PLAIN) : "",
	       summary->spread * 100, text);
	for (enum figure i = WAIT_P50; i <= CPU; i++)
		printf(" %8s", human_time(summary->middle[i]).at);
	printf(" %8s %9s\n", human_as("%.3f", summary->middle[FAIRNESS]).at,
	       human_time(summary->middle[AFTER_P99]).at);
}

static unsigned best_of(const struct table *table, const struct summary *summaries)
{
	unsigned best = 0;
	double most = 0;

	for (unsigned i = 0; i < table->count; i++) {
		double rate = summaries[i].middle[RATE];

		if (rate > most && !table->locks[i]->overlaps)
			most = rate, best = i;
	}
	return best;
}

static void print_rows(const struct table *table)
{
	struct summary summaries[OPTIONS_LOCKS];
	unsigned best;

	for (unsigned i = 0; i < table->count; i++)
		summaries[i] = outcome_summary(outcome_of(table, i, 0), table->rounds);
	best = best_of(table, summaries);
	for (unsigned i = 0; i < table->count; i++)
		print_row(table, table->locks[i], &summaries[i], i == best);
}

static void print_table(const struct table *table)
{
	progress_clear();
	if (table->error)
		printf("%7u  skipped: %s\n", table->load.threads, strerror(table->error));
	else
		print_rows(table);
	fflush(stdout);
}

static void choose_locks(struct table *table)
{
	const struct options *options = table->options;

	for (unsigned i = 0; i < options->lock_count; i++)
		if (takes_part(options, options->locks[i], table->load.threads))
			table->locks[table->count++] = options->locks[i];
}

/* Beside other work each cell takes longer than it is given.  Then it is given less, down to
 * the least, and there are fewer rounds: the whole run lasts what it was to last. */
static void set_pace(struct table *table)
{
	const struct options *options = table->options;
	double each = cells_done ? beside / cells_done : 0;
	double after = options->line ? line_seconds(options) : 0;
	double cell, rounds;

	table->rounds = options->rounds;
	if (options->pace == 0 || !cells_left)
		return;
	cell = (options->pace - progress_passed() - after) / cells_left;
	table->load.seconds = fmin(fmax(cell - each, MIXED_LEAST), options->seconds);
	rounds = options->rounds * cell / (table->load.seconds + each);
	table->rounds = (unsigned)fmin(fmax(rounds, 1), options->rounds);
}

/* What is left of the plan without these rounds. */
static void go_on(const struct table *table)
{
	const struct options *options = table->options;
	unsigned left_out = options->rounds - table->rounds;

	cells_left -= table->count * options->rounds;
	progress_done(table->count * left_out * options->seconds);
}

static void run_table(const struct options *options, struct load load)
{
	struct table table = {.options = options, .load = load};
	size_t outcomes;

	choose_locks(&table);
	set_pace(&table);
	outcomes = (size_t)table.count * table.rounds;
	table.outcomes = calloc(outcomes + 1, sizeof(*table.outcomes));
	if (!table.outcomes)
		err(1, "results");
	run_rounds(&table);
	go_on(&table);
	print_table(&table);
	for (size_t i = 0; i < outcomes; i++)
		free(table.outcomes[i].shares);
	free(table.outcomes);
}

static void print_load(const struct options *options, const struct load *load)
{
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
	printf("%s%7s  %-*s %8s %4s %8s %8s %8s %8s %8s %8s %8s %9s%s\n", colour(BOLD),
	       "threads", options_name_width(options), "lock", "ops/s", "+-", "x mutex",
	       "wait p50", "p99", "p99.9", "worst", "CPU/op", "fairness", "after p99",
	       colour(PLAIN));
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
