/* SPDX-License-Identifier: MIT
 *
 * owners.c - deadlocks of owners that are not threads; requests that look by themselves; how
 * deadlocks are told.
 */
#define _GNU_SOURCE
#include "puppets.h"

/* ---- owners ---- */

struct found {
	unsigned reports;
	size_t count, youngest;
	bool refused;
	const char *name;
	struct fifolock_deadlock_wait waits[8];
	char *printed;
};

static void finds(const struct fifolock_deadlock *deadlock, void *ctx)
{
	struct found *found = ctx;
	size_t size = 0;
	FILE *out;

	found->reports++;
	found->count = deadlock->count;
	found->youngest = deadlock->youngest;
	found->refused = deadlock->refused;
	found->name = deadlock->name;
	for (size_t i = 0; i < 8 && i < deadlock->count; i++)
		found->waits[i] = deadlock->waits[i];
	free(found->printed);
	out = open_memstream(&found->printed, &size);
	if (fifolock_deadlock_print(deadlock, out))
		found->reports += 100;
	fclose(out);
}

static fifolock_table_t *table_with_records(void)
{
	keys_kind.records = true;
	return table_of(NULL);
}

static fifolock_hold_t *takes_for(uint64_t owner, fifolock_table_t *table, unsigned k,
				  fifolock_hold_t *hold)
{
	fifolock_table_owner(owner);
	cr_assert_eq(fifolock_table_lock(table, fifolock_key(k), X, hold), 0);
	return hold;
}

static void asks_for(uint64_t owner, fifolock_table_t *table, unsigned k,
		     struct asked *asked)
{
	fifolock_table_owner(owner);
	queues(asked, table, fifolock_key(k), X);
}

/* One thread, which works for two. */
Script(owner, may_be_something_else_than_a_thread, "G3")
{
	fifolock_table_t *table = table_with_records();
	int thread = (int)syscall(SYS_gettid);
	struct found found = {.reports = 0};
	fifolock_hold_t one, other;
	struct asked first, second;

	takes_for(71, table, 1, &one);
	takes_for(72, table, 2, &other);
	asks_for(71, table, 2, &first);
	cr_assert_eq(fifolock_table_deadlocks(table, finds, &found, true), 0);
	asks_for(72, table, 1, &second);
	fifolock_table_owner(0);
	cr_assert_eq(fifolock_table_deadlocks(table, finds, &found, false), EDEADLK);
	cr_assert_eq(found.reports, 1);
	cr_assert_eq(found.count, 2);
	cr_assert_not(found.refused);
	cr_assert_str_eq(found.name, keys_kind.name);
	cr_assert_eq(found.waits[found.youngest].owner, 72);
	cr_assert_eq(found.waits[!found.youngest].owner, 71);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(found.waits[i].thread, thread);
		cr_assert_eq(found.waits[i].n, 1);
		cr_assert_eq(found.waits[i].mode, X);
		cr_assert_eq(found.waits[i].from, -1);
		cr_assert(found.waits[i].next_holds);
		cr_assert_eq(found.waits[i].next_mode, X);
		cr_assert_null(found.waits[i].key.bytes);
		cr_assert_eq(found.waits[i].key.n, i == found.youngest ? 1 : 2);
	}
	cr_assert_geq(found.waits[!found.youngest].age_ns,
		      found.waits[found.youngest].age_ns);
	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, true), EDEADLK);
	cr_assert_eq(calls(&second), 1);
	cr_assert_eq(second.status, EDEADLK);
	cr_assert_eq(calls(&first), 0);
	cr_assert_eq(fifolock_table_request_cancel(&second.request), EALREADY);
	gives(&other);
	gives_asked(&first);
	gives(&one);
	free(found.printed);
	table_ends(table);
}

