/* SPDX-License-Identifier: MIT
 *
 * kv_load.c - keeps kv_server.c busy, and finds out whether it is right.
 *
 *	kv_load SOCKET [CONNECTIONS [OPERATIONS]]	so many operations on each connection
 *
 * All connections move money between a few accounts, in single commands and in transactions that lock
 * accounts as they come, and add the accounts up meanwhile.  How much there is in all never changes:
 * each sum that was read must be that, and so must the last one.
 *
 * A transaction that was refused because of a deadlock has changed nothing, and is begun anew.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS 8
#define TOTAL	 8000

enum kind { TRANSFER, SUM, PAY, AUDIT, KINDS };

static const char *const names[] = {"transfer", "sum", "pay", "audit"};

struct operation {
	enum kind kind;
	uint64_t ns;
};

struct client {
	int fd;
	FILE *in;
	pthread_t thread;
	uint32_t random;
	unsigned long refused[KINDS], wrong;
	struct operation *operations;
};

static unsigned connections = 8, operations = 500;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* ---- questions and answers ---- */

static void connect_to(struct client *c, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	check(c->fd >= 0, "socket");
	check(connect(c->fd, (struct sockaddr *)&address, sizeof(address)) == 0, path);
	c->in = fdopen(c->fd, "r");
	check(c->in, "fdopen");
}

/* False: a deadlock, and the transaction is over.  So do not send the next line before this. */
static bool answered(struct client *c, long *number)
{
	char line[128];

	check(fgets(line, sizeof(line), c->in), "kv_server has gone");
	if (!strcmp(line, "DEADLOCK\n"))
		return false;
	if (sscanf(line, "OK %ld", number) == 1)
		return true;
	fprintf(stderr, "kv_server: %s", line);
	exit(1);
}

static bool ask(struct client *c, long *number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	check(vdprintf(c->fd, format, arguments) > 0, "kv_server has gone");
	va_end(arguments);
	return answered(c, number);
}

/* ---- operations.  False: begin anew ---- */

static bool transfer(struct client *c, unsigned from, unsigned to, long amount)
{
	return ask(c, &amount, "TRANSFER account%u account%u %ld\n", from, to, amount);
}

static bool sum(struct client *c, long *total)
{
	char keys[ACCOUNTS * 16] = "";

	for (unsigned i = 0; i < ACCOUNTS; i++)
		sprintf(keys + strlen(keys), " account%u", i);
	return ask(c, total, "SUM%s\n", keys);
}

/* If there is enough: what has been read decides what is written, so it takes a transaction. */
static bool pay(struct client *c, unsigned from, unsigned to, long amount)
{
	long there, unused;

	if (!ask(c, &unused, "BEGIN\n") || !ask(c, &there, "GET account%u\n", from))
		return false;
	if (there < amount)
		return ask(c, &unused, "ROLLBACK\n");
	return ask(c, &unused, "ADD account%u %ld\n", to, amount) &&
	       ask(c, &unused, "ADD account%u %ld\n", from, -amount) &&
	       ask(c, &unused, "COMMIT\n");
}

/* One after the other: from any of them on, upwards or downwards. */
static bool audit(struct client *c, unsigned from, bool up, long *total)
{
	unsigned account = from;
	long there, unused;

	*total = 0;
	if (!ask(c, &unused, "BEGIN\n"))
		return false;
	do {
		if (!ask(c, &there, "GET account%u\n", account))
			return false;
		*total += there;
		account = (account + (up ? 1 : ACCOUNTS - 1)) % ACCOUNTS;
	} while (account != from);
	return ask(c, &unused, "COMMIT\n");
}

static bool attempt(struct client *c, enum kind kind, unsigned one, unsigned other,
		    long *total)
{
	switch (kind) {
	case TRANSFER:
		return transfer(c, one, other, 1 + one);
	case SUM:
		return sum(c, total);
	case PAY:
		return pay(c, one, other, 1 + other);
	default:
		return audit(c, one, other % 2, total);
	}
}

/* ---- connections ---- */

