/* SPDX-License-Identifier: MIT
 *
 * load_protocols.c - requests and answers on a connection, in each protocol.
 */
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

void wrong(struct connection *c, const char *format, ...)
{
	va_list list;

	if (c->problem[0])
		return;
	va_start(list, format);
	vsnprintf(c->problem, sizeof(c->problem), format, list);
	va_end(list);
}

/* Lines and blocks. */

static void say(struct connection *c, const char *format, ...)
{
	char text[LONGEST + 200];
	ssize_t sent, length;
	va_list list;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	for (ssize_t at = 0; at < length; at += sent) {
		sent = send(c->socket, text + at, (size_t)(length - at), MSG_NOSIGNAL);
		if (sent < 0) {
			wrong(c, "send: %s", strerror(errno));
			return;
		}
	}
}

static const char *hear(struct connection *c, char *line, int size)
{
	if (!fgets(line, size, c->in)) {
		wrong(c, "the connection was closed");
		line[0] = 0;
	}
	line[strcspn(line, "\r\n")] = 0;
	return line;
}

static void hear_block(struct connection *c, size_t length)
{
	if (length > LONGEST || fread(c->got, 1, length, c->in) != length) {
		wrong(c, "a block of %zu bytes that does not come", length);
		length = 0;
	}
	c->got[length] = 0;
}

static void expect(struct connection *c, const char *wanted)
{
	char line[200];

	if (strcmp(hear(c, line, sizeof(line)), wanted))
		wrong(c, "'%.60s' in place of '%s'", line, wanted);
}

/* memcached: text. */

static void memcached_set(struct connection *c, const char *key, const char *value)
{
	say(c, "set %s 0 0 %zu\r\n%s\r\n", key, strlen(value), value);
	expect(c, "STORED");
}

static bool memcached_get(struct connection *c, const char *key)
{
	char line[200];
	size_t length;

	say(c, "get %s\r\n", key);
	if (sscanf(hear(c, line, sizeof(line)), "VALUE %*s %*u %zu", &length) != 1) {
		if (strcmp(line, "END"))
			wrong(c, "'%.60s' for get", line);
		return false;
	}
	hear_block(c, length);
	expect(c, "");
	expect(c, "END");
	return true;
}

static void memcached_add(struct connection *c, const char *key)
{
	say(c, "incr %s 1\r\n", key);
}

static uint64_t memcached_added(struct connection *c)
{
	char line[200];

	return strtoull(hear(c, line, sizeof(line)), NULL, 10);
}

/* redis: inline commands. */

static void redis_set(struct connection *c, const char *key, const char *value)
{
	say(c, "SET %s %s\r\n", key, value);
	expect(c, "+OK");
}

static bool redis_get(struct connection *c, const char *key)
{
	char line[200];
	long length;

	say(c, "GET %s\r\n", key);
	if (sscanf(hear(c, line, sizeof(line)), "$%ld", &length) != 1)
		wrong(c, "'%.60s' for GET", line);
	else if (length >= 0) {
		hear_block(c, (size_t)length);
		expect(c, "");
		return true;
	}
	return false;
}

static void redis_add(struct connection *c, const char *key)
{
	say(c, "INCR %s\r\n", key);
}

static uint64_t redis_added(struct connection *c)
{
	char line[200];

	hear(c, line, sizeof(line));
	return line[0] == ':' ? strtoull(line + 1, NULL, 10) : 0;
}

/* http: files. */

static bool http_get(struct connection *c, const char *key)
{
	char line[500];
	size_t length = 0;
	int status = 0;

	say(c, "GET /%s HTTP/1.1\r\nHost: here\r\n\r\n", key);
	sscanf(hear(c, line, sizeof(line)), "HTTP/1.1 %d", &status);
	while (hear(c, line, sizeof(line))[0])
		if (!strncasecmp(line, "content-length:", 15))
			length = strtoul(line + 15, NULL, 10);
	if (status != 200)
		wrong(c, "status %d for %s", status, key);
	hear_block(c, length);
	return true;
}

const struct protocol protocols[] = {
	{"memcached", memcached_set, memcached_get, memcached_add, memcached_added},
	{"redis", redis_set, redis_get, redis_add, redis_added},
	{"http", NULL, http_get, NULL, NULL},
	{NULL, NULL, NULL, NULL, NULL},
};
