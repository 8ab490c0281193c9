/* SPDX-License-Identifier: MIT
 *
 * load.h - keys under a load: so many threads that lock one of them, touch what it guards, unlock
 * it, and go on with the next.
 */
#ifndef BENCHMARKS_KEYS_LOAD_H
#define BENCHMARKS_KEYS_LOAD_H

#include "asked.h"
#include "contenders.h"
#include "measure/outcome.h"

/* What the keys guard, a cache line each.  Writers change first on entry and second before they
 * leave, so a thread that sees two values is not alone with them. */
struct row {
	uint64_t first;
	uint64_t second;
} __attribute__((aligned(64)));

struct rows {
	struct row *at;
	uint32_t count;
	uint64_t writes; /* that have been made in all */
};

void rows_open(struct rows *rows, uint32_t count);
void rows_close(struct rows *rows);

struct key_load {
	unsigned threads;
	unsigned shared_percent;
	bool touch; /* the key's row; otherwise there is nothing between lock and unlock */
	bool pinned; /* thread i to processor i, and around again */
	const struct asked *asked;
	struct rows *rows;
	/* One more thread holds one of these after the other, for so long, exclusively.  Then what the
	 * others do during these holds is all that counts.  NULL: there is none. */
	const struct asked *held;
	double hold_s;
	double seconds; /* of which the first fifth is not counted */
	unsigned seed;
};

/* Run it.  0, or the errno for which the threads could not be started.  Ends the program if a
 * key did not exclude. */
int key_load_run(const struct key_load *load, const struct keyed *row,
		 struct outcome *outcome);

#endif
