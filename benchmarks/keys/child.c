/* SPDX-License-Identifier: MIT
 *
 * child.c - something in a process of its own.
 */
#define _GNU_SOURCE
#include "child.h"

#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *child_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "shared memory");
	return memory;
}

void child_free(void *memory, size_t size)
{
	munmap(memory, size);
}

static pid_t run(void (*job)(void *shared), void *shared)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (child > 0)
		return child;
	job(shared);
	fflush(stdout);
	_exit(0);
}

void child_run(void (*job)(void *shared), void *shared)
{
	int status = 0;
	pid_t child = run(job, shared);

	if (waitpid(child, &status, 0) != child)
		err(1, "waitpid");
	if (WIFSIGNALED(status))
		errx(1, "a part of the benchmark ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status)); /* it has said why */
}

double child_resident(void)
{
	unsigned long all = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%lu %lu", &all, &resident) != 2)
		errx(1, "/proc/self/statm cannot be read");
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}
