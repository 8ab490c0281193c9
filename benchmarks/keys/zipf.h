/* SPDX-License-Identifier: MIT
 *
 * zipf.h - numbers of which the k-th is drawn with a probability in proportion to 1 / k^theta
 * (Zipf), by rejection-inversion: W. Hormann and G. Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", ACM Transactions on Modeling and Computer
 * Simulation 6(3), 1996.  It takes no memory, and hardly ever a second try.
 */
#ifndef BENCHMARKS_KEYS_ZIPF_H
#define BENCHMARKS_KEYS_ZIPF_H

#include <stdint.h>

struct zipf {
	uint32_t count;
	double theta;
	double low, high; /* the area under the hat, from first to last */
	double sure;	  /* what is so near its number needs no test */
};

/* Theta is between 0 and 1, neither of them. */
void zipf_init(struct zipf *zipf, uint32_t count, double theta);

/* 0 is the most frequent one, count - 1 the least; dice is the state of dice.h. */
uint32_t zipf_draw(const struct zipf *zipf, uint64_t *dice);

#endif
