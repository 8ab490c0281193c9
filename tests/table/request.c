/* SPDX-License-Identifier: MIT
 *
 * request.c - a place in a key's line now, the grant later: called back, cancelled.
 */
#include "keys.h"

#define KEY fifolock_key_text("a key that is looked up by its bytes")

Script(request, what_can_be_had_at_once_is_held_and_not_called_back, "G3")
{
	fifolock_table_t *table = table_of(NULL);
	struct asked one, other;

	cr_assert_eq(asks_n(&one, table, KEY, S, 1), 0);
	cr_assert_eq(asks_n(&other, table, KEY, S, 3), 0);
	cr_assert_not(fits(table, KEY, X));
	cr_assert_eq(fifolock_table_request_cancel(&one.request), EALREADY);
	gives(&one.request.hold);
	gives(&other.request.hold);
	cr_assert(fits(table, KEY, X));
	cr_assert_eq(calls(&one) + calls(&other), 0);
	table_ends(table);
}

Script(request, arguments_are_looked_at, "G7")
{
	fifolock_table_t *table = table_of(NULL);
	struct asked asked;

	memset(&asked, 0, sizeof(asked));
	cr_assert_eq(fifolock_table_request(NULL, KEY, X, 1, &asked.request, asked_told,
					    &asked),
		     EINVAL);
	cr_assert_eq(fifolock_table_request(table, KEY, X, 1, NULL, asked_told, &asked),
		     EINVAL);
	cr_assert_eq(
		fifolock_table_request(table, KEY, X, 1, &asked.request, NULL, &asked),
		EINVAL);
	cr_assert_eq(asks_n(&asked, table, KEY, 2, 1), EINVAL);
	cr_assert_eq(asks_n(&asked, table, KEY, UINT32_MAX, 1), EINVAL);
	cr_assert_eq(asks_n(&asked, table, KEY, X, 0), ERANGE);
	cr_assert_eq(asks_n(&asked, table, KEY, X, 2), ERANGE);
	cr_assert_eq(calls(&asked), 0);
	table_ends(table);
}

/* Whatever was in its memory. */
static int refused(int before, fifolock_table_t *table, fifolock_key_t key, unsigned mode,
		   void (*done)(void *ctx, int status))
{
	fifolock_key_request_t request;
	int result;

	memset(&request, before, sizeof(request));
	result = fifolock_table_request(table, key, mode, 1, &request, done, NULL);
	cr_assert_eq(fifolock_table_request_cancel(&request), EALREADY);
	cr_assert_eq(fifolock_table_unlock(&request.hold), EINVAL);
	return result;
}

Script(request, that_was_refused_may_be_cancelled, "G7")
{
	const fifolock_key_t too_long = fifolock_key_bytes("", SIZE_MAX);
	fifolock_table_t *table = table_of(NULL);

	for (int before = 0; before < 4; before++) {
		cr_assert_eq(refused(before, NULL, KEY, X, asked_told), EINVAL);
		cr_assert_eq(refused(before, table, KEY, X, NULL), EINVAL);
		cr_assert_eq(refused(before, table, KEY, 7, asked_told), EINVAL);
		cr_assert_eq(refused(before, table, too_long, X, asked_told), EINVAL);
	}
	table_ends(table);
}

Script(request, each_is_called_back_once_in_the_order_asked, "G1")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, X);
	struct asked asked[20];

	for (unsigned i = 0; i < 20; i++)
		queues(&asked[i], table, KEY, i % 5 ? S : X);
	gives(&hold);
	for (unsigned i = 0; i < 20; i++) {
		bool readers_next = i % 5;

		cr_assert(granted(&asked[i]));
		cr_assert(i < 5 || asked[i].place > asked[i - 5].place);
		cr_assert(i % 5 < 2 || asked[i].place == asked[i - 1].place + 1);
		cr_assert_eq(i + 1 < 20 && calls(&asked[i + 1]),
			     readers_next && i % 5 < 4);
		if (!readers_next)
			gives_asked(&asked[i]);
		for (unsigned k = i - 3; i % 5 == 4 && k <= i; k++)
			gives_asked(&asked[k]);
	}
	table_ends(table);
}

