/* SPDX-License-Identifier: MIT
 *
 * bench.c - the program fifolock-bench.
 */
#include "results/compare.h"
#include "measure/measure.h"
#include "results/plot.h"

#include <string.h>

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "compare") == 0)
		return compare_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "plot") == 0)
		return plot_main(argc - 1, argv + 1);
	return measure_main(argc, argv);
}
