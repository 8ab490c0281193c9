/* SPDX-License-Identifier: MIT
 *
 * dump.c - a table as text, and in JSON.
 */
#include "each.h"
#include "owners.h"
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>

struct dump {
	fifolock_table_t *table;
	FILE *out;
	size_t keys;
	struct fl_owners owners;
};

/* Between things: nothing before the first. */
static const char *comma(bool *any)
{
	const char *text = *any ? ", " : "";

	*any = true;
	return text;
}

/* ---- for people ---- */

static void print_request(const struct dump *dump, const struct fifolock_in_line *request)
{
	FILE *out = dump->out;

	if (request->from >= 0) {
		fl_print_mode(out, dump->table->modes, (unsigned)request->from);
		fputs(" -> ", out);
	}
	fl_print_mode(out, dump->table->modes, request->mode);
	if (request->n != 1)
		fprintf(out, " x %" PRIu32, request->n);
	if (request->age_ns)
		fprintf(out, " for %.3f s", (double)request->age_ns / 1e9);
}

static bool print_key(struct fl_entry *entry, const struct fifolock_key_state *state,
		      void *ctx)
{
	struct dump *dump = ctx;
	FILE *out = dump->out;
	bool any = false;

	dump->keys++;
	fl_print_key(out, state->key);
	fputs(": ", out);
	for (unsigned m = 0; m < state->lock.modes; m++)
		if (state->lock.holds[m]) {
			fprintf(out, "%s%" PRIu32 " ", comma(&any), state->lock.holds[m]);
			fl_print_mode(out, dump->table->modes, m);
		}
	fprintf(out, "%s, %" PRIu32 " in line", any ? "" : "not held",
		state->lock.waiting);
	any = false;
	for (size_t i = 0; i < state->in_line; i++) {
		fputs(any ? ", " : ": ", out);
		any = true;
		print_request(dump, &state->line[i]);
	}
	fl_owners_print(&dump->owners, entry, out);
	fputc('\n', out);
	return true;
}

static int print_text(struct dump *dump)
{
	const char *name = dump->table->options.name;
	int error;

	fprintf(dump->out, "table %s\n", name ? name : "without a name");
	error = fl_each_key(dump->table, print_key, dump);
	fprintf(dump->out, "%zu keys in use\n", dump->keys);
	return error;
}

/* ---- in JSON ---- */

static void print_json_request(const struct dump *dump,
			       const struct fifolock_in_line *request)
{
	FILE *out = dump->out;

	fprintf(out, "{\"ticket\": %" PRIu32 ", \"mode\": ", request->ticket);
	fl_print_json_mode(out, dump->table->modes, request->mode);
	fprintf(out, ", \"n\": %" PRIu32, request->n);
	if (request->from >= 0) {
		fputs(", \"from\": ", out);
		fl_print_json_mode(out, dump->table->modes, (unsigned)request->from);
	}
	fprintf(out, ", \"age_ns\": %" PRIu64 "}", request->age_ns);
}

static bool print_json_key(struct fl_entry *entry, const struct fifolock_key_state *state,
			   void *ctx)
{
	struct dump *dump = ctx;
	FILE *out = dump->out;
	bool any = false;

	fprintf(out, "%s{\"key\": ", dump->keys++ ? ",\n  " : "\n  ");
	fl_print_json_key(out, state->key);
	fputs(", \"holds\": {", out);
	for (unsigned m = 0; m < state->lock.modes; m++)
		if (state->lock.holds[m]) {
			fputs(comma(&any), out);
			fl_print_json_mode(out, dump->table->modes, m);
			fprintf(out, ": %" PRIu32, state->lock.holds[m]);
		}
	fprintf(out, "}, \"waiting\": %" PRIu32 ", \"line\": [", state->lock.waiting);
	any = false;
	for (size_t i = 0; i < state->in_line; i++) {
		fputs(comma(&any), out);
		print_json_request(dump, &state->line[i]);
	}
	fputc(']', out);
	fl_owners_print_json(&dump->owners, entry, out);
	fputc('}', out);
	return true;
}

static int print_json(struct dump *dump)
{
	int error;

	fputs("{\"table\": ", dump->out);
	if (dump->table->options.name)
		fl_print_json_text(dump->out, dump->table->options.name);
	else
		fputs("null", dump->out);
	fputs(", \"keys\": [", dump->out);
	error = fl_each_key(dump->table, print_json_key, dump);
	fputs("]}\n", dump->out);
	return error;
}

/* What stdio calls are cancellation points; this is none. */
int fifolock_table_dump(fifolock_table_t *table, FILE *out, enum fifolock_format format)
{
	struct dump dump = {.table = table, .out = out};
	int saved = errno, cancel, error;

	if (!table || !out || (format != FIFOLOCK_TEXT && format != FIFOLOCK_JSON))
		return EINVAL;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	flockfile(out);
	error = fl_owners_read(&dump.owners, table);
	if (!error)
		error = format == FIFOLOCK_TEXT ? print_text(&dump) : print_json(&dump);
	fl_owners_free(&dump.owners);
	funlockfile(out);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return error;
}
