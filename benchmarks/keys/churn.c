/* SPDX-License-Identifier: MIT
 *
 * churn.c - --churn: keys that are born and die, each once, by a thread for each processor.  Each
 * thread holds so many at a time: before it takes another one it gives the oldest back.  The
 * resident memory is read after each tenth, with the last keys still held.
 */
#include "child.h"
#include "colour.h"
#include "figures.h"
#include "measure/crew.h"
#include "measure/json.h"
#include "measure/progress.h"
#include "measure/ticks.h"
#include "tests.h"

#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_SIZE (256u << 10)
#define TENTHS	   10
#define GUESS_NS   500 /* per birth and death, for the plan */

struct mother {
	struct churn *churn;
	uint64_t number;
	union hold *holds; /* of the last keys, a ring */
};

/* Shared with the child that runs it. */
struct churn {
	const struct options *options;
	const struct keyed *row;
	unsigned threads, held;
	void *locks;
	pthread_barrier_t tenth; /* is over, and, once more, its memory has been read */
	double births_per_s;
	double resident[TENTHS]; /* bytes */
};

/* By each thread, up to that tenth. */
static uint64_t births(const struct churn *churn, unsigned tenths)
{
	return churn->options->count / churn->threads * tenths / TENTHS;
}

static void bear(struct mother *self, uint64_t number)
{
	const struct churn *churn = self->churn;
	union hold *hold = &self->holds[number % churn->held];

	if (number >= churn->held)
		churn->row->unlock(churn->locks, hold);
	churn->row->lock(churn->locks, number * churn->threads + self->number, EXCLUSIVE,
			 hold);
}

static void live_on(void *argument)
{
	struct mother *self = argument;
	struct churn *churn = self->churn;

	for (unsigned tenth = 0; tenth < TENTHS; tenth++) {
		for (uint64_t i = births(churn, tenth); i < births(churn, tenth + 1); i++)
			bear(self, i);
		pthread_barrier_wait(&churn->tenth);
		pthread_barrier_wait(&churn->tenth);
	}
	for (unsigned i = 0; i < churn->held && i < births(churn, TENTHS); i++)
		churn->row->unlock(churn->locks, &self->holds[i]);
}

/* While the threads stand still. */
static void print_tenth(struct churn *churn, unsigned tenth)
{
	churn->resident[tenth] = child_resident();
	printf(" %7.1f", churn->resident[tenth] / 1e6);
	fflush(stdout);
}

static void watch(struct churn *churn)
{
	uint64_t ns = 0;

	for (unsigned tenth = 0; tenth < TENTHS; tenth++) {
		uint64_t from = clock_ns(CLOCK_MONOTONIC);

		pthread_barrier_wait(&churn->tenth);
		ns += clock_ns(CLOCK_MONOTONIC) - from;
		print_tenth(churn, tenth);
		pthread_barrier_wait(&churn->tenth);
	}
	churn->births_per_s =
		ratio((double)births(churn, TENTHS) * churn->threads * 1e9, (double)ns);
}

static struct mother *begin(struct churn *churn)
{
	struct mother *mothers = calloc(churn->threads, sizeof(struct mother));

	if (!mothers)
		err(1, "churn");
	pthread_barrier_init(&churn->tenth, NULL, churn->threads + 1);
	churn->locks = churn->row->create((size_t)churn->held * churn->threads);
	for (unsigned i = 0; i < churn->threads; i++) {
		mothers[i] = (struct mother){churn, i, NULL};
		mothers[i].holds = calloc(churn->held, sizeof(union hold));
		if (!mothers[i].holds)
			err(1, "churn: %u holds", churn->held);
	}
	return mothers;
}

static void end(struct churn *churn, struct mother *mothers)
{
	for (unsigned i = 0; i < churn->threads; i++)
		free(mothers[i].holds);
	churn->row->destroy(churn->locks);
	pthread_barrier_destroy(&churn->tenth);
	free(mothers);
}

static void measure(void *shared)
{
	struct churn *churn = shared;
	struct mother *mothers = begin(churn);
	struct crew crew;

	if (crew_start(&crew, churn->threads, STACK_SIZE, live_on, mothers,
		       sizeof(*mothers)) != 0)
		errx(1, "churn: %u threads could not be started", churn->threads);
	crew_go(&crew);
	watch(churn);
	crew_end(&crew);
	end(churn, mothers);
}

static double most(const struct churn *churn)
{
	double value = 0;

	for (unsigned i = 0; i < TENTHS; i++)
		if (churn->resident[i] > value)
			value = churn->resident[i];
	return value;
}

static void report(const struct churn *churn)
{
	if (!json_wanted())
		return;
	json_begin("result");
	json_text("test", "churn");
	json_text("lock", churn->row->name);
	json_count("threads", churn->threads);
	json_count("held", churn->held);
	json_count("count", churn->options->count);
	json_count("round", 1);
	json_open_group("figures", '{');
	json_number("births_per_s", churn->births_per_s);
	json_number("bytes_first", churn->resident[0]);
	json_number("bytes_last", churn->resident[TENTHS - 1]);
	json_number("bytes_most", most(churn));
	json_close_group('}');
	json_end();
}

static double lock_seconds(const struct options *options)
{
	return options->count * (GUESS_NS / 1e9);
}

static void run_lock(const struct options *options, struct churn *churn)
{
	progress_now("churn: %s", churn->row->name);
	progress_clear();
	printf("%s%-*s%s", churn->row->ours ? colour(BOLD) : "",
	       options_name_width(options), churn->row->name,
	       churn->row->ours ? colour(PLAIN) : "");
	child_run(measure, churn);
	printf(" %9s\n", human_count(churn->births_per_s).at);
	fflush(stdout);
	progress_done(lock_seconds(options));
	report(churn);
}

static void print_titles(const struct options *options, unsigned held)
{
	progress_clear();
	printf("\nChurn: %u births and deaths of different keys, %u threads, each with "
	       "%u "
	       "key%s at\n"
	       "a time; resident memory, MB, after each tenth\n",
	       options->count, options->processors, held, held == 1 ? "" : "s");
	printf("%s%-*s", colour(BOLD), options_name_width(options), "lock");
	for (unsigned i = 1; i <= TENTHS; i++)
		printf(" %6u%%", i * 100 / TENTHS);
	printf(" %9s%s\n", "births/s", colour(PLAIN));
}

static void run_held(const struct options *options, unsigned held)
{
	struct churn *churn = child_memory(sizeof(*churn));

	print_titles(options, held);
	for (unsigned i = 0; i < options->lock_count; i++) {
		*churn = (struct churn){.options = options,
					.row = options->locks[i],
					.threads = options->processors,
					.held = held};
		if (options_take(options, churn->row, CHURN))
			run_lock(options, churn);
	}
	child_free(churn, sizeof(*churn));
	progress_finished("churn, %u held", held);
}

void churn_run(const struct options *options)
{
	for (unsigned i = 0; i < options->held.count; i++)
		run_held(options, options->held.at[i]);
}

double churn_seconds(const struct options *options)
{
	return lock_seconds(options) * options->held.count *
	       options_locks_of(options, CHURN);
}
