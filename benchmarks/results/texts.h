/* SPDX-License-Identifier: MIT
 *
 * texts.h - text put together in memory; all of it is for free().
 */
#ifndef BENCHMARKS_TEXTS_H
#define BENCHMARKS_TEXTS_H

#include <jansson.h>

/* Ends the program if there is no memory. */
void *must_have(void *memory);

__attribute__((format(printf, 1, 2))) char *text_format(const char *format, ...);

/* Both, with something between if neither is empty; frees them. */
char *text_join(char *first, const char *between, char *second);

/* "1.5 us", "20 M": as few digits as will do. */
char *short_time(double ns);
char *short_count(double count);

/* Make control characters question marks: files may come from anywhere, terminals and
 * gnuplot believe what they are told. */
char *text_clean(char *text);

/* A value as clean text: strings as they are, else JSON. */
char *json_text(const json_t *value);

#endif