/* The same requests, all for one: it waits for itself. */
Script(owner, that_waits_for_its_own_hold_waits_for_ever, "G3")
{
	fifolock_table_t *table = table_with_records();
	struct found found = {.reports = 0};
	fifolock_hold_t hold;
	struct asked waits;

	takes_for(5, table, 1, &hold);
	asks_for(5, table, 1, &waits);
	fifolock_table_owner(0);
	cr_assert_eq(fifolock_table_deadlocks(table, finds, &found, true), EDEADLK);
	cr_assert_eq(found.count, 1);
	cr_assert(found.refused);
	cr_assert_eq(found.waits[0].owner, 5);
	cr_assert_eq(waits.status, EDEADLK);
	gives(&hold);
	free(found.printed);
	table_ends(table);
}

/* Two threads work for one owner: B waits for it, and C for D, which waits for what A has. */
Script(owner, may_be_several_threads, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, NULL);
	stage.cast[A].owner = stage.cast[C].owner = 9;
	stage.cast[B].owner = 8;
	takes_key(&stage, A, 1, X);
	takes_key(&stage, B, 2, X);
	waits_for(&stage, C, 2, X);
	cr_assert_str_eq(looks(&stage, true), "");
	waits_for(&stage, B, 1, X);
	cr_assert_str_eq(looks(&stage, false), "B X1+ C X2+");
	refuses(&stage, B);
	gives_key(&stage, B, 2);
	cr_assert_eq(answer(&stage, C), 0);
	gives_key(&stage, A, 1);
	gives_key(&stage, C, 2);
	stage_closes(&stage);
}

/* Without owners it would be a deadlock: here one thread's holds are of two. */
Script(owner, is_that_of_the_call, "G3")
{
	fifolock_table_t *table = table_with_records();
	fifolock_hold_t one, other;
	struct asked waits;

	takes_for(1, table, 1, &one);
	asks_for(2, table, 1, &waits);
	takes_for(1, table, 2, &other);
	fifolock_table_owner(0);
	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, true), 0);
	gives(&one);
	gives_asked(&waits);
	gives(&other);
	table_ends(table);
}

/* A thread that is no owner of anything else goes on when it has asked. */
Script(owner, of_a_request_with_a_callback_is_not_the_thread, "G3")
{
	fifolock_table_t *table = table_with_records();
	fifolock_hold_t one, other;
	struct asked first, second;

	takes_for(0, table, 1, &one);
	takes_for(71, table, 2, &other);
	asks_for(0, table, 2, &first);
	asks_for(71, table, 1, &second);
	fifolock_table_owner(0);
	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, true), 0);
	gives(&one);
	cr_assert(granted(&second));
	gives(&other);
	gives_asked(&first);
	gives_asked(&second);
	table_ends(table);
}

/* ---- by themselves ---- */

static const struct fifolock_table_options soon = {.deadlock_after_ns = 500000},
					   refusing = {.deadlock_after_ns = 500000,
						       .deadlock_refuse = true};

/* A has 1 and waits for 2, which this thread has for owner 7. */
static void waits_for_owner_7(struct stage *stage, fifolock_hold_t *hold)
{
	takes_key(stage, A, 1, X);
	fifolock_table_owner(7);
	cr_assert_eq(fifolock_table_lock(stage->table, puppet_key(2), X, hold), 0);
	waits_for(stage, A, 2, X);
}

static void until_reports(struct stage *stage, unsigned count)
{
	while (__atomic_load_n(&stage->reports, __ATOMIC_ACQUIRE) < count)
		sched_yield();
}

Script(waiting, requests_look_and_the_youngest_is_refused, "G3")
{
	static struct stage stage;

	stage_opens(&stage, NULL, &refusing);
	half_crosses(&stage);
	takes_key(&stage, C, 3, X);
	waits_for(&stage, B, 3, X);
	tell(&stage, C, TAKES, 1, X);
	cr_assert_eq(answer(&stage, C), EDEADLK);
	until_reports(&stage, 1);
	settle(&stage);
	cr_assert(busy(&stage, A) && busy(&stage, B));
	cr_assert_eq(stage.refused, 1);
	gives_key(&stage, C, 3);
	goes_on(&stage, B, 2);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 2);
	gives_key(&stage, B, 3);
	stage_closes(&stage);
}

