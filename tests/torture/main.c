/* SPDX-License-Identifier: MIT
 *
 * main.c - options; and lives: child processes that do the rounds, so that they can be
 * stopped and continued from outside, die without taking the report with them, and start
 * with no slots and other settings.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <getopt.h>
#include <stdarg.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct options options = {
	.seconds = 60, .round = -1, .life = -1, .stall = 60, .may = UINT64_MAX};

/* ---- options ---- */

static const struct {
	const char *name, *what;
} features[] = {
#define X(name, chance, what) {#name, what},
	FEATURES(X)
#undef X
};

static const struct option long_options[] = {{"seconds", required_argument, NULL, 's'},
					     {"operations", required_argument, NULL, 'n'},
					     {"seed", required_argument, NULL, 'S'},
					     {"round", required_argument, NULL, 'R'},
					     {"threads", required_argument, NULL, 't'},
					     {"only", required_argument, NULL, 'o'},
					     {"not", required_argument, NULL, 'x'},
					     {"always", required_argument, NULL, 'a'},
					     {"stall", required_argument, NULL, 'w'},
					     {"quick", no_argument, NULL, 'q'},
					     {"wedge", no_argument, NULL, 'W'},
					     {"verbose", no_argument, NULL, 'v'},
					     {"life", required_argument, NULL, 'L'},
					     {"tally", required_argument, NULL, 'T'},
					     {NULL, 0, NULL, 0}};

__attribute__((noreturn)) static void usage(void)
{
	fputs("torture [option ...]\n"
	      "  --seconds N     go on for so long (60)\n"
	      "  --operations N  go on until so many calls were made\n"
	      "  --seed N        what is done; without it another each time\n"
	      "  --round N       this round of the seed only, again and again\n"
	      "  --threads N     in each round\n"
	      "  --only LIST     only these features may occur, by chance\n"
	      "  --not LIST      these may not\n"
	      "  --always LIST   these always\n"
	      "  --stall N       seconds of sleep, or of processor time, in which no "
	      "thread "
	      "gets\n"
	      "                  anything done, that are too many (60)\n"
	      "  --quick         3 seconds\n"
	      "  --wedge         holds that are never given back: see the watchdog bite\n"
	      "  --verbose       each round's plan\n"
	      "features:\n",
	      stderr);
	for (unsigned i = 0; i < F_COUNT; i++)
		fprintf(stderr, "  %-11s %s\n", features[i].name, features[i].what);
	exit(2);
}

