/* SPDX-License-Identifier: MIT
 *
 * load.h - a connection, and what is said on it in each protocol.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define COUNTERS 4
#define LONGEST	 4096
#define BUCKETS	 1024 /* 16 for each doubling */

struct connection {
	FILE *in;
	int socket;
	unsigned id;
	uint64_t random, serial, done, added[COUNTERS], us[BUCKETS];
	char value[LONGEST + 1], got[LONGEST + 1], problem[200];
};

struct protocol {
	const char *name;
	void (*set)(struct connection *, const char *key, const char *value);
	bool (*get)(struct connection *,
		    const char *key); /* into got; false: there is none */
	void (*add)(struct connection *, const char *key);
	uint64_t (*added)(struct connection *); /* the answer to an add */
};

/* The first problem of a connection ends it. */
__attribute__((format(printf, 2, 3))) void wrong(struct connection *c, const char *format,
						 ...);

extern const struct protocol protocols[];

#endif
