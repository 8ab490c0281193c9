/* SPDX-License-Identifier: MIT
 *
 * version.c - which library this is.
 */
#include <fifolock/version.h>

const char *fifolock_version(void)
{
	return FIFOLOCK_VERSION;
}