/* A looks every half a millisecond. */
Script(waiting, requests_tell_of_each_deadlock_once, "G3")
{
	static struct stage stage;
	fifolock_hold_t hold;
	struct asked asked;

	stage_opens(&stage, NULL, &soon);
	waits_for_owner_7(&stage, &hold);
	for (unsigned turn = 1; turn <= 3; turn++) {
		cr_assert_eq(asks_n(&asked, stage.table, puppet_key(1), X, 1),
			     EINPROGRESS);
		until_reports(&stage, turn);
		until_ticks(3);
		cr_assert_eq(stage.reports, turn);
		cr_assert_eq(calls(&asked), 0);
		cr_assert(busy(&stage, A));
		cr_assert_eq(fifolock_table_request_cancel(&asked.request), 0);
	}
	cr_assert_eq(stage.refused, 0);
	gives(&hold);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 2);
	stage_closes(&stage);
}

/* The youngest is a request that no thread waits for: the thread that waits finds it. */
Script(waiting, requests_refuse_those_that_are_to_be_called_back, "G3")
{
	static struct stage stage;
	fifolock_hold_t hold;
	struct asked asked;

	stage_opens(&stage, NULL, &refusing);
	waits_for_owner_7(&stage, &hold);
	cr_assert_eq(asks_n(&asked, stage.table, puppet_key(1), X, 1), EINPROGRESS);
	while (!calls(&asked))
		sched_yield();
	cr_assert_eq(asked.status, EDEADLK);
	cr_assert(busy(&stage, A));
	gives(&hold);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 2);
	cr_assert_eq(stage.refused, 1);
	stage_closes(&stage);
}

Script(waiting, a_deadline_may_end_it_too, "G3 G4")
{
	static struct stage stage;

	stage_opens(&stage, NULL, &soon);
	half_crosses(&stage);
	stage.cast[B].deadline = test_in_ns(CLOCK_MONOTONIC, 20000000);
	tell(&stage, B, TAKES_UNTIL, 1, X);
	cr_assert_eq(answer(&stage, B), ETIMEDOUT);
	settle(&stage);
	cr_assert_str_eq(looks(&stage, true), "");
	gives_key(&stage, B, 2);
	goes_on(&stage, A, 1);
	gives_key(&stage, A, 2);
	stage_closes(&stage);
}

/* ---- how it is told ---- */

Test(deadlocks, of_a_table_without_records_are_not_looked_for, .description = "G7")
{
	keys_kind = (struct fifolock_table_options){.keys = 0};
	fifolock_table_t *table = table_of(NULL);

	cr_assert_eq(fifolock_table_deadlocks(table, NULL, NULL, false), ENOTSUP);
	cr_assert_eq(fifolock_table_deadlocks(NULL, NULL, NULL, false), EINVAL);
	table_ends(table);
}

Test(deadlocks, are_printed_with_keys_and_modes, .description = "table")
{
	static const char *const words[] = {"a table", "\"text\"", "77", "exclusive"};
	struct found found = {.reports = 0};
	fifolock_table_t *table;
	fifolock_hold_t one, other;
	struct asked first, second;

	keys_kind = (struct fifolock_table_options){.name = "a table", .records = true};
	table = table_of(NULL);
	fifolock_table_owner(1);
	one = takes(table, fifolock_key_text("text"), X);
	gives(&one);
	cr_assert_eq(fifolock_table_lock(table, fifolock_key_text("text"), X, &one), 0);
	fifolock_table_owner(2);
	cr_assert_eq(fifolock_table_lock(table, fifolock_key(77), X, &other), 0);
	queues(&first, table, fifolock_key_text("text"), X);
	fifolock_table_owner(1);
	queues(&second, table, fifolock_key(77), X);
	cr_assert_eq(fifolock_table_deadlocks(table, finds, &found, true), EDEADLK);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_not_null(strstr(found.printed, words[i]), "%s", found.printed);
	free(found.printed);
	gives(&one);
	gives_asked(&first);
	gives(&other);
	table_ends(table);
}