static uint64_t feature_list(const char *list)
{
	char *copy = strdup(list), *rest = NULL;
	uint64_t found = 0;

	for (char *name = strtok_r(copy, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		unsigned i = 0;

		while (i < F_COUNT && strcmp(features[i].name, name) != 0)
			i++;
		if (i == F_COUNT)
			usage();
		found |= UINT64_C(1) << i;
	}
	free(copy);
	return found;
}

static uint64_t number(const char *text)
{
	char *end;
	double value = strtod(text, &end); /* also 1e9 */

	if (*text && *end == '\0' && value < 9e15)
		return (uint64_t)value;
	usage();
}

static void option(int which, const char *text)
{
	switch (which) {
	case 's':
		options.seconds = strtod(text, NULL);
		break;
	case 'n':
		options.operations = number(text);
		break;
	case 'S':
		options.seed = strtoull(text, NULL, 0);
		break;
	case 'R':
		options.round = (int64_t)number(text);
		break;
	case 't':
		options.threads = (unsigned)number(text);
		break;
	case 'o':
		options.may &= feature_list(text);
		break;
	case 'x':
		options.may &= ~feature_list(text);
		break;
	case 'a':
		options.must |= feature_list(text);
		break;
	case 'w':
		options.stall = (unsigned)number(text);
		break;
	case 'q':
		options.seconds = 3;
		break;
	case 'W':
		options.wedge = true;
		break;
	case 'v':
		options.verbose = true;
		break;
	case 'L':
		options.life = (int64_t)number(text);
		break;
	case 'T':
		options.tally_fd = (int)number(text);
		break;
	default:
		usage();
	}
}

/* ---- a life ---- */

/* At any time, from any thread: say what was found and where, and end. */
void violation(const char *format, ...)
{
	static uint32_t found;
	va_list args;

	if (__atomic_exchange_n(&found, 1, __ATOMIC_RELAXED))
		for (;;)
			pause_ns(1000000000);
	fprintf(stderr, "torture: VIOLATION: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (the_round)
		watchdog_dump(the_round);
	_Exit(3);
}

static void describe(const struct plan *plan)
{
	printf("round %llu: %u locks, %u threads, %u births each, %u steps;",
	       (unsigned long long)plan->number, plan->targets, plan->seats, plan->births,
	       plan->steps);
	for (unsigned i = 0; i < F_COUNT; i++)
		if (plan->features >> i & 1)
			printf(" %s", features[i].name);
	printf("\n");
	fflush(stdout);
}

static bool enough(void)
{
	uint64_t lived = now_ns() - tally->started;

	if (options.operations)
		return tally->operations >= options.operations;
	return (double)lived >= options.seconds * 1e9;
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(signal, &action, NULL);
}

#ifndef SANITIZED /* they say it better */
static void on_crash(int signal)
{
	violation("signal %d", signal);
}

/* Once: the dump itself may crash. */
static void watch_crashes(void)
{
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}
#else
static void watch_crashes(void)
{
}
#endif

/* Until none is left, and the library must do without. */
static void take_all_keys(void)
{
	pthread_key_t key;

	while (pthread_key_create(&key, NULL) == 0)
		;
}

static int live(void)
{
	static struct round round;
	uint64_t first = (uint64_t)options.life * ROUNDS_PER_LIFE;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	handle(SIGUSR1, on_interrupt);
	handle(SIGUSR2, on_freeze);
	watch_crashes();
	wish_key();
	if (life_features((uint64_t)options.life) >> F_keyless & 1)
		take_all_keys();
	watchdog_start();
	odd();
	for (uint64_t i = 0; i < ROUNDS_PER_LIFE && !enough(); i++) {
		struct plan plan;
		uint64_t number = options.round < 0 ? first + i : (uint64_t)options.round;

		plan_make(&plan, number);
		if (options.verbose)
			describe(&plan);
		round_run(&round, number);
	}
	return 0;
}

/* ---- lives ---- */

static void tally_map(bool make)
{
	if (make) {
		options.tally_fd = memfd_create("tally", 0);
		if (ftruncate(options.tally_fd, sizeof(*tally)))
			exit(4);
	}
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED,
		     options.tally_fd, 0);
	if (tally == MAP_FAILED)
		exit(4);
}

/* What the library reads before main: with some lives nonsense, to be ignored. */
static void set_knobs(uint64_t life)
{
	static const char *const values[] = {"", "12 turns", "99999999999", "1", "200"};
	uint64_t random = options.seed - life;

	if (life_features(life) >> F_asleep & 1) {
		setenv("FIFOLOCK_SPIN_COUNT", "0", 1);
		setenv("FIFOLOCK_YIELD_COUNT", "0", 1);
		return;
	}
	if (oracle_below(&random, 2))
		setenv("FIFOLOCK_SPIN_COUNT", values[oracle_below(&random, 5)], 1);
	if (oracle_below(&random, 2))
		setenv("FIFOLOCK_YIELD_COUNT", values[oracle_below(&random, 5)], 1);
	if (oracle_below(&random, 4) == 0)
		setenv("TORTURE_BLIND", "1", 1);
}

static pid_t bear_life(int argc, char **argv, uint64_t life)
{
	char **args = calloc((size_t)argc + 8, sizeof(char *)), text[4][32];
	pid_t child;

	memcpy(args, argv, (size_t)argc * sizeof(char *));
	snprintf(text[0], 32, "--life=%llu", (unsigned long long)life);
	snprintf(text[1], 32, "--tally=%d", options.tally_fd);
	snprintf(text[2], 32, "--seed=%llu", (unsigned long long)options.seed);
	for (int i = 0; i < 3; i++)
		args[argc + i] = text[i];
	fflush(NULL);
	child = fork();
	if (child == 0) {
		set_knobs(life);
		execv("/proc/self/exe", args);
		_exit(4);
	}
	free(args);
	return child;
}

/* Stop it for a moment, wherever its threads are, and let it go on. */
static void stop_and_go(pid_t child, uint64_t *random)
{
	pause_ns(oracle_below(random, 60000000));
	kill(child, SIGSTOP);
	pause_ns(oracle_below(random, 8) ? oracle_below(random, 4000000)
					 : oracle_below(random, 60000000));
	kill(child, SIGCONT);
	tally_add(&tally->stops, 1);
}

static int outlive(pid_t child, uint64_t life)
{
	uint64_t random = options.seed ^ life;
	int status = 0;

	if (life_features(life) >> F_stops & 1)
		while (waitpid(child, &status, WNOHANG) == 0)
			stop_and_go(child, &random);
	else
		waitpid(child, &status, 0);
	return status;
}

static int report(int status)
{
	if (options.wedge) {
		bool found = WIFEXITED(status) && WEXITSTATUS(status) == WEDGE_FOUND;

		printf("torture: the wedge was%s found\n", found ? "" : " not");
		return !found;
	}
	tally_print(tally);
	if (status == 0) {
		printf("torture: no violation in %llu operations\n",
		       (unsigned long long)tally->operations);
		return 0;
	}
	printf("torture: FAILED with status %#x after %.1f s: --seed %llu --round %llu\n",
	       (unsigned)status, (double)(now_ns() - tally->started) / 1e9,
	       (unsigned long long)options.seed, (unsigned long long)tally->round);
	return 1;
}

static int all_lives(int argc, char **argv)
{
	uint64_t life = 0;
	int status = 0;

	if (!options.seed)
		options.seed = now_ns() | 1;
	if (options.round >= 0)
		life = (uint64_t)options.round / ROUNDS_PER_LIFE;
	tally_map(true);
	tally->started = now_ns();
	printf("torture: --seed %llu\n", (unsigned long long)options.seed);
	for (; status == 0 && !enough(); life += options.round < 0) {
		tally_add(&tally->lives, 1);
		status = outlive(bear_life(argc, argv, life), life);
	}
	return report(status);
}

int main(int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		option(which, optarg);
	if (optind < argc)
		usage();
	if (options.life < 0)
		return all_lives(argc, argv);
	tally_map(false);
	return live();
}