Script(request, one_that_is_cancelled_lets_those_behind_it_in, "G4")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, S);
	struct asked head, next, last;

	queues(&head, table, KEY, X);
	queues(&next, table, KEY, S);
	queues(&last, table, KEY, X);
	cr_assert_eq(calls(&next), 0);
	cr_assert_eq(fifolock_table_request_cancel(&head.request), 0);
	cr_assert(granted(&next));
	cr_assert_eq(fifolock_table_request_cancel(&last.request), 0);
	cr_assert(fits(table, KEY, S));
	gives(&hold);
	gives_asked(&next);
	cr_assert_eq(calls(&head) + calls(&last), 0);
	table_ends(table);
}

Script(request, that_is_the_last_use_of_a_key_may_be_cancelled, "G4")
{
	fifolock_table_t *table = table_of(NULL);
	struct asked waits;

	for (unsigned i = 0; i < 100; i++) {
		fifolock_hold_t hold = takes(table, KEY, X);

		queues(&waits, table, KEY, X);
		cr_assert_eq(fifolock_table_request_cancel(&waits.request), 0);
		gives(&hold);
		cr_assert_eq(fifolock_table_keys(table), 0);
	}
	table_ends(table);
}

Script(request, that_was_granted_cannot_be_cancelled, "G4")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, X);
	struct asked waits;

	queues(&waits, table, KEY, X);
	gives(&hold);
	cr_assert(granted(&waits));
	cr_assert_eq(fifolock_table_request_cancel(&waits.request), EALREADY);
	cr_assert_not(fits(table, KEY, S));
	gives_asked(&waits);
	table_ends(table);
}

Script(request, of_a_weight_gets_all_of_it, "G2")
{
	fifolock_modes_t five;
	fifolock_hold_t hold;
	fifolock_table_t *table;
	struct asked heavy, light;

	cr_assert_eq(fifolock_modes_semaphore(&five, 5), 0);
	table = table_of(&five);
	hold = takes(table, KEY, 0);
	cr_assert_eq(asks_n(&heavy, table, KEY, 0, 5), EINPROGRESS);
	cr_assert_eq(asks_n(&light, table, KEY, 0, 2), EINPROGRESS);
	gives(&hold);
	cr_assert(granted(&heavy));
	cr_assert_eq(calls(&light), 0);
	gives_asked(&heavy);
	cr_assert(granted(&light));
	gives_asked(&light);
	table_ends(table);
}

/* ---- callbacks that do something ---- */

/* Gives back what it was granted, and asks again so many times. */
struct again {
	fifolock_table_t *table;
	fifolock_key_request_t request;
	struct again *next; /* for which it asks; NULL: itself */
	unsigned left, told, wrong;
};

static void asks_again(void *ctx, int status)
{
	struct again *again = ctx, *next = again->next ? again->next : again;
	unsigned left = again->left;
	int rc;

	again->told++;
	again->wrong += status != 0;
	if (again->next && left)
		next->left = left - 1;
	else if (left)
		again->left--;
	/* Its own request is free for the next one when the hold is given back. */
	again->wrong += fifolock_table_unlock(&again->request.hold) != 0;
	if (!left)
		return;
	rc = fifolock_table_request(next->table, KEY, X, 1, &next->request, asks_again,
				    next);
	if (rc == 0)
		asks_again(next, 0);
	else
		again->wrong += rc != EINPROGRESS;
}

Script(request, a_callback_may_give_back_and_ask_again, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct again ring[2] = {{.table = table, .next = &ring[1], .left = 100},
				{.table = table, .next = &ring[0]}};
	fifolock_hold_t hold = takes(table, KEY, X);

	cr_assert_eq(fifolock_table_request(table, KEY, X, 1, &ring[0].request,
					    asks_again, &ring[0]),
		     EINPROGRESS);
	gives(&hold);
	cr_assert_eq(ring[0].told + ring[1].told, 101);
	cr_assert_eq(ring[0].wrong + ring[1].wrong, 0);
	table_ends(table);
}

/* Asks for the other before it gives its own back, so each is called back in its turn. */
static void asks_on(void *ctx, int status)
{
	struct again *again = ctx, *next = again->next;
	int asked = EINPROGRESS;

	again->told++;
	again->wrong += status != 0;
	next->left = again->left - 1;
	if (again->left)
		asked = fifolock_table_request(next->table, KEY, X, 1, &next->request,
					       asks_on, next);
	again->wrong += asked != EINPROGRESS;
	again->wrong += fifolock_table_unlock(&again->request.hold) != 0;
}

