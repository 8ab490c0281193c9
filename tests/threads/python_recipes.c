/* SPDX-License-Identifier: MIT
 *
 * python_recipes.c - the recipes of the Python package fifolock, on threads: mutex,
 * read/write lock and semaphore, each as a predicate (as the seed writes them), as
 * compiled limits, and as the ready-made table.
 *
 * Each test is a script.  Actors ask in turn; shows() compares what has become of
 * them, in the order in which they asked:
 *
 *	+ holds   . in line   - has given back   ! gave up
 */
#define _GNU_SOURCE
#include "test.h"
#include <fifolock/fifolock.h>
#include <semaphore.h>

#define MOST 16

enum { WRITE = FIFOLOCK_EXCLUSIVE, READ = FIFOLOCK_SHARED, MUTEX = 0, UNIT = 0 };

struct line;

struct actor {
	pthread_t thread;
	struct line *line;
	unsigned mode;
	char name;
	bool gives_up;
	struct timespec deadline;
	sem_t let_go;
	char state;	/* atomic: one of the above */
	unsigned grant; /* atomic: the how many-eth grant this was */
	int fault;
};

struct line {
	fifolock_t lock;
	unsigned count, grants;
	struct actor actors[MOST];
	char text[3 * MOST + 64];
};

static void become(struct actor *actor, char state)
{
	__atomic_store_n(&actor->state, state, __ATOMIC_RELEASE);
}

static char state_of(const struct actor *actor)
{
	return __atomic_load_n(&actor->state, __ATOMIC_ACQUIRE);
}

static void *act(void *arg)
{
	struct actor *actor = arg;
	fifolock_t *lock = &actor->line->lock;
	int rc = actor->gives_up ? fifolock_timedlock(lock, actor->mode, &actor->deadline)
				 : fifolock_lock(lock, actor->mode);

	if (rc == 0) {
		actor->grant =
			__atomic_add_fetch(&actor->line->grants, 1, __ATOMIC_RELAXED);
		become(actor, '+');
		while (sem_wait(&actor->let_go))
			;
		actor->fault = fifolock_unlock(lock, actor->mode);
	}
	become(actor, rc ? '!' : '-');
	if (rc && !(actor->gives_up && rc == ETIMEDOUT))
		actor->fault = rc;
	return NULL;
}

static void line_on(struct line *line, const fifolock_modes_t *modes)
{
	memset(line, 0, sizeof(*line));
	cr_assert_eq(fifolock_init(&line->lock, modes), 0);
}

static uint32_t in_state(const struct line *line, char state)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < line->count; i++)
		n += state_of(&line->actors[i]) == state;
	return n;
}

/* The next actor asks: it has its answer, or has been seen in line. */
static unsigned asks(struct line *line, char name, unsigned mode)
{
	struct actor *actor = &line->actors[line->count];

	actor->line = line;
	actor->mode = mode;
	actor->name = name;
	actor->state = '.';
	sem_init(&actor->let_go, 0, 0);
	pthread_create(&actor->thread, NULL, act, actor);
	/* Counted anew each time: an earlier one may leave meanwhile. */
	while (state_of(actor) == '.' &&
	       fifolock_waiting(&line->lock) <= in_state(line, '.'))
		sched_yield();
	return line->count++;
}

/* Asks, too, and will give up unless granted within that many milliseconds. */
static unsigned asks_for_ms(struct line *line, char name, unsigned mode, int64_t ms)
{
	struct actor *actor = &line->actors[line->count];

	actor->gives_up = true;
	actor->deadline = test_in_ns(CLOCK_MONOTONIC, ms * 1000000);
	return asks(line, name, mode);
}

static void gives_back(struct line *line, unsigned i)
{
	sem_post(&line->actors[i].let_go);
	while (state_of(&line->actors[i]) != '-')
		sched_yield();
}

static void has_given_up(struct line *line, unsigned i)
{
	while (state_of(&line->actors[i]) != '!')
		sched_yield();
}

static void write_text(struct line *line)
{
	uint32_t in_line = fifolock_waiting(&line->lock);
	uint32_t held = fifolock_holds(&line->lock, 0) + fifolock_holds(&line->lock, 1);
	char *at = line->text;

	for (unsigned i = 0; i < line->count; i++) {
		*at++ = line->actors[i].name;
		*at++ = state_of(&line->actors[i]);
		*at++ = i + 1 < line->count ? ' ' : '\0';
	}
	if (in_line != in_state(line, '.') || held != in_state(line, '+'))
		sprintf(at - 1, " but %u in line, %u held", in_line, held);
}