static unsigned below(struct client *c, unsigned n)
{
	c->random = c->random * 1103515245 + 12345;
	return (c->random >> 16) % n;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void operate(struct client *c, struct operation *o)
{
	const unsigned one = below(c, ACCOUNTS), other = below(c, ACCOUNTS);
	const uint64_t begin = now();
	long total = TOTAL;

	o->kind = below(c, KINDS);
	while (!attempt(c, o->kind, one, other, &total))
		c->refused[o->kind]++;
	o->ns = now() - begin;
	c->wrong += total != TOTAL;
}

static void *work(void *self)
{
	struct client *c = self;

	for (unsigned i = 0; i < operations; i++)
		operate(c, &c->operations[i]);
	return NULL;
}

/* A deadlock for sure: each has what the other wants.  One is refused, and so the other goes on. */
static void deadlock(struct client *one, struct client *other)
{
	bool first, second;
	long unused;

	check(ask(one, &unused, "BEGIN\n") && ask(one, &unused, "ADD account0 1\n"),
	      "BEGIN");
	check(ask(other, &unused, "BEGIN\n") && ask(other, &unused, "ADD account1 1\n"),
	      "BEGIN");
	dprintf(one->fd, "ADD account1 1\n");
	dprintf(other->fd, "ADD account0 1\n");
	first = answered(one, &unused);
	second = answered(other, &unused);
	one->refused[PAY] += !first;
	other->refused[PAY] += !second;
	one->wrong += first == second;
	check(ask(first ? one : other, &unused, "ROLLBACK\n"), "ROLLBACK");
}

/* ---- report ---- */

static int by_ns(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static void report_kind(const struct client *clients, enum kind kind)
{
	uint64_t *ns = calloc((size_t)connections * operations + 1, sizeof(*ns));
	unsigned long refused = 0;
	size_t n = 0;

	check(ns, "calloc");
	for (const struct client *c = clients; c < clients + connections; c++) {
		refused += c->refused[kind];
		for (unsigned i = 0; i < operations; i++)
			if (c->operations[i].kind == kind)
				ns[n++] = c->operations[i].ns;
	}
	qsort(ns, n, sizeof(*ns), by_ns);
	printf("%-9s %9zu %9.1f %9.1f %9.1f %9lu\n", names[kind], n,
	       (double)ns[n / 2] / 1e3, (double)ns[n * 99 / 100] / 1e3,
	       (double)ns[n ? n - 1 : 0] / 1e3, refused);
	free(ns);
}

static void report(const struct client *clients, double seconds)
{
	printf("%u connections, %.0f operations a second\n", connections,
	       connections * operations / seconds);
	printf("          how many  median us  99 %% us  longest us  refused\n");
	for (enum kind kind = 0; kind < KINDS; kind++)
		report_kind(clients, kind);
}

static double run(struct client *clients)
{
	const uint64_t begin = now();

	for (struct client *c = clients; c < clients + connections; c++)
		check(pthread_create(&c->thread, NULL, work, c) == 0, "pthread_create");
	for (struct client *c = clients; c < clients + connections; c++)
		pthread_join(c->thread, NULL);
	return (double)(now() - begin) / 1e9;
}

static struct client *begin(const char *path)
{
	struct client *clients = calloc(connections, sizeof(*clients));

	check(clients, "calloc");
	for (unsigned i = 0; i < connections; i++) {
		clients[i].random = i;
		clients[i].operations = calloc(operations, sizeof(struct operation));
		check(clients[i].operations, "calloc");
		connect_to(&clients[i], path);
	}
	return clients;
}

/* How often something was wrong. */
static unsigned long end(struct client *clients)
{
	unsigned long wrong = 0;
	long total = 0;

	check(sum(clients, &total), "SUM");
	for (struct client *c = clients; c < clients + connections; c++) {
		wrong += c->wrong;
		fclose(c->in);
		free(c->operations);
	}
	free(clients);
	printf("%ld at the end, %lu wrong\n", total, wrong);
	return wrong + (total != TOTAL);
}

int main(int argc, char *argv[])
{
	struct client *clients;
	long unused;

	if (argc > 2)
		connections = (unsigned)atoi(argv[2]);
	if (argc > 3)
		operations = (unsigned)atoi(argv[3]);
	if (argc < 2 || connections < 2 || operations < 1) {
		fprintf(stderr, "usage: %s SOCKET [CONNECTIONS [OPERATIONS]]\n", argv[0]);
		return 2;
	}
	clients = begin(argv[1]);
	for (unsigned i = 0; i < ACCOUNTS; i++)
		ask(clients, &unused, "PUT account%u %d\n", i, TOTAL / ACCOUNTS);
	deadlock(&clients[0], &clients[1]);
	report(clients, run(clients));
	return end(clients) != 0;
}
