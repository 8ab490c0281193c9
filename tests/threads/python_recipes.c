/* SPDX-License-Identifier: MIT
 *
 * python_recipes.c - the recipes of the Python package fifolock, on threads: mutex,
 * read/write lock and semaphore, each as a predicate (as the seed writes them), as
 * compiled limits, and as the ready-made table.
 *
 * Each test is a script on a stage (stage.h).
 */
#define _GNU_SOURCE
#include "stage.h"

enum { WRITE = FIFOLOCK_EXCLUSIVE, READ = FIFOLOCK_SHARED, MUTEX = 0 };

#define shows(stage, expected) cr_assert_str_eq(now(stage), expected)

static void has_given_up(struct stage *stage, unsigned who)
{
	cr_assert_eq(answer(stage, who), ETIMEDOUT);
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

static void mutex_table(fifolock_modes_t *modes, unsigned way, uint32_t *size)
{
	struct fifolock_mode rule = {.name = "mutex", .max = 1};
	int rc = 0;

	(void)size;
	if (way == 0)
		rc = fifolock_modes_predicate(modes, 1, 9, mutex_is_compatible, NULL);
	else if (way == 1)
		rc = fifolock_modes_compile(modes, &rule, 1, NULL, 0);
	else
		*modes = fifolock_mutex_modes;
	cr_assert_eq(rc, 0);
}

static void read_write_table(fifolock_modes_t *modes, unsigned way, uint32_t *size)
{
	struct fifolock_mode rules[] = {
		{.name = "write", .max = 1, .conflicts = 1u << READ},
		{.name = "read", .conflicts = 1u << WRITE},
	};
	int rc = 0;

	(void)size;
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

struct recipe {
	void (*table)(fifolock_modes_t *modes, unsigned way, uint32_t *size);
	const char *letters;
	uint32_t size; /* of a semaphore */
};

static void three_ways(struct recipe recipe, void (*script)(struct stage *stage))
{
	for (unsigned way = 0; way < 3; way++) {
		fifolock_modes_t modes;
		struct stage stage;

		recipe.table(&modes, way, &recipe.size);
		stage_on(&stage, &modes);
		stage.letters = recipe.letters;
		script(&stage);
		stage_ends(&stage);
	}
}

static struct recipe semaphore_of(uint32_t size)
{
	return (struct recipe){semaphore_table, "S", size};
}

static const struct recipe mutex = {mutex_table, "M", 0};
static const struct recipe read_write = {read_write_table, "WR", 0};

/* ---- mutex ---- */

static void mutex_script(struct stage *stage)
{
	unsigned a = asks(stage, 'M'), b = asks(stage, 'M');
	unsigned c = asks(stage, 'M');

	shows(stage, "M+ M. M.");
	gives_back(stage, a);
	shows(stage, "M- M+ M.");
	gives_back(stage, b);
	shows(stage, "M- M- M+");
	gives_back(stage, c);
	shows(stage, "M- M- M-");
	asks(stage, 'M');
	shows(stage, "M- M- M- M+");
}

Test(seed, a_mutex_blocks_a_mutex, .description = "G1 G2")
{
	three_ways(mutex, mutex_script);
}

static void mutex_gives_up_script(struct stage *stage)
{
	unsigned a = asks(stage, 'M'), b = asks_for_ms(stage, 'M', 1);
	unsigned c = asks(stage, 'M');

	has_given_up(stage, b);
	shows(stage, "M+ M! M.");
	gives_back(stage, a);
	shows(stage, "M- M! M+");
	gives_back(stage, c);
	shows(stage, "M- M! M-");
}

Test(seed, a_mutex_given_up_before_it_starts_allows_the_later_one, .description = "G3 G4")
{
	three_ways(mutex, mutex_gives_up_script);
}

/* ---- read/write ---- */

static void read_write_script(struct stage *stage)
{
	unsigned w1 = asks(stage, 'W'), w2 = asks(stage, 'W');
	unsigned r1 = asks(stage, 'R'), r2 = asks(stage, 'R'), w3, r3;

	shows(stage, "W+ W. R. R.");
	gives_back(stage, w1);
	shows(stage, "W- W+ R. R.");
	gives_back(stage, w2);
	shows(stage, "W- W- R+ R+");
	w3 = asks(stage, 'W');
	r3 = asks(stage, 'R');
	shows(stage, "W- W- R+ R+ W. R.");
	gives_back(stage, r2);
	shows(stage, "W- W- R+ R- W. R.");
	gives_back(stage, r1);
	shows(stage, "W- W- R- R- W+ R.");
	gives_back(stage, w3);
	shows(stage, "W- W- R- R- W- R+");
	gives_back(stage, r3);
}

Test(seed, reads_share_and_writes_do_not, .description = "G1 G2 G3")
{
	three_ways(read_write, read_write_script);
}

static void read_write_gives_up_script(struct stage *stage)
{
	unsigned r1 = asks(stage, 'R'), w, r2;

	w = asks_for_ms(stage, 'W', 40);
	r2 = asks(stage, 'R');
	has_given_up(stage, w);
	shows(stage, "R+ W! R+");
	gives_back(stage, r1);
	gives_back(stage, r2);
	shows(stage, "R- W! R-");
	asks(stage, 'W');
	shows(stage, "R- W! R- W+");
}

/* Where the seed keeps the later read waiting until a thread releases. */
Test(seed, a_write_given_up_lets_the_reads_behind_it_in_at_once, .description = "G4")
{
	three_ways(read_write, read_write_gives_up_script);
}

/* ---- semaphore ---- */

static void in_order_script(struct stage *stage)
{
	for (unsigned i = 0; i < 5; i++)
		asks(stage, 'S');
	shows(stage, "S+ S+ S. S. S.");
	gives_back(stage, 0);
	shows(stage, "S- S+ S+ S. S.");
	gives_back(stage, 1);
	shows(stage, "S- S- S+ S+ S.");
	gives_back(stage, 2);
	shows(stage, "S- S- S- S+ S+");
	gives_back(stage, 3);
	gives_back(stage, 4);
	shows(stage, "S- S- S- S- S-");
}

static void out_of_order_script(struct stage *stage)
{
	for (unsigned i = 0; i < 5; i++)
		asks(stage, 'S');
	shows(stage, "S+ S+ S. S. S.");
	gives_back(stage, 1);
	shows(stage, "S+ S- S+ S. S.");
	gives_back(stage, 2);
	shows(stage, "S+ S- S- S+ S.");
	gives_back(stage, 0);
	shows(stage, "S- S- S- S+ S+");
	gives_back(stage, 4);
	shows(stage, "S- S- S- S+ S-");
	gives_back(stage, 3);
}

Test(seed, a_semaphore_admits_its_size_in_order, .description = "G1 G2 G3")
{
	three_ways(semaphore_of(2), in_order_script);
}

Test(seed, a_semaphore_may_be_given_back_out_of_order, .description = "G1 G2 G3")
{
	three_ways(semaphore_of(2), out_of_order_script);
}

static void full_script(struct stage *stage)
{
	static const unsigned order[] = {1, 0, 2, 4, 3, 5, 7, 6, 8};

	for (unsigned i = 0; i < 12; i++)
		asks(stage, 'S');
	shows(stage, "S+ S+ S+ S. S. S. S. S. S. S. S. S.");
	for (unsigned i = 0; i < 9; i++) {
		gives_back(stage, order[i]);
		for (unsigned j = 0; j < 12; j++)
			cr_assert_eq(busy(&stage->cast[j]), j > i + 3, "%u", j);
	}
	shows(stage, "S- S- S- S- S- S- S- S- S- S+ S+ S+");
}

Test(seed, each_unit_given_back_lets_the_oldest_in, .description = "G1 G3")
{
	three_ways(semaphore_of(3), full_script);
}