/* What the actors and the lock say.  Threads take a moment to notice: give them up
 * to ten seconds, of the time that this process has had of the processors. */
static const char *now(struct line *line, const char *expected)
{
	struct timespec limit, at;

	limit = test_in_ns(CLOCK_PROCESS_CPUTIME_ID, INT64_C(10000000000));
	do {
		sched_yield();
		write_text(line);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	} while (strcmp(line->text, expected) && at.tv_sec <= limit.tv_sec);
	return line->text;
}

#define shows(line, expected) cr_assert_str_eq(now((line), (expected)), (expected))

/* Everybody still there gives back as soon as granted; nothing is left. */
static void ends(struct line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		sem_post(&line->actors[i].let_go);
	for (unsigned i = 0; i < line->count; i++) {
		pthread_join(line->actors[i].thread, NULL);
		cr_assert_eq(line->actors[i].fault, 0);
	}
	cr_assert_eq(fifolock_holds(&line->lock, 0), 0);
	cr_assert_eq(fifolock_holds(&line->lock, 1), 0);
	cr_assert_eq(fifolock_waiting(&line->lock), 0);
	cr_assert_eq(fifolock_destroy(&line->lock), 0);
}

/* ---- the recipes, each in three ways ---- */

static bool mutex_is_compatible(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)mode;
	(void)ctx;
	return !holds[MUTEX];
}

static bool read_write_is_compatible(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return mode == READ ? !holds[WRITE] : !holds[READ] && !holds[WRITE];
}

static bool semaphore_is_compatible(const uint32_t holds[], unsigned mode, void *size)
{
	return holds[mode] < *(uint32_t *)size;
}

static void mutex_table(fifolock_modes_t *modes, unsigned way)
{
	struct fifolock_mode rule = {.name = "mutex", .max = 1};
	int rc = 0;

	if (way == 0)
		rc = fifolock_modes_predicate(modes, 1, 9, mutex_is_compatible, NULL);
	else if (way == 1)
		rc = fifolock_modes_compile(modes, &rule, 1, NULL, 0);
	else
		*modes = fifolock_mutex_modes;
	cr_assert_eq(rc, 0);
}

static void read_write_table(fifolock_modes_t *modes, unsigned way)
{
	struct fifolock_mode rules[] = {
		{.name = "write", .max = 1, .conflicts = 1u << READ},
		{.name = "read", .conflicts = 1u << WRITE},
	};
	int rc = 0;

	if (way == 0)
		rc = fifolock_modes_predicate(modes, 2, 99, read_write_is_compatible,
					      NULL);
	else if (way == 1)
		rc = fifolock_modes_compile(modes, rules, 2, NULL, 0);
	else
		*modes = fifolock_shared_exclusive_modes;
	cr_assert_eq(rc, 0);
}

static void semaphore_table(fifolock_modes_t *modes, unsigned way, uint32_t *size)
{
	struct fifolock_mode rule = {.name = "unit", .max = *size};
	int rc;

	if (way == 0)
		rc = fifolock_modes_predicate(modes, 1, *size + 1,
					      semaphore_is_compatible, size);
	else if (way == 1)
		rc = fifolock_modes_compile(modes, &rule, 1, NULL, 0);
	else
		rc = fifolock_modes_semaphore(modes, *size);
	cr_assert_eq(rc, 0);
}

/* ---- mutex ---- */

static void mutex_script(struct line *line)
{
	unsigned a = asks(line, 'M', MUTEX), b = asks(line, 'M', MUTEX);
	unsigned c = asks(line, 'M', MUTEX);

	shows(line, "M+ M. M.");
	gives_back(line, a);
	shows(line, "M- M+ M.");
	gives_back(line, b);
	shows(line, "M- M- M+");
	gives_back(line, c);
	shows(line, "M- M- M-");
	asks(line, 'M', MUTEX);
	shows(line, "M- M- M- M+");
}

Test(seed, a_mutex_blocks_a_mutex, .description = "G1 G2")
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct line line;

		mutex_table(&modes, way);
		line_on(&line, &modes);
		mutex_script(&line);
		ends(&line);
	}
}

static void mutex_gives_up_script(struct line *line)
{
	unsigned a = asks(line, 'M', MUTEX), b = asks_for_ms(line, 'M', MUTEX, 1);
	unsigned c = asks(line, 'M', MUTEX);

	has_given_up(line, b);
	shows(line, "M+ M! M.");
	gives_back(line, a);
	shows(line, "M- M! M+");
	gives_back(line, c);
	shows(line, "M- M! M-");
}

Test(seed, a_mutex_given_up_before_it_starts_allows_the_later_one,
     .description = "G3, G4")
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct line line;

		mutex_table(&modes, way);
		line_on(&line, &modes);
		mutex_gives_up_script(&line);
		ends(&line);
	}
}

