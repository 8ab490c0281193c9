/* SPDX-License-Identifier: MIT
 *
 * results.c - the file that runs of the benchmark append to: a JSON object per line, the
 * first of each run telling what ran where.
 */
#define _GNU_SOURCE
#include "results.h"
#include "figures.h"
#include "texts.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1

/* Of a result, what makes it one round of a cell. */
static const char *const of_round[] = {"type", "round", "figures", "percentiles",
				       "shares"};

struct reader {
	struct results *results;
	bool in_run;
	char wrong[160]; /* with the line, or empty */
};

__attribute__((format(printf, 2, 3))) static void wrong(struct reader *reader,
							const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(reader->wrong, sizeof(reader->wrong), format, list);
	va_end(list);
}

static void check_figures(struct reader *reader, const json_t *figures)
{
	const char *name;
	json_t *value;

	if (!json_is_object(figures))
		wrong(reader, "a result without figures");
	json_object_foreach((json_t *)figures, name,
			    value) if (!json_is_number(value) && !json_is_null(value))
		wrong(reader, "figure '%.60s' is not a number", name);
}

static void check_percentiles(struct reader *reader, const json_t *percentiles)
{
	json_t *pair;
	size_t i;

	if (percentiles && !json_is_array(percentiles))
		wrong(reader, "percentiles are not a list");
	json_array_foreach(percentiles, i,
			   pair) if (json_array_size(pair) != 2 ||
				     !json_is_number(json_array_get(pair, 0)) ||
				     !json_is_number(json_array_get(pair, 1)))
		wrong(reader, "percentile %zu is not two numbers", i + 1);
}

static void check_shares(struct reader *reader, const json_t *shares)
{
	json_t *share;
	size_t i;

	if (shares && !json_is_array(shares))
		wrong(reader, "shares are not a list");
	json_array_foreach(shares, i, share) if (!json_is_number(share))
		wrong(reader, "share %zu is not a number", i + 1);
}

static void check_texts(struct reader *reader, const json_t *result)
{
	static const char *const texts[] = {"test", "lock", "floor"};

	for (unsigned i = 0; i < 3; i++) {
		const json_t *text = json_object_get(result, texts[i]);

		if (text ? !json_is_string(text) : i == 0)
			wrong(reader, "a result whose %s is not a text", texts[i]);
	}
}

static json_t *identity_of(const json_t *result)
{
	json_t *identity = must_have(json_copy((json_t *)result));

	for (unsigned i = 0; i < sizeof(of_round) / sizeof(of_round[0]); i++)
		json_object_del(identity, of_round[i]);
	return identity;
}

static char *key_of(const json_t *identity)
{
	return must_have(json_dumps(identity, JSON_SORT_KEYS | JSON_COMPACT));
}

static struct cell *find(const struct results *results, const char *key)
{
	const json_t *number = json_object_get(results->index, key);

	return number ? &results->cells[json_integer_value(number)] : NULL;
}

const struct cell *results_find(const struct results *results, const json_t *identity)
{
	char *key = key_of(identity);
	const struct cell *cell = find(results, key);

	free(key);
	return cell;
}

static struct cell *add_cell(struct results *results, json_t *identity, const char *key)
{
	struct cell *cell;

	results->cells = must_have(reallocarray(results->cells, results->count + 1,
						sizeof(results->cells[0])));
	cell = &results->cells[results->count];
	*cell = (struct cell){json_incref(identity), must_have(json_array())};
	json_object_set_new(results->index, key,
			    json_integer((json_int_t)results->count));
	results->count++;
	return cell;
}

static void take_result(struct reader *reader, json_t *result)
{
	struct cell *cell;
	json_t *identity;
	char *key;

	check_texts(reader, result);
	check_figures(reader, json_object_get(result, "figures"));
	check_percentiles(reader, json_object_get(result, "percentiles"));
	check_shares(reader, json_object_get(result, "shares"));
	if (!reader->in_run)
		wrong(reader, "a result before any run");
	if (*reader->wrong)
		return;
	identity = identity_of(result);
	key = key_of(identity);
	cell = find(reader->results, key);
	if (!cell)
		cell = add_cell(reader->results, identity, key);
	json_array_append(cell->rounds, result);
	json_decref(identity);
	free(key);
}

static void take_run(struct reader *reader, json_t *run)
{
	const json_t *format = json_object_get(run, "format");

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		wrong(reader, "a run whose format is not a number");
	else if (json_integer_value(format) > FORMAT)
		wrong(reader,
		      "format %" JSON_INTEGER_FORMAT
		      ": this program knows up to %d only, a newer one is needed",
		      json_integer_value(format), FORMAT);
	else
		json_array_append(reader->results->runs, run);
	reader->in_run = true;
}

static void take_absent(struct reader *reader, json_t *absent)
{
	if (!json_is_string(json_object_get(absent, "lock")))
		wrong(reader, "an absent lock without a name");
	else
		json_array_append(reader->results->absent, absent);
}

