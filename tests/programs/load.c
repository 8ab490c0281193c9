/* SPDX-License-Identifier: MIT
 *
 * load.c - requests to a server on this machine, one at a time on each connection, each
 * answer checked.
 *
 *	load memcached|redis|http PORT CONNECTIONS SECONDS
 *	load files FOLDER		write what http will ask for
 *
 * A value says for which key it was made, by which thread, and the how manieth it is; all that
 * follows is computed from these.  So whatever is read of a key shared by all connections can
 * be checked: a mixture of two values, or another key's, is noticed.  A key of one connection must
 * hold what was written last, and counters what all together have added.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SHARED 1000
#define FILES  200
#define BATCH  16

static const struct protocol *protocol;
static int port;
static double seconds;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Values. */

static void make_value(char *value, const char *key, unsigned writer, uint64_t serial)
{
	uint64_t state = 88172645463325252u + writer + (serial << 20);
	size_t length = (size_t)sprintf(value, "%s,%u,%" PRIu64 ",", key, writer, serial);
	size_t until;

	for (const char *at = key; *at; at++)
		state = state * 31 + (unsigned char)*at;
	until = length + 32 + next_random(&state) % (LONGEST - length - 32);
	if (serial % 8) /* most are small */
		until = length + until % 200;
	while (length < until)
		value[length++] = (char)('a' + next_random(&state) % 26);
	value[length] = 0;
}

static void check_value(struct connection *c, const char *key)
{
	char wanted[LONGEST + 1], of[64];
	unsigned writer;
	uint64_t serial;

	if (sscanf(c->got, "%63[^,],%u,%" SCNu64 ",", of, &writer, &serial) != 3 ||
	    strcmp(of, key)) {
		wrong(c, "%s is %.60s", key, c->got);
		return;
	}
	make_value(wanted, key, writer, serial);
	if (strcmp(wanted, c->got))
		wrong(c, "%s is torn: %.60s", key, c->got);
}

/* One request or two, on keys of all or on the connection's own. */

static void write_shared(struct connection *c, const char *key)
{
	make_value(c->value, key, c->id, ++c->serial);
	protocol->set(c, key, c->value);
}

static void write_own(struct connection *c)
{
	char key[64];

	snprintf(key, sizeof(key), "own%u-%u", c->id,
		 (unsigned)(next_random(&c->random) % 100));
	write_shared(c, key);
	if (!protocol->get(c, key) || strcmp(c->got, c->value))
		wrong(c, "%s is %.60s after %.60s", key, c->got, c->value);
}

/* Many at once, so that the server's threads are at the same counter. */
static unsigned count(struct connection *c)
{
	unsigned which = (unsigned)(next_random(&c->random) % COUNTERS);
	char key[64];

	snprintf(key, sizeof(key), "counter%u", which);
	for (unsigned i = 0; i < BATCH; i++)
		protocol->add(c, key);
	for (unsigned i = 0; i < BATCH; i++) {
		c->added[which]++;
		if (protocol->added(c) < c->added[which])
			wrong(c, "%s is less than what this connection has added", key);
	}
	return BATCH;
}

static unsigned once(struct connection *c)
{
	unsigned dice = (unsigned)(next_random(&c->random) % 100);
	unsigned keys = !protocol->set ? FILES
			: dice % 10    ? SHARED / 10
				       : SHARED; /* some are hot */
	char key[64];

	snprintf(key, sizeof(key), "key%u", (unsigned)(next_random(&c->random) % keys));
	if (!protocol->set || dice < 70) {
		if (protocol->get(c, key))
			check_value(c, key);
	} else if (dice < 90) {
		write_shared(c, key);
	} else if (dice < 95) {
		write_own(c);
		return 2;
	} else {
		return count(c);
	}
	return 1;
}

/* Microseconds, and buckets of them. */

static unsigned bucket(uint64_t us)
{
	unsigned shift = us < 32 ? 0 : 59 - (unsigned)__builtin_clzll(us);
	unsigned at = shift * 16 + (unsigned)(us >> shift);

	return at < BUCKETS ? at : BUCKETS - 1;
}

static uint64_t bucket_us(unsigned at)
{
	unsigned shift = at < 32 ? 0 : at / 16 - 1;

	return (uint64_t)(at - shift * 16) << shift;
}

