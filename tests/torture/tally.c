/* SPDX-License-Identifier: MIT
 *
 * tally.c - what all lives have done, in memory that they share; and small things.
 */
#include "torture.h"

struct tally *tally;

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Signals may cut it short, and then it is not errno that says so. */
void pause_ns(uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000),
				.tv_nsec = (long)(ns % 1000000000)};
	int saved = errno;

	nanosleep(&time, NULL);
	errno = saved;
}

void tally_add(uint64_t *sum, uint64_t more)
{
	if (more)
		relaxed_add(sum, more);
}

void tally_max(uint64_t *most, uint64_t seen)
{
	uint64_t before = relaxed_load(most);

	while (before < seen &&
	       !__atomic_compare_exchange_n(most, &before, seen, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

void tally_print(const struct tally *sums)
{
	static const char *const names[] = {
#define X(name, chance, what) #name,
		FEATURES(X)
#undef X
	};

#define X(name, what) printf("%14llu  %s\n", (unsigned long long)sums->name, what);
	TALLIES(X)
#undef X
	printf("rounds with");
	for (unsigned i = 0; i < F_COUNT; i++)
		printf(" %s %llu%s", names[i],
		       (unsigned long long)sums->feature_rounds[i],
		       i + 1 < F_COUNT ? "," : "\n");
}
