/* SPDX-License-Identifier: MIT
 *
 * views.c - results sorted by what belongs in one picture.
 */
#define _GNU_SOURCE
#include "views.h"
#include "texts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

double cell_number(const struct cell *cell, const char *member)
{
	const json_t *number = json_object_get(cell->identity, member);

	return json_is_number(number) ? json_number_value(number) : -1;
}

static struct view *view_for(struct views *views, json_t *load)
{
	for (size_t i = 0; i < views->count; i++)
		if (json_equal(views->at[i].load, load))
			return &views->at[i];
	views->at = must_have(
		reallocarray(views->at, views->count + 1, sizeof(views->at[0])));
	views->at[views->count] = (struct view){.load = json_incref(load)};
	return &views->at[views->count++];
}

static void add(struct views *views, const struct cell *cell, const char *member)
{
	json_t *load = must_have(json_copy(cell->identity));
	struct view *view;

	json_object_del(load, "lock");
	json_object_del(load, member);
	view = view_for(views, load);
	view->cells = must_have(
		reallocarray(view->cells, view->count + 1, sizeof(view->cells[0])));
	view->cells[view->count++] = cell;
	json_decref(load);
}

struct views views_of(const struct results *results, const char *test, const char *member)
{
	struct views views = {0};

	for (size_t i = 0; i < results->count; i++) {
		const struct cell *cell = &results->cells[i];

		if (strcmp(cell_text(cell, "test"), test) == 0 &&
		    *cell_text(cell, "lock") && cell_number(cell, member) > 0)
			add(&views, cell, member);
	}
	return views;
}

void views_free(struct views *views)
{
	for (size_t i = 0; i < views->count; i++) {
		json_decref(views->at[i].load);
		free(views->at[i].cells);
	}
	free(views->at);
	*views = (struct views){0};
}

static char *time_words(const json_t *value, const char *what)
{
	char *time = short_time(json_number_value(value));
	char *words = text_format("%s %s", time, what);

	free(time);
	return words;
}

/* Empty: it goes without saying. */
static char *member_words(const char *member, const json_t *value)
{
	double number = json_number_value(value);
	char *text, *words;

	if (strcmp(member, "test") == 0 || json_is_false(value) ||
	    (strcmp(member, "locks") == 0 && number >= 1 && number <= 1))
		return text_format("%s", "");
	if (json_is_true(value))
		return text_format("%s", member);
	if (strcmp(member, "shared_percent") == 0)
		return text_format("%g %% shared", number);
	if (strcmp(member, "section_ns") == 0)
		return time_words(value, "inside");
	if (strcmp(member, "think_ns") == 0)
		return time_words(value, "between");
	if (json_is_number(value))
		return text_format("%g %s", number, member);
	text = json_text(value);
	words = text_format("%s %s", member, text);
	free(text);
	return words;
}

char *load_words(const json_t *load)
{
	char *words = text_format("%s", "");
	const char *member;
	json_t *value;

	json_object_foreach((json_t *)load, member, value) words =
		text_join(words, ", ", member_words(member, value));
	return words;
}

static bool differs(const struct views *views, const json_t *load, const char *member)
{
	const json_t *value = json_object_get(load, member);

	for (size_t i = 0; i < views->count; i++)
		if (!json_equal(json_object_get(views->at[i].load, member), value))
			return true;
	return false;
}

static char *fit_for_file(char *text)
{
	for (char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			*at = '_';
	return text;
}

char *load_suffix(const struct views *views, const json_t *load)
{
	const json_t *shared = json_object_get(load, "shared_percent");
	char *suffix = shared ? json_text(shared) : text_format("%s", "");
	const char *member;
	json_t *value;

	suffix = text_join(text_format("%s", *suffix ? "-" : ""), "", suffix);
	json_object_foreach((json_t *)load, member, value)
	{
		char *text;

		if (value == shared || !differs(views, load, member))
			continue;
		text = json_text(value);
		suffix = text_join(suffix, "", text_format("-%s-%s", member, text));
		free(text);
	}
	return fit_for_file(suffix);
}
