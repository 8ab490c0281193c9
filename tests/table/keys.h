/* SPDX-License-Identifier: MIT
 *
 * keys.h - for the tests of locks by key: a table in all the ways in which it can be made, and
 * requests that remember what they were told.
 *
 * A Script is played in a table of the usual size, where nearly every key has its lock at home, and
 * in one made for one key, where nearly none has; with records and without.
 */
#ifndef KEYS_H
#define KEYS_H

#include "common.h"
#include <fifolock/table.h>

/* liburcu is not instrumented: what its own threads free looks like a race. */
__attribute__((used)) const char *__tsan_default_suppressions(void);
__attribute__((used)) const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:liburcu-cds.so\ncalled_from_lib:liburcu-bp.so\n";
}

static const struct fifolock_table_options keys_kinds[] = {
	{.name = "near"},
	{.name = "far", .keys = 1},
	{.name = "near, with records", .records = true},
	{.name = "far, with records", .keys = 1, .records = true},
};
#define KEYS_KINDS (sizeof(keys_kinds) / sizeof(keys_kinds[0]))

static struct fifolock_table_options keys_kind; /* of the tables of this play */
static fifolock_modes_t keys_modes;		/* of the last table made */

/* Holds of it belong to no thread: one plays several here.  NULL: shared/exclusive. */
static inline fifolock_table_t *table_of(const fifolock_modes_t *modes)
{
	fifolock_table_t *table = NULL;

	keys_modes = unowned(modes);
	cr_assert_eq(fifolock_table_create(&table, &keys_modes, &keys_kind), 0);
	return table;
}

/* Nothing is held or waited for. */
static inline void table_ends(fifolock_table_t *table)
{
	cr_assert_eq(fifolock_table_keys(table), 0, "%s: %zu keys are left",
		     keys_kind.name, fifolock_table_keys(table));
	cr_assert_eq(fifolock_table_destroy(table), 0, "%s", keys_kind.name);
}

static inline void keys_plays(void (*script)(void))
{
	for (size_t i = 0; i < KEYS_KINDS; i++) {
		keys_kind = keys_kinds[i];
		script();
	}
}

#define Script(suite, name, guarantee)               \
	static void script_##suite##_##name(void);   \
	Test(suite, name, .description = guarantee)  \
	{                                            \
		keys_plays(script_##suite##_##name); \
	}                                            \
	static void script_##suite##_##name(void)

/* ---- holds ---- */

static inline fifolock_hold_t takes(fifolock_table_t *table, fifolock_key_t key,
				    unsigned mode)
{
	fifolock_hold_t hold;
	int rc = fifolock_table_trylock(table, key, mode, &hold);

	quick_check(rc == 0, "%s: trylock: %d", keys_kind.name, rc);
	return hold;
}

static inline void gives(fifolock_hold_t *hold)
{
	int rc = fifolock_table_unlock(hold);

	quick_check(rc == 0, "%s: unlock: %d", keys_kind.name, rc);
}

/* Would a hold be granted now? */
static inline bool fits(fifolock_table_t *table, fifolock_key_t key, unsigned mode)
{
	fifolock_hold_t hold;
	int rc = fifolock_table_trylock(table, key, mode, &hold);

	quick_check(rc == 0 || rc == EBUSY, "%s: trylock: %d", keys_kind.name, rc);
	if (rc == 0)
		gives(&hold);
	return rc == 0;
}

/* ---- requests ---- */

struct asked {
	fifolock_key_request_t request;
	int status;
	unsigned place; /* among all that were called back, from 1 */
	unsigned calls; /* atomic */
};

static inline void asked_told(void *ctx, int status)
{
	static unsigned places; /* atomic */
	struct asked *asked = ctx;

	asked->status = status;
	asked->place = __atomic_add_fetch(&places, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&asked->calls, 1, __ATOMIC_RELEASE);
}

static inline unsigned calls(const struct asked *asked)
{
	return __atomic_load_n(&asked->calls, __ATOMIC_ACQUIRE);
}

static inline int asks_n(struct asked *asked, fifolock_table_t *table, fifolock_key_t key,
			 unsigned mode, uint32_t n)
{
	memset(asked, 0, sizeof(*asked));
	return fifolock_table_request(table, key, mode, n, &asked->request, asked_told,
				      asked);
}

/* And is in line. */
static inline void queues(struct asked *asked, fifolock_table_t *table,
			  fifolock_key_t key, unsigned mode)
{
	int rc = asks_n(asked, table, key, mode, 1);

	quick_check(rc == EINPROGRESS, "%s: request: %d", keys_kind.name, rc);
}

static inline bool granted(const struct asked *asked)
{
	unsigned times = calls(asked);

	quick_check(times <= 1, "%s: called back %u times", keys_kind.name, times);
	quick_check(!times || asked->status == 0, "%s: told %d", keys_kind.name,
		    asked->status);
	return times;
}

static inline void gives_asked(struct asked *asked)
{
	quick_check(granted(asked), "%s: not granted", keys_kind.name);
	gives(&asked->request.hold);
}

/* The caller frees it. */
static inline char *printed(fifolock_table_t *table, enum fifolock_format format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	quick_check(out != NULL, "no memory");
	quick_check(fifolock_table_dump(table, out, format) == 0, "dump");
	fclose(out);
	quick_check(strlen(text) == size, "a NUL inside");
	return text;
}

#endif
