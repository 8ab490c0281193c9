/* SPDX-License-Identifier: MIT
 *
 * replay.c - runs a fuzz target without a fuzzer: once for each file of each folder
 * given, or each file given, in a process of its own.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned passed, failed;

/* As much memory as there are bytes, so that a sanitizer sees one more being read. */
static int run(const char *path)
{
	static uint8_t bytes[1 << 16];
	FILE *file = fopen(path, "rb");
	size_t size;
	uint8_t *data;

	if (!file)
		return 1;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	data = malloc(size ? size : 1);
	for (size_t i = 0; i < size; i++)
		data[i] = bytes[i];
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

static void replay(const char *path)
{
	int status = 1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(run(path));
	waitpid(child, &status, 0);
	if (status)
		printf("FAILED %s status %#x\n", path, (unsigned)status);
	passed += status == 0;
	failed += status != 0;
}

static void replay_folder(const char *name, DIR *folder)
{
	const struct dirent *entry;
	char path[4096];

	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
		replay(path);
	}
	closedir(folder);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder)
			replay_folder(argv[i], folder);
		else
			replay(argv[i]);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