/* ---- read/write ---- */

static void read_write_script(struct line *line)
{
	unsigned w1 = asks(line, 'W', WRITE), w2 = asks(line, 'W', WRITE);
	unsigned r1 = asks(line, 'R', READ), r2 = asks(line, 'R', READ), w3, r3;

	shows(line, "W+ W. R. R.");
	gives_back(line, w1);
	shows(line, "W- W+ R. R.");
	gives_back(line, w2);
	shows(line, "W- W- R+ R+");
	w3 = asks(line, 'W', WRITE);
	r3 = asks(line, 'R', READ);
	shows(line, "W- W- R+ R+ W. R.");
	gives_back(line, r2);
	shows(line, "W- W- R+ R- W. R.");
	gives_back(line, r1);
	shows(line, "W- W- R- R- W+ R.");
	gives_back(line, w3);
	shows(line, "W- W- R- R- W- R+");
	gives_back(line, r3);
}

Test(seed, reads_share_and_writes_do_not, .description = "G1 G2 G3")
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct line line;

		read_write_table(&modes, way);
		line_on(&line, &modes);
		read_write_script(&line);
		ends(&line);
	}
}

static void read_write_gives_up_script(struct line *line)
{
	unsigned r1 = asks(line, 'R', READ), w, r2;

	w = asks_for_ms(line, 'W', WRITE, 40);
	r2 = asks(line, 'R', READ);
	has_given_up(line, w);
	shows(line, "R+ W! R+");
	gives_back(line, r1);
	gives_back(line, r2);
	shows(line, "R- W! R-");
	asks(line, 'W', WRITE);
	shows(line, "R- W! R- W+");
}

/* Where the seed keeps the later read waiting until somebody releases. */
Test(seed, a_write_given_up_lets_the_reads_behind_it_in_at_once, .description = "G4")
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct line line;

		read_write_table(&modes, way);
		line_on(&line, &modes);
		read_write_gives_up_script(&line);
		ends(&line);
	}
}

/* ---- semaphore ---- */

static void in_order_script(struct line *line)
{
	for (unsigned i = 0; i < 5; i++)
		asks(line, 'S', UNIT);
	shows(line, "S+ S+ S. S. S.");
	gives_back(line, 0);
	shows(line, "S- S+ S+ S. S.");
	gives_back(line, 1);
	shows(line, "S- S- S+ S+ S.");
	gives_back(line, 2);
	shows(line, "S- S- S- S+ S+");
	gives_back(line, 3);
	gives_back(line, 4);
	shows(line, "S- S- S- S- S-");
}

static void out_of_order_script(struct line *line)
{
	for (unsigned i = 0; i < 5; i++)
		asks(line, 'S', UNIT);
	shows(line, "S+ S+ S. S. S.");
	gives_back(line, 1);
	shows(line, "S+ S- S+ S. S.");
	gives_back(line, 2);
	shows(line, "S+ S- S- S+ S.");
	gives_back(line, 0);
	shows(line, "S- S- S- S+ S+");
	gives_back(line, 4);
	shows(line, "S- S- S- S+ S-");
	gives_back(line, 3);
}

static void three_ways(void (*script)(struct line *line), uint32_t size)
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct line line;

		semaphore_table(&modes, way, &size);
		line_on(&line, &modes);
		script(&line);
		ends(&line);
	}
}

Test(seed, a_semaphore_admits_its_size_in_order, .description = "G1 G2 G3")
{
	three_ways(in_order_script, 2);
}

Test(seed, a_semaphore_may_be_given_back_out_of_order, .description = "G1 G2 G3")
{
	three_ways(out_of_order_script, 2);
}

static void full_script(struct line *line)
{
	static const unsigned order[] = {1, 0, 2, 4, 3, 5, 7, 6, 8};

	for (unsigned i = 0; i < 12; i++)
		asks(line, 'S', UNIT);
	shows(line, "S+ S+ S+ S. S. S. S. S. S. S. S. S.");
	for (unsigned i = 0; i < 9; i++) {
		gives_back(line, order[i]);
		while (state_of(&line->actors[i + 3]) == '.')
			sched_yield();
		cr_assert_eq(line->actors[i + 3].grant, i + 4);
		cr_assert_eq(in_state(line, '.'), 8 - i);
	}
	shows(line, "S- S- S- S- S- S- S- S- S- S+ S+ S+");
}

Test(seed, each_unit_given_back_lets_the_oldest_in, .description = "G1 G3")
{
	three_ways(full_script, 3);
}
