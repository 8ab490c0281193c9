/* SPDX-License-Identifier: MIT
 *
 * histogram.c - a log-linear histogram of times.
 */
#include "histogram.h"

#define SUB_BITS HISTOGRAM_SUB_BITS
#define SUBS	 (1u << SUB_BITS)
#define TOP	 ((UINT64_C(1) << HISTOGRAM_TOP_BITS) - 1)

/* Up to 2 * SUBS each value has a bucket; from there on the leading one and the
 * SUB_BITS bits after it choose. */
static unsigned bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns > TOP)
		ns = TOP;
	if (ns < SUBS)
		return (unsigned)ns;
	shift = 63u - SUB_BITS - (unsigned)__builtin_clzll(ns);
	return (shift << SUB_BITS) + (unsigned)(ns >> shift);
}

static uint64_t highest_in(unsigned bucket)
{
	unsigned shift;

	if (bucket < SUBS)
		return bucket;
	shift = (bucket >> SUB_BITS) - 1;
	return ((uint64_t)((bucket & (SUBS - 1)) + SUBS + 1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t ns)
{
	histogram->total++;
	histogram->counts[bucket_of(ns)]++;
	if (ns > histogram->max)
		histogram->max = ns;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->total)
		return;
	into->total += from->total;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->counts[i] += from->counts[i];
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
	double wanted = share * (double)histogram->total;
	uint64_t seen = 0;
	uint64_t bound;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (!seen || (double)seen < wanted)
			continue;
		bound = highest_in(i);
		return bound < histogram->max ? bound : histogram->max;
	}
	return histogram->max;
}
