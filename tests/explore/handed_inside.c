/* SPDX-License-Identifier: MIT
 *
 * handed_inside.c - src/core/handed.c with a way to begin anew, and with a bound that the program
 * says.
 */
#include "pool_inside.h"

#define FL_SERVES_MOST ex_serves_most()
#include "../../src/core/handed.c"

#include <string.h>

void handed_begin(void)
{
	memset(buckets, 0, sizeof(buckets));
}
