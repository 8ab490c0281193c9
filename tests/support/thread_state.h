/* SPDX-License-Identifier: MIT
 *
 * thread_state.h - what the system says that a thread of this process is doing.
 */
#ifndef THREAD_STATE_H
#define THREAD_STATE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The letter of /proc behind the name in parentheses, R and S and so on; 0: no such thread.  By
 * system calls only: there may be no memory left. */
static inline char thread_state(pid_t id)
{
	char path[64], stat[256] = "";
	const char *state;
	ssize_t size = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)id);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		size = read(fd, stat, sizeof(stat) - 1);
		close(fd);
	}
	state = size > 0 ? strrchr(stat, ')') : NULL;
	return (char)(state && state[1] ? state[2] : 0);
}

#endif
