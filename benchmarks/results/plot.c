/* SPDX-License-Identifier: MIT
 *
 * plot.c - the command "plot": pictures of results, drawn by gnuplot.
 */
#define _GNU_SOURCE
#include "plot.h"
#include "gnuplot.h"
#include "pictures.h"
#include "texts.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: fifolock-bench plot FILE.json... [OPTION]...\n"
	"Draw pictures of results, by gnuplot: throughput, waits, shares of threads,\n"
	"the time per operation beside its floors, waits by rate of arrival.\n"
	"\n"
	"  --output DIR    where to (default: the folder of the first file)\n"
	"  --format F      svg or png (default: svg)\n"
	"  --threads LIST  waits, shares, arrivals at these numbers of threads\n"
	"                  (default: the biggest)\n"
	"  --shared LIST   only loads with these percents of shared requests\n"
	"  --script        print what gnuplot would be told, draw nothing\n"
	"  --help          this text\n";

struct request {
	struct selection selection;
	char *folder;
	bool script_only;
};

/* "1,8,64" */
static bool read_numbers(struct numbers *numbers, const char *text, unsigned most)
{
	char *end = (char *)text;

	for (numbers->count = 0; numbers->count < NUMBERS; text = end + 1) {
		unsigned long number;

		errno = 0;
		number = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || errno || number > most)
			return false;
		numbers->at[numbers->count++] = (unsigned)number;
		if (*end != ',')
			return *end == '\0';
	}
	return false;
}

static bool read_format(struct selection *selection, const char *text)
{
	selection->png = strcmp(text, "png") == 0;
	return selection->png || strcmp(text, "svg") == 0;
}

/* False: the value is not one of that option. */
static bool take(struct request *request, int letter, const char *text)
{
	switch (letter) {
	case 'o':
		free(request->folder);
		request->folder = text_format("%s", text);
		return true;
	case 'f':
		return read_format(&request->selection, text);
	case 't':
		return read_numbers(&request->selection.threads, text, 1000000);
	case 's':
		return read_numbers(&request->selection.shared, text, 100);
	default:
		request->script_only = true;
		return true;
	}
}

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"format", required_argument, NULL, 'f'},
	{"threads", required_argument, NULL, 't'},
	{"shared", required_argument, NULL, 's'},
	{"script", no_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* -1: go on; else the exit status. */
static int parse(struct request *request, int argc, char *argv[])
{
	int letter, which = 0;

	optind = 0;
	while ((letter = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (letter == 'h')
			return fputs(help, stdout) < 0;
		if (letter == '?')
			return 2;
		if (!take(request, letter, optarg)) {
			warnx("--%s: '%s' will not do, see --help", options[which].name,
			      optarg);
			return 2;
		}
	}
	if (optind == argc) {
		warnx("plot takes a file or more, see --help");
		return 2;
	}
	return -1;
}

static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return text_format(".");
	return text_format("%.*s", slash == file ? 1 : (int)(slash - file), file);
}

/* Results of one picture should be of one machine; at least say so. */
static void warn_of_machines(const struct results *results)
{
	const json_t *first =
		json_object_get(json_array_get(results->runs, 0), "machine");
	json_t *run;
	size_t i;

	json_array_foreach(results->runs, i,
			   run) if (first &&
				    !json_equal(json_object_get(run, "machine"), first))
	{
		warnx("warning: runs of different machines in one picture; only the "
		      "first is named");
		return;
	}
}

static bool draw(const struct request *request, const struct results *results)
{
	char *script = NULL;
	size_t length = 0;
	FILE *memory = must_have(open_memstream(&script, &length));
	json_t *files = pictures_write(memory, results, &request->selection);
	bool good = fclose(memory) == 0 && json_array_size(files) > 0;

	if (!good)
		warnx("there is nothing to draw: no results of that kind");
	else if (request->script_only)
		fwrite(script, 1, length, stdout);
	else
		good = gnuplot_draw(script, files, request->folder);
	free(script);
	json_decref(files);
	return good;
}

static int plot(struct request *request, char *const files[], int count)
{
	struct results results = {0};
	bool good = true;

	for (int i = 0; i < count && good; i++)
		good = results_read(&results, files[i]);
	if (!request->folder)
		request->folder = folder_of(files[0]);
	if (good) {
		warn_of_machines(&results);
		good = draw(request, &results);
	}
	results_free(&results);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		warnx("the output could not be written");
		good = false;
	}
	return good ? 0 : 1;
}

int plot_main(int argc, char *argv[])
{
	struct request request = {0};
	int status = parse(&request, argc, argv);

	if (status < 0)
		status = plot(&request, argv + optind, argc - optind);
	free(request.folder);
	return status;
}
