/* SPDX-License-Identifier: MIT
 *
 * live.c - --live: memory and time for many keys that one thread holds at once.
 */
#include "child.h"
#include "colour.h"
#include "figures.h"
#include "measure/json.h"
#include "measure/outcome.h"
#include "measure/progress.h"
#include "measure/ticks.h"
#include "tests.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUESS_NS 1000 /* per key, for the plan */

enum live_figure {
	BYTES,	/* resident memory with all of them held, less before, per key */
	LOCK,	/* ns per key */
	UNLOCK, /* ns per key */
	KEPT, /* bytes still resident per key when all are given back, and a while has passed:
		 * memory may be given back by other threads, later */
	LIVE_FIGURES,
};

static const char *const called[LIVE_FIGURES] = {"bytes_per_key", "lock_ns", "unlock_ns",
						 "bytes_kept_per_key"};

/* Shared with the child that runs it. */
struct live {
	const struct keyed *row;
	unsigned keys;
	double a_while; /* s */
	double figures[LIVE_FIGURES];
};

static double lock_all(const struct live *live, void *locks, union hold *holds)
{
	uint64_t from = clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < live->keys; i++)
		live->row->lock(locks, i, EXCLUSIVE, &holds[i]);
	return (double)(clock_ns(CLOCK_MONOTONIC) - from);
}

static double unlock_all(const struct live *live, void *locks, union hold *holds)
{
	uint64_t from = clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < live->keys; i++)
		live->row->unlock(locks, &holds[i]);
	return (double)(clock_ns(CLOCK_MONOTONIC) - from);
}

static void measure(void *shared)
{
	struct live *live = shared;
	union hold *holds = malloc(live->keys * sizeof(*holds));
	double *figures = live->figures, before;
	void *locks;

	if (!holds)
		err(1, "%u holds", live->keys);
	memset(holds, -1, live->keys * sizeof(*holds));
	before = child_resident();
	locks = live->row->create(live->keys);
	figures[LOCK] = lock_all(live, locks, holds);
	figures[BYTES] = child_resident() - before;
	figures[UNLOCK] = unlock_all(live, locks, holds);
	moment_pass(live->a_while);
	figures[KEPT] = child_resident() - before;
	for (unsigned i = 0; i < LIVE_FIGURES; i++)
		figures[i] /= live->keys;
	live->row->destroy(locks);
	free(holds);
}

static void report(const struct live *live, unsigned round)
{
	if (!json_wanted())
		return;
	json_begin("result");
	json_text("test", "live");
	json_text("lock", live->row->name);
	json_count("keys", live->keys);
	json_count("round", round + 1);
	json_open_group("figures", '{');
	for (unsigned i = 0; i < LIVE_FIGURES; i++)
		json_number(called[i], live->figures[i]);
	json_close_group('}');
	json_end();
}

static void run_rounds(const struct options *options, struct live *live,
		       double values[LIVE_FIGURES][OPTIONS_ROUNDS])
{
	for (unsigned round = 0; round < options->rounds; round++) {
		progress_now("live, round %u: %s", round + 1, live->row->name);
		child_run(measure, live);
		progress_done(live->keys * GUESS_NS / 1e9 + live->a_while);
		report(live, round);
		for (unsigned i = 0; i < LIVE_FIGURES; i++)
			values[i][round] = live->figures[i];
	}
}

static void run_lock(const struct options *options, struct live *live)
{
	static double values[LIVE_FIGURES][OPTIONS_ROUNDS];
	double middle[LIVE_FIGURES];

	run_rounds(options, live, values);
	for (unsigned i = 0; i < LIVE_FIGURES; i++)
		middle[i] = median(values[i], options->rounds);
	progress_clear();
	printf("%s%-*s%s %9.1f %9s %9s %9s %9.1f\n", live->row->ours ? colour(BOLD) : "",
	       options_name_width(options), live->row->name,
	       live->row->ours ? colour(PLAIN) : "", middle[BYTES],
	       human_time(middle[LOCK]).at, human_time(middle[UNLOCK]).at,
	       human_time((middle[LOCK] + middle[UNLOCK]) * live->keys).at, middle[KEPT]);
	fflush(stdout);
}

static double a_while(const struct options *options)
{
	return options->quick ? 0.01 : 0.5;
}

static void run_keys(const struct options *options, unsigned keys)
{
	struct live *live = child_memory(sizeof(*live));

	progress_clear();
	printf("\nLive: %u keys held at once by one thread; medians of %u rounds, each "
	       "in "
	       "a\n"
	       "process of its own.  bytes: of resident memory, per key; kept: of these, "
	       "%.2g s\n"
	       "after all have been given back; all: the time for all of them\n",
	       keys, options->rounds, a_while(options));
	printf("%s%-*s %9s %9s %9s %9s %9s%s\n", colour(BOLD),
	       options_name_width(options), "lock", "bytes", "lock", "unlock", "all",
	       "kept", colour(PLAIN));
	for (unsigned i = 0; i < options->lock_count; i++) {
		*live = (struct live){options->locks[i], keys, a_while(options), {0}};
		if (options_take(options, live->row, LIVE))
			run_lock(options, live);
	}
	child_free(live, sizeof(*live));
	progress_finished("live, %u keys", keys);
}

void live_run(const struct options *options)
{
	for (unsigned i = 0; i < options->live.count; i++)
		run_keys(options, options->live.at[i]);
}

double live_seconds(const struct options *options)
{
	double seconds = 0;

	for (unsigned i = 0; i < options->live.count; i++)
		seconds += options->live.at[i] * GUESS_NS / 1e9 + a_while(options);
	return seconds * options->rounds * options_locks_of(options, LIVE);
}
