/* SPDX-License-Identifier: MIT
 *
 * errors_table.c - what the functions of locks by key can answer (errors.h).  All of them are asked in
 * the table of a tree, as that is a table, too.
 */
#include "errors.h"
#include "table/entry.h"

#include <pthread.h>
#include <sched.h>

/* What a call is made with; each takes what it needs. */
struct with {
	fifolock_key_t key;
	const char *path;
	unsigned mode; /* to take, or to convert the hold to */
	uint32_t n;
	const struct timespec *at;
};

static fifolock_tree_t *tree;
static fifolock_table_t *table; /* the tree's */
static fifolock_hold_t held;
static fifolock_key_request_t request;
static fifolock_tree_hold_t tree_hold;
static struct fifolock_item item;
static bool endless; /* each node has one above it */
static fifolock_key_t key;
static unsigned mode;

static struct with usual(void)
{
	return (struct with){.key = fifolock_key_text("a"),
			     .path = "a",
			     .mode = X,
			     .n = 1,
			     .at = &never};
}

static void nothing(void *arg)
{
	(void)arg;
}

static void done(void *ctx, int status)
{
	must(!ctx && status == 0);
}

static bool parent(void *ctx, fifolock_key_t node, fifolock_key_t *above)
{
	(void)ctx;
	*above = node;
	return endless;
}

/* ---- the calls ---- */

CALL(lock, table_lock(table, with->key, with->mode, &held))
CALL(lock_n, table_lock_n(table, with->key, with->mode, with->n, &held))
CALL(trylock, table_trylock(table, with->key, with->mode, &held))
CALL(trylock_n, table_trylock_n(table, with->key, with->mode, with->n, &held))
CALL(timedlock, table_timedlock(table, with->key, with->mode, with->at, &held))
CALL(timedlock_n,
     table_timedlock_n(table, with->key, with->mode, with->n, with->at, &held))
CALL(unlock, table_unlock(&held))
CALL(convert, table_convert(&held, with->mode))
CALL(tryconvert, table_tryconvert(&held, with->mode))
CALL(timedconvert, table_timedconvert(&held, with->mode, with->at))
CALL(strengthen, table_strengthen(&held, with->mode))
CALL(hold_key, hold_key(&held, &key))
CALL(hold_mode, hold_mode(&held, &mode))
CALL(run, table_run(table, with->key, with->mode, nothing, NULL))
CALL(request_, table_request(table, with->key, with->mode, with->n, &request, done, NULL))
CALL(request_cancel, table_request_cancel(&request))
CALL(cancel_null, table_request_cancel(NULL))

static int lock_all(const struct with *with)
{
	item = (struct fifolock_item){.key = with->key, .mode = with->mode};
	return fifolock_table_lock_all(table, &item, 1, with->at);
}

static int unlock_all(const struct with *with)
{
	(void)with;
	item.hold = held;
	return fifolock_table_unlock_all(&item, 1);
}

CALL(too_many_items, table_lock_all(table, &item, (size_t)1 << 32, NULL))
CALL(unlock_all_null, table_unlock_all(NULL, 1))
CALL(stronger_null, modes_stronger(NULL, X, S, NULL))
CALL(tree_lock, tree_lock(tree, NULL, 0, &with->path, 1, with->at, &tree_hold))
CALL(tree_lock_nodes, tree_lock_nodes(tree, NULL, 0, &with->key, 1, with->at, &tree_hold))
CALL(tree_unlock, tree_unlock(&tree_hold))
CALL(tree_unlock_null, tree_unlock(NULL))
CALL(destroy, table_destroy(table))
CALL(destroy_null, table_destroy(NULL))
CALL(tree_destroy, tree_destroy(tree))
CALL(tree_destroy_null, tree_destroy(NULL))
CALL(create_null, table_create(NULL, NULL, NULL))
CALL(tree_create_null, tree_create(NULL, NULL))

