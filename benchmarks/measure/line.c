/* SPDX-License-Identifier: MIT
 *
 * line.c - what a release costs, by the number of requests in line.
 *
 * One thread more than the line is long: all ask for the lock exclusively, give it back
 * at once and ask again, so the line stays about as long as it is to be.  Each
 * measures its own release; it counts if nine tenths of the line were there.  What it
 * took is written down at the thread's next turn, when the lock guards the histogram.
 */
#include "line.h"
#include "figures.h"
#include "histogram.h"
#include "progress.h"
#include "report.h"
#include "crew.h"
#include "ticks.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_SIZE  (64u << 10)
#define ENOUGH	    2000 /* releases measured */
#define TIME_LIMIT  500000000u
#define SETTLING    100	  /* releases before the first that counts */
#define THREAD_COST 60e-6 /* s, to guess the time it takes */

struct line {
	const struct contender *row;
	void *lock;
	unsigned length;
	unsigned waiting; /* atomic: have asked and not been granted */
	/* the lock guards what follows */
	bool over;
	unsigned measured;
	unsigned granted;
	uint64_t ends; /* ns on CLOCK_MONOTONIC */
	struct histogram releases;
};

/* What one thread found out, until it has its turn again. */
struct release {
	bool counts;
	uint64_t ns;
};

/* With the lock held: note the last release, say if the next counts. */
static bool turn(struct line *line, struct release *last)
{
	unsigned waiting = __atomic_sub_fetch(&line->waiting, 1, __ATOMIC_RELAXED);

	if (last->counts)
		histogram_record(&line->releases, last->ns);
	last->counts = !line->over && ++line->granted > SETTLING &&
		       waiting >= line->length - line->length / 10;
	line->measured += last->counts;
	if (line->measured >= ENOUGH || clock_ns(CLOCK_MONOTONIC) > line->ends)
		line->over = true;
	return !line->over || last->counts;
}

static void ask_again_and_again(void *argument)
{
	struct line *line = argument;
	struct release last = {0};
	uint64_t before;
	bool again;

	do {
		__atomic_add_fetch(&line->waiting, 1, __ATOMIC_RELAXED);
		line->row->lock(line->lock, EXCLUSIVE);
		again = turn(line, &last);
		before = ticks_now();
		line->row->unlock(line->lock, EXCLUSIVE);
		last.ns = ticks_ns(before, ticks_now());
	} while (again);
}

/* The line forms while the caller holds the lock. */
static void form(struct line *line, struct crew *crew)
{
	const struct timespec a_moment = {0, 1000000};

	line->row->lock(line->lock, EXCLUSIVE);
	crew_go(crew);
	while (__atomic_load_n(&line->waiting, __ATOMIC_RELAXED) < crew->started)
		nanosleep(&a_moment, NULL);
	line->ends = clock_ns(CLOCK_MONOTONIC) + TIME_LIMIT;
	line->row->unlock(line->lock, EXCLUSIVE);
}

/* 0, or why the threads could not be started. */
static int measure(struct line *line)
{
	struct crew crew;
	int error;

	line->lock = contender_new(line->row);
	error = crew_start(&crew, line->length + 1, STACK_SIZE, ask_again_and_again, line,
			   0);
	if (error) {
		line->over = true;
		progress_clear();
		fprintf(stderr,
			"%s: line of %u skipped, only %u threads could be started: %s\n",
			line->row->name, line->length, crew.started, strerror(error));
	} else {
		form(line, &crew);
	}
	crew_end(&crew);
	contender_free(line->row, line->lock);
	return error;
}

static double guess(const struct options *options, unsigned length)
{
	return (options->quick ? 0.01 : 0.1) + length * THREAD_COST;
}

/* ns, NAN where there is none. */
static double release_time(const struct options *options, unsigned length,
			   const struct contender *row, unsigned round)
{
	static struct line line;
	double ns = NAN;

	line = (struct line){.row = row, .length = length};
	progress_now("a line of %u, round %u: %s", length, round + 1, row->name);
	if (measure(&line) == 0 && line.releases.total) {
		ns = (double)histogram_percentile(&line.releases, 0.5);
		report_line(row->name, length, round, ns);
	}
	progress_done(guess(options, length));
	return ns;
}

/* A thread that spins would do it for the whole length of the line; and sections that are run are
 * given back by the thread that runs them. */
static bool has_a_line(const struct contender *row)
{
	return !row->spins && !row->overlaps && !row->run;
}

double line_seconds(const struct options *options)
{
	double seconds = 0;
	unsigned locks = 0;

	for (unsigned i = 0; i < options->lock_count; i++)
		locks += has_a_line(options->locks[i]);
	for (unsigned i = 0; i < options->lengths.count; i++)
		seconds += guess(options, options->lengths.at[i]) * locks;
	seconds *= options->rounds;
	return options->pace > 0 ? fmin(seconds, options->pace / 5) : seconds;
}

/* A lock's times, by length and round. */
struct times {
	double at[ARGUMENTS_LIST][OPTIONS_ROUNDS];
};

static void run_round(const struct options *options, unsigned round, struct times *times)
{
	for (unsigned i = 0; i < options->lengths.count; i++)
		for (unsigned j = 0; j < options->lock_count; j++)
			if (has_a_line(options->locks[j]))
				times[j].at[i][round] =
					release_time(options, options->lengths.at[i],
						     options->locks[j], round);
}

static void print_row(const struct options *options, const struct contender *row,
		      struct times *times, unsigned rounds)
{
	printf("%-*s", options_name_width(options), row->name);
	for (unsigned i = 0; i < options->lengths.count; i++)
		printf(" %12s", human_time(median(times->at[i], rounds)).at);
	putchar('\n');
}

/* Is there time for another round? */
static bool in_time(const struct options *options, double seconds)
{
	return options->pace == 0 || progress_passed() + seconds <= options->pace;
}

void line_run(const struct options *options)
{
	struct times *times = calloc(options->lock_count, sizeof(*times));
	unsigned rounds = 0;
	double took = 0;

	if (!times)
		err(1, "%u locks", options->lock_count);
	while (rounds < options->rounds && (!rounds || in_time(options, took))) {
		took = -progress_passed();
		run_round(options, rounds++, times);
		took += progress_passed();
	}
	progress_clear();
	printf("\nRelease with so many in line: median time of the unlock alone, medians "
	       "of %u "
	       "rounds\n%-*s",
	       rounds, options_name_width(options), "");
	for (unsigned i = 0; i < options->lengths.count; i++)
		printf(" %12u", options->lengths.at[i]);
	putchar('\n');
	for (unsigned i = 0; i < options->lock_count; i++)
		if (has_a_line(options->locks[i]))
			print_row(options, options->locks[i], &times[i], rounds);
	fflush(stdout);
	free(times);
	progress_finished("length of the line");
}
