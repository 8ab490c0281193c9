/* SPDX-License-Identifier: MIT
 *
 * uncontended.c - what an uncontended lock and unlock cost, beside the least
 * they could cost: two atomic read-modify-writes on one word.
 */
#include "uncontended.h"
#include "locks/contenders.h"
#include "figures.h"
#include "floors.h"
#include "progress.h"
#include "report.h"
#include "crew.h"
#include "ticks.h"

#include <errno.h>
#include <math.h>
#include <semaphore.h>
#include <stdio.h>

#define ROUNDS	     15
#define ROUNDS_QUICK 3
#define SLICE	     0.010 /* seconds per row and round */
#define SLICE_QUICK  0.0005
#define ROWS	     (2 * OPTIONS_LOCKS + 1)

struct row {
	char name[64];
	const char *lock_name; /* NULL: the two atomics */
	void (*pairs)(void *lock, enum mode mode, unsigned long n);
	void *lock;
	enum mode mode;
	unsigned long n; /* pairs per round */
	double ns[ROUNDS];
	double versus[ROUNDS]; /* the two atomics in the same round */
};

/* What is measured: the two atomics, then the locks. */
struct rows {
	unsigned count;
	unsigned rounds;
	double slice;
	uint64_t word;
	struct row row[ROWS];
};

static void atomic_pairs(void *lock, enum mode mode, unsigned long n)
{
	(void)mode;
	two_atomics(lock, n);
}

/* NAN: in less time than the clock can tell. */
static double pair_ns(const struct row *row)
{
	uint64_t before = ticks_now();
	uint64_t ns;

	row->pairs(row->lock, row->mode, row->n);
	ns = ticks_ns(before, ticks_now());
	return ns ? (double)ns / (double)row->n : NAN;
}

static struct row *add_row(struct rows *rows, const struct contender *contender,
			   const char *what)
{
	struct row *row = &rows->row[rows->count++];

	snprintf(row->name, sizeof(row->name), "%s%s%s", contender ? contender->name : "",
		 contender ? ", " : "", what);
	row->lock_name = contender ? contender->name : NULL;
	row->pairs = contender ? contender->pairs : atomic_pairs;
	row->lock = contender ? contender_new(contender) : &rows->word;
	return row;
}

static void prepare(struct rows *rows, const struct options *options)
{
	rows->rounds = options->quick ? ROUNDS_QUICK : ROUNDS;
	rows->slice = options->quick ? SLICE_QUICK : SLICE;
	add_row(rows, NULL, "two atomic operations");
	for (unsigned i = 0; i < options->lock_count; i++) {
		add_row(rows, options->locks[i], "exclusive")->mode = EXCLUSIVE;
		if (options->locks[i]->has_shared)
			add_row(rows, options->locks[i], "shared")->mode = SHARED;
	}
	for (unsigned i = 0; i < rows->count; i++) {
		struct row *row = &rows->row[i];

		row->n = 1000;
		row->n = (unsigned long)(rows->slice * 1e9 /
					 (fmax(pair_ns(row), 0) + 0.1)) +
			 1;
	}
}

static void measure(struct rows *rows)
{
	for (unsigned round = 0; round < rows->rounds; round++)
		for (unsigned i = 0; i < rows->count; i++) {
			struct row *row = &rows->row[i];

			progress_now("uncontended: %s", row->name);
			row->ns[round] = pair_ns(row);
			row->versus[round] =
				ratio_if_any(row->ns[round], rows->row[0].ns[round]);
			if (row->lock_name)
				report_uncontended(row->lock_name, row->mode, round,
						   row->ns[round], row->versus[round]);
			progress_done(rows->slice);
		}
}

static void print(struct rows *rows)
{
	progress_clear();
	printf("\nUncontended: lock and unlock, medians of %u rounds of %.3g ms\n",
	       rows->rounds, rows->slice * 1e3);
	printf("%-46s %10s %16s\n", "", "ns a pair", "x two atomics");
	for (unsigned i = 0; i < rows->count; i++) {
		struct row *row = &rows->row[i];

		printf("%-46s %10s %16s\n", row->name,
		       human_as("%.1f", median(row->ns, rows->rounds)).at,
		       human_as("%.2f", median(row->versus, rows->rounds)).at);
	}
	fflush(stdout);
}

static void clean_up(struct rows *rows, const struct options *options)
{
	unsigned next = 1;

	for (unsigned i = 0; i < options->lock_count; i++) {
		contender_free(options->locks[i], rows->row[next++].lock);
		if (options->locks[i]->has_shared)
			contender_free(options->locks[i], rows->row[next++].lock);
	}
}

double uncontended_seconds(const struct options *options)
{
	unsigned rows = 1;

	for (unsigned i = 0; i < options->lock_count; i++)
		rows += options->locks[i]->has_shared ? 2 : 1;
	return options->quick ? rows * ROUNDS_QUICK * SLICE_QUICK : rows * ROUNDS * SLICE;
}

static void stay(void *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

static void begin_and_end(const struct options *options, bool begin)
{
	for (unsigned i = 0; i < options->lock_count; i++) {
		const struct contender *row = options->locks[i];
		void (*hook)(void) = begin ? row->thread_begin : row->thread_end;

		if (hook)
			hook();
	}
}

/* The C library leaves atomics out while there is only one thread; so there is
 * a second one, asleep. */
void uncontended_run(const struct options *options)
{
	static struct rows rows;
	struct crew bystander;
	sem_t over;

	sem_init(&over, 0, 0);
	if (crew_start(&bystander, 1, 0, stay, &over, 0) != 0)
		fputs("uncontended: no second thread could be started\n", stderr);
	crew_go(&bystander);
	begin_and_end(options, true);
	prepare(&rows, options);
	measure(&rows);
	print(&rows);
	clean_up(&rows, options);
	begin_and_end(options, false);
	sem_post(&over);
	crew_end(&bystander);
	sem_destroy(&over);
}
