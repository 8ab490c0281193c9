/* SPDX-License-Identifier: MIT
 *
 * report.c - figures as JSON lines.
 */
#include "report.h"
#include "json.h"

#include <math.h>

static void put_options(const struct options *options)
{
	json_open_group("options", '{');
	json_count("rounds", options->rounds);
	json_number("seconds", options->seconds);
	json_count("section_ns", options->section_ns);
	json_count("think_ns", options->think_ns);
	json_flag("pinned", options->pinned);
	json_flag("spin_anyway", options->spin_anyway);
	json_flag("quick", options->quick);
	json_list("threads", &options->threads);
	json_list("shared_percent", &options->shared);
	json_list("instances", &options->instances);
	json_list("arrivals_per_s", &options->arrivals);
	json_list("lengths", &options->lengths);
	json_open_group("locks", '[');
	for (unsigned i = 0; i < options->lock_count; i++)
		json_text(NULL, options->locks[i]->name);
	json_close_group(']');
	json_close_group('}');
}

static void put_absent(void)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_absent_at(i)); i++) {
		json_begin("absent");
		json_text("lock", row->name);
		json_text("package", row->absent);
		json_end();
	}
}

void report_open(const struct options *options, int argc, char *argv[])
{
	json_open(options->json);
	if (!json_wanted())
		return;
	json_begin_run(options->processors, argc, argv);
	put_options(options);
	json_end();
	put_absent();
}

static void begin_result(const char *test)
{
	json_begin("result");
	json_text("test", test);
}

/* The end of a result that has one or two figures. */
static void end_result(unsigned round, const char *figure, double value,
		       const char *second, double other)
{
	json_count("round", round + 1);
	json_open_group("figures", '{');
	json_number(figure, value);
	if (second)
		json_number(second, other);
	json_close_group('}');
	json_end();
}

void report_uncontended(const char *lock, enum mode mode, unsigned round, double ns,
			double versus)
{
	if (!json_wanted() || isnan(ns) || isnan(versus))
		return;
	begin_result("uncontended");
	json_text("lock", lock);
	json_text("mode", mode == SHARED ? "shared" : "exclusive");
	end_result(round, "pair_ns", ns, "x_two_atomics", versus);
}

static void put_load(const struct options *options, const struct load *load)
{
	json_count("threads", load->threads);
	json_count("shared_percent", load->shared_percent);
	json_count("section_ns", options->section_ns);
	json_count("locks", load->instances);
	json_flag("pinned", load->pinned);
	if (load->arrivals > 0)
		json_number("arrivals_per_s", load->arrivals);
	else
		json_count("think_ns", options->think_ns);
}

void report_load(const struct options *options, const struct load *load, const char *lock,
		 unsigned round, const struct outcome *outcome)
{
	if (!json_wanted())
		return;
	begin_result(load->arrivals > 0 ? "open" : "mixed");
	json_text("lock", lock);
	put_load(options, load);
	json_count("round", round + 1);
	outcome_report(outcome, load->threads, "x_mutex");
	json_end();
}

void report_line(const char *lock, unsigned length, unsigned round, double ns)
{
	if (!json_wanted() || isnan(ns))
		return;
	begin_result("line");
	json_text("lock", lock);
	json_count("length", length);
	end_result(round, "release_ns", ns, NULL, 0);
}

void report_floor(const char *floor, unsigned round, double ns)
{
	if (!json_wanted() || isnan(ns))
		return;
	begin_result("floor");
	json_text("floor", floor);
	end_result(round, "ns", ns, NULL, 0);
}
