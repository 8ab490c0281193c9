/* SPDX-License-Identifier: MIT
 *
 * each.c - what the keys in use look like.
 *
 * First all entries are collected, each with one user more, so that none goes away: nothing may wait
 * while liburcu's table is gone through.  Then they are looked at, one after the other.
 *
 *	relaxed   because
 *	[ANSWER]  A number for the caller, old by the time it is read. It orders nothing.
 */
#include "each.h"
#include "find.h"
#include "memory.h"
#include "core/atomic.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define FIRST_ROOM 256
#define FIRST_LINE 64

/* How often a snapshot is tried that another thread makes impossible. */
#define TRIES 4

struct collected {
	fifolock_table_t *table;
	struct fl_entry **entries;
	size_t count;
	size_t room;
	int error;
};

struct state {
	struct fifolock_key_state key;
	struct fifolock_in_line *line;
	size_t room;
};

static bool make_room(struct collected *all)
{
	size_t room = all->room ? 2 * all->room : FIRST_ROOM;
	void *more = fl_memory(all->entries, room * sizeof(*all->entries));

	if (!more)
		return false;
	all->entries = more;
	all->room = room;
	return true;
}

static bool collect(struct fl_entry *entry, void *ctx)
{
	struct collected *all = ctx;

	if (all->count == all->room && !make_room(all)) {
		fl_put(all->table, entry);
		all->error = ENOMEM;
		return false;
	}
	all->entries[all->count++] = entry;
	return true;
}

static int snapshot(struct fl_entry *entry, struct state *state)
{
	int error, tries = TRIES;

	do
		error = fifolock_snapshot(&entry->lock, &state->key.lock, state->line,
					  state->room);
	while (error == EAGAIN && --tries && !sched_yield());
	return error;
}

/* Without it the line is shown as far as there is room. */
static bool make_line(struct state *state, size_t room)
{
	void *more = fl_memory(state->line, room * sizeof(*state->line));

	if (!more)
		return false;
	state->line = more;
	state->room = room;
	return true;
}

/* It changes all the time: each number by itself. */
static void count(struct fl_entry *entry, struct fifolock_snapshot *out)
{
	const fifolock_modes_t *modes = entry->lock.modes;
	unsigned m = 0;

	*out = (struct fifolock_snapshot){.waiting = fifolock_waiting(&entry->lock)};
	for (; m < FIFOLOCK_MAX_MODES && fifolock_modes_capacity(modes, m); m++)
		out->holds[m] = fifolock_holds(&entry->lock, m);
	out->modes = m;
}

static void read_state(struct fl_entry *entry, struct state *state)
{
	struct fifolock_key_state *key = &state->key;
	int error = snapshot(entry, state);

	if (!error && key->lock.waiting > state->room &&
	    make_line(state, key->lock.waiting + FIRST_LINE))
		error = snapshot(entry, state);
	if (error)
		count(entry, &key->lock);
	key->key = fl_entry_key(entry);
	key->line = state->line;
	key->in_line = error				 ? 0
		       : key->lock.waiting < state->room ? key->lock.waiting
							 : state->room;
}

/* Or is a call just passing? */
static bool is_used(const struct fifolock_snapshot *lock)
{
	bool used = lock->waiting;

	for (unsigned m = 0; m < lock->modes; m++)
		used |= lock->holds[m] != 0;
	return used;
}

static void look_at(struct collected *all,
		    bool (*look)(struct fl_entry *entry,
				 const struct fifolock_key_state *state, void *ctx),
		    void *ctx)
{
	struct state state = {.line = NULL};
	bool more = !all->error;

	for (size_t i = 0; i < all->count; i++) {
		if (more)
			read_state(all->entries[i], &state);
		if (more && is_used(&state.key.lock))
			more = look(all->entries[i], &state.key, ctx);
		fl_put(all->table, all->entries[i]);
	}
	free(state.line);
}

int fl_each_key(fifolock_table_t *table,
		bool (*look)(struct fl_entry *entry,
			     const struct fifolock_key_state *state, void *ctx),
		void *ctx)
{
	struct collected all = {.table = table};
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fl_find_each(table, collect, &all);
	look_at(&all, look, ctx);
	free(all.entries);
	pthread_setcancelstate(cancel, NULL);
	return all.error;
}

struct caller {
	bool (*look)(const struct fifolock_key_state *state, void *ctx);
	void *ctx;
};

static bool tell(struct fl_entry *entry, const struct fifolock_key_state *state,
		 void *ctx)
{
	const struct caller *caller = ctx;

	(void)entry;
	return caller->look(state, caller->ctx);
}

int fifolock_table_each(fifolock_table_t *table,
			bool (*look)(const struct fifolock_key_state *state, void *ctx),
			void *ctx)
{
	struct caller caller = {look, ctx};

	return table && look ? fl_each_key(table, tell, &caller) : EINVAL;
}

/* A callback that has been handed over has its hold, so its key is in use.  A snapshot would run
 * them, too, and not say how many. */
static uint32_t run_due(struct collected *all)
{
	uint32_t ran = 0;

	for (size_t i = 0; i < all->count; i++) {
		ran += fifolock_request_run_due(&all->entries[i]->lock);
		fl_put(all->table, all->entries[i]);
	}
	return ran;
}

uint32_t fifolock_table_run_due(fifolock_table_t *table)
{
	struct collected all = {.table = table};
	uint32_t ran = 0;
	int cancel;

	if (!table)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fl_find_each(table, collect, &all);
	ran = run_due(&all);
	free(all.entries);
	pthread_setcancelstate(cancel, NULL);
	return ran;
}

static bool count_one(struct fl_entry *entry, void *ctx)
{
	size_t *keys = ctx;

	*keys += fl_what(fl_load_relaxed(&entry->state)) == FL_ENTRY_LIVE; /* [ANSWER] */
	return true;
}

size_t fifolock_table_keys(const fifolock_table_t *table)
{
	size_t keys = 0;

	if (!table)
		return 0;
	for (uint64_t i = 0; i < table->slots; i++)
		count_one(&fl_home_at(table, i)->entry, &keys);
	fl_far_enter(table->far);
	fl_far_each(table->far, count_one, &keys);
	fl_far_leave(table->far);
	return keys;
}