static void take(struct reader *reader, json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));

	if (!json_is_object(line))
		wrong(reader, "not a JSON object");
	else if (!type)
		wrong(reader, "an object without a type");
	else if (strcmp(type, "run") == 0)
		take_run(reader, line);
	else if (strcmp(type, "result") == 0)
		take_result(reader, line);
	else if (strcmp(type, "absent") == 0)
		take_absent(reader, line);
}

static void take_line(struct reader *reader, const char *text, size_t length)
{
	json_error_t error;
	json_t *line;

	*reader->wrong = '\0';
	if (strspn(text, " \t\r\n") == length)
		return;
	line = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (line)
		take(reader, line);
	else
		wrong(reader, "not JSON: %s", error.text);
	json_decref(line);
}

static bool read_lines(struct reader *reader, FILE *in, const char *file)
{
	unsigned long number = 0;
	char *text = NULL;
	size_t room = 0;
	ssize_t length;

	*reader->wrong = '\0';
	while (!*reader->wrong && (length = getline(&text, &room, in)) >= 0) {
		number++;
		take_line(reader, text, (size_t)length);
	}
	free(text);
	if (*reader->wrong)
		warnx("%s:%lu: %s", file, number, text_clean(reader->wrong));
	else if (ferror(in))
		warn("%s", file);
	else if (!reader->in_run)
		warnx("%s: there is no run in it", file);
	return !*reader->wrong && !ferror(in) && reader->in_run;
}

bool results_read(struct results *results, const char *file)
{
	struct reader reader = {.results = results};
	FILE *in = fopen(file, "r");
	bool good;

	if (!in) {
		warn("%s", file);
		return false;
	}
	if (!results->index) {
		results->index = must_have(json_object());
		results->runs = must_have(json_array());
		results->absent = must_have(json_array());
	}
	good = read_lines(&reader, in, file);
	fclose(in);
	return good;
}

void results_free(struct results *results)
{
	for (size_t i = 0; i < results->count; i++) {
		json_decref(results->cells[i].identity);
		json_decref(results->cells[i].rounds);
	}
	free(results->cells);
	json_decref(results->index);
	json_decref(results->runs);
	json_decref(results->absent);
	*results = (struct results){0};
}

const char *cell_text(const struct cell *cell, const char *member)
{
	const char *text = json_string_value(json_object_get(cell->identity, member));

	return text ? text : "";
}

/* What value() finds in the rounds. */
static struct sample sample_of(const struct cell *cell,
			       const json_t *(*value)(const json_t *round,
						      const void *which),
			       const void *which)
{
	struct sample sample = {0};
	json_t *round;
	size_t i;

	sample.at = must_have(calloc(json_array_size(cell->rounds), sizeof(double)));
	json_array_foreach(cell->rounds, i, round)
	{
		const json_t *number = value(round, which);

		if (json_is_number(number))
			sample.at[sample.count++] = json_number_value(number);
	}
	median(sample.at, sample.count); /* sorts */
	return sample;
}

static const json_t *figure_in(const json_t *round, const void *name)
{
	return json_object_get(json_object_get(round, "figures"), name);
}

struct sample cell_sample(const struct cell *cell, const char *figure)
{
	return sample_of(cell, figure_in, figure);
}

static const json_t *percentile_in(const json_t *round, const void *percent)
{
	json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(round, "percentiles"), i,
			   pair) if (json_number_value(json_array_get(pair, 0)) ==
				     *(const double *)percent) return json_array_get(pair,
										     1);
	return NULL;
}

struct sample cell_percentile(const struct cell *cell, double percent)
{
	return sample_of(cell, percentile_in, &percent);
}

static void sort_shares(const json_t *shares, double *into, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		into[i] = json_number_value(json_array_get(shares, i));
	median(into, count);
}

struct sample cell_shares(const struct cell *cell)
{
	size_t rounds = json_array_size(cell->rounds), have = 0, i;
	const json_t *first = json_object_get(json_array_get(cell->rounds, 0), "shares");
	struct sample sample = {.count = (unsigned)json_array_size(first)};
	double *sorted = must_have(calloc(rounds * sample.count + 1, sizeof(double)));
	double *same_rank = must_have(calloc(rounds, sizeof(double)));
	json_t *round;

	sample.at = must_have(calloc(sample.count + 1, sizeof(double)));
	json_array_foreach(cell->rounds, i, round)
	{
		const json_t *shares = json_object_get(round, "shares");

		if (json_array_size(shares) == sample.count)
			sort_shares(shares, sorted + sample.count * have++, sample.count);
	}
	for (unsigned rank = 0; rank < sample.count; rank++) {
		for (i = 0; i < have; i++)
			same_rank[i] = sorted[i * sample.count + rank];
		sample.at[rank] = median(same_rank, (unsigned)have);
	}
	free(sorted);
	free(same_rank);
	return sample;
}

void sample_free(struct sample *sample)
{
	free(sample->at);
	*sample = (struct sample){0};
}
