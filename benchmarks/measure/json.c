/* SPDX-License-Identifier: MIT
 *
 * json.c - a file of JSON lines.
 */
#define _GNU_SOURCE
#include "json.h"
#include "machine.h"

#include <err.h>
#include <inttypes.h>
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

void json_open_group(const char *member, char bracket)
{
	next(member);
	putc(bracket, file);
	first = true;
}

void json_close_group(char bracket)
{
	putc(bracket, file);
	first = false;
}

void json_text(const char *member, const char *text)
{
	next(member);
	put_quoted(text);
}

void json_count(const char *member, uint64_t count)
{
	next(member);
	fprintf(file, "%" PRIu64, count);
}

void json_flag(const char *member, bool flag)
{
	next(member);
	fputs(flag ? "true" : "false", file);
}

/* A number that is not counted has a point, or an exponent. */
void json_number(const char *member, double number)
{
	char text[32];

	next(member);
	snprintf(text, sizeof(text), "%.8g", number);
	fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

void json_list(const char *member, const struct list *list)
{
	json_open_group(member, '[');
	for (unsigned i = 0; i < list->count; i++)
		json_count(NULL, list->at[i]);
	json_close_group(']');
}

void json_begin(const char *type)
{
	putc('{', file);
	first = true;
	json_text("type", type);
}

void json_end(void)
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
	json_text("started", text);
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
	json_text("command", text);
	free(text);
}

static void put_machine(const struct machine *machine)
{
	json_open_group("machine", '{');
	json_count("processors", machine->processors);
	json_text("model", machine->model);
	json_text("architecture", machine->architecture);
	json_flag("hypervisor", machine->hypervisor);
	json_count("memory_bytes", machine->memory);
	json_close_group('}');
}

void json_begin_run(unsigned processors, int argc, char *argv[])
{
	struct machine machine;

	machine_ask(&machine, processors);
	json_begin("run");
	json_count("format", FORMAT);
	json_text("program", arguments_program);
	json_text("library", VERSION);
	put_started();
	put_command(argc, argv);
	put_machine(&machine);
	json_text("kernel", machine.kernel);
	json_text("compiler", machine.compiler);
	json_text("libc", machine.libc);
	json_text("clock", machine.clock);
}

void json_open(const char *path)
{
	if (!path)
		return;
	name = path;
	file = fopen(name, "a");
	if (!file)
		err(1, "%s", name);
}

bool json_wanted(void)
{
	return file != NULL;
}

void json_close(void)
{
	if (file && fclose(file) != 0)
		err(1, "%s", name);
	file = NULL;
}
