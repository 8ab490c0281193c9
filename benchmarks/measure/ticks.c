/* SPDX-License-Identifier: MIT
 *
 * ticks.c - whether the processor's counter is a clock, and how fast it runs.
 */
#include "ticks.h"

#include <stdio.h>
#include <string.h>

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define TRIES	    20

bool ticks_counted;
double ticks_length = 1;

/* The kernel has checked that the counters of all processors agree and never
 * change their pace, or it would not use them itself. */
static bool kernel_trusts_counter(void)
{
	char name[64] = "";
	FILE *file = fopen(CLOCKSOURCE, "r");

	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, "tsc") == 0 || strcmp(name, "arch_sys_counter") == 0;
}

struct moment {
	uint64_t count;
	uint64_t ns;
};

/* Both clocks at once: the try with the least between the two readings. */
static struct moment both_clocks(void)
{
	struct moment best = {0, 0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = ticks_counter();
		uint64_t ns = clock_ns(CLOCK_MONOTONIC);
		uint64_t after = ticks_counter();

		if (after - before >= least)
			continue;
		least = after - before;
		best = (struct moment){before + least / 2, ns};
	}
	return best;
}

void ticks_calibrate(void)
{
	const struct timespec a_while = {0, 30000000};
	struct moment start, end;

	if (!kernel_trusts_counter())
		return;
	start = both_clocks();
	nanosleep(&a_while, NULL);
	end = both_clocks();
	if (end.count <= start.count)
		return;
	ticks_length = (double)(end.ns - start.ns) / (double)(end.count - start.count);
	ticks_counted = true;
}
