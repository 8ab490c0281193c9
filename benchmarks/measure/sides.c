/* SPDX-License-Identifier: MIT
 *
 * sides.c - locks side by side under one load, over rounds.
 */
#include "sides.h"
#include "colour.h"
#include "figures.h"
#include "progress.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct outcome *outcome_of(const struct sides *sides, struct outcome *outcomes,
				  unsigned lock, unsigned round)
{
	return &outcomes[lock * sides->rounds + round];
}

static void compare(const struct sides *sides, struct outcome *outcomes, unsigned round)
{
	double reference = 0;

	for (unsigned i = 0; i < sides->count && sides->reference; i++)
		if (strcmp(sides->locks[i].name, sides->reference) == 0)
			reference = outcome_of(sides, outcomes, i, round)->figures[RATE];
	for (unsigned i = 0; i < sides->count; i++) {
		struct outcome *outcome = outcome_of(sides, outcomes, i, round);

		outcome->figures[VERSUS] =
			ratio_if_any(outcome->figures[RATE], reference);
		sides->report(sides->ctx, &sides->locks[i], round, outcome);
	}
}

static int run_rounds(const struct sides *sides, struct outcome *outcomes)
{
	for (unsigned round = 0; round < sides->rounds; round++) {
		for (unsigned i = 0; i < sides->count; i++) {
			int error = sides->run(sides->ctx, &sides->locks[i], round,
					       outcome_of(sides, outcomes, i, round));

			if (error)
				return error;
		}
		compare(sides, outcomes, round);
	}
	return 0;
}

/* ---- printed ---- */

static int versus_width(const struct sides *sides)
{
	size_t width = strlen(sides->versus);

	return width > 8 ? (int)width : 8;
}

void sides_print_titles(const struct sides *sides)
{
	printf("%s%7s  %-*s %8s %4s %*s %8s %8s %8s %8s %8s %8s%s%s\n", colour(BOLD),
	       "threads", sides->width, "lock", "ops/s", "+-", versus_width(sides),
	       sides->versus, "wait p50", "p99", "p99.9", "worst", "CPU/op", "fairness",
	       sides->after ? " after p99" : "", colour(PLAIN));
}

static void print_figures(const struct sides *sides, const struct summary *summary,
			  bool best)
{
	double versus = summary->middle[VERSUS];
	char text[16] = "-";

	if (versus > 0)
		snprintf(text, sizeof(text), versus < 0.1 ? "%.4f" : "%.2f", versus);
	printf("%s%8s%s %3.0f%% %*s", best ? colour(GREEN) : "",
	       human_count(summary->middle[RATE]).at, best ? colour(PLAIN) : "",
	       summary->spread * 100, versus_width(sides), text);
	for (enum figure i = WAIT_P50; i <= CPU; i++)
		printf(" %8s", human_time(summary->middle[i]).at);
	printf(" %8s", human_as("%.3f", summary->middle[FAIRNESS]).at);
	if (sides->after)
		printf(" %9s", human_time(summary->middle[AFTER_P99]).at);
	putchar('\n');
}

static void print_row(const struct sides *sides, const struct side *lock,
		      const struct summary *summary, bool best)
{
	printf("%7u  %s%-*s%s ", sides->threads, lock->ours ? colour(BOLD) : "",
	       sides->width, lock->name, lock->ours ? colour(PLAIN) : "");
	if (summary->middle[RATE] > 0)
		print_figures(sides, summary, best);
	else
		puts("nothing measured: in the time there was, no operation ended");
}

static unsigned best_of(const struct sides *sides, const struct summary *summaries)
{
	unsigned best = 0;
	double most = 0;

	for (unsigned i = 0; i < sides->count; i++) {
		double rate = summaries[i].middle[RATE];

		if (rate > most && !sides->locks[i].overlaps)
			most = rate, best = i;
	}
	return best;
}

static void print_rows(const struct sides *sides, struct outcome *outcomes)
{
	struct summary summaries[SIDES];
	unsigned best;

	for (unsigned i = 0; i < sides->count; i++)
		summaries[i] =
			outcome_summary(outcome_of(sides, outcomes, i, 0), sides->rounds);
	best = best_of(sides, summaries);
	for (unsigned i = 0; i < sides->count; i++)
		print_row(sides, &sides->locks[i], &summaries[i], i == best);
}

void sides_run(const struct sides *sides)
{
	size_t count = (size_t)sides->count * sides->rounds;
	struct outcome *outcomes = calloc(count + 1, sizeof(*outcomes));
	int error;

	if (!outcomes)
		err(1, "results");
	error = run_rounds(sides, outcomes);
	progress_clear();
	if (error)
		printf("%7u  skipped: %s\n", sides->threads, strerror(error));
	else
		print_rows(sides, outcomes);
	fflush(stdout);
	for (size_t i = 0; i < count; i++)
		free(outcomes[i].shares);
	free(outcomes);
}
