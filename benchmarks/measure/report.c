/* SPDX-License-Identifier: MIT
 *
 * report.c - figures as JSON lines.
 */
#define _GNU_SOURCE
#include "report.h"
#include "machine.h"

#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORMAT 1

static FILE *file;
static const char *name;
static bool first; /* in the object or the list that is open */

/* What JSON text may not hold becomes a question mark, as does all that is not ASCII: a
 * command line need not be UTF-8. */
static void put_quoted(const char *text)
{
	putc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', file);
		putc(*text < ' ' || *text > '~' ? '?' : *text, file);
	}
	putc('"', file);
}

/* Before a member of an object, or, without a name, a value of a list. */
static void next(const char *member)
{
	if (!first)
		putc(',', file);
	first = false;
	if (member)
		fprintf(file, "\"%s\":", member);
}

/* { or [, and its end. */
static void open_group(const char *member, char bracket)
{
	next(member);
	putc(bracket, file);
	first = true;
}

static void close_group(char bracket)
{
	putc(bracket, file);
	first = false;
}

static void put_text(const char *member, const char *text)
{
	next(member);
	put_quoted(text);
}

static void put_count(const char *member, uint64_t count)
{
	next(member);
	fprintf(file, "%" PRIu64, count);
}

static void put_flag(const char *member, bool flag)
{
	next(member);
	fputs(flag ? "true" : "false", file);
}

/* A number that is not counted has a point, or an exponent. */
static void put_number(const char *member, double number)
{
	char text[32];

	next(member);
	snprintf(text, sizeof(text), "%.8g", number);
	fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void begin_line(const char *type)
{
	putc('{', file);
	first = true;
	put_text("type", type);
}

static void end_line(void)
{
	fputs("}\n", file);
	if (ferror(file))
		err(1, "%s", name);
}

static void put_started(void)
{
	time_t now = time(NULL);
	char text[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	put_text("started", text);
}

static void put_command(int argc, char *argv[])
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	if (!memory)
		err(1, "%s", name);
	for (int i = 0; i < argc; i++)
		fprintf(memory, "%s%s", i ? " " : "", argv[i]);
	if (fclose(memory) != 0)
		err(1, "%s", name);
	put_text("command", text);
	free(text);
}

static void put_list(const char *member, const struct list *list)
{
	open_group(member, '[');
	for (unsigned i = 0; i < list->count; i++)
		put_count(NULL, list->at[i]);
	close_group(']');
}

static void put_options(const struct options *options)
{
	open_group("options", '{');
	put_count("rounds", options->rounds);
	put_number("seconds", options->seconds);
	put_count("section_ns", options->section_ns);
	put_count("think_ns", options->think_ns);
	put_flag("pinned", options->pinned);
	put_flag("spin_anyway", options->spin_anyway);
	put_flag("quick", options->quick);
	put_list("threads", &options->threads);
	put_list("shared_percent", &options->shared);
	put_list("instances", &options->instances);
	put_list("arrivals_per_s", &options->arrivals);
	put_list("lengths", &options->lengths);
	open_group("locks", '[');
	for (unsigned i = 0; i < options->lock_count; i++)
		put_text(NULL, options->locks[i]->name);
	close_group(']');
	close_group('}');
}

static void put_machine(const struct machine *machine)
{
	open_group("machine", '{');
	put_count("processors", machine->processors);
	put_text("model", machine->model);
	put_text("architecture", machine->architecture);
	put_flag("hypervisor", machine->hypervisor);
	put_count("memory_bytes", machine->memory);
	close_group('}');
}

static void put_absent(void)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_absent_at(i)); i++) {
		begin_line("absent");
		put_text("lock", row->name);
		put_text("package", row->absent);
		end_line();
	}
}

static void put_run(const struct options *options, int argc, char *argv[])
{
	struct machine machine;

	machine_ask(&machine, options->processors);
	begin_line("run");
	put_count("format", FORMAT);
	put_text("program", "fifolock-bench");
	put_text("library", VERSION);
	put_started();
	put_command(argc, argv);
	put_machine(&machine);
	put_text("kernel", machine.kernel);
	put_text("compiler", machine.compiler);
	put_text("libc", machine.libc);
	put_text("clock", machine.clock);
	put_options(options);
	end_line();
}