static int create(const struct with *with)
{
	const struct fifolock_table_options options = {.keys = with->n};

	return fifolock_table_create(&table, NULL, &options);
}

static int tree_create(const struct with *with)
{
	const struct fifolock_tree_options options = {.table.keys = with->n};

	return fifolock_tree_create(&tree, &options);
}

CALL(deadlocks, table_deadlocks(table, NULL, NULL, false))
CALL(deadlocks_null, table_deadlocks(NULL, NULL, NULL, false))
CALL(print_null, deadlock_print(NULL, stderr))

static bool look(const struct fifolock_key_state *state, void *ctx)
{
	return state && ctx;
}

CALL(each, table_each(table, look, NULL))
CALL(each_null, table_each(table, NULL, NULL))
CALL(dump, table_dump(table, stderr, FIFOLOCK_TEXT))
CALL(dump_null, table_dump(table, NULL, FIFOLOCK_JSON))

/* ---- what they are called in ---- */

static int as_usual(called *call)
{
	struct with with = usual();

	return call(&with);
}

static int no_such_mode(called *call)
{
	struct with with = usual();

	with.mode = NONE;
	return call(&with);
}

static int of_no_weight(called *call)
{
	struct with with = usual();

	with.n = 0;
	return call(&with);
}

static int at(called *call, const struct timespec *at)
{
	struct with with = usual();

	with.at = at;
	return call(&with);
}

static int with_a_time_that_is_none(called *call)
{
	return at(call, &wrong);
}

static int too_many(called *call)
{
	struct with with = usual();

	with.n = UINT32_MAX;
	return call(&with);
}

static int too_deep(called *call)
{
	static char path[2 * 4098];
	struct with with = usual();

	for (size_t i = 0; i < sizeof(path) - 2; i += 2)
		memcpy(path + i, "a/", 2);
	with.path = path;
	endless = true;
	return call(&with);
}

static void *holds_exclusive(void *hold)
{
	must(fifolock_table_lock(table, fifolock_key_text("a"), X, hold) == 0);
	return NULL;
}

static void *holds_shared(void *hold)
{
	must(fifolock_table_lock(table, fifolock_key_text("a"), S, hold) == 0);
	return NULL;
}

/* By a thread that is gone: this one does not hold it. */
static void elsewhere(void *takes(void *hold))
{
	static fifolock_hold_t other;
	pthread_t thread;

	must(pthread_create(&thread, NULL, takes, &other) == 0);
	pthread_join(thread, NULL);
}

static int while_held(called *call)
{
	elsewhere(holds_exclusive);
	return at(call, &never);
}

static int late_while_held(called *call)
{
	elsewhere(holds_exclusive);
	return at(call, &past);
}

static int of_a_hold(called *call)
{
	holds_shared(&held);
	return as_usual(call);
}

static int of_a_hold_in_no_such_mode(called *call)
{
	holds_shared(&held);
	return no_such_mode(call);
}

static int of_a_hold_with_a_time_that_is_none(called *call)
{
	holds_shared(&held);
	return with_a_time_that_is_none(call);
}

static int of_a_heavy_hold(called *call)
{
	must(fifolock_table_lock_n(table, fifolock_key_text("a"), S, 2, &held) == 0);
	return as_usual(call);
}

static int of_a_hold_that_is_gone(called *call)
{
	fifolock_hold_t copy;

	holds_shared(&held);
	copy = held;
	must(fifolock_table_unlock(&copy) == 0);
	return as_usual(call);
}

static int beside_another(called *call)
{
	elsewhere(holds_shared);
	holds_shared(&held);
	return at(call, &past);
}

static void *converts(void *hold)
{
	holds_shared(hold);
	must(fifolock_table_convert(hold, X) == 0);
	return NULL;
}

static int beside_another_that_converts(called *call)
{
	static fifolock_hold_t other;
	pthread_t thread;

	holds_shared(&held);
	must(pthread_create(&thread, NULL, converts, &other) == 0);
	while (fifolock_waiting(fifolock_hold_lock(&held)) == 0)
		sched_yield();
	return as_usual(call);
}

