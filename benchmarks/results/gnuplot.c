/* SPDX-License-Identifier: MIT
 *
 * gnuplot.c - have gnuplot draw.
 *
 * It works in a folder of its own, so that no name of a folder gets into a script, and
 * what it made is moved from there when it has made all of it.
 */
#define _GNU_SOURCE
#include "gnuplot.h"
#include "texts.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT "script"

/* Starts it in that folder: 0 or an errno. */
static int start(pid_t *child, const char *folder)
{
	char *argv[] = {(char *)"gnuplot", (char *)"-d", (char *)SCRIPT, NULL};
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	error = posix_spawn_file_actions_addchdir_np(&actions, folder);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
							 "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO,
							 STDOUT_FILENO);
	if (!error)
		error = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static bool run(const char *folder)
{
	int status = -1, error;
	pid_t child;

	error = start(&child, folder);
	if (error == ENOENT)
		warnx("gnuplot is not installed (Debian: gnuplot-nox)");
	else if (error)
		warnx("gnuplot: %s", strerror(error));
	if (error)
		return false;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		warnx("gnuplot failed");
	return status == 0;
}

static bool write_script(const char *folder, const char *script)
{
	char *path = text_format("%s/" SCRIPT, folder);
	FILE *out = fopen(path, "w");
	bool good = out && fputs(script, out) >= 0;

	good = out && fclose(out) == 0 && good;
	if (!good)
		warn("%s", path);
	free(path);
	return good;
}

/* gnuplot does not notice that a disk is full: the file has to end as it should. */
static bool is_whole(const char *path)
{
	static const char *const ends[] = {"</svg>", "IEND"};
	char tail[32] = "";
	FILE *in = fopen(path, "r");
	bool whole = false;
	size_t length;

	if (!in)
		return false;
	fseek(in, -(long)sizeof(tail), SEEK_END);
	length = fread(tail, 1, sizeof(tail), in);
	for (unsigned i = 0; i < 2; i++)
		whole = whole || memmem(tail, length, ends[i], strlen(ends[i]));
	fclose(in);
	return whole;
}

static bool move(const char *from, const char *to, const char *file)
{
	char *source = text_format("%s/%s", from, file);
	char *target = text_format("%s/%s", to, file);
	bool good = is_whole(source);

	if (!good)
		warnx("%s: gnuplot did not write it", target);
	else if (rename(source, target) != 0) {
		warn("%s", target);
		good = false;
	} else {
		printf("%s\n", target);
	}
	free(source);
	free(target);
	return good;
}

static bool move_all(const char *from, const char *to, const json_t *files)
{
	bool good = true;
	json_t *file;
	size_t i;

	json_array_foreach(files, i, file) good =
		move(from, to, json_string_value(file)) && good;
	return good;
}

static void remove_from(const char *folder, const char *file)
{
	char *path = text_format("%s/%s", folder, file);

	unlink(path);
	free(path);
}

static void clean_up(const char *work, const json_t *files)
{
	json_t *file;
	size_t i;

	remove_from(work, SCRIPT);
	json_array_foreach(files, i, file) remove_from(work, json_string_value(file));
	rmdir(work);
}

bool gnuplot_draw(const char *script, const json_t *files, const char *folder)
{
	char *work = text_format("%s/.fifolock-plot-XXXXXX", folder);
	bool good;

	if ((mkdir(folder, 0777) != 0 && errno != EEXIST) || !mkdtemp(work)) {
		warn("%s", folder);
		free(work);
		return false;
	}
	good = write_script(work, script) && run(work) && move_all(work, folder, files);
	clean_up(work, files);
	free(work);
	return good;
}
