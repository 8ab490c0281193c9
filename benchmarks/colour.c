/* SPDX-License-Identifier: MIT
 *
 * colour.c - colours where they can be seen.
 */
#include "colour.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static bool coloured(void)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && isatty(STDOUT_FILENO);
}

const char *colour(enum colour colour)
{
	static const char *const codes[] = {"\033[0m", "\033[1m", "\033[32m"};

	return coloured() ? codes[colour] : "";
}