static void open_connection(struct connection *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->socket = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->socket, (struct sockaddr *)&to, sizeof(to)))
		wrong(c, "connect: %s", strerror(errno));
	c->in = fdopen(c->socket, "r");
}

static void *talk(void *argument)
{
	struct connection *c = argument;
	double until = now() + seconds, before = now(), after;

	c->random = 1234567 + c->id * 7919;
	open_connection(c);
	while (!c->problem[0] && before < until) {
		c->done += once(c);
		after = now();
		c->us[bucket((uint64_t)((after - before) * 1e6))]++;
		before = after;
	}
	return NULL;
}

static void counters(struct connection *all, unsigned connections, bool begin)
{
	struct connection *c = &all[0];
	uint64_t sum;
	char key[64];

	for (unsigned i = 0; protocol->add && i < COUNTERS; i++) {
		snprintf(key, sizeof(key), "counter%u", i);
		if (begin) {
			protocol->set(c, key, "0");
			continue;
		}
		sum = 1;
		for (unsigned j = 0; j < connections; j++)
			sum += all[j].added[i];
		protocol->add(c, key);
		if (protocol->added(c) != sum)
			wrong(c, "%s is not %" PRIu64, key, sum);
	}
}

static void print_times(struct connection *all, unsigned connections)
{
	uint64_t us[BUCKETS] = {0};
	const char *comma = "";

	for (unsigned i = 0; i < connections; i++)
		for (unsigned j = 0; j < BUCKETS; j++)
			us[j] += all[i].us[j];
	for (unsigned j = 0; j < BUCKETS; j++)
		if (us[j]) {
			printf("%s\"%" PRIu64 "\": %" PRIu64, comma, bucket_us(j), us[j]);
			comma = ", ";
		}
}

/* All, line by line, and the first in what is read by programs. */
static unsigned print_problems(struct connection *all, unsigned connections)
{
	const char *first = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < connections; i++) {
		if (!all[i].problem[0])
			continue;
		fprintf(stderr, "connection %u: %s\n", i, all[i].problem);
		for (char *at = all[i].problem; *at; at++)
			if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
				*at = '?';
		if (count++ == 0)
			first = all[i].problem;
	}
	if (first)
		printf("\"%s (connections: %u)\"", first, count);
	return count;
}

static int print(struct connection *all, unsigned connections, double took)
{
	unsigned problems;
	uint64_t done = 0;

	for (unsigned i = 0; i < connections; i++)
		done += all[i].done;
	printf("{\"operations\": %" PRIu64 ", \"seconds\": %.3f, \"us\": {", done, took);
	print_times(all, connections);
	printf("}, \"problems\": [");
	problems = print_problems(all, connections);
	printf("]}\n");
	return problems != 0;
}

static int write_files(const char *folder)
{
	char value[LONGEST + 1], key[64], path[500];
	FILE *file;

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		snprintf(path, sizeof(path), "%s/%s", folder, key);
		make_value(value, key, 0, i);
		file = fopen(path, "w");
		if (!file || fputs(value, file) < 0 || fclose(file))
			return 1;
	}
	return 0;
}

static int run(struct connection *all, unsigned connections)
{
	pthread_t *threads = calloc(connections, sizeof(*threads));
	double from;

	open_connection(&all[0]);
	counters(all, connections, true);
	from = now();
	for (unsigned i = 0; i < connections; i++) {
		all[i].id = i;
		if (pthread_create(&threads[i], NULL, talk, &all[i]))
			return 2;
	}
	for (unsigned i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	from = now() - from;
	counters(all, connections, false);
	free(threads);
	return print(all, connections, from);
}

int main(int argc, char **argv)
{
	unsigned connections = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	struct connection *all;

	if (argc == 3 && !strcmp(argv[1], "files"))
		return write_files(argv[2]);
	for (size_t i = 0; argc == 5 && protocols[i].name; i++)
		if (!strcmp(argv[1], protocols[i].name))
			protocol = &protocols[i];
	if (!protocol || !connections)
		return 2;
	port = atoi(argv[2]);
	seconds = atof(argv[4]);
	all = calloc(connections, sizeof(*all));
	return all ? run(all, connections) : 2;
}
