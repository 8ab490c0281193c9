/* SPDX-License-Identifier: MIT
 *
 * texts.c - text put together in memory.
 */
#define _GNU_SOURCE
#include "texts.h"
#include "figures.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_have(void *memory)
{
	if (!memory)
		errx(1, "out of memory");
	return memory;
}

char *text_format(const char *format, ...)
{
	char *text = NULL;
	va_list list;
	int length;

	va_start(list, format);
	length = vasprintf(&text, format, list);
	va_end(list);
	return must_have(length < 0 ? NULL : text);
}

char *text_join(char *first, const char *between, char *second)
{
	char *both =
		text_format("%s%s%s", first, *first && *second ? between : "", second);

	free(first);
	free(second);
	return both;
}

static char *brief(struct scaled scaled)
{
	return text_format("%.3g%s%s", scaled.value, *scaled.unit ? " " : "",
			   scaled.unit);
}

char *short_time(double ns)
{
	return brief(scale_time(ns));
}

char *short_count(double count)
{
	return brief(scale_count(count));
}

char *text_clean(char *text)
{
	unsigned char *at = (unsigned char *)text;

	for (; *at; at++) {
		/* U+0080 to U+009F are two bytes. */
		bool second = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;

		if (*at < ' ' || *at == 0x7f || second)
			*at = '?';
		if (second)
			*++at = '?';
	}
	return text;
}

char *json_text(const json_t *value)
{
	const size_t how =
		JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6);

	if (json_is_string(value))
		return text_clean(must_have(strdup(json_string_value(value))));
	return text_clean(must_have(json_dumps(value, how)));
}
