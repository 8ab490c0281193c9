/* SPDX-License-Identifier: MIT
 *
 * look.c - the keys in use, looked at one by one and printed; while they are used, too.
 */
#define _GNU_SOURCE
#include "crowd.h"
#include "json.h"

/* ---- what is seen ---- */

#define SEEN 64

struct seen {
	char bytes[32];
	fifolock_key_t key;
	struct fifolock_snapshot lock;
	struct fifolock_in_line line[8];
	size_t in_line;
};

struct view {
	struct seen seen[SEEN];
	size_t count, most; /* until so many have been seen */
};

static bool looks(const struct fifolock_key_state *state, void *ctx)
{
	struct view *view = ctx;
	struct seen *seen = &view->seen[view->count++ % SEEN];

	seen->key = state->key;
	if (state->key.bytes) {
		size_t size = state->key.n < 32 ? state->key.n : 32;

		memcpy(seen->bytes, state->key.bytes, size);
		seen->key.bytes = seen->bytes;
	}
	seen->lock = state->lock;
	seen->in_line = state->in_line < 8 ? state->in_line : 8;
	for (size_t i = 0; i < seen->in_line; i++)
		seen->line[i] = state->line[i];
	return view->count < view->most;
}

static bool same_key(fifolock_key_t one, fifolock_key_t other)
{
	return !one.bytes == !other.bytes && one.n == other.n &&
	       (!one.bytes || memcmp(one.bytes, other.bytes, one.n) == 0);
}

/* It is seen once. */
static const struct seen *sight(const struct view *view, fifolock_key_t key)
{
	const struct seen *found = NULL;

	for (size_t i = 0; i < view->count && i < SEEN; i++)
		if (same_key(view->seen[i].key, key)) {
			quick_check(!found, "%s: seen twice", keys_kind.name);
			found = &view->seen[i];
		}
	quick_check(found, "%s: not seen", keys_kind.name);
	return found;
}

static void view_of(struct view *view, fifolock_table_t *table)
{
	view->count = 0;
	view->most = SEEN;
	cr_assert_eq(fifolock_table_each(table, looks, view), 0);
}

/* ---- one by one ---- */

Script(look, each_key_in_use_is_seen_once_as_it_is, "table")
{
	fifolock_table_t *table = table_of(&fifolock_intent_modes);
	static struct view view;
	fifolock_hold_t holds[4];
	struct asked asked[3];
	const struct seen *seen;

	view_of(&view, table);
	cr_assert_eq(view.count, 0);
	holds[0] = takes(table, fifolock_key(7), IX);
	holds[1] = takes(table, fifolock_key(7), IS);
	holds[2] = takes(table, fifolock_key_bytes("a\0b", 3), X);
	cr_assert_eq(fifolock_table_lock_n(table, fifolock_key_text(""), S, 3, &holds[3]),
		     0);
	queues(&asked[0], table, fifolock_key(7), SIX);
	cr_assert_eq(asks_n(&asked[1], table, fifolock_key(7), IS, 2), EINPROGRESS);
	queues(&asked[2], table, fifolock_key(7), X);
	view_of(&view, table);
	cr_assert_eq(view.count, 3);
	seen = sight(&view, fifolock_key(7));
	cr_assert_eq(seen->lock.modes, 6);
	cr_assert_eq(seen->lock.holds[IX], 1);
	cr_assert_eq(seen->lock.holds[IS], 1);
	cr_assert_eq(seen->lock.holds[X] + seen->lock.holds[S], 0);
	cr_assert_eq(seen->lock.waiting, 3);
	cr_assert_eq(seen->in_line, 3);
	cr_assert_eq(seen->line[0].mode, SIX);
	cr_assert_eq(seen->line[1].mode, IS);
	cr_assert_eq(seen->line[1].n, 2);
	cr_assert_eq(seen->line[2].mode, X);
	cr_assert_eq(seen->line[2].from, -1);
	cr_assert(seen->line[0].may_leave);
	cr_assert_eq(seen->line[2].ticket - seen->line[0].ticket, 2);
	cr_assert_eq(sight(&view, fifolock_key_bytes("a\0b", 3))->lock.holds[X], 1);
	cr_assert_eq(sight(&view, fifolock_key_text(""))->lock.holds[S], 3);
	for (unsigned i = 0; i < 4; i++)
		gives(&holds[i]);
	for (unsigned i = 0; i < 3; i++)
		gives_asked(&asked[i]);
	view_of(&view, table);
	cr_assert_eq(view.count, 0);
	table_ends(table);
}

Script(look, it_ends_when_told, "table")
{
	fifolock_table_t *table = table_of(NULL);
	static struct view view;
	fifolock_hold_t holds[40];

	for (unsigned k = 0; k < 40; k++)
		holds[k] = takes(table, fifolock_key(k), S);
	for (size_t most = 1; most <= 41; most++) {
		view.count = 0;
		view.most = most;
		cr_assert_eq(fifolock_table_each(table, looks, &view), 0);
		cr_assert_eq(view.count, most < 40 ? most : 40);
	}
	for (unsigned k = 0; k < 40; k++)
		gives(&holds[k]);
	table_ends(table);
}