/* As many users as can be counted. */
static int while_full(called *call)
{
	struct fl_entry *entry;

	holds_shared(&held);
	entry = held.entry;
	entry->state |= FL_USERS;
	return as_usual(call);
}

/* Not for the key, which is long, as is the path. */
static int without_memory(called *call)
{
	static char name[1 << 24];
	struct with with = usual();

	memset(name, 'a', sizeof(name) - 1);
	with.key = fifolock_key_text(name);
	with.path = name;
	with.n = call == create || call == tree_create ? 1 << 22 : 1;
	no_more_memory();
	return call(&with);
}

/* Not for anything that is a matter of bytes. */
static int without_any_memory(called *call)
{
	static void *volatile taken; /* a compiler would leave the calls out */

	elsewhere(holds_shared);
	holds_shared(&held);
	no_more_memory();
	for (size_t size = 1 << 20; size; size /= 2)
		while ((taken = malloc(size)))
			continue;
	errno = 0;
	return as_usual(call);
}

/* It holds "a" and waits for "b". */
static void *waits_for_b(void *hold)
{
	holds_exclusive(hold);
	return fifolock_table_lock(table, fifolock_key_text("b"), X, hold) ? hold : NULL;
}

static void cross(void)
{
	static fifolock_hold_t other;
	pthread_t thread;

	must(fifolock_table_lock(table, fifolock_key_text("b"), X, &held) == 0);
	must(pthread_create(&thread, NULL, waits_for_b, &other) == 0);
	while (fifolock_waiting(fifolock_hold_lock(&held)) == 0)
		sched_yield();
}

static int as_the_youngest_of_a_deadlock(called *call)
{
	cross();
	return as_usual(call);
}

static int beside_a_deadlock(called *call)
{
	struct with with = usual();

	with.key = fifolock_key_text("b");
	fifolock_table_owner(1);
	cross();
	must(request_(&with) == EINPROGRESS);
	return call(&with);
}

static int of_a_request_granted(called *call)
{
	must(as_usual(request_) == 0);
	return as_usual(call);
}

/* One of the two nodes is not held any more. */
static int of_nodes_of_which_one_is_gone(called *call)
{
	fifolock_hold_t copy;

	must(as_usual(tree_lock) == 0);
	copy = tree_hold.items[0].hold;
	must(fifolock_table_unlock(&copy) == 0);
	return as_usual(call);
}

/* ---- all of them ---- */

