/* SPDX-License-Identifier: MIT
 *
 * histogram.h - a log-linear histogram of times: 64 buckets for each power of two,
 * so a percentile is at most 1.6 % too high.
 */
#ifndef BENCHMARKS_HISTOGRAM_H
#define BENCHMARKS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_TOP_BITS 40 /* longer than 18 minutes is counted as that */
#define HISTOGRAM_BUCKETS \
	((HISTOGRAM_TOP_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

/* All zero: empty.  One writer at a time. */
struct histogram {
	uint64_t total;
	uint64_t max; /* exact */
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_record(struct histogram *histogram, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest bound that share (0 to 1) of the recorded times do not exceed, in ns;
 * 0 if nothing was recorded. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
