/* SPDX-License-Identifier: MIT
 *
 * bench.c - the program fifolock-bench.
 */
#include "measure/measure.h"

int main(int argc, char *argv[])
{
	return measure_main(argc, argv);
}
