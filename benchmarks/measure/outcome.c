/* SPDX-License-Identifier: MIT
 *
 * outcome.c - what one run of one lock under one load has shown.
 */
#include "outcome.h"
#include "figures.h"
#include "json.h"
#include "ticks.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

static const double percentiles[PERCENTILES] = {
	[P50] = 50, [P90] = 90, [P99] = 99, [P999] = 99.9, [P9999] = 99.99, [P100] = 100};

struct moment moment_take(const uint64_t *counter, size_t stride, unsigned threads,
			  uint64_t *into)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC);
	uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; i < threads; i++)
		into[i] = __atomic_load_n(
			(const uint64_t *)((const char *)counter + i * stride),
			__ATOMIC_RELAXED);
	return (struct moment){
		.wall = (double)(before + clock_ns(CLOCK_MONOTONIC)) / 2,
		.cpu = (double)cpu,
		.operations = into,
	};
}

void moment_pass(double seconds)
{
	struct timespec time;

	time.tv_sec = (time_t)seconds;
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

void outcome_between(struct outcome *outcome, unsigned threads, const struct moment *from,
		     const struct moment *to)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < threads; i++) {
		double share = (double)(to->operations[i] - from->operations[i]);

		sum += share;
		squares += share * share;
		outcome->shares[i] = share;
	}
	for (unsigned i = 0; i < threads; i++)
		outcome->shares[i] = ratio(outcome->shares[i], sum);
	outcome->figures[RATE] = ratio(sum * 1e9, to->wall - from->wall);
	outcome->figures[CPU] = ratio_if_any(to->cpu - from->cpu, sum);
	outcome->figures[FAIRNESS] = ratio_if_any(sum * sum, squares * threads);
}

void outcome_waits(struct outcome *outcome, const struct histogram *all)
{
	double *figures = outcome->figures, *waits = outcome->waits;

	for (unsigned i = 0; i < PERCENTILES; i++)
		waits[i] = all->total ? (double)histogram_percentile(all,
								     percentiles[i] / 100)
				      : NAN;
	figures[WAIT_P50] = waits[P50];
	figures[WAIT_P99] = waits[P99];
	figures[WAIT_P999] = waits[P999];
	figures[WAIT_WORST] = all->total ? (double)all->max : NAN;
}

struct summary outcome_summary(const struct outcome *rounds, unsigned count)
{
	double *values = calloc(count, sizeof(*values));
	struct summary summary;

	if (!values)
		err(1, "%u rounds", count);
	for (unsigned i = FIGURES; i-- > 0;) { /* the rates last: median() sorts them */
		for (unsigned round = 0; round < count; round++)
			values[round] = rounds[round].figures[i];
		summary.middle[i] = median(values, count);
	}
	summary.spread = ratio(values[count - 1] - values[0], summary.middle[RATE]);
	free(values);
	return summary;
}

static void put_figures(const struct outcome *outcome, const char *versus)
{
	const char *const called[FIGURES] = {
		"ops_per_s",	versus,		 "wait_p50_ns",	  "wait_p99_ns",
		"wait_p999_ns", "wait_worst_ns", "cpu_per_op_ns", "fairness",
		"after_p50_ns", "after_p99_ns"};

	json_open_group("figures", '{');
	for (unsigned i = 0; i < FIGURES; i++)
		if (i == VERSUS ? outcome->figures[i] > 0 : !isnan(outcome->figures[i]))
			json_number(called[i], outcome->figures[i]);
	json_close_group('}');
}

static void put_waits(const struct outcome *outcome)
{
	json_open_group("percentiles", '[');
	for (unsigned i = 0; i < PERCENTILES; i++) {
		json_open_group(NULL, '[');
		json_number(NULL, percentiles[i]);
		json_number(NULL, outcome->waits[i]);
		json_close_group(']');
	}
	json_close_group(']');
}

static void put_shares(const struct outcome *outcome, unsigned threads)
{
	json_open_group("shares", '[');
	for (unsigned i = 0; i < threads; i++)
		json_number(NULL, outcome->shares[i]);
	json_close_group(']');
}

void outcome_report(const struct outcome *outcome, unsigned threads, const char *versus)
{
	put_figures(outcome, versus);
	if (!isnan(outcome->waits[P50]))
		put_waits(outcome);
	if (outcome->figures[RATE] > 0)
		put_shares(outcome, threads);
}