Script(look, a_long_line_is_seen_to_its_end, "table")
{
	enum { LONG = 300 };
	static struct asked asked[LONG];
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t hold = takes(table, fifolock_key(0), X);
	static struct view view;

	for (unsigned i = 0; i < LONG; i++)
		queues(&asked[i], table, fifolock_key(0), X);
	view_of(&view, table);
	cr_assert_eq(view.seen[0].lock.waiting, LONG);
	cr_assert_leq(1, view.seen[0].in_line);
	for (unsigned i = 0; i < LONG; i++)
		cr_assert_eq(fifolock_table_request_cancel(&asked[i].request), 0);
	gives(&hold);
	table_ends(table);
}

struct user {
	fifolock_table_t *table;
	unsigned seen, wrong;
};

/* Locks keys, the one that is looked at, too. */
static bool uses_it(const struct fifolock_key_state *state, void *ctx)
{
	struct user *user = ctx;
	fifolock_hold_t hold;

	user->seen++;
	user->wrong += fifolock_table_trylock(user->table, state->key, S, &hold) != 0;
	user->wrong += fifolock_table_unlock(&hold) != 0;
	user->wrong += fits(user->table, state->key, X);
	user->wrong += fifolock_table_lock(user->table, fifolock_key(1000 + user->seen),
					   X, &hold) != 0;
	user->wrong += fifolock_table_unlock(&hold) != 0;
	user->wrong += fifolock_table_keys(user->table) != 20;
	return true;
}

Script(look, it_may_use_the_table, "table")
{
	fifolock_table_t *table = table_of(NULL);
	struct user user = {.table = table};
	fifolock_hold_t holds[20];

	for (unsigned k = 0; k < 20; k++)
		holds[k] = takes(table, crowd_key(k), S);
	cr_assert_eq(fifolock_table_each(table, uses_it, &user), 0);
	cr_assert_eq(user.wrong, 0);
	cr_assert_eq(user.seen, 20);
	for (unsigned k = 0; k < 20; k++)
		gives(&holds[k]);
	table_ends(table);
}

Script(look, arguments_are_looked_at, "G7")
{
	fifolock_table_t *table = table_of(NULL);

	cr_assert_eq(fifolock_table_each(NULL, looks, NULL), EINVAL);
	cr_assert_eq(fifolock_table_each(table, NULL, NULL), EINVAL);
	cr_assert_eq(fifolock_table_dump(NULL, stderr, FIFOLOCK_TEXT), EINVAL);
	cr_assert_eq(fifolock_table_dump(table, NULL, FIFOLOCK_TEXT), EINVAL);
	cr_assert_eq(fifolock_table_dump(table, stderr, (enum fifolock_format)2), EINVAL);
	table_ends(table);
}

/* ---- printed ---- */

static void says(const char *text, const char *what)
{
	cr_assert_not_null(strstr(text, what), "%s: no %s in %s", keys_kind.name, what,
			   text);
}

static void prints(fifolock_table_t *table, const char *const text[],
		   const char *const json[])
{
	char *seen = printed(table, FIFOLOCK_TEXT);

	for (; *text; text++)
		says(seen, *text);
	free(seen);
	seen = printed(table, FIFOLOCK_JSON);
	cr_assert(is_json_object(seen), "%s", seen);
	for (; *json; json++)
		says(seen, *json);
	free(seen);
}

Script(dump, keys_are_printed_as_what_they_are, "table")
{
	static const char *const text[] = {"18446744073709551615",
					   "x'00ff'",
					   "\"plain\"",
					   "exclusive",
					   "\"a \\\"quoted\\\" back\\\\slash\"",
					   NULL};
	static const char *const json[] = {"18446744073709551615",
					   "{\"hex\": \"00ff\"}",
					   "\"plain\"",
					   "exclusive",
					   "\"a \\\"quoted\\\" back\\\\slash\"",
					   NULL};
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t holds[4] = {
		takes(table, fifolock_key(UINT64_MAX), X),
		takes(table, fifolock_key_bytes("\0\xff", 2), S),
		takes(table, fifolock_key_text("plain"), S),
		takes(table, fifolock_key_text("a \"quoted\" back\\slash"), S)};
	struct asked waits;

	queues(&waits, table, fifolock_key(UINT64_MAX), S);
	prints(table, text, json);
	for (unsigned i = 0; i < 4; i++)
		gives(&holds[i]);
	gives_asked(&waits);
	table_ends(table);
}

