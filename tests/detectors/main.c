/* SPDX-License-Identifier: MIT
 *
 * main.c - programs NAME [race]: one of them, or `all` that are correct.  Without a name:
 * all names.  TABLE: those with locks by key.
 */
#include "common.h"

bool races;
long beside, data[8];

struct timespec in_ms(long ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static void (*crowd_body)(long me);

static void *one(void *me)
{
	if (races)
		beside++;
	crowd_body((long)(intptr_t)me);
	return NULL;
}

void crowd(void (*body)(long me))
{
	pthread_t threads[THREADS];

	crowd_body = body;
	for (intptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, one, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static const struct program *const all[] = {
#ifdef TABLE
	table_programs,
#else
	holds_programs,
	later_programs,
	order_programs,
	life_programs,
#endif
};

static void run(const struct program *program)
{
	fprintf(stderr, "-- %s\n", program->name);
	memset(data, 0, sizeof(data));
	program->run();
}

/* The name of a program, or what kind of them. */
static bool is_meant(const struct program *program, const char *what)
{
	if (strcmp(what, "all") == 0)
		return !program->wrong;
	return strcmp(program->name, what) == 0;
}

int main(int argc, char **argv)
{
	int found = 0;

	races = argc > 2 && strcmp(argv[2], "race") == 0;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct program *program = all[i]; program->name; program++) {
			if (argc < 2)
				printf("%s%s\n", program->wrong ? "wrong " : "",
				       program->name);
			else if (is_meant(program, argv[1]))
				run(program), found++;
		}
	return argc < 2 || found ? 0 : 2;
}
