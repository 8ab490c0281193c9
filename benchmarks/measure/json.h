/* SPDX-License-Identifier: MIT
 *
 * json.h - a file of JSON lines, an object each: docs/benchmarks.md has the format.
 */
#ifndef BENCHMARKS_JSON_H
#define BENCHMARKS_JSON_H

#include "arguments.h"

#include <stdbool.h>
#include <stdint.h>

/* Append to that file; NULL: there is none, and nothing below but json_close() may be called.
 * Ends the program if it cannot be written, as do the others. */
void json_open(const char *path);
bool json_wanted(void);
void json_close(void);

/* One line, an object of that type, and its end. */
void json_begin(const char *type);
void json_end(void);

/* The first line of a run up to its options, a group, which the caller adds. */
void json_begin_run(unsigned processors, int argc, char *argv[]);

/* Members of the object that is open; without a name, values of the list. */
void json_text(const char *member, const char *text);
void json_count(const char *member, uint64_t count);
void json_flag(const char *member, bool flag);
void json_number(const char *member, double number);
void json_list(const char *member, const struct list *list);

/* { or [, and its end. */
void json_open_group(const char *member, char bracket);
void json_close_group(char bracket);

#endif
