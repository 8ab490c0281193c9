/* SPDX-License-Identifier: MIT
 *
 * depth.c - what a release and a departure cost the lock itself, by how many are in
 * line.  One thread plays all requests through the library's inside, so that no
 * wake-up and no other thread is in the figures.
 *
 *	fifolock-depth [--quick]
 */
#include "figures.h"
#include "core/lock.h"
#include "ticks.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 10000u

/* Our own book of the requests in line, oldest at head: a ring. */
#define RING (LONGEST * 2)
static struct fl_slot *book[RING];
static unsigned head, tail;

static fifolock_t lock;
static struct fl_want exclusive;

static void join(void)
{
	struct fl_slot *slot = fl_slot_new();

	if (!slot)
		errx(1, "out of memory");
	fl_join(&lock, slot, &exclusive, true);
	book[tail++ % RING] = slot;
}

/* The holder gives back, the oldest is granted. */
static double release(void)
{
	const struct fifolock_row *row = &fifolock_shared_exclusive_modes.rows[0];
	uint64_t before = ticks_now();
	double took;

	fl_release(&lock, row->field, row->unit);
	took = (double)ticks_ns(before, ticks_now());
	if (!fl_granted(book[head % RING]))
		errx(1, "the oldest was not granted");
	fl_slot_drop(book[head++ % RING]);
	return took;
}

/* The one in the middle gives up. */
static double leave(unsigned length)
{
	unsigned middle = head + length / 2;
	uint64_t before = ticks_now();
	double took;

	if (!fl_leave(&lock, book[middle % RING]))
		errx(1, "it could not leave");
	took = (double)ticks_ns(before, ticks_now());
	for (; middle + 1 != tail; middle++)
		book[middle % RING] = book[(middle + 1) % RING];
	tail--;
	return took;
}

static void measure(unsigned length, unsigned rounds)
{
	double *releases = calloc(rounds, sizeof(*releases));
	double *departures = calloc(rounds, sizeof(*departures));

	if (!releases || !departures)
		err(1, NULL);
	while (tail - head < length)
		join();
	for (unsigned i = 0; i < rounds; i++) {
		releases[i] = release();
		join();
		departures[i] = leave(length);
		join();
	}
	printf("%7u  %12s  %12s\n", length, human_as("%.0f", median(releases, rounds)).at,
	       human_as("%.0f", median(departures, rounds)).at);
	free(releases);
	free(departures);
}

int main(int argc, char **argv)
{
	const unsigned rounds = argc > 1 && !strcmp(argv[1], "--quick") ? 100 : 20000;

	ticks_calibrate();
	exclusive =
		fl_want(&fifolock_shared_exclusive_modes.rows[0], FIFOLOCK_EXCLUSIVE, 1);
	fl_take(&lock, &exclusive);
	printf("median ns, medians of %u\nin line       release     departure\n", rounds);
	for (unsigned length = 10; length <= LONGEST; length *= 10)
		measure(length, rounds);
	return 0;
}