void report_open(const struct options *options, int argc, char *argv[])
{
	if (!options->json)
		return;
	name = options->json;
	file = fopen(name, "a");
	if (!file)
		err(1, "%s", name);
	put_run(options, argc, argv);
	put_absent();
}

void report_close(void)
{
	if (file && fclose(file) != 0)
		err(1, "%s", name);
	file = NULL;
}

static void begin_result(const char *test)
{
	begin_line("result");
	put_text("test", test);
}

/* The end of a result that has one or two figures. */
static void end_result(unsigned round, const char *figure, double value,
		       const char *second, double other)
{
	put_count("round", round + 1);
	open_group("figures", '{');
	put_number(figure, value);
	if (second)
		put_number(second, other);
	close_group('}');
	end_line();
}

void report_uncontended(const char *lock, enum mode mode, unsigned round, double ns,
			double versus)
{
	if (!file || isnan(ns) || isnan(versus))
		return;
	begin_result("uncontended");
	put_text("lock", lock);
	put_text("mode", mode == SHARED ? "shared" : "exclusive");
	end_result(round, "pair_ns", ns, "x_two_atomics", versus);
}

static void put_figures(const struct outcome *outcome)
{
	static const char *const called[FIGURES] = {
		"ops_per_s",	"x_mutex",	 "wait_p50_ns",	  "wait_p99_ns",
		"wait_p999_ns", "wait_worst_ns", "cpu_per_op_ns", "fairness",
		"after_p50_ns", "after_p99_ns"};

	open_group("figures", '{');
	for (unsigned i = 0; i < FIGURES; i++)
		if (i == VERSUS ? outcome->figures[i] > 0 : !isnan(outcome->figures[i]))
			put_number(called[i], outcome->figures[i]);
	close_group('}');
}

static void put_waits(const struct outcome *outcome)
{
	open_group("percentiles", '[');
	for (unsigned i = 0; i < PERCENTILES; i++) {
		open_group(NULL, '[');
		put_number(NULL, percentiles[i]);
		put_number(NULL, outcome->waits[i]);
		close_group(']');
	}
	close_group(']');
}

static void put_shares(const struct load *load, const struct outcome *outcome)
{
	open_group("shares", '[');
	for (unsigned i = 0; i < load->threads; i++)
		put_number(NULL, outcome->shares[i]);
	close_group(']');
}

static void put_load(const struct options *options, const struct load *load)
{
	put_count("threads", load->threads);
	put_count("shared_percent", load->shared_percent);
	put_count("section_ns", options->section_ns);
	put_count("locks", load->instances);
	put_flag("pinned", load->pinned);
	if (load->arrivals > 0)
		put_number("arrivals_per_s", load->arrivals);
	else
		put_count("think_ns", options->think_ns);
}

void report_load(const struct options *options, const struct load *load, const char *lock,
		 unsigned round, const struct outcome *outcome)
{
	if (!file)
		return;
	begin_result(load->arrivals > 0 ? "open" : "mixed");
	put_text("lock", lock);
	put_load(options, load);
	put_count("round", round + 1);
	put_figures(outcome);
	if (!isnan(outcome->waits[P50]))
		put_waits(outcome);
	if (outcome->figures[RATE] > 0)
		put_shares(load, outcome);
	end_line();
}

void report_line(const char *lock, unsigned length, unsigned round, double ns)
{
	if (!file || isnan(ns))
		return;
	begin_result("line");
	put_text("lock", lock);
	put_count("length", length);
	end_result(round, "release_ns", ns, NULL, 0);
}

void report_floor(const char *floor, unsigned round, double ns)
{
	if (!file || isnan(ns))
		return;
	begin_result("floor");
	put_text("floor", floor);
	end_result(round, "ns", ns, NULL, 0);
}
