/* SPDX-License-Identifier: MIT
 *
 * report.c - figures as JSON lines.
 */
#define _GNU_SOURCE
#include "report.h"
#include "machine.h"

#include <err.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORMAT 1

static FILE *file;
static const char *name;

/* One line; the object is no longer the caller's. */
static void put(json_t *object)
{
	if (!object)
		errx(1, "%s: out of memory", name);
	if (json_dumpf(object, file, JSON_COMPACT | JSON_REAL_PRECISION(8)) != 0 ||
	    putc('\n', file) == EOF)
		err(1, "%s", name);
	json_decref(object);
}

static void started(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static json_t *command_line(int argc, char *argv[])
{
	char *text = strdup(argc ? argv[0] : "");
	json_t *json;

	for (int i = 1; text && i < argc; i++) {
		char *longer;

		if (asprintf(&longer, "%s %s", text, argv[i]) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	json = json_string(text ? text : "?"); /* NULL if it is not UTF-8 */
	free(text);
	return json ? json : json_string("?");
}

static json_t *numbers(const struct list *list)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < list->count; i++)
		json_array_append_new(array, json_integer(list->at[i]));
	return array;
}

static json_t *names(const struct options *options)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < options->lock_count; i++)
		json_array_append_new(array, json_string(options->locks[i]->name));
	return array;
}

static json_t *what_was_asked(const struct options *options)
{
	return json_pack(
		"{s:i, s:f, s:i, s:i, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
		"rounds", (int)options->rounds, "seconds", options->seconds, "section_ns",
		(int)options->section_ns, "think_ns", (int)options->think_ns, "pinned",
		options->pinned, "spin_anyway", options->spin_anyway, "quick",
		options->quick, "threads", numbers(&options->threads), "shared_percent",
		numbers(&options->shared), "instances", numbers(&options->instances),
		"arrivals_per_s", numbers(&options->arrivals), "lengths",
		numbers(&options->lengths), "locks", names(options));
}

static json_t *machine_json(const struct machine *machine)
{
	return json_pack("{s:i, s:s, s:s, s:b, s:I}", "processors",
			 (int)machine->processors, "model", machine->model,
			 "architecture", machine->architecture, "hypervisor",
			 machine->hypervisor, "memory_bytes",
			 (json_int_t)machine->memory);
}

static void put_absent(void)
{
	const struct contender *row;

	for (unsigned i = 0; (row = contender_absent_at(i)); i++)
		put(json_pack("{s:s, s:s, s:s}", "type", "absent", "lock", row->name,
			      "package", row->absent));
}

void report_open(const struct options *options, int argc, char *argv[])
{
	struct machine machine;
	char when[32];

	if (!options->json)
		return;
	name = options->json;
	file = fopen(name, "a");
	if (!file)
		err(1, "%s", name);
	machine_ask(&machine, options->processors);
	started(when, sizeof(when));
	put(json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o}",
		      "type", "run", "format", FORMAT, "program", "fifolock-bench",
		      "library", VERSION, "started", when, "command",
		      command_line(argc, argv), "machine", machine_json(&machine),
		      "kernel", machine.kernel, "compiler", machine.compiler, "libc",
		      machine.libc, "clock", machine.clock, "options",
		      what_was_asked(options)));
	put_absent();
}

void report_close(void)
{
	if (file && fclose(file) != 0)
		err(1, "%s", name);
	file = NULL;
}

void report_uncontended(const char *lock, enum mode mode, unsigned round, double ns,
			double versus)
{
	if (file && !isnan(ns) && !isnan(versus))
		put(json_pack("{s:s, s:s, s:s, s:s, s:i, s:{s:f, s:f}}", "type", "result",
			      "test", "uncontended", "lock", lock, "mode",
			      mode == SHARED ? "shared" : "exclusive", "round",
			      (int)round + 1, "figures", "pair_ns", ns, "x_two_atomics",
			      versus));
}

static json_t *figures_json(const struct outcome *outcome)
{
	static const char *const called[FIGURES] = {
		"ops_per_s",	"x_mutex",	 "wait_p50_ns",	  "wait_p99_ns",
		"wait_p999_ns", "wait_worst_ns", "cpu_per_op_ns", "fairness",
		"after_p50_ns", "after_p99_ns"};
	json_t *json = json_object();

	for (unsigned i = 0; i < FIGURES; i++)
		if (i == VERSUS ? outcome->figures[i] > 0 : !isnan(outcome->figures[i]))
			json_object_set_new(json, called[i],
					    json_real(outcome->figures[i]));
	return json;
}

static json_t *waits_json(const struct outcome *outcome)
{
	json_t *json = json_array();

	for (unsigned i = 0; i < PERCENTILES; i++)
		json_array_append_new(
			json, json_pack("[f, f]", percentiles[i], outcome->waits[i]));
	return json;
}

static json_t *shares_json(const struct load *load, const struct outcome *outcome)
{
	json_t *json = json_array();

	for (unsigned i = 0; i < load->threads; i++)
		json_array_append_new(json, json_real(outcome->shares[i]));
	return json;
}

void report_load(const struct options *options, const struct load *load, const char *lock,
		 unsigned round, const struct outcome *outcome)
{
	bool open = load->arrivals > 0;
	json_t *json;

	if (!file)
		return;
	json = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:o}", "type",
			 "result", "test", open ? "open" : "mixed", "lock", lock,
			 "threads", (int)load->threads, "shared_percent",
			 (int)load->shared_percent, "section_ns",
			 (int)options->section_ns, "locks", (int)load->instances,
			 "pinned", load->pinned, "round", (int)round + 1, "figures",
			 figures_json(outcome));
	if (json && !isnan(outcome->waits[P50]))
		json_object_set_new(json, "percentiles", waits_json(outcome));
	if (json && outcome->figures[RATE] > 0)
		json_object_set_new(json, "shares", shares_json(load, outcome));
	if (json && open)
		json_object_set_new(json, "arrivals_per_s", json_real(load->arrivals));
	else if (json)
		json_object_set_new(json, "think_ns",
				    json_integer((int)options->think_ns));
	put(json);
}

void report_line(const char *lock, unsigned length, unsigned round, double ns)
{
	if (file && !isnan(ns))
		put(json_pack("{s:s, s:s, s:s, s:i, s:i, s:{s:f}}", "type", "result",
			      "test", "line", "lock", lock, "length", (int)length,
			      "round", (int)round + 1, "figures", "release_ns", ns));
}

void report_floor(const char *floor, unsigned round, double ns)
{
	if (file && !isnan(ns))
		put(json_pack("{s:s, s:s, s:s, s:i, s:{s:f}}", "type", "result", "test",
			      "floor", "floor", floor, "round", (int)round + 1, "figures",
			      "ns", ns));
}