/* More than one call runs: the others are handed over, and any thread may run them; beside a line,
 * too, which a look at the key would go through. */
Script(request, callbacks_without_end_are_handed_over_and_can_be_run, "G3")
{
	fifolock_table_t *table = table_of(NULL);
	struct again a[2] = {{.table = table, .next = &a[1], .left = 5000},
			     {.table = table, .next = &a[0]}};
	struct again b[2] = {{.table = table, .next = &b[1], .left = 5000},
			     {.table = table, .next = &b[0]}};
	fifolock_hold_t hold = takes(table, KEY, X);
	unsigned told, ran;

	cr_assert_eq(fifolock_table_run_due(table), 0);
	cr_assert_eq(fifolock_table_request(table, KEY, X, 1, &a->request, asks_on, a),
		     EINPROGRESS);
	cr_assert_eq(fifolock_table_request(table, KEY, X, 1, &b->request, asks_on, b),
		     EINPROGRESS);
	gives(&hold);
	cr_assert_lt(a[0].told + a[1].told + b[0].told + b[1].told, 10002);
	do {
		told = a[0].told + a[1].told + b[0].told + b[1].told;
		ran = fifolock_table_run_due(table);
		cr_assert_eq(a[0].told + a[1].told + b[0].told + b[1].told, told + ran);
	} while (ran);
	cr_assert_eq(told, 10002);
	cr_assert_eq(a[0].wrong + a[1].wrong + b[0].wrong + b[1].wrong, 0);
	table_ends(table);
}

/* Each is for a key, and gives its hold back where it is called back: so the next is called. */
struct link {
	fifolock_key_request_t request;
	unsigned *told, wrong;
};

static void lets_go(void *ctx, int status)
{
	struct link *link = ctx;

	++*link->told;
	link->wrong += status != 0;
	link->wrong += fifolock_table_unlock(&link->request.hold) != 0;
}

Script(request, a_long_line_of_callbacks_runs_to_its_end, "G3")
{
	enum { LINKS = 5000 };
	static struct link links[LINKS];
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, KEY, X);
	unsigned told = 0, wrong = 0;

	for (unsigned i = 0; i < LINKS; i++) {
		links[i] = (struct link){.told = &told};
		quick_check(fifolock_table_request(table, KEY, X, 1, &links[i].request,
						   lets_go, &links[i]) == EINPROGRESS,
			    "request");
	}
	gives(&hold);
	for (unsigned i = 0; i < LINKS; i++)
		wrong += links[i].wrong;
	cr_assert_eq(told, LINKS);
	cr_assert_eq(wrong, 0);
	table_ends(table);
}

/* Uses other keys of the table, and its own in ways that do not wait. */
struct busy {
	fifolock_table_t *table;
	fifolock_key_request_t request;
	unsigned told, wrong;
};

static void is_busy(void *ctx, int status)
{
	struct busy *busy = ctx;
	fifolock_hold_t hold;

	busy->told++;
	busy->wrong += status != 0;
	for (unsigned k = 0; k < 10; k++) {
		busy->wrong +=
			fifolock_table_lock(busy->table, fifolock_key(k), X, &hold) != 0;
		busy->wrong += fifolock_table_trylock(busy->table, KEY, S,
						      &(fifolock_hold_t){0}) != EBUSY;
		busy->wrong += fifolock_table_unlock(&hold) != 0;
	}
	busy->wrong += fifolock_table_tryconvert(&busy->request.hold, S) != 0;
	busy->wrong += !fits(busy->table, KEY, S);
	busy->wrong += fifolock_table_unlock(&busy->request.hold) != 0;
}

Script(request, a_callback_may_use_the_table, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct busy busy = {.table = table};
	fifolock_hold_t hold = takes(table, KEY, X);

	cr_assert_eq(
		fifolock_table_request(table, KEY, X, 1, &busy.request, is_busy, &busy),
		EINPROGRESS);
	gives(&hold);
	cr_assert_eq(busy.told, 1);
	cr_assert_eq(busy.wrong, 0);
	table_ends(table);
}