Script(dump, a_name_of_any_kind_is_json, "table")
{
	static const char *const names[] = {"",	    "\"",   "\\",      "a\nb",
					    "\x01", "\xff", "\xc3\xbc"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fifolock_table_options options = keys_kind;
		fifolock_table_t *table;
		char *text;

		options.name = names[i];
		cr_assert_eq(fifolock_table_create(&table, NULL, &options), 0);
		text = printed(table, FIFOLOCK_JSON);
		cr_assert(is_json_object(text), "%s", text);
		free(text);
		table_ends(table);
	}
}

/* Each byte, alone and between others; and all that is nearly UTF-8. */
Script(dump, keys_of_any_bytes_are_json, "table")
{
	static const char *const nearly[] = {"\xc0\x80",     "\xe0\x80\x80",
					     "\xed\xa0\x80", "\xf4\x90\x80\x80",
					     "\xe2\x82",     "\xf0\x9f\x98\x80",
					     "\xe2\x82\xac", "\xf0\x82\x82\xac",
					     "\xef\xbf\xbf", "\x7f",
					     "\xc3(",	     "\xf8\x88\x80\x80\x80"};
	fifolock_table_t *table = table_of(NULL);

	for (unsigned i = 0; i < 512 + sizeof(nearly) / sizeof(nearly[0]); i++) {
		char byte[3] = {i >= 256 ? 'a' : (char)i, (char)i, 'z'};
		fifolock_key_t key = i >= 512 ? fifolock_key_text(nearly[i - 512])
					      : fifolock_key_bytes(byte, i < 256 ? 1 : 3);
		fifolock_hold_t hold = takes(table, key, X);
		char *text = printed(table, FIFOLOCK_JSON);

		quick_check(is_json_object(text), "%s", text);
		free(text);
		free(printed(table, FIFOLOCK_TEXT));
		gives(&hold);
	}
	table_ends(table);
}

/* ---- meanwhile ---- */

struct watcher {
	pthread_t thread;
	struct crowd *crowd;
	bool *over; /* atomic */
	const fifolock_key_t *kept;
	unsigned times, kept_seen, wrong;
};

/* No state can be but by the modes; what is held all the while is there. */
static bool watches(const struct fifolock_key_state *state, void *ctx)
{
	struct watcher *watcher = ctx;
	uint32_t sum = 0;

	for (unsigned m = 0; m < 6; m++) {
		sum += state->lock.holds[m];
		for (unsigned x = 0; x < 6; x++)
			if (state->lock.holds[m] && against[m] >> x & 1)
				watcher->wrong += state->lock.holds[x] > (x == m);
	}
	watcher->wrong += sum == 0 && state->lock.waiting == 0;
	watcher->wrong += state->in_line > state->lock.waiting;
	if (same_key(state->key, *watcher->kept)) {
		watcher->kept_seen++;
		watcher->wrong += state->lock.holds[X] != 1;
	}
	return true;
}

static void prints_meanwhile(struct watcher *watcher)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	enum fifolock_format format = watcher->times % 2 ? FIFOLOCK_JSON : FIFOLOCK_TEXT;

	watcher->wrong += fifolock_table_dump(watcher->crowd->table, out, format) != 0;
	fclose(out);
	watcher->wrong += format == FIFOLOCK_JSON && !is_json_object(text);
	free(text);
}

static void *keeps_watch(void *arg)
{
	struct watcher *watcher = arg;

	do {
		watcher->times++;
		watcher->wrong +=
			fifolock_table_each(watcher->crowd->table, watches, watcher) != 0;
		watcher->wrong += watcher->kept_seen != watcher->times;
		prints_meanwhile(watcher);
		watcher->wrong += fifolock_table_keys(watcher->crowd->table) > 200;
	} while (!__atomic_load_n(watcher->over, __ATOMIC_RELAXED));
	return NULL;
}

Script(look, while_keys_come_and_go_what_is_seen_was_so, "G2")
{
	static struct crowd crowd;
	struct crowd_plan plan = {.modes = &fifolock_intent_modes,
				  .count = 6,
				  .keys = 6,
				  .threads = 3,
				  .operations = test_scaled(2500),
				  .hurry = 3};
	struct crowd_worker workers[3] = {0};
	const fifolock_key_t kept = fifolock_key_text("kept");
	bool over = false;
	struct watcher watcher = {.crowd = &crowd, .over = &over, .kept = &kept};
	fifolock_hold_t hold;

	crowd_opens(&crowd, &plan);
	hold = takes(crowd.table, kept, X);
	cr_assert_eq(pthread_create(&watcher.thread, NULL, keeps_watch, &watcher), 0);
	crowd_comes(&crowd, workers);
	crowd_goes(&crowd, workers);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_join(watcher.thread, NULL);
	cr_assert_eq(watcher.wrong, 0, "%s: %u of %u", keys_kind.name, watcher.wrong,
		     watcher.times);
	gives(&hold);
	crowd_rests(&crowd);
}
