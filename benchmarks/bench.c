/* SPDX-License-Identifier: MIT
 *
 * bench.c - the program fifolock-bench.
 *
 * What it has measured is compared and drawn by scripts in Python (results/), which this
 * program becomes.  Measuring needs no Python.
 */
#define _GNU_SOURCE
#include "measure/measure.h"

#include <err.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seen from the program's own: where it was built or packed, and where it is installed. */
static const char *const folders[] = {"results", SCRIPTS};

/* The script of that command; false: there is none. */
static bool find(char *script, size_t size, const char *command)
{
	char program[PATH_MAX] = "";
	const char *own;

	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return false;
	own = dirname(program);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(script, size, "%s/%s/%s.py", own, folders[i], command);
		if (access(script, R_OK) == 0)
			return true;
	}
	return false;
}

/* argv[1] is the command, what follows is the script's. */
static int become_script(char *argv[])
{
	char script[PATH_MAX + 64], python[] = "python3";
	const char *command = argv[1];

	if (!find(script, sizeof(script), command))
		errx(1, "%s: the script %s.py is not installed", command, command);
	setenv("PYTHONDONTWRITEBYTECODE", "1", 1); /* not beside the scripts */
	argv[0] = python;
	argv[1] = script;
	execvp(python, argv);
	if (errno == ENOENT)
		errx(1, "%s needs Python, which is not installed (Debian: python3)",
		     command);
	err(1, "%s: %s", command, python);
}

int main(int argc, char *argv[])
{
	if (argc > 1 && (strcmp(argv[1], "compare") == 0 || strcmp(argv[1], "plot") == 0))
		return become_script(argv);
	return measure_main(argc, argv);
}
