/* SPDX-License-Identifier: MIT
 *
 * json.h - is it JSON?  RFC 8259 to the letter: no comma too many, no control character in a
 * string, UTF-8 only.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Each moves on behind what it is named after; NULL: it is not there. */
static inline const char *json_value(const char *at, unsigned deep);

static inline const char *json_space(const char *at)
{
	return at ? at + strspn(at, " \t\r\n") : NULL;
}

static inline const char *json_digits(const char *at)
{
	size_t count = strspn(at, "0123456789");

	return count ? at + count : NULL;
}

static inline const char *json_number(const char *at)
{
	at += *at == '-';
	at = *at == '0' ? at + 1 : json_digits(at);
	if (at && *at == '.')
		at = json_digits(at + 1);
	if (at && (*at == 'e' || *at == 'E')) {
		at++;
		at = json_digits(at + (*at == '+' || *at == '-'));
	}
	return at;
}

static inline const char *json_escape(const char *at)
{
	if (*at != 'u')
		return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
	return strspn(at + 1, "0123456789abcdefABCDEF") >= 4 ? at + 5 : NULL;
}

/* One character of several bytes: none longer than it need be, no surrogate. */
static inline const char *json_wide(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	unsigned more = *byte >= 0xf0 ? 3 : *byte >= 0xe0 ? 2 : 1;
	unsigned long code = *byte & (0x3fu >> more);
	static const unsigned long least[] = {0, 0x80, 0x800, 0x10000};

	if (*byte < 0xc2 || *byte > 0xf4)
		return NULL;
	for (unsigned i = 1; i <= more; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return NULL;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return NULL;
	return at + more + 1;
}

static inline const char *json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (at && *at != '"') {
		unsigned char byte = (unsigned char)*at;

		if (byte < 0x20)
			return NULL;
		at = byte == '\\'  ? json_escape(at + 1)
		     : byte < 0x80 ? at + 1
				   : json_wide(at);
	}
	return at ? at + 1 : NULL;
}

/* "name": */
static inline const char *json_name(const char *at)
{
	at = json_space(json_string(at));
	return at && *at == ':' ? json_space(at + 1) : NULL;
}

static inline const char *json_list(const char *at, char end, unsigned deep)
{
	at = json_space(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (end == '}')
			at = json_name(at);
		at = at ? json_space(json_value(at, deep)) : NULL;
		if (!at || (*at != ',' && *at != end))
			return NULL;
		if (*at == end)
			return at + 1;
		at = json_space(at + 1);
	}
}

static inline const char *json_value(const char *at, unsigned deep)
{
	static const char *const words[] = {"true", "false", "null"};

	if (deep == 0)
		return NULL;
	if (*at == '{' || *at == '[')
		return json_list(at, *at == '{' ? '}' : ']', deep - 1);
	if (*at == '"')
		return json_string(at);
	for (unsigned i = 0; i < 3; i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	return json_number(at);
}

/* One object, and nothing behind it. */
static inline bool is_json_object(const char *text)
{
	const char *at = json_space(text);

	if (*at != '{')
		return false;
	at = json_space(json_value(at, 16));
	return at && *at == '\0';
}

#endif
