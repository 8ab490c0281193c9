/* SPDX-License-Identifier: MIT
 *
 * watched.c - runs a command, and ends it and its children when they make no progress
 * (watch.h): for tests that are scripts.
 *
 *	watched COMMAND [ARGUMENT ...]
 */
#define _GNU_SOURCE
/* Scripts run compilers. */
#define WATCH_BUSY_S 3600
#include "watch.h"

static pid_t child;

static void pass_on(int signal)
{
	kill(-child, signal);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		return 2;
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		watch_begin();
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	signal(SIGINT, pass_on);
	signal(SIGTERM, pass_on);
	while (waitpid(child, &status, 0) != child)
		;
	kill(-child, SIGKILL); /* what it has left behind */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
