/* SPDX-License-Identifier: MIT
 *
 * life.c - tables of locks by key: made, ended, as large as what is in use.
 */
#include "keys.h"
#include <sys/wait.h>

static const fifolock_key_t none = {NULL, 0};

Test(life, a_table_needs_no_options_and_no_modes, .description = "table")
{
	fifolock_table_t *table = NULL;
	fifolock_hold_t hold;

	cr_assert_eq(fifolock_table_create(&table, NULL, NULL), 0);
	cr_assert_not_null(table);
	cr_assert_eq(fifolock_table_keys(table), 0);
	cr_assert_eq(fifolock_table_lock(table, fifolock_key(42), X, &hold), 0);
	cr_assert_eq(fifolock_table_unlock(&hold), 0);
	cr_assert_eq(fifolock_table_destroy(table), 0);
}

static void is_no_table(const struct fifolock_table_options *options)
{
	static char untouched;
	fifolock_table_t *table = (fifolock_table_t *)(void *)&untouched;

	cr_assert_eq(fifolock_table_create(&table, NULL, options), EINVAL);
	cr_assert_eq((void *)table, (void *)&untouched);
}

Test(life, options_are_looked_at, .description = "G7")
{
	struct fifolock_table_options options = {.keys = ((size_t)1 << 24) + 1};

	cr_assert_eq(fifolock_table_create(NULL, NULL, NULL), EINVAL);
	is_no_table(&options);
	options.keys = SIZE_MAX;
	is_no_table(&options);
	for (unsigned i = 0; i < 4; i++) {
		options = (struct fifolock_table_options){.keys = 1};
		options.reserved[i] = 1;
		is_no_table(&options);
		options.reserved[i] = UINT64_C(1) << 63;
		is_no_table(&options);
	}
	cr_assert_eq(fifolock_table_destroy(NULL), EINVAL);
}

Test(life, any_number_of_keys_may_be_announced, .description = "table")
{
	static const size_t sizes[] = {1, 2, 3, 63, 64, 65, 1000, 4096, 100000};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fifolock_hold_t holds[200];
		fifolock_table_t *table;

		keys_kind = (struct fifolock_table_options){.keys = sizes[i]};
		table = table_of(NULL);
		for (unsigned k = 0; k < 200; k++)
			holds[k] = takes(table, fifolock_key(k), X);
		cr_assert_eq(fifolock_table_keys(table), 200);
		for (unsigned k = 0; k < 200; k++)
			gives(&holds[k]);
		table_ends(table);
	}
}

Script(life, a_table_with_a_hold_stays, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t holds[3];

	for (unsigned k = 0; k < 3; k++)
		holds[k] = takes(table, fifolock_key(k), k % 2);
	for (unsigned k = 0; k < 3; k++) {
		cr_assert_eq(fifolock_table_destroy(table), EBUSY);
		cr_assert_not(fits(table, fifolock_key(k), X));
		gives(&holds[k]);
		cr_assert(fits(table, fifolock_key(k), X));
	}
	table_ends(table);
}

Script(life, a_table_with_a_request_in_line_stays, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, none, X);
	struct asked first, second;

	queues(&first, table, none, X);
	queues(&second, table, none, X);
	cr_assert_eq(fifolock_table_destroy(table), EBUSY);
	gives(&hold);
	cr_assert(granted(&first));
	cr_assert_eq(fifolock_table_destroy(table), EBUSY);
	cr_assert_eq(fifolock_table_request_cancel(&second.request), 0);
	cr_assert_eq(fifolock_table_destroy(table), EBUSY);
	gives_asked(&first);
	cr_assert_eq(calls(&second), 0);
	table_ends(table);
}