static const struct row rows[] = {
	ROW(table_create, create_null, EINVAL, as_usual),
	ROW(table_create, create, EINVAL, too_many),
	ROW(table_create, create, ENOMEM, without_memory),
	ROW(table_destroy, destroy_null, EINVAL, as_usual),
	ROW(table_destroy, destroy, EBUSY, while_held),
	ROW(table_lock, lock, EINVAL, no_such_mode),
	ROW(table_lock, lock, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_lock, lock, ENOMEM, without_memory),
	ROW(table_lock, lock, EAGAIN, while_full),
	ROW(table_lock_n, lock_n, EINVAL, no_such_mode),
	ROW(table_lock_n, lock_n, ERANGE, of_no_weight),
	ROW(table_lock_n, lock_n, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_lock_n, lock_n, ENOMEM, without_memory),
	ROW(table_lock_n, lock_n, EAGAIN, while_full),
	ROW(table_trylock, trylock, EINVAL, no_such_mode),
	ROW(table_trylock, trylock, EBUSY, while_held),
	ROW(table_trylock, trylock, ENOMEM, without_memory),
	ROW(table_trylock, trylock, EAGAIN, while_full),
	ROW(table_trylock_n, trylock_n, EINVAL, no_such_mode),
	ROW(table_trylock_n, trylock_n, ERANGE, of_no_weight),
	ROW(table_trylock_n, trylock_n, EBUSY, while_held),
	ROW(table_trylock_n, trylock_n, ENOMEM, without_memory),
	ROW(table_trylock_n, trylock_n, EAGAIN, while_full),
	ROW(table_timedlock, timedlock, EINVAL, no_such_mode),
	ROW(table_timedlock, timedlock, EINVAL, with_a_time_that_is_none),
	ROW(table_timedlock, timedlock, ETIMEDOUT, late_while_held),
	ROW(table_timedlock, timedlock, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_timedlock, timedlock, ENOMEM, without_memory),
	ROW(table_timedlock, timedlock, EAGAIN, while_full),
	ROW(table_timedlock_n, timedlock_n, EINVAL, with_a_time_that_is_none),
	ROW(table_timedlock_n, timedlock_n, ERANGE, of_no_weight),
	ROW(table_timedlock_n, timedlock_n, ETIMEDOUT, late_while_held),
	ROW(table_timedlock_n, timedlock_n, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_timedlock_n, timedlock_n, ENOMEM, without_memory),
	ROW(table_timedlock_n, timedlock_n, EAGAIN, while_full),
	ROW(table_unlock, unlock, EINVAL, as_usual),
	ROW(table_unlock, unlock, EPERM, of_a_hold_that_is_gone),
	ROW(hold_key, hold_key, EINVAL, as_usual),
	ROW(hold_mode, hold_mode, EINVAL, as_usual),
	ROW(table_convert, convert, EINVAL, as_usual),
	ROW(table_convert, convert, EINVAL, of_a_hold_in_no_such_mode),
	ROW(table_convert, convert, ERANGE, of_a_heavy_hold),
	ROW(table_convert, convert, EPERM, of_a_hold_that_is_gone),
	ROW(table_convert, convert, EDEADLK, beside_another_that_converts),
	ROW(table_convert, convert, ENOMEM, without_any_memory),
	ROW(table_tryconvert, tryconvert, EINVAL, as_usual),
	ROW(table_tryconvert, tryconvert, ERANGE, of_a_heavy_hold),
	ROW(table_tryconvert, tryconvert, EPERM, of_a_hold_that_is_gone),
	ROW(table_tryconvert, tryconvert, EBUSY, beside_another),
	ROW(table_timedconvert, timedconvert, EINVAL, as_usual),
	ROW(table_timedconvert, timedconvert, EINVAL, of_a_hold_with_a_time_that_is_none),
	ROW(table_timedconvert, timedconvert, ERANGE, of_a_heavy_hold),
	ROW(table_timedconvert, timedconvert, EPERM, of_a_hold_that_is_gone),
	ROW(table_timedconvert, timedconvert, ETIMEDOUT, beside_another),
	ROW(table_timedconvert, timedconvert, EDEADLK, beside_another_that_converts),
	ROW(table_timedconvert, timedconvert, ENOMEM, without_any_memory),
	ROW(table_strengthen, strengthen, EINVAL, as_usual),
	ROW(table_strengthen, strengthen, EINVAL, of_a_hold_in_no_such_mode),
	ROW(table_strengthen, strengthen, ERANGE, of_a_heavy_hold),
	ROW(table_strengthen, strengthen, EPERM, of_a_hold_that_is_gone),
	ROW(table_strengthen, strengthen, EDEADLK, beside_another_that_converts),
	ROW(table_strengthen, strengthen, ENOMEM, without_any_memory),
	ROW(table_run, run, EINVAL, no_such_mode),
	ROW(table_run, run, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_run, run, ENOMEM, without_memory),
	ROW(table_run, run, EAGAIN, while_full),
	ROW(table_request, request_, EINVAL, no_such_mode),
	ROW(table_request, request_, ERANGE, of_no_weight),
	ROW(table_request, request_, EINPROGRESS, while_held),
	ROW(table_request, request_, ENOMEM, without_memory),
	ROW(table_request, request_, EAGAIN, while_full),
	ROW(table_request_cancel, request_cancel, EALREADY, of_a_request_granted),
	ROW(table_request_cancel, cancel_null, EINVAL, as_usual),
	ROW(table_lock_all, lock_all, EINVAL, no_such_mode),
	ROW(table_lock_all, lock_all, EINVAL, with_a_time_that_is_none),
	ROW(table_lock_all, too_many_items, ERANGE, as_usual),
	ROW(table_lock_all, lock_all, ETIMEDOUT, late_while_held),
	ROW(table_lock_all, lock_all, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(table_lock_all, lock_all, ENOMEM, without_memory),
	ROW(table_lock_all, lock_all, EAGAIN, while_full),
	ROW(table_unlock_all, unlock_all_null, EINVAL, as_usual),
	ROW(table_unlock_all, unlock_all, EPERM, of_a_hold_that_is_gone),
	ROW(modes_stronger, stronger_null, EINVAL, as_usual),
	ROW(tree_create, tree_create_null, EINVAL, as_usual),
	ROW(tree_create, tree_create, ENOMEM, without_memory),
	ROW(tree_destroy, tree_destroy_null, EINVAL, as_usual),
	ROW(tree_destroy, tree_destroy, EBUSY, of_a_hold),
	ROW(tree_lock, tree_lock, EINVAL, with_a_time_that_is_none),
	ROW(tree_lock, tree_lock, ERANGE, too_deep),
	ROW(tree_lock, tree_lock, ETIMEDOUT, late_while_held),
	ROW(tree_lock, tree_lock, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(tree_lock, tree_lock, ENOMEM, without_memory),
	ROW(tree_lock, tree_lock, EAGAIN, while_full),
	ROW(tree_lock_nodes, tree_lock_nodes, EINVAL, with_a_time_that_is_none),
	ROW(tree_lock_nodes, tree_lock_nodes, ERANGE, too_deep),
	ROW(tree_lock_nodes, tree_lock_nodes, ETIMEDOUT, late_while_held),
	ROW(tree_lock_nodes, tree_lock_nodes, EDEADLK, as_the_youngest_of_a_deadlock),
	ROW(tree_lock_nodes, tree_lock_nodes, ENOMEM, without_memory),
	ROW(tree_lock_nodes, tree_lock_nodes, EAGAIN, while_full),
	ROW(tree_unlock, tree_unlock_null, EINVAL, as_usual),
	ROW(tree_unlock, tree_unlock, EPERM, of_nodes_of_which_one_is_gone),
	ROW(table_deadlocks, deadlocks_null, EINVAL, as_usual),
	ROW(table_deadlocks, deadlocks, ENOTSUP, as_usual),
	ROW(table_deadlocks, deadlocks, EDEADLK, beside_a_deadlock),
	ROW(table_deadlocks, deadlocks, ENOMEM, without_any_memory),
	ROW(deadlock_print, print_null, EINVAL, as_usual),
	ROW(table_each, each_null, EINVAL, as_usual),
	ROW(table_each, each, ENOMEM, without_any_memory),
	ROW(table_dump, dump_null, EINVAL, as_usual),
	ROW(table_dump, dump, ENOMEM, without_any_memory),
};

static bool possible(const struct row *row)
{
	return row->error != 0;
}

static void before_each(const struct row *row)
{
	struct fifolock_tree_options options = {
		.parent = row->call == tree_lock_nodes ? parent : NULL};

	if (row->in == without_any_memory || row->in == beside_a_deadlock)
		options.table.records = true;
	if (row->in == as_the_youngest_of_a_deadlock) {
		options.table.deadlock_after_ns = 1000000;
		options.table.deadlock_refuse = true;
	}
	must(fifolock_tree_create(&tree, &options) == 0);
	table = fifolock_tree_table(tree);
}

int main(void)
{
	return provoke(rows, sizeof(rows) / sizeof(rows[0]), possible, before_each);
}
