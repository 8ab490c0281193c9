/* SPDX-License-Identifier: MIT
 *
 * quiet.c - which race detector there is.  libfifolock keeps its own finding to itself.
 */
#include "quiet.h"

const struct fl_detector *fl_hearer;

__attribute__((constructor(101))) static void find_detector(void)
{
	fl_hearer = fl_detector_tsan_always();
	if (!fl_hearer)
		fl_hearer = fl_detector_valgrind();
}