Script(life, keys_are_counted_while_they_are_in_use, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t a, b, c;
	struct asked waits;

	a = takes(table, fifolock_key(1), S);
	b = takes(table, fifolock_key(1), S);
	c = takes(table, fifolock_key_text("1"), X);
	cr_assert_eq(fifolock_table_keys(table), 2);
	queues(&waits, table, fifolock_key(1), X);
	cr_assert_eq(fifolock_table_keys(table), 2);
	gives(&c);
	gives(&a);
	cr_assert_eq(fifolock_table_keys(table), 1);
	gives(&b);
	cr_assert_eq(fifolock_table_keys(table), 1);
	gives_asked(&waits);
	table_ends(table);
}

Script(life, two_tables_have_nothing_to_do_with_each_other, "table")
{
	fifolock_table_t *one = table_of(NULL), *other = table_of(NULL);
	fifolock_hold_t a = takes(one, fifolock_key(7), X);
	fifolock_hold_t b = takes(other, fifolock_key(7), X);

	gives(&b);
	cr_assert_eq(fifolock_table_destroy(other), 0);
	gives(&a);
	table_ends(one);
}

/* ---- memory ---- */

#ifndef SANITIZED
static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long all = 0, pages = 0;

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu %lu", &all, &pages), 2);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* One key is held all the while, so that with a table for one key all others are far. */
static void births_and_deaths(fifolock_table_t *table, uint64_t from, uint64_t count)
{
	fifolock_hold_t keeper = takes(table, none, X);

	for (uint64_t i = 1; i <= count; i++) {
		fifolock_hold_t hold = takes(table, fifolock_key(from + i), X);

		gives(&hold);
	}
	gives(&keeper);
}

Script(life, keys_that_are_gone_leave_no_memory_behind, "G4")
{
	uint64_t count = test_scaled(25000);
	fifolock_table_t *table = table_of(NULL);
	size_t before, after;

	births_and_deaths(table, 0, count);
	before = resident();
	births_and_deaths(table, count, 3 * count);
	after = resident();
	/* Each would leave 128 bytes at least.  Those that wait for a grace period may be there. */
	cr_assert_lt(after, before + 3 * count * 64 + (3 << 20), "%s: %zu bytes more",
		     keys_kind.name, after - before);
	table_ends(table);
}

Script(life, requests_that_have_timed_out_leave_nothing_behind, "G4")
{
	static const struct timespec past = {0, 1};
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t other = takes(table, fifolock_key(1), X), hold;
	fifolock_hold_t holder = takes(table, none, X);
	size_t before = 0;

	for (uint64_t i = 0; i < test_scaled(25000); i++) {
		int rc = fifolock_table_timedlock(table, none, S, &past, &hold);

		quick_check(rc == ETIMEDOUT, "%d", rc);
		if (i == 1000)
			before = resident();
	}
	cr_assert(!before || resident() < before + (1 << 20));
	cr_assert_eq(fifolock_table_keys(table), 2);
	gives(&holder);
	gives(&other);
	table_ends(table);
}
#endif

/* ---- fork ---- */

#ifndef SANITIZED
/* What a child does; 0: all went well. */
static int uses(fifolock_table_t *table)
{
	fifolock_hold_t holds[100];
	int wrong = 0;

	for (unsigned k = 0; k < 100; k++)
		wrong |= fifolock_table_lock(table, fifolock_key(k), X, &holds[k]);
	wrong |= fifolock_table_destroy(table) != EBUSY;
	for (unsigned k = 0; k < 100; k++)
		wrong |= fifolock_table_unlock(&holds[k]);
	return wrong | fifolock_table_destroy(table);
}

Script(life, of_an_idle_table_goes_on_in_a_child, "table")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t one = takes(table, fifolock_key(1), X);
	fifolock_hold_t other = takes(table, fifolock_key(2), X);
	int status = -1;
	pid_t child;

	gives(&one);
	gives(&other);
	child = fork();
	if (child == 0)
		_exit(uses(table) ? 1 : 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "%s", keys_kind.name);
	cr_assert_eq(uses(table), 0, "%s", keys_kind.name);
}
#endif
